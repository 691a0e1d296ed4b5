"""Who sees what, as spans: against looking at each key."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from small_heads import masks

from neuromorph.backends import Sight

Masks = NDArray[np.bool_]


@st.composite
def any_masks(draw: st.DrawFn) -> Masks:
    """Full, causal, random, empty; with padding at either end, and keys that nobody sees."""
    rng = np.random.default_rng(draw(st.integers(0, 2**32)))
    shape = tuple(draw(st.integers(1, top)) for top in (3, 5, 9))
    mask = masks(rng, shape)
    mask[..., rng.random(shape[2]) < draw(st.sampled_from([0, 0.3]))] = False
    mask[..., : draw(st.integers(0, 2))] = False
    mask[..., shape[2] - draw(st.integers(0, 2)):] = False
    return mask


@given(any_masks())
@settings(max_examples=200, deadline=None)
def test_spans_are_what_one_sees_looking_at_each_key(mask: Masks) -> None:
    sight, (batch, queries, _) = Sight(mask), mask.shape
    assert sight.spans.shape == (batch, queries, 3)
    for row, (first, stop, hidden) in zip(mask.reshape(batch * queries, -1),
                                          sight.spans.reshape(-1, 3).tolist(), strict=True):
        keys = [i for i, seen in enumerate(row) if seen]
        if keys:
            assert (first, stop) == (keys[0], keys[-1] + 1)
            assert hidden == sum(not row[i] for i in range(first, stop))
        else:
            assert (first, stop, hidden) == (0, 0, 0)


@given(any_masks())
@settings(max_examples=100, deadline=None)
def test_the_mask_is_there_where_a_span_hides_a_key(mask: Masks) -> None:
    sight = Sight(mask)
    if sight.spans[..., 2].any():
        np.testing.assert_array_equal(sight.between, mask)
    else:
        assert sight.between.shape == (1, 0, mask.shape[2])
    assert sight.between.flags.c_contiguous


@given(any_masks())
@settings(max_examples=100, deadline=None)
def test_keys_that_nobody_sees_are_cut(mask: Masks) -> None:
    sight = Sight(mask)
    seen = [bool(mask[:, :, i].any()) for i in range(mask.shape[2])]
    assert (sight.seen is None) == all(seen)
    if sight.seen is None:
        assert sight.cut is sight
    else:
        assert sight.seen.tolist() == seen
        np.testing.assert_array_equal(sight.cut.mask, mask[:, :, seen])
        assert sight.cut.seen is None


def test_no_keys_at_all() -> None:
    sight = Sight(np.zeros((2, 3, 0), bool))
    assert sight.spans.shape == (2, 3, 3)
    assert not sight.spans.any()
    assert sight.between.shape[1:] == (0, 0)
    assert sight.cut.mask.shape == (2, 3, 0)


def test_a_causal_sliding_or_padded_mask_hides_nobody_between() -> None:
    age = np.arange(6)[:, None] - np.arange(6)
    for mask in (age >= 0, (age >= 0) & (age < 3), (age >= 0) & (np.arange(6) >= 2)):
        assert Sight(mask[None]).between.size == 0
    assert Sight((age % 2 == 0)[None]).between.size == 36


def test_a_mask_of_expanded_rows_is_read_like_any_other() -> None:
    """As models send it: one row for all queries and sequences."""
    row = np.array([False, True, False, True])
    sight = Sight(np.broadcast_to(row, (2, 3, 4)))
    assert (sight.spans == [1, 4, 1]).all()
    assert sight.between.shape == (2, 3, 4)
    assert sight.between.flags.c_contiguous
    assert (sight.between == row).all()
