"""Which axons took control, and how well the somata followed them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

import numpy as np
from numpy.typing import NDArray

from neuromorph.circuits.match_and_control.episode import Episode
from neuromorph.errors import UsageError
from neuromorph.shapes import Bool, Float64, Int64, Integer
from neuromorph.shown import Shown

FOLLOWS_WITHIN = 20
"""Steps in which a soma must answer a value spike."""


@dataclass(frozen=True, eq=False, repr=False)
class Control(Shown):
    """What one episode showed.

    Attributes
    ----------
    potentiated : bool array, shape (queries, axons)
        Synapses whose weight is at its largest at the end.
    followed : float array, shape (queries, axons)
        Share of an axon's value spikes that the soma answered within 20 steps; NaN for an axon
        without one.
    spikes : int array, shape (queries,)
        Somatic spikes in the control window.
    """

    potentiated: Annotated[Bool, "queries axons"]
    followed: Annotated[Float64, "queries axons"]
    spikes: Annotated[Int64, "queries"]

    def success(self, matched: Annotated[Integer, "queries"]) -> Annotated[Float64, "queries"]:
        """Share of the matched axon's value spikes that each soma answered; shape (queries,).

        Parameters
        ----------
        matched : int array, shape (queries,)
            The axon that each query matches.

        Raises
        ------
        UsageError
            If there is not one axon a query.
        """
        if matched.shape != self.spikes.shape:
            raise UsageError("there is one matched axon a query", found=matched.shape,
                             expected=self.spikes.shape)
        rows: NDArray[np.float64] = self.followed[np.arange(len(matched)), matched]
        return rows


def read(
    episode: Episode, soma: Annotated[Integer, "steps queries"],
    weights: Annotated[Integer, "queries axons"], *, open_weight: int = 255,
) -> Control:
    """Read an episode from the somata's spikes and the spines' last weights.

    Parameters
    ----------
    episode : Episode
    soma : array, shape (steps, queries)
    weights : array, shape (queries, axons)
    open_weight : int
        Weight of an open gate.
    """
    start = episode.control_start
    fired = soma != 0
    counts = np.concatenate([np.zeros((1, fired.shape[1]), np.int64), fired.cumsum(axis=0)])
    sent_at, axon = np.nonzero(episode.values)
    first = start + sent_at + 1
    last = np.minimum(first + FOLLOWS_WITHIN, len(soma))
    answered = counts[last] > counts[first]
    total = episode.values.sum(axis=0, dtype=np.int64)
    hits = np.zeros((len(total), fired.shape[1]))
    np.add.at(hits, axon, answered)
    with np.errstate(invalid="ignore"):
        followed = np.where(total[:, None] > 0, hits / np.maximum(total, 1)[:, None], np.nan).T
    return Control(weights >= open_weight, followed, fired[start:].sum(axis=0))
