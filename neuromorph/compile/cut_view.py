"""A network cut in parts seen as the one that is whole."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, TypeAlias, TypeVar

import numpy as np
from numpy.typing import NDArray

from neuromorph.compile.parts import Part
from neuromorph.errors import UsageError
from neuromorph.network import Probe
from neuromorph.network.model import SYNAPTIC
from neuromorph.network.view import R, Synapses, Trains, View, reread
from neuromorph.shapes import Int64
from neuromorph.shown import Shown

Grid: TypeAlias = Sequence[Sequence[str]]
"""Names of a projection's blocks: a row for each part behind it, a column for each before."""

Name = TypeVar("Name", Probe, str)
T = TypeVar("T")


@dataclass(frozen=True, repr=False)
class Cut(View, Shown):
    """Parts of populations side by side, and blocks of synapses as tiles.

    ::

        x = (x.0, x.1, …)        W = | W.0.0  W.1.0  … |
                                     | W.0.1  W.1.1  … |

    A probe that does not look at every part is left out.

    Attributes
    ----------
    pieces : mapping of population name to its parts, in order
        Of those that are cut.
    blocks : mapping of projection name to the names of its blocks
        Of those that are cut.
    """

    pieces: Mapping[str, Sequence[Part]]
    blocks: Mapping[str, Grid]

    def encode(self, inputs: Trains) -> dict[str, Annotated[Int64, "..."]]:
        """Trains of all parts; only sources of third factors are ever cut."""
        trains: dict[str, NDArray[Any]] = {}
        for name, train in inputs.items():
            if name not in self.pieces:
                trains[name] = train
                continue
            parts = self.pieces[name]
            _check_size(name, train, parts[-1].stop)
            trains |= {part.name: train[:, part.neurons] for part in parts}
        return trains

    def probes(self, asked: Iterable[Probe]) -> list[Probe]:
        """On every part of what is asked."""
        return list(dict.fromkeys(Probe(name, probe.variable) for probe in asked
                                  for row in self._grid(probe) for name in row))

    def steps(self, steps: int) -> int:
        """As many."""
        return steps

    def read(self, recording: R) -> R:
        """All parts together, step for step; overflows of a population are those of its parts."""
        traces, synapses = dict(recording.traces), dict(recording.synapses)
        overflows = dict(recording.overflows)
        for whole in self._targets(traces):
            _gather(traces, whole, [[Probe(name, whole.variable) for name in row]
                                    for row in self._grid(whole)], _tiled)
        for name, grid in self.blocks.items():
            _gather(synapses, name, grid, _tiled_synapses)
        for name in self.pieces:
            _gather(overflows, name, self._grid(Probe(name)), _summed)
        return reread(recording, traces=traces, synapses=synapses, overflows=overflows)

    def _targets(self, recorded: Iterable[Probe]) -> list[Probe]:
        """What a whole recording might show."""
        states = dict.fromkeys(p.variable for p in recorded if p.variable not in SYNAPTIC)
        return [*(Probe(name, variable) for name in self.pieces for variable in states),
                *(Probe(name, variable) for name in self.blocks for variable in SYNAPTIC)]

    def _grid(self, probe: Probe) -> Grid:
        """What its target is called in the cut network."""
        if probe.variable in SYNAPTIC:
            return self.blocks.get(probe.target, [[probe.target]])
        parts = self.pieces.get(probe.target)
        return [[part.name for part in parts] if parts else [probe.target]]


def _check_size(name: str, train: NDArray[Any], size: int) -> None:
    """Parts of a train that is too wide would look sound to a backend."""
    if train.ndim != 2 or train.shape[1] != size:
        raise UsageError("an input has the wrong shape", where=name, found=train.shape,
                         expected=f"(steps, {size})")


def _gather(
    found: dict[Name, T], whole: Name, grid: Sequence[Sequence[Name]],
    together: Callable[[list[list[T]]], T],
) -> None:
    """Put what is found of all parts under one name; drop what is found of some."""
    complete = all(name in found for row in grid for name in row)
    taken = [[found.pop(name) for name in row if name in found] for row in grid]
    if complete:
        found[whole] = together(taken)


def _tiled(blocks: list[list[NDArray[Any]]]) -> NDArray[Any]:
    rows = [np.concatenate(row, axis=-1) for row in blocks]
    return np.concatenate(rows, axis=-2) if len(rows) > 1 else rows[0]


def _tiled_synapses(blocks: list[list[Synapses]]) -> Synapses:
    return (_tiled([[weights for weights, _ in row] for row in blocks]),
            _tiled([[tags for _, tags in row] for row in blocks]))


def _summed(counts: list[list[int]]) -> int:
    return sum(sum(row) for row in counts)
