"""How evenly the work of each phase lies on cores.

::

    load of a phase on a core  =  synapses on it whose axons speak in that phase
    balance                    =  load of the fullest core / mean load of the cores that have any

Populations of one kind, as the match neurons of all heads, speak at the same time; a phase waits
for its fullest core, and one phase for another. So the sum of the fullest cores' loads stands for
the time of a query in which every neuron speaks once.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from neuromorph.compile.packing.demand import used_synapses
from neuromorph.compile.program import Slice, Unit

Row: TypeAlias = tuple[str, int, str, NDArray[np.int64]]
_Phase: TypeAlias = Callable[[str, str], str]

KEYS, VALUES = ("", "match"), ("match", "")
"""Who speaks to whom: all to match neurons, and these to all; empty for anybody."""


class Loads:
    """Synapses of some units' projections, up to each neuron behind them."""

    def __init__(self, units: Sequence[Unit]) -> None:
        self.rows: list[Row] = []
        known: dict[int, NDArray[np.int64]] = {}
        for number, unit in enumerate(units):
            for projection in unit.network.projections:
                if id(projection) not in known:  # heads may share their networks
                    counts = used_synapses(projection).sum(axis=1, dtype=np.int64)
                    known[id(projection)] = np.append(0, np.cumsum(counts))
                self.rows.append((projection.pre, number, projection.post, known[id(projection)]))

    def busiest(self, slices: Sequence[Slice]) -> float:
        """Sum over phases of the load of the fullest core, in synapses."""
        found = self._by_core(slices, lambda pre, _: _kind(pre))
        return float(sum(load.max(initial=0) for load in found.values()))

    def balance(self, slices: Sequence[Slice], who: tuple[str, str]) -> float | None:
        """Fullest core over the mean, of who speaks to whom; None where nobody does."""
        def named(pre: str, post: str) -> str:
            return "" if all(want in ("", _last(name)) for want, name
                             in zip(who, (pre, post), strict=True)) else "others"

        load = self._by_core(slices, named).get("", np.zeros(1))
        return float(load.max() / load[load > 0].mean()) if load.any() else None

    def _by_core(self, slices: Sequence[Slice], phase_of: _Phase) -> dict[str, NDArray[np.int64]]:
        pieces: dict[tuple[int, str], list[Slice]] = {}
        for piece in slices:
            pieces.setdefault((piece.unit, piece.population), []).append(piece)
        cores = 1 + max((piece.core for piece in slices), default=-1)
        found: dict[str, NDArray[np.int64]] = {}
        for pre, unit, post, upto in self.rows:
            load = found.setdefault(phase_of(pre, post), np.zeros(cores, np.int64))
            for piece in pieces.get((unit, post), ()):
                load[piece.core] += upto[piece.stop] - upto[piece.start]
        return found


def _last(name: str) -> str:
    return name.rpartition(".")[2]


def _kind(name: str) -> str:
    """Blocks, heads and parts are numbered; what they are called otherwise is their kind."""
    return re.sub(r"\d+", "", name)
