"""Masks and windows by the mass they keep."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from neuromorph.dynamics.mass_mask import mass_mask
from neuromorph.errors import TensorError, UsageError
from neuromorph.translate import Sample, TranslateOptions, calibrate_layer, windows_kept
from neuromorph.translate.fidelity import float_attention
from neuromorph.translate.masses import GRAIN, window_of_mass


@pytest.mark.parametrize(("masses", "keep", "kept"), [
    ([1, 5, 3, 1], 0.5, [0, 1, 0, 0]),
    ([1, 5, 3, 1], 0.8, [0, 1, 1, 0]),
    ([1, 5, 3, 1], 0.9, [1, 1, 1, 0]),  # of equal ones the first
    ([2, 2, 2, 2], 0.5, [1, 1, 0, 0]),
    ([0, 4, 0, 1], 1.0, [0, 1, 0, 1]),  # all but what is 0
    ([1, 5, 3, 1], 1e-9, [0, 1, 0, 0]),  # the largest, whatever it holds
    ([0.99, 0.01], 0.5, [1, 0]),
    ([0, 0, 0], 0.9, [0, 0, 0]),
    ([0.1] * 10, 0.3, [1, 1, 1, 0, 0, 0, 0, 0, 0, 0]),  # 3 x .1 is more than .3
])
def test_masks_by_hand(masses: list[float], keep: float, kept: list[int]) -> None:
    assert mass_mask(np.array(masses), keep).astype(int).tolist() == kept


@given(st.lists(st.integers(0, 50), min_size=1, max_size=9), st.integers(1, 100))
def test_no_other_mask_of_that_mass_has_fewer_units(masses: list[int], percent: int) -> None:
    """One unit more would pass the share, and no unit outside is larger than one inside."""
    held = np.array(masses)
    mask = mass_mask(held, percent / 100)
    inside, outside = held[mask], held[~mask]
    assert not mask[held == 0].any()
    if inside.size > 1:
        assert 100 * inside.sum() <= percent * held.sum() + 1e-3 * held.sum()
    if inside.size and outside.size:
        assert inside.min() >= outside.max()
        assert outside.max() == 0 or 100 * (inside.sum() + outside.max()) > percent * held.sum()


@pytest.mark.parametrize(("masses", "keep", "kind", "words"), [
    ([1, -1], 0.5, TensorError, "1 of 2"), ([1, np.nan], 0.5, TensorError, "1 of 2"),
    ([np.inf, 1], 0.5, TensorError, "not finite"), ([1, 1], 0.0, UsageError, "more than 0"),
    ([1, 1], 1.01, UsageError, "at most 1"), ([1, 1], np.nan, UsageError, "found nan"),
    ([1, 1], True, UsageError, "found True"),
])
def test_masks_that_are_none(masses: Any, keep: Any, kind: type[Exception], words: str) -> None:
    with pytest.raises(kind, match=words):
        mass_mask(np.array(masses), keep)


def sample(seed: int = 0, keys: int = 90, *, causal: bool = False) -> Sample:
    rng = np.random.default_rng(seed)
    mask = np.ones((keys, keys), bool)
    return Sample(1.5 * rng.normal(size=(4, keys, 8)), rng.normal(size=(2, keys, 8)),
                  rng.normal(size=(2, keys, 8)), np.tril(mask) if causal else mask)


@pytest.mark.parametrize("causal", [True, False])
def test_a_window_keeps_the_mass_and_is_as_short_as_it_can_be(causal: bool) -> None:
    samples = [sample(0, causal=causal), sample(1, causal=causal)]
    centre, low, head = np.full(8, 0.1), 8.0, 3
    down = window_of_mass(samples, head, centre, low, 0.9)

    def kept(nats: float) -> float:
        shares = []
        for one in samples:
            logits, weights = one.logits(head, centre), float_attention(one)[0][head]
            shares += np.where(logits >= low - nats, weights, 0).sum(axis=1).tolist()
        return float(np.mean(shares))

    assert 1 < down < 20
    assert kept(down) >= 0.9 > kept(down - GRAIN)


def test_the_mass_that_is_kept_sets_each_heads_window() -> None:
    samples = [sample(0), sample(1)]
    found = {keep: calibrate_layer(samples, TranslateOptions(keep_mass=keep))
             for keep in (0.9, 0.99, 1.0)}
    windows = [[head.window for head in code.heads] for code in found.values()]
    assert all(a <= b <= c for a, b, c in zip(*windows, strict=True))
    assert len(set(windows[1])) > 1  # a window of its own
    for keep, code in found.items():
        for one in windows_kept("layer", code, samples, keep):
            assert one.kept >= keep - 1e-6
            assert keep == 1 or one.needed <= one.above <= 1
            assert one.steps == code.heads[one.head].period


def test_plain_spikes_have_windows_by_mass_too() -> None:
    options = TranslateOptions(spikes="binary", keep_mass=0.97)
    code = calibrate_layer([sample(2)], options)
    whole = calibrate_layer([sample(2)], replace(options, keep_mass=None))
    assert sum(h.window for h in code.heads) < sum(h.window for h in whole.heads)
    assert all(w.kept >= 0.97 - 1e-6 for w in windows_kept("layer", code, [sample(2)], 0.97))


@pytest.mark.parametrize("keep", [0, -0.1, 1.5, float("nan"), True])
def test_a_mass_that_cannot_be_kept_is_refused(keep: Any) -> None:
    with pytest.raises(UsageError, match="a share of the mass is out of range"):
        TranslateOptions(keep_mass=keep)
