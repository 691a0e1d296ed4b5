"""Spike codes: what comes back of a vector, how many spikes it costs, which neuron reads it."""

from __future__ import annotations

import math
from collections.abc import Sequence
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from neuromorph.dynamics import LIFState, accumulate_fixed, step_lif_fixed
from neuromorph.dynamics.encode import (
    CODES,
    EncoderState,
    Encoding,
    check_vectors,
    spike_values,
    step_encoder,
)
from neuromorph.errors import UsageError

PLAIN = CODES[1:]
SIZE = 6
ROUNDING = 1e-14  # of some twenty additions in double precision
quick = settings(max_examples=80, deadline=None)
limits = st.sampled_from([1, 2, 127, 128]) | st.integers(1, 5000)
lengths = st.sampled_from([1, 2, 7, 16]) | st.integers(1, 20)
seeds = st.integers(0, 2**32)


def whole(seed: int, limit: int, count: int = 1) -> NDArray[np.int64]:
    """Random vectors with the ends of the range and zero among them."""
    rng = np.random.default_rng(seed)
    vectors = rng.integers(-limit, limit + 1, (count, SIZE))
    edges = rng.choice([-limit, 0, limit, limit // 2], vectors.shape)
    return np.where(rng.random(vectors.shape) < 0.3, edges, vectors)


def real(seed: int, limit: float, count: int = 1) -> NDArray[np.float64]:
    rng = np.random.default_rng(seed)
    vectors = rng.uniform(-limit, limit, (count, SIZE))
    edges = rng.choice([-limit, 0.0, limit, limit / 2], vectors.shape)
    return np.where(rng.random(vectors.shape) < 0.3, edges, vectors)


def encoding_of(code: str, limit: float, steps: int) -> Encoding:
    return Encoding(code, limit, 1 if code == "graded" else steps)


def train_of(encoding: Encoding, vectors: NDArray[Any], period: int | None = None) -> NDArray[Any]:
    """The spikes of vectors one after the other, shape (count, period, axons)."""
    v, trains = np.zeros_like(vectors[0]), []
    for vector in vectors:
        state, train = EncoderState(0, v), []
        for _ in range(period or encoding.steps):
            state, spikes = step_encoder(encoding, state, vector)
            train.append(spikes)
        v = state.v
        trains.append(train)
    return np.array(trains)


def signed(train: NDArray[Any]) -> NDArray[np.int64]:
    on, off = np.split(train.astype(np.int64), 2, axis=-1)
    return on - off


def decoded(encoding: Encoding, train: NDArray[Any]) -> NDArray[np.float64]:
    """sum_p spike_values[p] * (ON[p] - OFF[p]): the vector (size,) of a train (steps, axons)."""
    spikes = train[: encoding.steps]
    spikes = spikes if encoding.code == "graded" else signed(spikes)
    return np.asarray(spike_values(encoding) @ spikes.astype(np.float64), np.float64)


def level(number: int, limit: int, levels: int) -> int:
    return math.ceil(Fraction(levels * abs(number), limit) - Fraction(1, 2))


# --- what comes back


@given(st.sampled_from(CODES), seeds, limits, lengths)
@quick
def test_whole_numbers_come_back_within_the_bound(
    code: str, seed: int, limit: int, steps: int
) -> None:
    encoding, vectors = encoding_of(code, limit, steps), whole(seed, limit)
    error = np.abs(decoded(encoding, train_of(encoding, vectors)[0]) - vectors[0])
    assert error.max() <= encoding.error_bound + ROUNDING * limit


@given(st.sampled_from(CODES), seeds, st.floats(1e-6, 1e6), lengths)
@quick
def test_real_numbers_come_back_within_the_bound(
    code: str, seed: int, limit: float, steps: int
) -> None:
    encoding, vectors = encoding_of(code, limit, steps), real(seed, limit)
    error = np.abs(decoded(encoding, train_of(encoding, vectors)[0]) - vectors[0])
    assert error.max() <= encoding.error_bound + ROUNDING * limit


@pytest.mark.parametrize("code", PLAIN)
def test_the_bound_is_reached(code: str) -> None:
    """Half a level, which a tie loses: the bound is not a generous one."""
    encoding = Encoding(code, 14, 3)
    tie = np.array([[1]]) if code == "bit_plane" else np.array([[7]])
    error = abs(decoded(encoding, train_of(encoding, tie)[0])[0] - tie[0, 0])
    first_of_many = encoding.error_bound / (2 if code == "sigma_delta" else 1)
    assert error == pytest.approx(first_of_many)


@given(seeds, st.integers(1, 23))
@quick
def test_bit_planes_of_their_own_range_are_exact(seed: int, planes: int) -> None:
    encoding, vectors = Encoding("bit_plane", 2**planes - 1, planes), whole(seed, 2**planes - 1)
    train = train_of(encoding, vectors)[0]
    np.testing.assert_array_equal(decoded(encoding, train), vectors[0])
    bits = [[abs(int(x)) >> p & 1 for x in vectors[0]] for p in range(planes)]
    np.testing.assert_array_equal(np.abs(signed(train)), bits)


@pytest.mark.parametrize("code", CODES)
@given(seeds, limits, lengths)
@quick
def test_whole_numbers_make_the_same_spikes_in_floats(
    code: str, seed: int, limit: int, steps: int
) -> None:
    vectors = whole(seed, limit, 3)
    here = train_of(encoding_of(code, limit, steps), vectors)
    there = train_of(encoding_of(code, float(limit), steps), vectors.astype(np.float64))
    np.testing.assert_array_equal(here, there)


# --- the single codes


@given(seeds, limits, lengths)
@quick
def test_rate_counts_are_exact_after_every_step(seed: int, limit: int, steps: int) -> None:
    """|count - t x / limit| <= 1/2 for each t, in exact fractions; at the end it is k."""
    vector = whole(seed, limit)
    counts = np.cumsum(signed(train_of(Encoding("rate", limit, steps), vector)[0]), axis=0)
    for t, row in enumerate(counts, start=1):
        for x, count in zip(vector[0], row, strict=True):
            assert abs(int(count) - Fraction(t * int(x), limit)) <= Fraction(1, 2)
    assert np.abs(counts[-1]).tolist() == [level(int(x), limit, steps) for x in vector[0]]


@given(seeds, limits, lengths, st.integers(0, 3))
@quick
def test_the_rate_code_forgets_the_vector_before(
    seed: int, limit: int, steps: int, pause: int
) -> None:
    encoding, vectors = Encoding("rate", limit, steps), whole(seed, limit, 3)
    together = train_of(encoding, vectors, steps + pause)
    alone = [train_of(encoding, vectors[i : i + 1], steps + pause)[0] for i in range(3)]
    np.testing.assert_array_equal(together, alone)


@given(seeds, limits, lengths, st.integers(0, 3))
@quick
def test_sigma_delta_owes_at_most_half_a_spike_whatever_comes(
    seed: int, limit: int, steps: int, pause: int
) -> None:
    """|sum of spikes - sum of x / limit| <= 1/2 over all vectors, and 1 over each."""
    encoding, vectors = Encoding("sigma_delta", limit, steps), whole(seed, limit, 12)
    trains = train_of(encoding, vectors, steps + pause)
    sent, due = signed(trains).sum(axis=1), steps * vectors
    assert (2 * np.abs(limit * sent - due) <= 2 * limit).all()
    assert (2 * np.abs(limit * sent.cumsum(axis=0) - due.cumsum(axis=0)) <= limit).all()
    for vector, train in zip(vectors, trains, strict=True):
        error = np.abs(decoded(encoding, train) - vector)
        assert error.max() <= encoding.error_bound + ROUNDING * limit


@given(seeds, limits)
@quick
def test_sigma_delta_is_silent_on_zeros_whatever_it_owes(seed: int, limit: int) -> None:
    vectors = np.vstack([whole(seed, limit), np.zeros((2, SIZE), np.int64)])
    assert not train_of(Encoding("sigma_delta", limit, 5), vectors)[1:].any()


@given(seeds, limits, lengths)
@quick
def test_latency_is_one_spike_the_earlier_the_larger(seed: int, limit: int, steps: int) -> None:
    vector = whole(seed, limit)
    train = signed(train_of(Encoding("latency", limit, steps), vector)[0])
    levels = [level(int(x), limit, steps) for x in vector[0]]
    assert np.abs(train).sum(axis=0).tolist() == [int(k > 0) for k in levels]
    for j, k in enumerate(levels):
        assert k == 0 or train[steps - k, j] == np.sign(vector[0, j])


def test_graded_sends_the_number_itself_once() -> None:
    vector = np.array([[5, -3, 0, 127, -127, 1]])
    train = train_of(Encoding("graded", 127), vector, 4)[0]
    np.testing.assert_array_equal(train, np.vstack([vector, np.zeros((3, SIZE))]))


# --- all codes with plain spikes


@pytest.mark.parametrize("code", PLAIN)
@given(seeds, limits, lengths)
@quick
def test_signs_swap_on_and_off_and_never_are_both(
    code: str, seed: int, limit: int, steps: int
) -> None:
    encoding, vectors = Encoding(code, limit, steps), whole(seed, limit, 3)
    here, there = train_of(encoding, vectors), train_of(encoding, -vectors)
    assert here.dtype == np.bool_
    assert here.shape == (3, steps, encoding.axons(SIZE))
    np.testing.assert_array_equal(signed(here), -signed(there))
    assert not (here[..., :SIZE] & here[..., SIZE:]).any()


@pytest.mark.parametrize("code", CODES)
def test_silence_for_zeros_and_after_the_last_step(code: str) -> None:
    encoding = encoding_of(code, 10, 4)
    assert not train_of(encoding, np.zeros((2, SIZE), np.int64), 9).any()
    assert not train_of(encoding, np.full((2, SIZE), 10), 9)[:, encoding.steps :].any()
    assert train_of(encoding, np.full((1, SIZE), 10), 9).any()


@pytest.mark.parametrize(("code", "values"), [
    ("graded", [1]), ("bit_plane", [1, 2, 4, 8]), ("rate", [15 / 4] * 4),
    ("sigma_delta", [15 / 4] * 4), ("latency", [15, 45 / 4, 30 / 4, 15 / 4]),
])
def test_what_a_spike_stands_for(code: str, values: Sequence[float]) -> None:
    assert spike_values(encoding_of(code, 15, 4)).tolist() == values


# --- the stock neuron that reads a code


@pytest.mark.parametrize(("code", "du", "dv", "shift"), [
    ("graded", 4096, 0, 6), ("bit_plane", 4096, 2048, 0), ("rate", 4096, 0, 6),
    ("sigma_delta", 4096, 0, 6), ("latency", 0, 0, 6),
])
@given(seeds)
@quick
def test_a_stock_neuron_adds_up_weights_times_levels(
    code: str, du: int, dv: int, shift: int, seed: int
) -> None:
    """Seven steps: as many planes as the neuron's input shift keeps exact."""
    encoding, vector = encoding_of(code, 127, 7), whole(seed, 127)
    weights = np.random.default_rng(seed).integers(-127, 128, (4, SIZE))
    pairs = weights if code == "graded" else np.hstack([weights, -weights])
    levels = vector[0] if code in ("graded", "bit_plane") else np.array(
        [np.sign(x) * level(int(x), 127, 7) for x in vector[0]])
    state = LIFState(np.zeros(4, np.int64), np.zeros(4, np.int64))
    for spikes in train_of(encoding, vector)[0]:
        a_in = accumulate_fixed(pairs, spikes, exponent=0, graded=code == "graded")
        state, _ = step_lif_fixed(state, a_in, du=du, dv=dv, vth=131_071)
    np.testing.assert_array_equal(state.v, weights @ levels << shift)


# --- errors


@pytest.mark.parametrize(("arguments", "words"), [
    (("rat", 1, 1), r"found rat\. Did you mean 'rate'"),
    (("rate", 0, 1), "positive number; found 0"),
    (("rate", float("nan"), 1), "found nan"),
    (("rate", float("inf"), 1), "found inf"),
    (("rate", 1, 0), "rate: a vector cannot be sent in so many steps; found 0"),
    (("rate", 1, 2.5), r"found 2\.5"),
    (("graded", 1, 2), "expected 1 to 1"),
    (("bit_plane", 1, 24), "expected 1 to 23"),
])
def test_an_encoding_that_makes_no_sense_is_refused(
    arguments: tuple[Any, Any, Any], words: str
) -> None:
    with pytest.raises(UsageError, match=words):
        Encoding(*arguments)


@pytest.mark.parametrize(("vectors", "words"), [
    (np.array([1, 2]), r"shape \(count, size\); found int64 \(2,\)"),
    (np.zeros((0, 3)), r"found float64 \(0, 3\)"),
    (np.zeros((1, 2), bool), "found bool"),
    (np.array([["a"]]), "must be numbers"),
    (np.array([[3, -8]]), "rate: a vector exceeds the limit of its code; found 8.0"),
    (np.array([[np.nan]]), "found nan"),
    (np.array([[-np.inf]]), "found inf"),
])
def test_vectors_that_do_not_fit_are_refused(vectors: NDArray[Any], words: str) -> None:
    with pytest.raises(UsageError, match=words):
        check_vectors(Encoding("rate", 7, 4), vectors)


@pytest.mark.parametrize(("limit", "vectors", "words"), [
    (7, [[0.5]], "whole numbers only"), (7.5, [[1]], "whole numbers only"),
    (2**23, [[1]], "more than 24 bits"),
])
def test_the_fixed_domain_takes_whole_numbers_of_24_bits(
    limit: float, vectors: list[list[float]], words: str
) -> None:
    encoding = Encoding("rate", limit, 4)
    check_vectors(encoding, np.array(vectors))
    with pytest.raises(UsageError, match=words):
        check_vectors(encoding, np.array(vectors), whole=True)
