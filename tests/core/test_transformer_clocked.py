"""A whole transformer by the clock is its closed form, to the bit: embedding, blocks, answer."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from small_timed import WITH_LAVA
from small_transformers import (
    KINDS,
    clocked,
    differs,
    first_difference,
    inputs_of,
    kind,
    most_tokens,
    probes,
    record,
    told,
)

from neuromorph import backends
from neuromorph.circuits.block.tiny import tiny_stream
from neuromorph.circuits.transformer import closed_form
from neuromorph.circuits.transformer.build import build
from neuromorph.circuits.transformer.embedding import AXONS, shares_of, widest_pixel
from neuromorph.circuits.transformer.numbers import Head, Transformer
from neuromorph.circuits.transformer.timeline import course_of
from neuromorph.circuits.transformer.tiny import tiny_transformer
from neuromorph.circuits.transformer.tokens import alone, stimulate
from neuromorph.compile import Unit, compile_units
from neuromorph.compile.check import check_program
from neuromorph.compile.program_file import program_as_dict
from neuromorph.compile.ranges.contract import prove_contract
from neuromorph.compile.split import split
from neuromorph.errors import NetworkError, RangeProofError, UsageError
from neuromorph.network import arrays_of, parse_network, to_text, verify
from neuromorph.profiles import load_profile


@pytest.mark.parametrize(("name", "seed"), [
    *((name, 0) for name in KINDS), ("smallest", 20), ("ViT", 21), ("BERT", 22)])
def test_a_token_every_period_is_the_closed_form(name: str, seed: int) -> None:
    model, network = kind(name, seed)
    inputs = inputs_of(model, most_tokens(model), seed)
    assert not model.causal or len(inputs) > model.slots  # the ring is wrapped
    assert course_of(model).said > course_of(model).period  # tokens overlap
    assert all(np.unique(stream).size > 9 for stream in closed_form.run(model, inputs).streams)
    assert differs(model, network, inputs) is None


@pytest.mark.parametrize("name", KINDS)
def test_a_token_after_the_other_is_the_closed_form(name: str) -> None:
    model, network = kind(name)
    inputs = inputs_of(model, min(3, most_tokens(model)), 1)
    assert differs(model, network, inputs, apart=alone(model)) is None


@pytest.mark.parametrize("name", KINDS)
def test_every_kind_is_proved(name: str) -> None:
    model, network = kind(name)
    proof = prove_contract(network)
    assert proof.proved
    assert proof.doubts == ()
    heads = sum(len(block.heads) for block in model.blocks)
    assert sum(one.startswith("emitting_attention") for one in proof.circuits) == heads


@pytest.mark.parametrize("name", KINDS)
def test_its_sources_are_a_host_that_knows_tokens_places_angles_and_pulses(name: str) -> None:
    model, network = kind(name)
    expected = {"token", *shares_of(model.embedding)}
    assert ("inputs" in expected) == (len(model.embedding.weights) <= AXONS)
    expected |= set() if model.embedding.positions is None else {"positions"}
    expected |= set() if model.angles is None else {"angle"}
    assert {p.name for p in network.populations if p.is_source} == expected
    assert {port.name for port in network.inputs} == expected
    assert [port.name for port in network.outputs] == ["out"]
    trains, _ = stimulate(model, inputs_of(model, 3))
    assert trains.keys() == expected
    period = course_of(model).period
    for port in network.inputs:
        spoken = set(np.flatnonzero(trains[port.population].any(axis=1)) % period)
        assert spoken <= set(port.steps or ())


@pytest.mark.parametrize("tokens", range(1, 4))
@pytest.mark.parametrize("name", ["ViT", "BERT"])
def test_an_encoder_may_have_fewer_tokens_than_slots(name: str, tokens: int) -> None:
    model, network = kind(name)
    assert tokens < model.slots
    assert differs(model, network, inputs_of(model, tokens, tokens)) is None


@pytest.mark.parametrize("name", ["ViT", "BERT"])
def test_an_encoder_needs_its_passes_and_no_more(name: str) -> None:
    model, network = kind(name)
    inputs = inputs_of(model, model.slots)
    for less in range(1, model.passes):
        found = clocked(model, network, inputs, passes=less)
        assert first_difference(found, closed_form.run(model, inputs)) == f"stream {less}: token 0"
    assert differs(model, network, inputs, passes=model.passes + 1) is None


@pytest.mark.parametrize("name", ["Llama", "ViT"])
def test_a_pulse_that_empties_all_slots_begins_another_sequence(name: str) -> None:
    """It takes a period of its own, and goes on from block to block as a token does."""
    model, network = kind(name)
    one, other = (inputs_of(model, 4, seed) for seed in (3, 4))
    first, _ = stimulate(model, one)
    second, steps = stimulate(model, other)
    at = course_of(model)
    begin = (len(one) * model.passes + 1) * at.period
    total = begin + steps
    trains = {}
    for source, train in second.items():
        trains[source] = np.pad(train, ((begin, 0), (0, 0)))
        trains[source][: len(first[source])] += first[source]
    trains["token"][begin - at.period + at.begins[0]] = -1
    done = record(model, network, trains, total)
    late = replace(done, traces={probe: trace[begin:] for probe, trace in done.traces.items()})
    for recording, inputs in ((done, one), (late, other)):
        assert first_difference(told(model, recording, 4), closed_form.run(model, inputs)) is None


@pytest.mark.parametrize(("backend", "name", "tokens"), [
    ("reference", "smallest", 5), ("reference", "small encoder", 2),
    pytest.param("lava", "small encoder", 1, marks=[*WITH_LAVA.marks, pytest.mark.slow]),
    pytest.param("lava", "smallest", 2, marks=[*WITH_LAVA.marks, pytest.mark.slow])])
def test_other_backends_do_the_same(backend: str, name: str, tokens: int) -> None:
    model, network = kind(name)
    assert differs(model, network, inputs_of(model, tokens), backend) is None


@pytest.mark.parametrize("name", ["smallest", "ViT"])
def test_a_transformers_text_is_the_transformer(name: str) -> None:
    model, network = kind(name)
    text = to_text(network)
    back = verify(parse_network(text, arrays_of(network)))
    assert to_text(back) == text
    assert prove_contract(back).proved
    assert differs(model, back, inputs_of(model, 3)) is None


@pytest.mark.parametrize("name", ["smallest", "BERT", "many tokens"])
def test_a_placed_transformer_is_the_transformer(name: str) -> None:
    """Cut over cores, judged by the checker, and run as it lies."""
    model, network = kind(name)
    profile = load_profile("loihi2-graded")
    program = compile_units([Unit("whole", network)], profile).program
    assert program.cores > 1
    assert check_program(*program_as_dict(program), profile).ok
    inputs = inputs_of(model, 3)
    trains, steps = stimulate(model, inputs)
    done = split(program.units[0], program.slices_of(0)).run(
        backends.get("fast").run, trains, probes(model), steps)
    assert first_difference(told(model, done, 3), closed_form.run(model, inputs)) is None


def test_a_block_rests_while_another_is_busy() -> None:
    model, network = kind("two paces")
    periods = [block.period for block in model.blocks]
    assert periods[1] < periods[0] == course_of(model).period == network.period


def test_far_blocks_are_reached_by_several_hops() -> None:
    model, network = kind("two paces")
    first, second, _ = course_of(model).begins
    assert second - first > 63
    assert {p.name for p in network.populations if p.name.startswith("tokens.")} == {
        "tokens.hop1_0", "tokens.block1"}
    handed = [p for p in network.projections if p.post.startswith(("tokens.", "angles."))]
    assert all(p.delay <= 62 for p in handed)
    assert sum(p.delay + 1 for p in handed) == 2 * (second - first)


def test_what_a_layer_norm_cannot_hear_is_cut_off() -> None:
    """Its R has 23 bits: the embedding keeps to them, in both forms."""
    model = tiny_transformer(0, rotary=False, gated=False, layer_norm=True)
    far = np.clip(tiny_stream(0, 64, 8) * 2**12, -(2**23) + 1, 2**23 - 1)
    model = replace(model, embedding=replace(model.embedding, positions=far))
    inputs = inputs_of(model, 5)
    assert np.abs(closed_form.run(model, inputs).streams[0]).max() == model.largest == 2**22 - 1
    assert differs(model, build(model), inputs) is None


def test_a_vocabulary_of_loud_tokens_is_proved_since_one_speaks_at_a_time() -> None:
    model = tiny_transformer(2, vocabulary=300)
    loud = np.full(300, 65535)
    model = replace(model, embedding=replace(model.embedding, payload=loud, multiplier=np.full(
        8, 2**10)))
    network = build(model)
    assert prove_contract(network).proved
    inputs = inputs_of(model, 5)
    assert differs(model, network, inputs) is None
    trains, steps = stimulate(model, inputs)
    trains["inputs"][0] = 1
    with pytest.raises(UsageError, match="several axons of an input speak in a step; found 300"):
        record(model, network, trains, steps)


# --- what is refused


def refused(model: Transformer, text: str, error: type[Exception] = NetworkError) -> None:
    with pytest.raises(error, match=text):
        prove_contract(build(model))


def test_a_layer_behind_the_sum_of_all_tokens_is_refused() -> None:
    model, _ = kind("Llama")
    refused(replace(model, head=replace(model.head, read="mean")), "no neuron sums up all tokens")


def test_a_head_that_hears_a_stream_without_a_norm_is_not_proved() -> None:
    model, _ = kind("Llama")
    refused(replace(model, head=replace(model.head, norm=None)), "the input could overflow",
            RangeProofError)


def test_a_stream_can_be_the_answer() -> None:
    model, _ = kind("Llama")
    bare = replace(model, head=Head())
    assert differs(bare, build(bare), inputs_of(bare, 4)) is None


def test_pixels_beyond_their_range_are_refused() -> None:
    model, _ = kind("ViT")
    inputs = inputs_of(model, 3)
    inputs[1, 2] = widest_pixel(model.embedding.weights) + 1
    with pytest.raises(UsageError, match="a pixel is so large"):
        stimulate(model, inputs)


@pytest.mark.parametrize("how", [{"apart": 0}, {"passes": 0}])
def test_no_pass_and_no_period_are_refused(how: dict[str, int]) -> None:
    model, _ = kind("smallest")
    with pytest.raises(UsageError, match="a sequence is sent at least once"):
        stimulate(model, inputs_of(model, 2), **how)


def test_an_encoder_with_more_tokens_than_slots_is_refused() -> None:
    model, _ = kind("ViT")
    with pytest.raises(UsageError, match="longer than the model's positions"):
        stimulate(model, inputs_of(model, model.slots + 1))
