"""How many packets the fullest link between two routers carries."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from neuromorph.compile.packing.limits import Limits
from neuromorph.compile.packing.place import Places, coordinates
from neuromorph.compile.packing.traffic import Traffic


def fullest_link(traffic: Traffic, places: Places, limits: Limits) -> float:
    """Packets of a run over the fullest link, each way by itself; first along the row.

    ::

        a packet from (c, r) to (c', r')  takes  (c, r) to (c', r), then (c', r) to (c', r')

    Links between a core and its router count too: what a core sends, and what it receives.

    Parameters
    ----------
    traffic : Traffic
    places : int array, shape (cores, 3)
    limits : Limits
    """
    away = traffic.source != traffic.target
    source, target, packets = traffic.source[away], traffic.target[away], traffic.packets[away]
    if not packets.size:
        return 0.0
    at = coordinates(places, limits)
    begin, end = at[source], at[target]
    ways = [np.bincount(source, packets), np.bincount(target, packets),
            _along(begin[:, 0], end[:, 0], begin[:, 1], packets),
            _along(begin[:, 1], end[:, 1], end[:, 0], packets)]
    return float(max(way.max(initial=0.0) for way in ways))


def _along(
    begin: NDArray[np.int64], end: NDArray[np.int64], line: NDArray[np.int64],
    packets: NDArray[np.float64],
) -> NDArray[np.float64]:
    """Packets over each link of each row (or column), both directions."""
    size = int(max(begin.max(), end.max())) + 2
    steps = np.zeros((2, int(line.max()) + 1, size))
    low, high = np.minimum(begin, end), np.maximum(begin, end)
    way = (end < begin).astype(np.int64)
    np.add.at(steps, (way, line, low), packets)
    np.add.at(steps, (way, line, high), -packets)
    return np.cumsum(steps, axis=2)
