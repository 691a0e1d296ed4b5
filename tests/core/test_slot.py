"""`Slot`: whose turn it is, which are empty, and how the ring begins anew."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from small_timed import BACKENDS, FLOATS, WITH_LAVA, kernel_of, told

from neuromorph import backends
from neuromorph.errors import NetworkError
from neuromorph.network import Network, Population, Probe, Projection, Source, verify
from neuromorph.neurons.slot import Slot

SLOTS, PERIOD = 6, 9
RING = {"place": np.arange(SLOTS), "slots": SLOTS, "period": PERIOD, "pulse_at": 2}
PULSES = [1, 1, 0, 1, 1, 1, 1, 1, 1, -1, 1, 1, 0, 0, 1]
"""By period: tokens, none, more than there are slots, another text."""


def history() -> tuple[list[int], list[list[int]]]:
    """Which slot is hot in each period, -1 for none; and which are written by then."""
    hot, written, count, full = [], [], 0, set[int]()
    for pulse in PULSES:
        if pulse < 0:
            count, full = 0, set()
        hot.append(count % SLOTS if pulse > 0 else -1)
        if pulse > 0:
            full = full | {count % SLOTS}
            count += 1
        written.append(sorted(full))
    return hot, written


@pytest.mark.parametrize("backend", ["reference", "fast", WITH_LAVA])
def test_a_ring_lifts_fires_and_masks(backend: str) -> None:
    """Three populations hear the same pulses, and speak of the same slots in steps of their own."""
    lift = Slot(**RING, payload=700, steps=2, at=4)
    fire = Slot(**RING, payload=np.arange(1, SLOTS + 1), at=6)
    mask = Slot(**RING, empty=1, payload=-9, at=8)
    each = np.ones((SLOTS, 1), np.int32)
    network = verify(Network("ring", "fixed", (
        Population("token", 1, Source(2)), Population("lift", SLOTS, lift),
        Population("fire", SLOTS, fire), Population("mask", SLOTS, mask)), tuple(
        Projection(name, "token", name, each, graded=True) for name in ("lift", "fire", "mask"))))
    train = np.zeros((PERIOD * len(PULSES), 1), np.int64)
    train[1::PERIOD, 0] = PULSES
    probes = [Probe(name) for name in ("lift", "fire", "mask")]
    done = backends.get(backend).run(network, {"token": train}, probes, len(train))
    by_period = {name: done.spikes(name).reshape(len(PULSES), PERIOD, SLOTS)
                 for name in ("lift", "fire", "mask")}
    hot, written = history()
    assert len({slot for slot in hot if slot >= 0}) == SLOTS
    for period, (slot, full) in enumerate(zip(hot, written, strict=True)):
        one = np.arange(SLOTS) == slot
        expected = np.zeros((3, PERIOD, SLOTS))
        expected[0, 4:6] = 700 * one
        expected[1, 6] = np.where(one, np.arange(SLOTS) + 1, 0)
        expected[2, 8] = -9 * ~np.isin(np.arange(SLOTS), full)
        for name, spoken in zip(by_period, expected, strict=True):
            assert np.array_equal(by_period[name][period], spoken), (name, period)


@pytest.mark.parametrize("backend", BACKENDS)
def test_speaking_goes_on_around_the_end_of_a_period(backend: str) -> None:
    """From step 7 to step 1; a pulse in another step is not heard."""
    model = Slot(**RING, steps=4, at=7)
    train = {2: np.ones(SLOTS), 5: np.ones(SLOTS), 11: np.ones(SLOTS), 13: np.ones(SLOTS)}
    sent = told(model, train, 22, backend=backend).spikes("n")
    assert np.flatnonzero(sent[:, 0]).tolist() == [7, 8, 9, 10]
    assert np.flatnonzero(sent[:, 1]).tolist() == [16, 17, 18, 19]
    assert not sent[:, 2:].any()


@given(st.lists(st.integers(-1, 3), min_size=1, max_size=30), st.integers(1, 5), st.integers(0, 4),
       st.integers(0, 1), st.integers(1, 4), st.integers(0, 3))
@settings(max_examples=300, deadline=None)
def test_the_kernel_is_the_array_step(
    pulses: list[int], slots: int, place: int, empty: int, steps: int, at: int
) -> None:
    model = Slot(place % slots, slots, empty, 11, steps, 4, 1, at)
    one = dict.fromkeys(model.words, 0)
    arrays = {word: np.zeros(1, np.int64) for word in model.words}
    turn = 0
    for t, pulse in enumerate(pulses):
        one, sent = kernel_of(model, one, pulse, t)
        arrays, expected = model.step_fixed(arrays, {"a_in": np.array([pulse])}, t)
        assert ({word: int(arrays[word][0]) for word in one}, int(expected[0])) == (one, sent)
        if t % 4 == 1:
            turn = 0 if pulse < 0 else turn + (pulse > 0)
            assert one["hot"] == (pulse > 0 and (turn - 1) % slots == place % slots)
            assert one["written"] == (turn > place % slots)
        speaks = one["written"] == 0 if empty else one["hot"] == 1
        assert sent == (11 if speaks and (t - at) % 4 < steps else 0)


@pytest.mark.parametrize("backend", BACKENDS)
def test_a_pulse_of_minus_two_begins_with_the_first_slot_and_forgets_nothing(backend: str) -> None:
    """Slots 0 to 2 are written, then 0 and 1 again; 3 to 5 stay empty throughout."""
    train = {2 + PERIOD * n: np.full(SLOTS, pulse) for n, pulse in enumerate([1, 1, 1, -2, 1])}
    hot, empty = (told(Slot(**RING, empty=empty, at=4), train, 5 * PERIOD, backend=backend)
                  .spikes("n")[4::PERIOD] for empty in (0, 1))
    assert [np.flatnonzero(row).tolist() for row in hot] == [[0], [1], [2], [0], [1]]
    assert [np.flatnonzero(row)[0] for row in empty] == [1, 2, 3, 3, 3]


@given(st.lists(st.integers(-3, 2), min_size=1, max_size=40), st.integers(1, 5), st.integers(0, 4))
@settings(max_examples=200, deadline=None)
def test_the_kernel_begins_anew_as_the_array_step_does(
    pulses: list[int], slots: int, place: int
) -> None:
    model = Slot(place % slots, slots, 0, 11, 1, 2, 0, 0)
    one = dict.fromkeys(model.words, 0)
    arrays = {word: np.zeros(1, np.int64) for word in model.words}
    count, full = 0, set[int]()
    for t, pulse in enumerate(pulses):
        one, sent = kernel_of(model, one, pulse, t)
        arrays, expected = model.step_fixed(arrays, {"a_in": np.array([pulse])}, t)
        assert ({word: int(arrays[word][0]) for word in one}, int(expected[0])) == (one, sent)
        if t % 2 == 0:
            count, full = (0 if pulse < 0 else count), (set() if pulse == -1 else full)
            comes = pulse not in (0, -1)
            full = full | {count % slots} if comes else full
            count += comes
            assert one["hot"] == (comes and (count - 1) % slots == place % slots)
            assert one["written"] == (place % slots in full)


@pytest.mark.parametrize("backend", FLOATS)
def test_floats(backend: str) -> None:
    model = Slot(np.arange(2), 2, payload=0.5, period=4, pulse_at=1, at=2)
    train = {1: np.full(2, 0.25), 5: np.full(2, 3.5), 9: np.zeros(2)}
    sent = told(model, train, 12, backend=backend, domain="float").spikes("n")
    assert {(int(t), int(n)) for t, n in np.argwhere(sent)} == {(2, 0), (6, 1)}
    assert sent[2, 0] == 0.5


def test_a_place_that_there_is_not_is_refused() -> None:
    with pytest.raises(NetworkError, match="a place that there is not; found 3; expected 0 to 2"):
        Slot(np.arange(4), slots=3).check("n", 4, "fixed")
