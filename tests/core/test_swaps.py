"""Cores that change places: the same places, never a longer way, found where it is planted."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from neuromorph.compile.packing import swaps
from neuromorph.compile.packing.limits import Limits, limits_of
from neuromorph.compile.packing.place import Places, hops, place
from neuromorph.compile.packing.swaps import swapped
from neuromorph.compile.packing.traffic import Traffic
from neuromorph.profiles import load_profile

LIMITS = limits_of(load_profile("kapoho_point"))


def random_traffic(cores: int, links: int, seed: int) -> Traffic:
    rng = np.random.default_rng(seed)
    return Traffic(rng.integers(cores, size=links), rng.integers(cores, size=links),
                   rng.integers(1, 1000, links).astype(np.float64))


@pytest.mark.parametrize("cores", [1, 2, 7, 119, 120, 121, 300])
@pytest.mark.parametrize("window", [2, 16, 256])
def test_the_same_places_and_no_longer_way(
    cores: int, window: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(swaps, "WINDOW", window)
    before, links = place(cores, LIMITS), random_traffic(cores, 5 * cores, cores)
    found = swapped(before, links, LIMITS)
    assert sorted(map(tuple, found.tolist())) == sorted(map(tuple, before.tolist()))
    assert hops(links, found, LIMITS) <= hops(links, before, LIMITS)
    if cores > 7 and window > 2:
        assert hops(links, found, LIMITS) < hops(links, before, LIMITS)


def test_neither_links_nor_cores_are_needed() -> None:
    nothing = random_traffic(5, 0, 0)
    assert np.array_equal(swapped(place(5, LIMITS), nothing, LIMITS), place(5, LIMITS))
    assert swapped(place(0, LIMITS), random_traffic(1, 0, 0), LIMITS).shape == (0, 3)


def test_two_that_stand_wrong_are_put_right() -> None:
    """A ring on a chip whose cores 3 and 40 were exchanged."""
    limits: Limits = replace(LIMITS, chips=1)
    cores = np.arange(60)
    links = Traffic(cores[:-1], cores[1:], np.full(59, 7.0))
    right = place(60, limits)
    wrong: Places = right.copy()
    wrong[[3, 40]] = wrong[[40, 3]]
    assert hops(links, swapped(wrong, links, limits), limits) == hops(links, right, limits)


def test_what_a_core_sends_itself_has_no_way() -> None:
    alone = Traffic(np.arange(9), np.arange(9), np.full(9, 5.0))
    assert np.array_equal(swapped(place(9, LIMITS), alone, LIMITS), place(9, LIMITS))
