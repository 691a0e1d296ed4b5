"""The tiny block that can be run by name: its spread, its tokens, its stages."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from small_blocks import a_block

from neuromorph import backends
from neuromorph.circuits.block import closed_form
from neuromorph.circuits.block.build import build
from neuromorph.circuits.block.closed_form import angles_of
from neuromorph.circuits.block.numbers import Block
from neuromorph.circuits.block.stages import STAGES, phases_of, rows_of
from neuromorph.circuits.block.tiny import (
    CODE_LIMIT,
    MASSIVE,
    STREAM,
    VALUE_LIMIT,
    tiny_block,
    tiny_stream,
)
from neuromorph.circuits.block.tokens import alone, said, stimulate
from neuromorph.compile.ranges.contract import prove_contract
from neuromorph.errors import NetworkError, UsageError
from neuromorph.network import Probe, rename

PLAIN: dict[str, Any] = {"rotary": False, "gated": False, "turns": 1, "window": 7}
NORMED: dict[str, Any] = {"head_norms": True, "heads": 4, "groups": 2}
SHARED: dict[str, Any] = {"heads": 4, "groups": 2, "width": 5, "size": 2, "hidden": 7, "slots": 2,
                          "layer_norm": True}


def rms(values: Any) -> float:
    return float(np.sqrt(np.mean(np.square(np.asarray(values, float)))))


def angles(block: Block, tokens: int) -> Any:
    return angles_of(range(tokens), block.size) if block.rotary else None


def spikes_of(block: Block, tokens: int, apart: int) -> dict[str, Any]:
    """All spikes of a run on `fast`."""
    network = build(block)
    inputs, steps = stimulate(block, tiny_stream(1, tokens, block.width), angles(block, tokens),
                              apart=apart)
    probes = tuple(Probe(p.name, "spikes") for p in network.populations)
    found = backends.get("fast").run(network, inputs, probes, steps)
    return {p.name: found.spikes(p.name) for p in network.populations}


# --- its integers


@pytest.mark.parametrize("changed", [
    {}, PLAIN, SHARED, NORMED, {"width": 64, "hidden": 128, "size": 16}])
@pytest.mark.parametrize("seed", range(3))
def test_numbers_have_the_spread_that_they_are_made_for(
    changed: dict[str, Any], seed: int
) -> None:
    block = tiny_block(seed, **changed)
    stream = tiny_stream(seed, 40, block.width)
    found = closed_form.run(block, stream, angles(block, 40))
    assert rms(stream) == pytest.approx(STREAM, rel=.2)
    for codes, limit in ((found.query, CODE_LIMIT), (found.key, CODE_LIMIT),
                         (found.value, VALUE_LIMIT)):
        assert limit / 8 < rms(codes) < limit / 2
        assert np.mean(np.abs(codes) == limit) < .02
    assert STREAM / 10 < rms(found.middle - stream) < STREAM
    assert STREAM / 10 < rms(found.end - found.middle) < 2 * STREAM


def test_a_seed_is_a_block_and_another_seed_another() -> None:
    one, same, other = tiny_block(3), tiny_block(3), tiny_block(4)
    np.testing.assert_array_equal(one.down.weights, same.down.weights)
    np.testing.assert_array_equal(one.gate.multiplier, same.gate.multiplier)
    assert (one.down.weights != other.down.weights).any()
    assert (tiny_stream(3, 5, 4) != tiny_stream(4, 5, 4)).any()


def test_a_massive_token_is_the_last() -> None:
    usual, massive = tiny_stream(0, 4, 3), tiny_stream(0, 4, 3, massive=True)
    assert massive[-1, 0] == MASSIVE
    assert np.argwhere(usual != massive).tolist() == [[3, 0]]


@pytest.mark.parametrize("changed", [
    {}, PLAIN, SHARED, {"width": 1, "heads": 1, "size": 2, "hidden": 1, "slots": 1, "window": 4},
    {"width": 64, "heads": 8, "groups": 8, "size": 16, "hidden": 256, "slots": 64, "window": 30,
     "turns": 8},
])
def test_it_is_proved_at_the_ends_of_what_can_be_set(changed: dict[str, Any]) -> None:
    assert prove_contract(build(tiny_block(0, **changed))).proved


# --- its tokens


@pytest.mark.parametrize("changed", [{}, PLAIN, SHARED, NORMED])
def test_what_is_said_of_a_token_is_the_closed_form(changed: dict[str, Any]) -> None:
    block = tiny_block(5, **changed)
    expected = closed_form.run(block, tiny_stream(1, 6, block.width), angles(block, 6))
    for apart in (1, alone(block)):
        found = said(block, spikes_of(block, 6, apart), 6, apart=apart)
        for name in expected._fields:
            np.testing.assert_array_equal(getattr(found, name), getattr(expected, name), name)


@pytest.mark.parametrize(("tokens", "turned", "apart"), [(0, True, 1), (2, False, 1), (2, True, 0)])
def test_tokens_that_are_none_are_refused(tokens: int, turned: bool, apart: int) -> None:
    block = tiny_block()
    with pytest.raises(UsageError, match="these are no tokens for this block"):
        stimulate(block, tiny_stream(0, tokens, block.width),
                  angles(block, tokens) if turned else None, apart=apart)


def test_angles_of_a_block_without_positions_are_refused() -> None:
    block = tiny_block(**PLAIN)
    with pytest.raises(UsageError, match="angles if it is rotary"):
        stimulate(block, tiny_stream(0, 2, block.width), angles_of(range(2), block.size))


# --- its stages


@pytest.mark.parametrize("changed", [{}, PLAIN, SHARED, NORMED])
def test_a_pipelined_token_says_what_it_says_alone(changed: dict[str, Any]) -> None:
    """To the spike: so the steps in which a population speaks of a token are told rightly."""
    block, tokens = tiny_block(2, **changed), 5
    many, one = spikes_of(block, tokens, 1), spikes_of(block, tokens, alone(block))
    for row in rows_of(block, build(block)):
        for name in row.populations:
            for token in range(tokens):
                start = token * block.period + row.begins
                beside = token * block.period * alone(block) + row.begins
                piped = many[name][start : start + block.period]
                np.testing.assert_array_equal(piped, one[name][beside : beside + len(piped)], name)
                assert token == tokens - 1 or len(piped) == block.period


@pytest.mark.parametrize("changed", [{}, PLAIN, SHARED, NORMED])
def test_every_population_has_its_stage(changed: dict[str, Any]) -> None:
    block = tiny_block(**changed)
    network = build(block)
    rows = rows_of(block, network)
    named = [name for row in rows for name in row.populations]
    assert sorted(named) == sorted(p.name for p in network.populations)
    assert tuple(dict.fromkeys(row.stage for row in rows)) == STAGES[:-1]


def test_a_population_of_no_stage_is_refused() -> None:
    block = tiny_block()
    with pytest.raises(NetworkError, match=r"a population is of no stage; found clock\.other"):
        rows_of(block, rename(build(block), {"clock.mask": "clock.other"}))


def test_phases_follow_each_other_from_r_to_r() -> None:
    phases = phases_of(tiny_block())
    assert [phase.name for phase in phases] == [
        "norm", "project", "write", "query sweep", "context", "W_o", "mlp norm", "gate",
        "unit norm", "W_d"]
    assert [phase.start for phase in phases] == [0, *(phase.stop for phase in phases[:-1])]
    assert phases[-1].stop == tiny_block().timeline.end_at + 1


def test_a_block_with_its_norms_behind_has_other_stages() -> None:
    block = a_block(post=True)
    rows, phases = rows_of(block, build(block)), phases_of(block)
    assert (phases[0].name, phases[0].start, phases[-1].name) == ("project", 0, "end norm")
    assert phases[-1].stop == block.timeline.end_at + 1
    assert (rows[-1].stage, rows[0].populations) == ("end norm", ("r",))
    assert "norm" not in {row.stage for row in rows}
