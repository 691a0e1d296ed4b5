"""Blocks before and behind RMS and layer norms, encoders by a second pass, and blocks as placed."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from small_blocks import a_block, a_stream

from neuromorph import backends
from neuromorph.backends.interface import Inputs
from neuromorph.circuits.block.build import build
from neuromorph.circuits.block.closed_form import Token, angles_of, normed, run
from neuromorph.circuits.block.numbers import Block, with_period
from neuromorph.circuits.block.tokens import stimulate
from neuromorph.circuits.norm.build import CENTRED_MAX
from neuromorph.compile import Unit, compile_units
from neuromorph.compile.check import check_program
from neuromorph.compile.program_file import program_as_dict
from neuromorph.compile.ranges.contract import prove_contract
from neuromorph.compile.split import split
from neuromorph.errors import NetworkError
from neuromorph.network import Probe
from neuromorph.numerics.limits import DELAY_MAX
from neuromorph.profiles import load_profile

KINDS: dict[str, dict[str, Any]] = {
    "Llama": {}, "RMS, post-norm": {"post": True}, "layer norm": {"layer_norm": True},
    "Qwen3": {"head_norms": True},
    "Qwen3, not turned": {"head_norms": True, "rotary": False, "post": True},
    "GPT-2": {"layer_norm": True, "rotary": False, "gated": False},
    "BERT": {"layer_norm": True, "rotary": False, "gated": False, "post": True},
}


def told(block: Block, tokens: int, passes: int = 1) -> tuple[Inputs, int, Token]:
    """Trains of a sequence, that many times; how long they run; and the closed form's answer."""
    stream = a_stream(1, tokens, block.width).clip(-CENTRED_MAX, CENTRED_MAX)
    if block.post:
        stream, _ = normed(block.attention_norm, stream)
    angles = angles_of(range(tokens), block.size) if block.rotary else None
    again = None if angles is None else (np.tile(angles[0], (passes, 1)),
                                         np.tile(angles[1], (passes, 1)))
    inputs, steps = stimulate(block, np.tile(stream, (passes, 1)), again)
    return inputs, steps, run(block, stream, angles, causal=passes == 1)


def ends(block: Block, backend: str, inputs: Inputs, steps: int) -> Any:
    done = backends.get(backend).run(build(block), inputs, [Probe("out")], steps)
    return done.spikes("out")[block.timeline.end_at :: block.period]


@pytest.mark.parametrize("backend", ["fast", "reference"])
@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_is_its_closed_form(kind: str, seed: int, backend: str) -> None:
    block = a_block(seed, **KINDS[kind])
    inputs, steps, expected = told(block, 7)
    assert expected.end.any(axis=1).all()
    np.testing.assert_array_equal(ends(block, backend, inputs, steps)[:7], expected.end)


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_is_proved_by_its_parts(kind: str) -> None:
    block = a_block(0, **KINDS[kind])
    proof = prove_contract(build(block))
    assert proof.doubts == ()
    heads = [f"emitting_attention of head{n}.match" for n in range(len(block.heads))]
    assert set(heads) < set(proof.circuits)
    assert len(proof.circuits) == len(heads) + 3 + len(block.head_norms)
    assert {bound.status for bound in proof.bounds} <= {"proved", "harmless", "saturates"}


@pytest.mark.parametrize("backend", ["fast", "reference"])
@pytest.mark.parametrize("kind", ["Llama", "GPT-2"])
def test_heads_may_send_plain_spikes(kind: str, backend: str) -> None:
    block = a_block(3, **KINDS[kind])
    plain = replace(block, heads=tuple(
        replace(head, spikes="binary", value_shift=0, control_decay=2200)
        for head in block.heads))
    inputs, steps, expected = told(plain, 7)
    np.testing.assert_array_equal(ends(plain, backend, inputs, steps)[:7], expected.end)
    assert (expected.context != told(block, 7)[2].context).any()
    assert prove_contract(build(plain)).proved


@pytest.mark.parametrize("kind", ["Llama", "BERT", "Qwen3"])
@pytest.mark.parametrize("longer", [1, 3, 7, 30])
def test_a_longer_period_changes_no_integer(kind: str, longer: int) -> None:
    """Where another block of a model is busier, this one rests."""
    usual = a_block(3, **KINDS[kind])
    block = with_period(usual, usual.period + longer)
    inputs, steps, expected = told(block, 7)
    np.testing.assert_array_equal(ends(block, "fast", inputs, steps)[:7], expected.end)
    np.testing.assert_array_equal(expected.end, told(usual, 7)[2].end)
    assert prove_contract(build(block)).proved


@pytest.mark.parametrize(("window", "relays"), [(35, 0), (37, 1), (99, 1), (101, 2)])
def test_a_stream_waits_for_any_window(window: int, relays: int) -> None:
    """On one synapse as long as its delay allows, and on relays between several."""
    block = a_block(3, windows=(window, 10))
    network = build(block)
    assert sum("wait" in p.name for p in network.populations) == relays
    assert max(p.delay for p in network.projections) <= DELAY_MAX
    inputs, steps, expected = told(block, 7)
    np.testing.assert_array_equal(ends(block, "fast", inputs, steps)[:7], expected.end)
    assert prove_contract(network).proved


def test_a_shorter_period_is_refused() -> None:
    with pytest.raises(NetworkError, match="busy for longer"):
        with_period(a_block(0), a_block(0).busy - 1)


@pytest.mark.parametrize("kind", ["GPT-2", "BERT"])
def test_an_encoder_looks_at_all_tokens_on_its_second_pass(kind: str) -> None:
    """A key is written again as it was; by then all the others are there."""
    block = a_block(2, slots=4, **KINDS[kind])
    inputs, steps, expected = told(block, 4, passes=2)
    found = ends(block, "fast", inputs, steps)
    np.testing.assert_array_equal(found[4:8], expected.end)
    assert (found[:3] != expected.end[:3]).any()


@pytest.mark.parametrize("kind", ["Llama", "BERT", "Qwen3"])
def test_a_placed_block_is_the_block(kind: str) -> None:
    """Weights are cut over cores, judged by the checker, and run as they lie."""
    block = a_block(0, width=64, size=16, heads=4, groups=2, hidden=400, slots=24, turns=4,
                    **KINDS[kind])
    profile = load_profile("loihi2-graded")
    program = compile_units([Unit("block", build(block))], profile).program
    assert program.cores > 1
    assert check_program(*program_as_dict(program), profile).ok
    inputs, steps, expected = told(block, 3)
    placed = split(program.units[0], program.slices_of(0))
    done = placed.run(backends.get("fast").run, inputs, [Probe("out")], steps)
    found = done.spikes("out")[block.timeline.end_at :: block.period]
    np.testing.assert_array_equal(found[:3], expected.end)
