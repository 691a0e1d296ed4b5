"""All spikes of a block's run, told apart by stage and token."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neuromorph.circuits.block.numbers import Block
from neuromorph.circuits.block.stages import STAGES, Row, phases_of
from neuromorph.network import Network, Projection
from neuromorph.report.block import BlockPicture, PictureRow, Wire
from neuromorph.shown import Shown


@dataclass(frozen=True, eq=False, repr=False)
class BlockRun(Shown):
    """A block, and all its spikes.

    Attributes
    ----------
    block : Block
    network : Network
    rows : tuple of Row
    spikes : mapping of population to int array, shape (steps, size)
    tokens : int
    apart : int
        Periods from a token to the next.
    """

    block: Block
    network: Network
    rows: tuple[Row, ...]
    spikes: Mapping[str, NDArray[Any]]
    tokens: int
    apart: int

    @property
    def gap(self) -> int:
        """Steps from a token to the next."""
        return self.apart * self.block.period

    @property
    def latency(self) -> int:
        """Steps from R in to R out."""
        return self.block.timeline.end_at

    def of(self, row: Row, population: str, token: int) -> NDArray[Any]:
        """Spikes of a token, shape (up to a period, size); the first is at ``row.begins``."""
        start = token * self.gap + row.begins
        return self.spikes[population][start : start + self.block.period]

    def of_all(self, row: Row) -> Iterator[NDArray[Any]]:
        """Spikes of each token and population."""
        return (self.of(row, name, token) for token in range(self.tokens)
                for name in row.populations)

    @cached_property
    def stages(self) -> tuple[str, ...]:
        """Those that this block has."""
        mine = {row.stage for row in self.rows}
        return tuple(stage for stage in STAGES if stage in mine)

    @cached_property
    def sizes(self) -> dict[str, int]:
        """Neurons of each population."""
        return {p.name: p.size for p in self.network.populations}

    def spans(self) -> NDArray[np.int64]:
        """First and last step in which each stage speaks of each token; -1 if it is silent.

        Of shape (tokens, stages, 2).
        """
        spans = np.full((self.tokens, len(self.stages), 2), -1, np.int64)
        for stage, token in np.ndindex(len(self.stages), self.tokens):
            at = [token * self.gap + row.begins + np.flatnonzero(spoken.any(axis=1))
                  for row in self.rows if row.stage == self.stages[stage]
                  for spoken in (self.of(row, name, token) for name in row.populations)]
            steps = np.concatenate(at)
            if len(steps):
                spans[token, stage] = steps.min(), steps.max()
        return spans

    @property
    def picture(self) -> BlockPicture:
        """What is drawn: the last token, whose slot is written last, and all of them."""
        home = {name: n for n, row in enumerate(self.rows) for name in row.populations}
        wires = {Wire(home[pre], home[p.post], delay) for p in self.network.projections
                 for pre, delay in _heard(p)}
        rows = tuple(self._drawn(row) for row in self.rows)
        return BlockPicture(rows, tuple(sorted(wires)), phases_of(self.block), self.spans(),
                            self.stages, self.block.period, self.latency, self.gap)

    def _drawn(self, row: Row) -> PictureRow:
        payloads = np.zeros((self.latency + 1, 0), np.int64)
        for name in row.populations:
            own = self.of(row, name, self.tokens - 1)[: self.latency + 1 - row.begins]
            after = self.latency + 1 - row.begins - len(own)
            payloads = np.hstack([payloads, np.pad(own, ((row.begins, after), (0, 0)))])
        return PictureRow(row.name, row.stage, len(row.populations), payloads)


def _heard(projection: Projection) -> Iterator[tuple[str, int]]:
    """Who speaks to it, and how many steps later that arrives; a third factor, in its own step."""
    yield projection.pre, 1 + projection.delay
    yield from ((name, 0) for name in projection.modulators if name is not None)
