"""Keys and values written by plasticity attend as static ones do, to the bit."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import assume, given, settings
from numpy.typing import NDArray
from small_heads import BINARY, GRADED, Case, cases

from neuromorph import backends
from neuromorph.backends import AttentionBatch, attend
from neuromorph.circuits import hebbian_attention as hebbian
from neuromorph.circuits.latency_attention import PROBES, Attended, LatencyAttention, read_at
from neuromorph.circuits.latency_attention.motif import CLEAR
from neuromorph.errors import RangeProofError, UsageError
from neuromorph.network import verify


def run(head: LatencyAttention, timeline: hebbian.Timeline, backend: str = "fast",
        ) -> tuple[Attended, NDArray[np.int64], NDArray[np.int64]]:
    """What was read, and the keys and values that the synapses hold at the end."""
    inputs, steps = timeline.trains()
    done = backends.get(backend).run(hebbian.build(head), inputs, PROBES, steps)
    attended = read_at(head, done.spikes, done.potential, timeline.starts)
    on, off = np.split(done.synapses["key"][0], 2, axis=1)
    return attended, (on - off) // 2, done.synapses["value"][0].T // 2


def static(case: Case, mask: NDArray[np.bool_]) -> Attended:
    work = AttentionBatch([case.head], case.queries[None, None], case.keys[None, None],
                          case.values[None, None], mask[None])
    both = attend("fast", work, times=True)
    return Attended(*(getattr(both, name)[0, 0] for name in
                      ("control", "normaliser", "last", "spikes", "forced", "times", "payloads")))


@given(cases())
@settings(max_examples=120, deadline=None)
def test_written_tokens_attend_as_static_ones(case: Case) -> None:
    try:
        hebbian.prove_writes(case.head)
    except RangeProofError:
        assume(False)
    timeline = hebbian.write_then_query(case.head, case.keys, case.values, case.queries, case.mask)
    got, keys, values = run(case.head, timeline)
    assert got.differs_from(static(case, case.mask)) is None
    np.testing.assert_array_equal(keys, case.keys)
    np.testing.assert_array_equal(values, case.values)


@pytest.mark.parametrize("head", [BINARY, GRADED], ids=["binary", "graded"])
@pytest.mark.parametrize("backend", ["fast", "reference"])
def test_a_causal_sequence_needs_no_weight_from_outside(
    head: LatencyAttention, backend: str
) -> None:
    rng = np.random.default_rng(3)
    keys, queries = rng.integers(-20, 21, (2, 5, 3))
    case = Case(head, keys, rng.integers(-127, 128, (5, 2)), queries, np.tri(5, dtype=bool))
    got, _, _ = run(head, hebbian.causal(head, keys, case.values, queries), backend)
    assert got.differs_from(static(case, case.mask)) is None
    assert got.spikes.tolist() == [1, 2, 3, 4, 5]


def test_a_slot_that_is_written_again_forgets_what_it_held() -> None:
    rng = np.random.default_rng(4)
    keys, values = rng.integers(-20, 21, (7, 3)), rng.integers(-127, 128, (7, 2))
    timeline = hebbian.Timeline(GRADED)
    for t in range(7):  # a ring of five slots
        timeline.write(t % 5, keys[t], values[t])
    timeline.query(np.array([3, -2, 1]), np.ones(5, bool))
    got, held_keys, held_values = run(GRADED, timeline)
    order = [5, 6, 2, 3, 4]
    np.testing.assert_array_equal(held_keys, keys[order])
    np.testing.assert_array_equal(held_values, values[order])
    case = Case(GRADED, keys[order], values[order], np.array([[3, -2, 1]]), np.ones((1, 5), bool))
    assert got.differs_from(static(case, case.mask)) is None


def test_queries_teach_nothing() -> None:
    timeline = hebbian.Timeline(BINARY)
    timeline.write(2, np.array([20, -20, 0]), np.array([127, -127]))
    written = np.arange(5) == 2
    for _ in range(3):
        timeline.query(np.array([20, 20, -20]), written)
    _, keys, values = run(BINARY, timeline)
    assert keys[2].tolist() == [20, -20, 0]
    assert values[2].tolist() == [127, -127]
    assert not keys[[0, 1, 3, 4]].any()
    assert not values[[0, 1, 3, 4]].any()


def test_the_network_is_sound_and_says_when_it_writes() -> None:
    network = verify(hebbian.build(GRADED))
    assert network.schedule is not None
    assert network.schedule.period == hebbian.WRITE_STEPS + GRADED.period
    assert (network.schedule.phases[0].name, network.schedule.phases[0].stop) == ("write", 7)
    assert [p.name for p in network.plastic] == ["key", "value"]


@pytest.mark.parametrize(("call", "text"), [
    (lambda t: t.write(5, np.zeros(3, int), np.zeros(2, int)), "there is no such slot; found 5"),
    (lambda t: t.write(0, np.zeros(2, int), np.zeros(2, int)), "a key has the wrong shape"),
    (lambda t: t.write(0, np.zeros(3), np.zeros(2, int)), "a key has the wrong shape or type"),
    (lambda t: t.write(0, np.full(3, 21), np.zeros(2, int)), "key code exceeds its limit"),
    (lambda t: t.write(0, np.zeros(3, int), np.full(2, -128)), "value code exceeds its limit"),
    (lambda t: t.query(np.zeros(3, int), np.ones(5, bool)), "nothing was written to; found 0"),
    (lambda t: t.query(np.full(3, 21), np.zeros(5, bool)), "a query code exceeds its limit"),
])
def test_a_bad_event_is_refused(call: object, text: str) -> None:
    with pytest.raises(UsageError, match=text):
        call(hebbian.Timeline(GRADED))  # type: ignore[operator]


def test_a_key_that_would_lift_the_floor_is_refused() -> None:
    bold = replace(GRADED, key_limit=127, query_limit=1, key_size=3, score_bound=1201, key_shift=0)
    assert CLEAR < 3 * (254 * 254 + 254)
    with pytest.raises(RangeProofError, match="lifts the potential off the floor"):
        hebbian.build(bold)


@pytest.mark.lava
def test_lava_writes_and_attends_alike() -> None:
    pytest.importorskip("lava.magma.core", reason="lava-nc is not installed")
    rng = np.random.default_rng(5)
    keys, queries = rng.integers(-20, 21, (2, 3, 3))
    timeline = hebbian.causal(GRADED, keys, rng.integers(-127, 128, (3, 2)), queries)
    inputs, steps = timeline.trains()
    network = hebbian.build(GRADED)
    truth = backends.get("fast").run(network, inputs, PROBES, steps)
    got = backends.get("lava").run(network, inputs, PROBES, steps)
    for probe in PROBES:
        np.testing.assert_array_equal(got.traces[probe], truth.traces[probe], str(probe))
    for name, (weights, _) in truth.synapses.items():
        np.testing.assert_array_equal(got.synapses[name][0], weights, name)


def test_a_head_for_loihi_1_cannot_be_written() -> None:
    with pytest.raises(RangeProofError, match=r"as wide as u; found 22 bits; expected 24 bits"):
        hebbian.build(replace(BINARY, input_bits=22))
