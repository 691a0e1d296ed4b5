"""A bias that falls evenly with the distance, by block: what it adds, and the same everywhere."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from compiled_programs import compiled, said
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from small_heads import BINARY, GRADED

from neuromorph import backends
from neuromorph.backends import AttentionBatch
from neuromorph.circuits.latency_attention import (
    PROBES,
    LatencyAttention,
    build,
    prove_ranges,
    stimulate,
)
from neuromorph.circuits.latency_attention.ports import inputs_of
from neuromorph.circuits.latency_attention.slope import (
    SLOPE_BITS,
    bias_of,
    far,
    pace_of,
    reach_of,
    weights_of,
)
from neuromorph.compile import Unit, compile_units
from neuromorph.compile.ranges.contract import prove_contract
from neuromorph.compile.split import split
from neuromorph.errors import RangeProofError, UsageError
from neuromorph.network import Network
from neuromorph.numerics.limits import PAYLOAD_BITS, WEIGHT_MAX
from neuromorph.profiles import load_profile

ONE = 1 << SLOPE_BITS
SLOPED = prove_ranges(replace(GRADED, slots=11, score_bound=2201, bias_limit=1000,
                              slope=90 * ONE + 777, block=4, near=500))
PLAIN = prove_ranges(replace(SLOPED, spikes="binary", value_shift=0))
PAIRED = prove_ranges(replace(PLAIN, neurons_per_key=2, pause=3, fine=2, value_limit=90,
                              unit=180))
NARROW = prove_ranges(replace(PLAIN, input_bits=22, value_limit=60))
KINDS = {"graded": SLOPED, "plain": PLAIN, "paired": PAIRED, "narrow": NARROW}
kinds = pytest.mark.parametrize("head", KINDS.values(), ids=KINDS)


@st.composite
def slopes(draw: st.DrawFn) -> LatencyAttention:
    """Any slope and block that a graded or plain head has room for."""
    base = draw(st.sampled_from([GRADED, BINARY]))
    room = draw(st.sampled_from([1, 30, 1000]))
    head = replace(base, slots=draw(st.integers(1, 9)), score_bound=base.score_bound + room,
                   bias_limit=room, slope=draw(st.integers(1, room * ONE)),
                   block=draw(st.integers(1, 5)))
    within = reach_of(head)
    if within > room:
        head = replace(head, block=1)
    return prove_ranges(replace(head, near=draw(st.integers(0, room - reach_of(head)))))


def work_of(head: LatencyAttention, seed: int = 0) -> AttentionBatch:
    """Two causal heads; one key in ten is hidden besides."""
    rng = np.random.default_rng(seed)

    def codes(limit: int, *shape: int) -> NDArray[np.int64]:
        return rng.integers(-limit, limit + 1, (1, *shape))

    count = head.slots
    mask = np.tri(count, dtype=bool) & (rng.random((count, count)) < .9)
    return AttentionBatch(
        [head] * 2, codes(head.query_limit, 2, count, head.key_size),
        codes(head.key_limit, 1, count, head.key_size),
        codes(head.value_limit, 1, count, head.value_size), mask[None])


@settings(deadline=None, max_examples=10)  # the first compiles
@given(slopes(), st.integers(0, 2**16))
def test_fast_is_reference(head: LatencyAttention, seed: int) -> None:
    whole = work_of(head, seed)
    work = replace(whole, queries=whole.queries[:, :1, -3:], heads=[head], mask=whole.mask[:, -3:])
    truth = backends.attend("reference", work)
    assert backends.attend("fast", work, times=True).differs_from(truth) is None


@kinds
def test_fast_runs_the_circuit_to_the_same(head: LatencyAttention) -> None:
    """And something else than a head without a slope."""
    work = work_of(head)
    closed = backends.attend("fast", work, times=True)
    assert backends.attend_clocked(backends.get("fast"), work).differs_from(closed) is None
    level = replace(head, slope=0, block=1, near=0)
    assert backends.attend("fast", replace(work, heads=[level] * 2), times=True).differs_from(
        closed) is not None


def test_a_bias_one_by_one_says_the_same() -> None:
    """An axon a slot with these integers: the same spikes, by as many axons as there are slots."""
    work = work_of(SLOPED)
    told = replace(SLOPED, slope=0, block=1, near=0)
    same = replace(work, heads=[told] * 2, bias=work.added)
    assert backends.attend("fast", same, times=True).differs_from(
        backends.attend("fast", work, times=True)) is None
    inputs, _ = stimulate(SLOPED, work.queries[0, 0], work.mask[0])
    assert inputs["near"].shape[1] == 3
    assert np.count_nonzero(inputs["near"], axis=1).max() <= 2  # of three blocks, one is far
    assert np.count_nonzero(inputs["pace"]) == SLOPED.slots
    assert "bias" not in inputs


def test_memories_that_are_written_and_read_outs_that_emit_have_it_too() -> None:
    work = work_of(SLOPED)
    fast = backends.get("fast")
    closed = backends.attend("fast", work, times=True)
    assert backends.attend_clocked(fast, work, memory="causal").differs_from(closed) is None
    sent = replace(work, readout="emitted")
    assert backends.attend_clocked(fast, sent).differs_from(
        backends.attend("fast", sent, times=True)) is None


@settings(deadline=None)
@given(st.integers(1, 300 * ONE), st.integers(1, 128), st.integers(1, 40_000))
def test_what_it_adds_is_even_within_its_rounding(slope: int, block: int, near: int) -> None:
    """near - slope (i - j) within (1 + pace) / 2 units, as far as ``near`` reaches."""
    head = replace(SLOPED, slots=200, slope=slope, block=block, near=near)
    assert 0 <= weights_of(head)[-1] <= WEIGHT_MAX
    seen = np.tri(200, dtype=bool)
    found, away = bias_of(head, seen), np.arange(200)[:, None] - np.arange(200)
    exact = near - slope * away / ONE
    allowed = (1 + pace_of(head)) / 2 + 1e-9
    within = seen & (far(head, away + block) <= near)
    assert np.abs(found - exact)[within].max(initial=0) <= allowed
    assert (found >= exact - allowed)[seen].all()
    below = pace_of(head) * weights_of(head)[-1]
    beyond = seen & (far(head, away - block) > near)
    assert found[beyond].max(initial=0) <= below
    assert found[seen].max() <= reach_of(head) == near + below


def test_the_last_slot_that_is_seen_counts() -> None:
    """Whatever the mask hides; a query that sees nothing is told nothing."""
    mask = np.zeros((3, 11), bool)
    mask[0, [5, 8]] = mask[1, 10] = True
    found = bias_of(SLOPED, mask)
    assert abs(found[0, 8] - 500) <= 1
    assert abs(found[0, 5] - 500 + 3 * 90) <= 1
    assert abs(found[1, 10] - 500) <= 1
    assert not found[~mask].any()
    inputs, _ = stimulate(SLOPED, np.zeros((3, 3), int), mask)
    assert np.count_nonzero(inputs["near"]) == 3


@kinds
def test_it_is_proved_unless_its_synapses_are_others(head: LatencyAttention) -> None:
    network = network_of(head)
    proof = prove_contract(network)
    assert proof.proved
    assert len(proof.circuits) == 1
    for name in ("approach", "descend"):
        (way,) = (p for p in network.projections if p.name == name)
        louder = replace(way, weights=way.weights - (way.weights != 0))
        planted = replace(network, projections=tuple(
            louder if p is way else p for p in network.projections))
        with pytest.raises(RangeProofError, match=f"found {name}"):
            prove_contract(planted)


@kinds
def test_a_payload_that_comes_in_has_the_bits_of_its_range_or_all(head: LatencyAttention) -> None:
    ports = inputs_of(head) + inputs_of(replace(head, slope=0, block=0, near=0))
    assert {"query", "excused", "near", "pace", "bias"} <= {port.name for port in ports}
    for port in ports:
        takes = max(-port.low, port.high).bit_length() + 1
        assert port.payload_bits in (takes, PAYLOAD_BITS), port.name


@pytest.mark.parametrize(("head", "profile"), [
    (SLOPED, "loihi2-graded"), (PLAIN, "loihi2"), (PAIRED, "loihi2"), (NARROW, "loihi1")])
def test_a_placed_head_gives_the_same(head: LatencyAttention, profile: str) -> None:
    rng = np.random.default_rng(1)
    network = network_of(head)
    state = compile_units([Unit("head", network)], load_profile(profile))
    (unit,) = state.program.units
    assert not said(compiled(load_profile(profile), network))
    inputs, steps = stimulate(head, rng.integers(-20, 21, (3, 3)), rng.random((3, 11)) < .7)
    fast = backends.get("fast")
    whole = fast.run(network, inputs, PROBES, steps)
    placed = split(unit, state.program.slices_of(0)).run(fast.run, inputs, PROBES, steps)
    for probe in PROBES:
        np.testing.assert_array_equal(placed.traces[probe], whole.traces[probe])


@pytest.mark.parametrize(("field", "fault"), [
    ({"slope": -1}, "slope is less"), ({"block": 0}, "block has no slot"),
    ({"near": -1}, "less than nothing"), ({"near": 731}, "more than the bias's limit"),
    ({"slope": 0}, "needs no block")])
def test_slopes_that_no_head_can_have(field: dict[str, int], fault: str) -> None:
    assert reach_of(replace(SLOPED, near=730)) == 1000
    with pytest.raises(RangeProofError, match=fault):
        prove_ranges(replace(SLOPED, **field))


def test_a_bias_besides_is_refused() -> None:
    work = work_of(SLOPED)
    with pytest.raises(UsageError, match="heads with a slope take no bias"):
        replace(work, bias=np.zeros((1, 1, 11, 11), int))
    with pytest.raises(UsageError, match="a head with a slope takes no bias"):
        stimulate(SLOPED, np.zeros((1, 3), int), bias=np.zeros((1, 11), int))


def network_of(head: LatencyAttention) -> Network:
    rng = np.random.default_rng(0)
    held = np.arange(head.slots) != 3
    return build(head, rng.integers(-20, 21, (head.slots, 3)),
                 rng.integers(-head.value_limit, head.value_limit + 1, (head.slots, 2)), held)
