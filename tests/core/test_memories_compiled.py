"""Memories of the gated delta rule, compiled: the closed form to the bit."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from small_gated_delta import MEMORY, WHOLE, Case, cases, codes_for

from neuromorph import backends, threads
from neuromorph.backends.fast.threads import PARALLEL_FROM
from neuromorph.circuits.gated_delta import Codes, GatedDelta, Remembered, remember
from neuromorph.errors import UsageError

compiled = backends.remembering("fast")


def require_same(one: Remembered, other: Remembered) -> None:
    """Numbers, types and counts."""
    for name in ("answers", "errors", "weights"):
        ours, theirs = getattr(one, name), getattr(other, name)
        assert ours.dtype == theirs.dtype
        np.testing.assert_array_equal(ours, theirs)
    assert (one.clipped_errors, one.clipped_weights) == (
        other.clipped_errors, other.clipped_weights)


def side_by_side(numbers: GatedDelta, rng: np.random.Generator, shape: tuple[int, ...],
                 tokens: int, loud: float = 1.0) -> Codes:
    """Codes with leading axes."""
    each = [codes_for(numbers, rng, tokens, loud) for _ in range(int(np.prod(shape)))]
    parts = {name: np.stack([getattr(one, name) for one in each])
             for name in ("reads", "writes", "queries", "values", "forgets")}
    return Codes(**{name: part.reshape(*shape, *part.shape[1:]) for name, part in parts.items()})


@given(cases())
@settings(max_examples=100, deadline=None)
def test_a_sequence(case: Case) -> None:
    require_same(compiled(case.numbers, case.codes), remember(case.numbers, case.codes))


@given(st.integers(0, 2**16), st.booleans(), st.integers(0, 50))
@settings(max_examples=30, deadline=None)
def test_memories_side_by_side_that_go_on(seed: int, whole: bool, first: int) -> None:
    rng = np.random.default_rng(seed)
    numbers = WHOLE if whole else MEMORY
    codes = side_by_side(numbers, rng, (2, 3), 5)
    before: Any = rng.integers(-256, 256, (2, 3, numbers.value_size, numbers.key_size))
    kept = before.copy()
    require_same(compiled(numbers, codes, before, first), remember(numbers, codes, before, first))
    np.testing.assert_array_equal(before, kept)


@pytest.mark.parametrize("size", [15, 16, 17, 129])
def test_keys_that_fill_vectors_or_do_not_on_threads(
    size: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    numbers = GatedDelta(size, 33, 5, -7, 9, 40000, 24)
    tokens = -(-PARALLEL_FROM // (2 * 33 * size))
    codes = side_by_side(numbers, np.random.default_rng(size), (2,), tokens, loud=0.5)
    exact = remember(numbers, codes)
    for several in ("1", "3"):
        monkeypatch.setenv(threads.VARIABLE, several)
        require_same(compiled(numbers, codes), exact)


def test_codes_that_do_not_fit_are_refused() -> None:
    codes = codes_for(MEMORY, np.random.default_rng(0))
    with pytest.raises(UsageError, match=r"writes: .*whole products only"):
        compiled(WHOLE, codes)
