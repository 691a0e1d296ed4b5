"""What the attention kernel does to sixteen columns, against NumPy and the circuit's payloads."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numba import njit
from numpy.typing import NDArray
from small_heads import heads

from neuromorph.backends.fast import vectors
from neuromorph.backends.fast.closed_form import SPEC, spec_of
from neuromorph.backends.fast.lanes import LANES
from neuromorph.backends.fast.vectors import ROWS, UNSEEN
from neuromorph.circuits.latency_attention import LatencyAttention
from neuromorph.neurons.latency_match import latency_payload
from neuromorph.numerics.limits import INPUT_SHIFT

quick = settings(max_examples=40, deadline=None)
SEEDS, STARTS = st.integers(0, 2**32), st.integers(0, 17)
Array = NDArray[Any]
INT_MAX = 2**31 - 1


# --- products


@njit
def tile(a: Array, a_at: int, a_stride: int, b: Array, b_at: int, b_stride: int, depth: int,
         c: Array, c_at: int, c_stride: int) -> None:
    vectors.product_tile(a, a_at, a_stride, b, b_at, b_stride, depth, c, c_at, c_stride)


@njit
def half(a: Array, a_at: int, a_stride: int, b: Array, b_at: int, b_stride: int, depth: int,
         c: Array, c_at: int, c_stride: int) -> None:
    vectors.product_half(a, a_at, a_stride, b, b_at, b_stride, depth, c, c_at, c_stride)


@njit
def row(a: Array, a_at: int, a_stride: int, b: Array, b_at: int, b_stride: int, depth: int,
        c: Array, c_at: int, c_stride: int) -> None:
    vectors.product_row(a, a_at, a_stride, b, b_at, b_stride, depth, c, c_at, c_stride)


@njit
def row_half(a: Array, a_at: int, a_stride: int, b: Array, b_at: int, b_stride: int, depth: int,
             c: Array, c_at: int, c_stride: int) -> None:
    vectors.product_row_half(a, a_at, a_stride, b, b_at, b_stride, depth, c, c_at, c_stride)


@njit
def row_four(a: Array, a_at: int, a_stride: int, b: Array, b_at: int, b_stride: int, depth: int,
             c: Array, c_at: int, c_stride: int) -> None:
    vectors.product_row_four(a, a_at, a_stride, b, b_at, b_stride, depth, c, c_at, c_stride)


@pytest.mark.parametrize(("product", "rows", "columns"), [
    (tile, ROWS, 2 * LANES), (half, ROWS, LANES), (row, 1, 2 * LANES), (row_half, 1, LANES),
    (row_four, 1, 4 * LANES)], ids=["tile", "half", "row", "row_half", "row_four"])
@given(seed=SEEDS, depth=st.sampled_from([0, 1, 2, 3, 16, 33]), at=st.tuples(*[STARTS] * 3),
       more=st.tuples(*[STARTS] * 3))
@quick
def test_a_tile_of_a_product(
    product: Any, rows: int, columns: int, seed: int, depth: int, at: tuple[int, int, int],
    more: tuple[int, int, int],
) -> None:
    """Codes and payloads are whole; rows lie anywhere, and what is beside the tile stays."""
    rng = np.random.default_rng(seed)
    strides = depth + more[0], columns + more[1], columns + more[2]
    a, b, c = (rng.integers(-127, 128, begin + count * stride).astype(np.float32)
               for begin, count, stride in zip(at, (rows, depth, rows), strides, strict=True))
    expected = c.copy()
    left = a[at[0]:].reshape(rows, strides[0])[:, :depth]
    right = b[at[1]:].reshape(depth, strides[1])[:, :columns]
    expected[at[2]:].reshape(rows, strides[2])[:, :columns] = left @ right
    product(a, at[0], strides[0], b, at[1], strides[1], depth, c, at[2], strides[2])
    np.testing.assert_array_equal(c, expected)


# --- sums


@njit
def add_scaled(target: Array, at: int, source: Array, begin: int, factor: int) -> None:
    vectors.add_scaled(target, at, source, begin, factor)


@njit
def add_scaled_four(target: Array, at: int, source: Array, begin: int, factor: int) -> None:
    vectors.add_scaled_four(target, at, source, begin, factor)


@njit
def add(target: Array, at: int, source: Array, begin: int) -> None:
    vectors.add(target, at, source, begin)


@njit
def add_four(target: Array, at: int, source: Array, begin: int) -> None:
    vectors.add_four(target, at, source, begin)


def columns_of(seed: int, largest: int, kind: Any, size: int) -> Array:
    """Numbers up to the largest, which itself comes now and then."""
    rng = np.random.default_rng(seed)
    edges = rng.choice([-largest, largest], size)
    return np.where(rng.random(size) < 0.2, edges,
                    rng.integers(-largest, largest + 1, size)).astype(kind)


@pytest.mark.parametrize(("scaled", "size"), [(add_scaled, LANES), (add_scaled_four, 4 * LANES)])
@given(seed=SEEDS, at=STARTS, begin=STARTS, factor=st.integers(1, 512))
@quick
def test_values_are_added_times_a_payload(
    scaled: Any, size: int, seed: int, at: int, begin: int, factor: int
) -> None:
    target = columns_of(seed, 2**23, np.float32, 6 * LANES)
    source = columns_of(seed + 1, 127, np.float32, 6 * LANES)
    expected = target.copy()
    expected[at:][:size] += factor * source[begin:][:size]
    scaled(target, at, source, begin, factor)
    np.testing.assert_array_equal(target, expected)


@pytest.mark.parametrize(("plus", "size"), [(add, LANES), (add_four, 4 * LANES)])
@given(seed=SEEDS, at=STARTS, begin=STARTS)
@quick
def test_values_are_added_in_16_bits(
    plus: Any, size: int, seed: int, at: int, begin: int
) -> None:
    target = columns_of(seed, 2**15 - 1 - 127, np.int16, 6 * LANES)
    source = columns_of(seed + 1, 127, np.int16, 6 * LANES)
    expected = target.copy()
    expected[at:][:size] += source[begin:][:size]
    plus(target, at, source, begin)
    np.testing.assert_array_equal(target, expected)


# --- from narrow sums to wide ones


@njit
def spill(wide: Array, at: int, part: Array, begin: int) -> None:
    vectors.spill(wide, at, part, begin)


@njit
def take(held: Array, at: int, part: Array, begin: int, left: int, right: int) -> None:
    vectors.take(held, at, part, begin, left, right)


@njit
def take_away(held: Array, at: int, part: Array, begin: int) -> None:
    vectors.take_away(held, at, part, begin)


NARROW = [(np.float32, 2**24 - 1), (np.int16, 2**15 - 1), (np.int32, 2**28)]


def emptied(part: Array, begin: int) -> Array:
    """The same where nobody took anything."""
    rest = part.copy()
    rest[begin:][:LANES] = 0
    return rest


@pytest.mark.parametrize(("kind", "largest"), NARROW)
@given(seed=SEEDS, at=STARTS, begin=STARTS)
@quick
def test_narrow_sums_are_spilled(
    kind: Any, largest: int, seed: int, at: int, begin: int
) -> None:
    wide = columns_of(seed, 2**29, np.int32, 3 * LANES)
    part = columns_of(seed + 1, largest, kind, 3 * LANES)
    expected, rest = wide.copy(), emptied(part, begin)
    expected[at:][:LANES] += part[begin:][:LANES].astype(np.int32)
    spill(wide, at, part, begin)
    np.testing.assert_array_equal(wide, expected)
    np.testing.assert_array_equal(part, rest)


@pytest.mark.parametrize(("kind", "largest"), NARROW)
@given(seed=SEEDS, at=STARTS, begin=STARTS,
       shifted=st.tuples(st.integers(0, 2), st.integers(0, 8)) | st.just((7, 0)))
@quick
def test_sums_are_taken_shifted_to_the_left_and_then_to_the_right(
    kind: Any, largest: int, seed: int, at: int, begin: int, shifted: tuple[int, int]
) -> None:
    left, right = shifted
    held = columns_of(seed, 2**29, np.int32, 3 * LANES)
    part = columns_of(seed + 1, min(largest, 2**29 >> left), kind, 3 * LANES)
    expected, rest = held.copy(), emptied(part, begin)
    expected[at:][:LANES] += (part[begin:][:LANES].astype(np.int32) << left) >> right
    take(held, at, part, begin, left, right)
    np.testing.assert_array_equal(held, expected)
    np.testing.assert_array_equal(part, rest)


@pytest.mark.parametrize(("kind", "largest"), NARROW)
@given(seed=SEEDS, at=STARTS, begin=STARTS)
@quick
def test_sums_are_taken_away_and_stay(
    kind: Any, largest: int, seed: int, at: int, begin: int
) -> None:
    held = columns_of(seed, 2**29, np.int32, 3 * LANES)
    part = columns_of(seed + 1, largest, kind, 3 * LANES)
    expected, before = held.copy(), part.copy()
    expected[at:][:LANES] -= part[begin:][:LANES].astype(np.int32)
    take_away(held, at, part, begin)
    np.testing.assert_array_equal(held, expected)
    np.testing.assert_array_equal(part, before)


# --- fading


@njit
def halve(held: Array, at: int, halvings: int) -> None:
    vectors.halve(held, at, halvings)


def halved(number: int, halvings: int) -> int:
    """One after the other, each towards zero."""
    for _ in range(halvings):
        number = (abs(number) >> 1) * (1 if number > 0 else -1)
    return number


@given(numbers=st.lists(st.integers(-INT_MAX, INT_MAX) | st.integers(-9, 9)
                        | st.sampled_from([-INT_MAX, INT_MAX, 2**30, -2**30]),
                        min_size=2 * LANES, max_size=2 * LANES),
       at=st.integers(0, LANES), halvings=st.sampled_from([0, 1, 2, 30, 31]) | st.integers(0, 31))
@settings(quick, max_examples=100)
def test_many_halvings_are_one_shift(numbers: list[int], at: int, halvings: int) -> None:
    held = np.array(numbers, np.int32)
    halve(held, at, halvings)
    numbers[at:at + LANES] = [halved(number, halvings) for number in numbers[at:at + LANES]]
    assert held.tolist() == numbers


# --- late keys


@njit
def sift(scores: Array, at: int, first: int, cut: float, which: Array, late: Array,
         found: int) -> int:
    return vectors.sift(scores, at, first, cut, which, late, found)


@given(seed=SEEDS, at=STARTS, first=st.integers(0, 5000), found=st.integers(0, LANES),
       cut=st.integers(-3, 3) | st.sampled_from([-UNSEEN, UNSEEN - 1]))
@quick
def test_late_keys_score_more_than_the_cut_and_are_seen(
    seed: int, at: int, first: int, found: int, cut: int
) -> None:
    rng = np.random.default_rng(seed)
    scores = rng.integers(-4, 5, 3 * LANES)
    scores[rng.random(3 * LANES) < 0.2] = UNSEEN
    scores[rng.random(3 * LANES) < 0.1] = UNSEEN - 1
    which, late = np.full(4 * LANES, -1, np.int32), np.full(4 * LANES, -1, np.float32)
    stop = sift(scores.astype(np.float32), at, first, float(cut), which, late, found)
    mine = scores[at:][:LANES]
    lanes = np.flatnonzero((mine > cut) & (mine < UNSEEN))
    assert stop == found + len(lanes)
    assert which[found:stop].tolist() == (first + lanes).tolist()
    assert late[found:stop].tolist() == mine[lanes].tolist()
    for rest in (which[:found], which[stop:], late[:found], late[stop:]):
        assert (rest == -1).all()


# --- early payloads


@njit
def early(scores: Array, at: int, spec: Any, payloads: Array, mass: Array) -> None:
    a_unit = 2.0 / (1 << spec.key_shift)
    vectors.early_payloads(scores, at, spec.cut, payloads, mass, a_unit, spec.first_due, spec.span,
                           spec.scale, spec.payload_base, spec.payload_bits)


def expected_payload(head: LatencyAttention, score: int) -> int:
    """What the circuit sends at step 0, where start - a is past threshold; 0 if it is not."""
    a = (-2 * score) >> head.key_shift
    past = head.score_bound + a - head.threshold  # one v beyond the last that does not fire
    if past < 0:
        return 0
    overshoot, yes = np.array([(past << INPUT_SHIFT) + 1]), np.array([True])
    return int(latency_payload(overshoot, yes, base=head.payload_base, span=head.payload_span,
                               gain=head.payload_gain, gain_shift=head.payload_gain_shift)[0])


@given(head=heads("graded"), seed=SEEDS, at=STARTS)
@settings(quick, max_examples=80)
def test_early_spikes_carry_what_the_circuit_sends(
    head: LatencyAttention, seed: int, at: int
) -> None:
    """Scores anywhere, near the cut, and of hidden keys, which send nothing."""
    rng = np.random.default_rng(seed)
    largest = head.key_size * head.key_limit * head.query_limit
    cut = (-head.first_due << head.key_shift) // 2
    near = np.clip(cut + rng.integers(-9, 10, 3 * LANES), -largest, largest)
    scores = np.where(rng.random(3 * LANES) < 0.5, near,
                      rng.integers(-largest, largest + 1, 3 * LANES))
    hidden = rng.random(3 * LANES) < 0.1
    expected = [0 if unseen else expected_payload(head, int(score))
                for unseen, score in zip(hidden, scores, strict=True)]
    payloads = np.full(3 * LANES, -1, np.float32)
    mass = rng.integers(0, 1000, 2 * LANES).astype(np.int32)
    before = mass.copy()
    early(np.where(hidden, UNSEEN, scores).astype(np.float32), at,
          np.array([spec_of(head)], SPEC)[0], payloads, mass)
    sent = np.array(expected[at:][:LANES])
    assert payloads[at:][:LANES].tolist() == sent.tolist()
    assert (mass[:LANES] - before[:LANES]).tolist() == sent.tolist()
    assert (mass[LANES:] == before[LANES:]).all()
    assert (np.delete(payloads, range(at, at + LANES)) == -1).all()
