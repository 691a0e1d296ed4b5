"""Cores change places where that shortens the way of their packets.

::

    cost  =  sum over cores i, j of w_ij * d(p_i, p_j)
    gain of a swap  =  c_i(p_i) - c_i(p_j) + c_j(p_j) - c_j(p_i) - 2 w_ij d(p_i, p_j)
    c_i(p)  =  sum over j of w_ij * d(p, p_j)

w are the packets between two cores, both ways, and d the mesh steps between two places. Cores are
looked at in windows along the line they were laid on, so that time grows with their number. All
numbers are whole and far below 2^53: the sums are exact, and the same on every machine.
"""

from __future__ import annotations

from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from neuromorph.compile.packing.limits import Limits
from neuromorph.compile.packing.place import Places, coordinates
from neuromorph.compile.packing.traffic import Traffic

WINDOW = 256
"""Cores that may change places with each other."""

ROUNDS = 12
"""Sweeps over all windows at most."""

ENOUGH = 0.002
"""A sweep that gains less of all mesh steps is the last one."""

Floats: TypeAlias = NDArray[np.float64]


def swapped(places: Places, traffic: Traffic, limits: Limits) -> Places:
    """Places of the cores, with no more mesh steps in all than before.

    Parameters
    ----------
    places : int array, shape (cores, 3)
    traffic : Traffic
    limits : Limits
    """
    at, order = coordinates(places, limits).astype(np.float64), np.arange(len(places))
    links = _Links(traffic, len(places))
    for _ in range(ROUNDS if len(places) > 1 else 0):
        gained = sum(_sweep(links, at, order, start)
                     for start in range(0, max(1, len(places) - WINDOW // 2), WINDOW // 2))
        if gained <= ENOUGH * links.steps(at):
            break
    moved: Places = places[order]
    return moved


class _Links:
    """Packets between pairs of cores, both ways together, sorted by the first of the two."""

    def __init__(self, traffic: Traffic, cores: int) -> None:
        away = traffic.source != traffic.target
        ends = np.stack([traffic.source[away], traffic.target[away]])
        self.one, self.other = np.concatenate([ends, ends[::-1]], axis=1)
        order = np.argsort(self.one, kind="stable")
        self.one, self.other = self.one[order], self.other[order]
        self.packets = np.tile(traffic.packets[away], 2)[order]
        self.first = np.searchsorted(self.one, np.arange(cores + 1))

    def steps(self, at: Floats) -> float:
        """Mesh steps of all packets."""
        return float((np.abs(at[self.one] - at[self.other]).sum(axis=1) * self.packets).sum()) / 2

    def between(self, start: int, stop: int) -> tuple[Floats, NDArray[np.int64]]:
        """Packets of some cores, shape (stop - start, others), and who the others are."""
        here = slice(self.first[start], self.first[stop])
        others, column = np.unique(self.other[here], return_inverse=True)
        weights = np.zeros((stop - start, len(others)))
        np.add.at(weights, (self.one[here] - start, column), self.packets[here])
        return weights, others


def _sweep(links: _Links, at: Floats, order: NDArray[np.int64], start: int) -> float:
    """Swap pairs of a window, the best first, each core once; the mesh steps that are saved."""
    stop = min(start + WINDOW, len(at))
    weights, others = links.between(start, stop)
    here = at[start:stop]
    cost = weights @ _steps(at[others], here)
    own = np.zeros((stop - start, stop - start))
    inside = (others >= start) & (others < stop)
    own[:, others[inside] - start] = weights[:, inside]
    stay = np.diagonal(cost)
    gain = stay[:, None] + stay - cost - cost.T - 2 * own * _steps(here, here)
    pairs = _disjoint(gain)
    while len(pairs):  # swaps of neighbours get in each other's way: then only the better ones
        before = _cost_of(links, at, start, stop)
        _swap(at, order, start + pairs)
        saved = before - _cost_of(links, at, start, stop)
        if saved > 0:
            return saved
        _swap(at, order, start + pairs)
        pairs = pairs[: len(pairs) // 2]
    return 0.0


def _cost_of(links: _Links, at: Floats, start: int, stop: int) -> float:
    """Mesh steps of packets from or to cores of a window; those inside count once."""
    here = slice(links.first[start], links.first[stop])
    one, other, packets = links.one[here], links.other[here], links.packets[here]
    inside = (other >= start) & (other < stop)
    return float((np.abs(at[one] - at[other]).sum(axis=1) * packets
                  * np.where(inside, 0.5, 1.0)).sum())


def _disjoint(gain: Floats) -> NDArray[np.int64]:
    """Pairs with a gain, the best of each of their cores, the best first."""
    best = gain.argmax(axis=1)
    gains = gain[np.arange(len(gain)), best]
    free = np.ones(len(gain), np.bool_)
    pairs = []
    for i in np.argsort(-gains, kind="stable").tolist():
        j = int(best[i])
        if gains[i] > 0 and free[i] and free[j]:
            free[[i, j]] = False
            pairs.append((i, j))
    return np.array(pairs, np.int64).reshape(-1, 2)


def _swap(at: Floats, order: NDArray[np.int64], pairs: NDArray[np.int64]) -> None:
    one, other = pairs.T
    for array in (at, order):
        array[one], array[other] = array[other], array[one]


def _steps(these: Floats, those: Floats) -> Floats:
    """Mesh steps between places, shape (these, those)."""
    away: Floats = np.abs(these[:, None] - those).sum(axis=2)
    return away
