"""What is wrong with a block is found: by the closed form, or by a check, or by the proof."""

from __future__ import annotations

from dataclasses import replace
from functools import lru_cache
from typing import Any

import numpy as np
import pytest
from block_faults import FAULTS, HARMLESS, PERIOD, Planted, with_model
from block_streams import Ints, clocked, closed, differs, pipelined, random_block, usual
from numpy.typing import NDArray
from small_blocks import a_stream

from neuromorph.circuits.block import build as builder
from neuromorph.circuits.block import closed_form
from neuromorph.circuits.block.numbers import Block
from neuromorph.circuits.block.timeline import Timeline
from neuromorph.circuits.norm import norm_of
from neuromorph.compile.ranges.contract import prove_contract
from neuromorph.errors import NeuromorphError, RangeProofError
from neuromorph.network import verify


@lru_cache
def the_block() -> Block:
    """Rotary, gated, two heads that share keys, three turns."""
    block = random_block("middle", 8)
    assert block.rotary
    assert block.up is not None
    assert (len(block.heads), block.groups, block.turns, block.period) == (2, 1, 3, PERIOD)
    return block


@lru_cache
def streams() -> dict[str, Ints]:
    rng = np.random.default_rng(0)
    lengths = 2.0**rng.uniform(0, 20, (60, 1))
    return {"usual": a_stream(0, 10, 6), "long": a_stream(2, 120, 6),
            "all lengths": np.rint(rng.normal(0, 1, (60, 6)) * lengths).astype(np.int64),
            "the longest": np.full((8, 6), 2**23 - 1) * rng.choice([-1, 1], (8, 6))}


def test_without_a_fault_nothing_differs() -> None:
    block = the_block()
    network = builder.build(block)
    for tokens in streams().values():
        assert differs(block, network, pipelined(block, tokens)) is None
    prove_contract(network)


@pytest.mark.parametrize("planted", [pytest.param(fault, id=name) for name, fault in FAULTS.items()
                                     if fault.stage])
def test_a_fault_makes_another_block(planted: Planted) -> None:
    block = the_block()
    given = pipelined(block, streams()[planted.stream])
    found = differs(block, verify(planted.make(block)), given)
    assert found is not None
    assert found.startswith(f"{planted.stage}: token")


@pytest.mark.parametrize("planted", [pytest.param(fault, id=name) for name, fault in FAULTS.items()
                                     if fault.refused])
def test_a_fault_is_refused(planted: Planted) -> None:
    with pytest.raises(NeuromorphError, match=planted.refused):
        prove_contract(verify(planted.make(the_block())))


@pytest.mark.parametrize("name", HARMLESS)
def test_what_is_harmless_changes_nothing(name: str) -> None:
    """Whoever makes one of these matter moves it to the faults."""
    block = the_block()
    network = HARMLESS[name][0](block)
    for tokens in streams().values():
        assert differs(block, network, pipelined(block, tokens)) is None


def test_the_order_of_the_parts_matters_where_the_stream_saturates() -> None:
    """Their sum does not depend on it, unless the stream is cut off in between."""
    block = replace(the_block(), turns=2)
    network = swapped = builder.build(block)
    for head in ("head0.control", "head1.control"):
        control = network.population(head).model
        swapped = with_model(swapped, head, control.with_parameters(
            at=control.parameters()["at"][[1, 0, 3, 2]]))
    usual_, far = a_stream(1, 20, 6), a_stream(1, 20, 6) * 2**12
    for tokens, same in ((usual_, True), (np.clip(far, -(2**23) + 1, 2**23 - 1), False)):
        given = pipelined(block, tokens)
        ends = [clocked(block, one, given).spikes("attended.out") for one in (network, swapped)]
        assert np.array_equal(*ends) == same


# --- rounding: the twin is the one that is wrong


def truncated(x: NDArray[Any], multiplier: Any, shift: Any) -> Ints:
    """Towards zero."""
    found: Ints = np.sign(x) * ((np.abs(x).astype(np.int64) * multiplier) >> shift)
    return found


def halves_up(x: NDArray[Any], multiplier: Any, shift: Any) -> Ints:
    """Halves towards plus infinity, not away from zero."""
    found: Ints = (x.astype(np.int64) * multiplier + (1 << (np.asarray(shift) - 1))) >> shift
    return found


def test_another_rounding_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    block = the_block()
    network = builder.build(block)
    monkeypatch.setattr(closed_form, "multiply_shift", truncated)
    assert differs(block, network, usual(block)) == "project.query: token 0"


def test_another_way_with_halves_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    """Usual constants make no exact halves: these do, of half of all sums."""
    block = the_block()
    halves = replace(block.output, multiplier=np.full(6, 2**9), shift=np.full(6, 10))
    block = replace(block, output=halves)
    network = builder.build(block)
    assert differs(block, network, usual(block)) is None
    monkeypatch.setattr(closed_form, "multiply_shift", halves_up)
    assert differs(block, network, usual(block)) == "attended.out: token 0"


# --- a timeline that is wrong


SILENT = "in steps in which the input must be silent"
ONE_SUM = "two of a neuron's steps are the same"
SOONER = "a context cannot be sent in that step"


def shifted(monkeypatch: pytest.MonkeyPatch, name: str, late: int) -> None:
    right = getattr(Timeline, name).fget
    monkeypatch.setattr(Timeline, name, property(lambda times: right(times) + late))


@pytest.mark.parametrize(("name", "late", "text"), [
    ("x_at", 1, ONE_SUM), ("cos_at", -1, ONE_SUM), ("cos_at", 1, ONE_SUM), ("code_at", -1, ONE_SUM),
    ("head_at", -1, SILENT), ("head_at", 1, SILENT), ("side_at", -1, SILENT),
    ("side_at", 1, SILENT), ("context_at", -1, SOONER), ("normed_at", -1, SILENT),
    ("normed_at", 1, SILENT), ("hidden_at", -1, ONE_SUM), ("root_at", -1, SILENT),
    ("root_at", 1, ONE_SUM), ("unit_at", -1, ONE_SUM), ("unit_at", 1, SILENT),
    ("fed_back_at", -1, ONE_SUM)])
def test_a_part_at_another_step_is_refused(
    monkeypatch: pytest.MonkeyPatch, name: str, late: int, text: str
) -> None:
    shifted(monkeypatch, name, late)
    with pytest.raises(NeuromorphError, match=text):
        builder.build(the_block())


@pytest.mark.parametrize(("name", "late", "same"), [
    ("x_at", -1, False), ("code_at", 1, False), ("middle_at", -1, False), ("hidden_at", 1, False),
    # a slot is free to have its turn a step before or after; and a block may take its time
    ("pulse_at", -1, True), ("pulse_at", 1, True), ("context_at", 1, True),
    ("middle_at", 1, True), ("fed_back_at", 1, True)])
def test_where_nobody_else_is_heard_a_part_at_another_step_differs_or_is_as_good(
    monkeypatch: pytest.MonkeyPatch, name: str, late: int, same: bool
) -> None:
    block = the_block()
    truth = closed(block, usual(block).stream)
    shifted(monkeypatch, name, late)
    given = usual(block)  # which ends later, where the block does
    done = clocked(block, builder.build(block), given)
    ends = done.spikes("out")[given.starts + block.timeline.end_at]
    assert np.array_equal(ends, truth.end) == same


# --- numbers that could overflow


@pytest.mark.parametrize(("name", "heard"), [("attention_norm", "project.query_x"),
                                             ("mlp_norm", "gated.a"), ("unit_norm", "out")])
def test_a_norm_that_is_too_long_for_its_weights_is_refused(name: str, heard: str) -> None:
    block = the_block()
    old = getattr(block, name)
    longer = norm_of(old.size, 40_000, 2**22, PERIOD, root=bool(old.root))
    with pytest.raises(RangeProofError, match=f"{heard}: the sum could overflow"):
        prove_contract(builder.build(replace(block, **{name: longer})))


def test_a_stream_that_tells_nothing_would_find_nothing() -> None:
    """Zeros alone reveal few faults: the tests' power is in their tokens."""
    block = the_block()
    zeros = pipelined(block, np.zeros((10, 6), np.int64))
    assert not closed(block, zeros.stream).value.all()
    blind = [name for name in ("a weight of query", "a weight of gate")
             if differs(block, FAULTS[name].make(block), zeros) is None]
    assert blind
