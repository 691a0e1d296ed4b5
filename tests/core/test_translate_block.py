"""A trained block becomes integers that are close to it, proved, and the same by the clock."""

from __future__ import annotations

from dataclasses import replace
from functools import lru_cache

import numpy as np
import pytest
from small_float_blocks import a_float_block, a_text, clocked

from neuromorph.circuits.block.build import build
from neuromorph.circuits.block.closed_form import run
from neuromorph.compile.ranges.contract import prove_contract
from neuromorph.errors import CalibrationError, RangeProofError, TensorError, UsageError
from neuromorph.numerics.limits import DELAY_MAX, STATE_MAX
from neuromorph.translate import TranslateOptions
from neuromorph.translate.block import (
    BlockOptions,
    TranslatedBlock,
    compare_block,
    prove_block,
    rounding,
    translate_block,
)
from neuromorph.translate.block.attention import largest_part, turns_of
from neuromorph.translate.block.compared import cosines
from neuromorph.translate.block.correct import corrected
from neuromorph.translate.block.float_norm import Linear
from neuromorph.translate.block.mlp import mlp_of
from neuromorph.translate.block.rounding import compensated
from neuromorph.translate.block.scales import carry_of, multiplier_of, places_of, rows_of
from neuromorph.translate.block.values import aligned
from neuromorph.translate.code import LayerCode

SEEDS, UNSEEN = range(4), 7
SLOTS = 24
OPTIONS = BlockOptions(attention=TranslateOptions(slots=SLOTS))
SHAPES = {"shared keys": {}, "own keys": {"groups": 2}, "biases": {"biased": True},
          "one head": {"heads": 1, "size": 8}}


@lru_cache
def translated(shape: str = "shared keys", options: BlockOptions = OPTIONS) -> TranslatedBlock:
    return translate_block(a_float_block(**SHAPES[shape]), [a_text(seed) for seed in range(4)],
                           options)


@pytest.mark.parametrize("shape", SHAPES)
def test_integers_are_close_to_float_on_text_that_was_not_seen(shape: str) -> None:
    found = compare_block(translated(shape), a_text(UNSEEN))
    assert found.state_mean > .9995
    assert found.update_mean > .999
    assert min(found.state_worst, found.update_worst) > .99
    assert found.update_error < .03
    cut = {name: count for name, count in found.saturations.items() if not name.endswith("code")}
    assert not any(cut.values())


def test_heads_of_plain_spikes_are_less_close_and_as_exact() -> None:
    plain = replace(OPTIONS, attention=replace(OPTIONS.attention, spikes="binary"))
    block = translated(options=plain)
    assert .99 < compare_block(block, a_text(UNSEEN)).update_mean < compare_block(
        translated(), a_text(UNSEEN)).update_mean
    stream, tokens = block.encode(a_text(UNSEEN))[0], 8
    whole = run(block.block, stream[:tokens], block.angles(tokens))
    assert np.array_equal(clocked(block, stream[:tokens]), whole.end)


@pytest.mark.parametrize("part", ["query", "key", "value", "output", "gate", "up", "down"])
def test_no_layer_could_be_another(part: str) -> None:
    """What a wrong weight does is far beyond the tolerance."""
    block = translated()
    layer = getattr(block.floats, part)
    wrong = replace(block.floats, **{part: Linear(-layer.weight, layer.bias)})
    found = compare_block(replace(block, floats=wrong), a_text(UNSEEN))
    assert found.update_worst < .98


@pytest.mark.parametrize("shape", SHAPES)
def test_by_the_clock_it_is_the_closed_form(shape: str) -> None:
    """Tokens of text, one a period, in a ring that is not wrapped."""
    block = translated(shape)
    stream, tokens = block.encode(a_text(UNSEEN))[0], 8
    whole = run(block.block, stream[:tokens], block.angles(tokens))
    assert np.array_equal(clocked(block, stream[:tokens]), whole.end)


@pytest.mark.parametrize("shape", SHAPES)
def test_the_network_proves_what_the_numbers_say(shape: str) -> None:
    block = translated(shape).block
    assert max(row.share for row in prove_block(block)) <= 1
    assert not prove_contract(build(block)).unproved


def test_payloads_use_the_room_that_is_proved() -> None:
    used = {row.layer: row.share for row in prove_block(translated().block)}
    for layers in (("query", "key", "value"), ("gate", "up"), ("down",)):
        assert .999 < max(used[layer] for layer in layers) <= 1


def test_what_cannot_be_proved_is_refused_by_row() -> None:
    with pytest.raises(RangeProofError, match=r"layers\.0\.\w+ row \d+: .*times the room"):
        translated(options=replace(OPTIONS, payload=20000.0))


def test_the_row_that_is_refused_is_the_worst() -> None:
    block = translated().block
    weights = block.gate.weights.copy()
    weights[5] = 127
    with pytest.raises(RangeProofError, match=r"here\.gate row 5: ") as refused:
        prove_block(replace(block, gate=replace(block.gate, weights=weights)), "here")
    length = np.sqrt(block.width * 127**2) * block.mlp_norm.longest
    assert f"{length / STATE_MAX:.3f} times" in str(refused.value)
    assert not refused.value.more


def test_contexts_are_added_up_in_as_few_turns_as_are_proved() -> None:
    heads = translated().block.heads
    weights = np.full((3, 2 * heads[0].value_size), 127, np.int8)
    many = heads * 10
    wide = np.tile(weights, (1, 10))
    turns = turns_of(wide, many, "here")
    assert turns > 1
    assert largest_part(wide, many, turns).max() <= STATE_MAX
    assert largest_part(wide, many, turns - 1).max() > STATE_MAX
    with pytest.raises(RangeProofError, match=r"here\.output row 0"):
        turns_of(np.tile(weights, (1, 40)), heads * 40, "here")


def test_the_fold_changes_no_number_that_it_stands_for() -> None:
    """Only how finely each hidden neuron is counted."""
    plain, folded = (translated(options=replace(OPTIONS, fold=fold, correct=False))
                     for fold in (0.0, .5))
    assert not np.allclose(plain.units["up"], folded.units["up"], rtol=.05)
    ends = [block.decode(run(block.block, block.encode(a_text(UNSEEN))[0], block.angles(24)).end)
            for block in (plain, folded)]
    assert cosines(*ends).min() > .999


def test_biases_take_mean_errors_away() -> None:
    texts = [a_text(seed) for seed in range(4)]
    errors = []
    for correct in (False, True):
        block = translated(options=replace(OPTIONS, correct=correct))
        missing = [block.floats.run(text).end - block.decode(
            run(block.block, block.encode(text)[0], block.angles(len(text))).end)
            for text in texts]
        errors.append(np.abs(np.concatenate([each[1:] for each in missing]).mean(axis=0)).max())
    assert errors[1] < .1 * errors[0]


def test_a_token_that_becomes_massive_counts_for_no_other() -> None:
    block = translated(options=replace(OPTIONS, correct=False))
    texts = [a_text(seed) for seed in range(4)]
    traces = [block.floats.run(text) for text in texts]
    loud = traces[2].end.copy()
    loud[5] += 500.0
    biases = [corrected(block, texts, [*traces[:2], third, traces[3]]).block.down.bias
              for third in (traces[2], traces[2]._replace(end=loud, total=loud))]
    share = 500.0 * 2.0 ** block.places[2] / 96
    assert np.abs(biases[1] - biases[0]).max() < .01 * share


def test_saturations_are_counted() -> None:
    block, text = translated(), a_text(UNSEEN)
    text[5, 2] = 1e6
    found = compare_block(block, text).saturations
    assert found["stream"] == 1
    assert found["middle"] + found["end"] >= 1
    small = replace(block.block, query=replace(block.block.query,
                                               bias=block.block.query.bias + 30000))
    assert compare_block(replace(block, block=small), text).saturations["query"] > 0


def test_tokens_too_short_for_a_norm_are_counted() -> None:
    """H is never longer than twice R: payloads say less of a token that is shorter than theirs."""
    block = translated()
    numbers = block.block
    text = a_text(UNSEEN)
    short = .3 * numbers.attention_norm.length * 2.0 ** -block.places[0]
    text[6] *= short / np.linalg.norm(text[6])
    assert numbers.attention_norm.least < (.1 * numbers.attention_norm.length) ** 2
    assert compare_block(block, text).saturations["attention_norm"] == 1
    text[6] *= 2
    assert compare_block(block, text).saturations["attention_norm"] == 0


def test_numbers_that_do_not_fit_are_refused() -> None:
    floats, text = a_float_block(), a_text(0)
    with pytest.raises(CalibrationError, match="does not fit 24 bits"):
        translate_block(floats, [1e7 * text], OPTIONS)
    loud = replace(floats, gate=Linear(500 * floats.gate.weight))
    with pytest.raises(CalibrationError, match=r"layers\.0\.gate: a gate does not fit 16 bits"):
        translate_block(loud, [text], OPTIONS)


def test_a_window_longer_than_a_delay_is_waited_for() -> None:
    floats = a_float_block()
    sharp = translate_block(replace(floats, scale=6 * floats.scale), [a_text(0)], OPTIONS)
    assert sharp.block.timeline.context_at - 1 > DELAY_MAX
    stream = sharp.encode(a_text(UNSEEN))[0][:6]
    whole = run(sharp.block, stream, sharp.angles(6))
    assert np.array_equal(clocked(sharp, stream), whole.end)


@pytest.mark.parametrize(("streams", "error"), [
    ([], CalibrationError), ([np.ones((3, 5))], TensorError),
    ([np.full((3, 12), np.nan)], CalibrationError), ([np.ones((0, 12))], TensorError)])
def test_text_that_says_nothing_is_refused(
    streams: list[np.ndarray], error: type[Exception]
) -> None:
    with pytest.raises(error):
        translate_block(a_float_block(), streams, OPTIONS)


def test_weights_that_are_not_finite_are_refused() -> None:
    with pytest.raises(TensorError, match=r"layers\.0\.up"):
        a_float_block(up=Linear(np.full((20, 12), np.inf)))


@pytest.mark.parametrize("wrong", [
    {"room": .5}, {"fold": 2.0}, {"payload": .1}, {"turns": 100},
    {"attention": TranslateOptions(target="loihi1", spikes="binary")}])
def test_options_out_of_range_are_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(UsageError):
        BlockOptions(**wrong)


def test_a_multiplier_has_as_many_bits_as_there_are() -> None:
    factors = 2.0 ** np.random.default_rng(0).uniform(-20, 14, 500)
    multiplier, shift = multiplier_of(factors, "here")
    assert multiplier.max() <= 2**16 - 1
    assert shift.min() >= 1
    assert np.abs(multiplier * 2.0**-shift / factors - 1).max() < 2**-15
    assert np.array_equal(multiplier_of(np.array([0.0, 2.0**-60]), "here")[0], [0, 0])
    with pytest.raises(CalibrationError, match="here row 1"):
        multiplier_of(np.array([1.0, 2.0**17]), "here")


def test_rows_have_a_scale_each() -> None:
    weights = np.array([[1.0, -2.0], [0.0, 0.0], [1e-6, 3e-7]])
    codes, scale = rows_of(weights)
    assert np.array_equal(codes, [[64, -127], [0, 0], [127, 38]])
    assert np.allclose(codes * scale[:, None], weights, rtol=.01)


def test_weights_make_up_for_each_other() -> None:
    """On vectors that are alike: the sums' error shrinks, though each weight's grows."""
    rng = np.random.default_rng(0)
    mixed = rng.normal(0, 1, (12, 40)) * rng.uniform(.2, 3, 40)
    heard, unseen = (rng.normal(0, 1, (400, 12)) @ mixed + .1 * rng.normal(0, 1, (400, 40))
                     for _ in range(2))
    weights = rng.normal(0, 1, (9, 40))
    nearest, scale = rows_of(weights)
    wise = compensated(weights, scale, heard)
    errors = [np.square(unseen @ (codes * scale[:, None] - weights).T).mean()
              for codes in (nearest, wise)]
    assert errors[1] < .2 * errors[0]
    assert np.abs(wise.astype(int) - nearest).max() > 0
    assert np.abs(wise * scale[:, None] - weights).max() < 8 * scale.max()


def test_columns_that_are_rounded_together_change_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(1)
    weights, heard = rng.normal(0, 1, (5, 70)), rng.normal(0, 1, (90, 70))
    scale = rows_of(weights)[1]
    together = compensated(weights, scale, heard)
    monkeypatch.setattr(rounding, "TOGETHER", 1)
    assert np.array_equal(compensated(weights, scale, heard), together)


def test_silent_inputs_are_rounded_as_they_are() -> None:
    weights = np.random.default_rng(2).normal(0, 1, (5, 8))
    nearest, scale = rows_of(weights)
    assert np.array_equal(compensated(weights, scale, np.zeros((3, 8))), nearest)


def test_the_most_attended_value_rounds_least() -> None:
    floats = a_float_block()
    trace = floats.run(a_text(0))
    looked_at = np.full_like(trace.attended, 1e-6)
    looked_at[:, 9] = 1.0
    trace = trace._replace(attended=looked_at)
    size = floats.size
    code = LayerCode(translated().block.heads, np.ones((2, size)), np.zeros((1, size)),
                     np.ones((1, size)), np.full((1, size), .013), np.full((1, size), .1), .69)
    shifted = aligned(code, floats, [trace])
    left = [(trace.value[9] - each.value_centre) / .1 for each in (code, shifted)]
    off, near = (np.abs(steps - np.rint(steps)).max() for steps in left)
    assert near <= 1 / 64 + 1e-9 < off
    assert np.abs(shifted.value_centre - code.value_centre).max() <= .05


@pytest.mark.parametrize(("largest", "places"), [(25461.0, 7), (0.9, 20), (60.0, 16)])
def test_a_stream_has_room_for_twice_what_was_seen(largest: float, places: int) -> None:
    assert places_of(largest, 2.0, "here") == places
    assert 2 * largest * 2.0**places <= STATE_MAX


@pytest.mark.parametrize(("places", "to"), [(15, 7), (7, 15), (9, 9)])
def test_a_carry_moves_the_point(places: int, to: int) -> None:
    multiplier, shift = carry_of(places, to)
    assert multiplier / 2.0**shift == 2.0 ** (to - places)
    assert shift >= 1


def test_sums_of_the_mlp_times_their_multipliers_fit() -> None:
    floats = a_float_block()
    trace = floats.run(a_text(0))
    mlp, _ = mlp_of(floats, [trace], 40, (10, 10), room=2.0, fold=.25)
    lengths = np.linalg.norm(mlp.down.weights.astype(float), axis=1) * mlp.unit_norm.longest
    parts = lengths * mlp.down.multiplier / 2**15
    assert .4 * STATE_MAX < parts.max() <= STATE_MAX
