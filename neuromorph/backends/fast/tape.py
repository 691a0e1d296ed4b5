"""The arrays that the clocked engine reads its inputs from and writes its records to."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neuromorph.backends.fast.engine import OFFSET, FlatNetwork
from neuromorph.backends.interface import Inputs
from neuromorph.network import Network, Probe, Projection
from neuromorph.network.model import SYNAPTIC


class Tape:
    """Spikes of every neuron at every step, and states only of those that a probe asks for.

    Attributes
    ----------
    spikes : int64 array, shape (steps, neurons)
    watched : int64 array, shape (words, 4)
        Which words of which neurons are recorded: first and last neuron, word, and where in
        ``states`` the first of them is.
    states : int64 array, shape (steps, watched neurons)
    kept : int64 array
        Which entries of the learned weights are recorded at every step.
    weights, tags : int32 array, shape (steps, len(kept))
    """

    def __init__(
        self, network: Network, flat: FlatNetwork, probes: Sequence[Probe], steps: int
    ) -> None:
        self.network, self.first = network, flat.first
        self.spikes = np.zeros((steps, len(flat.own)), np.int64)
        self.columns: dict[Probe, slice] = {}
        rows, column = [], 0
        for probe in dict.fromkeys(p for p in probes if p.variable not in ("spikes", *SYNAPTIC)):
            population, first = network.population(probe.target), flat.first[probe.target]
            word = population.model.words.index(probe.variable)
            rows.append([first, first + population.size, word, column])
            self.columns[probe] = slice(column, column + population.size)
            column += population.size
        self.watched = np.array(rows, np.int64).reshape(-1, 4)
        self.states = np.zeros((steps, column), np.int64)
        self.at = {p.name: int(flat.wiring[i, OFFSET]) + np.arange(p.weights.size)
                   for i, p in enumerate(network.projections) if p.rule is not None}
        wanted = {probe.target for probe in probes if probe.variable in SYNAPTIC}
        self.kept = np.concatenate([np.zeros(0, np.int64),
                                    *(at for name, at in self.at.items() if name in wanted)])
        self.weights = np.zeros((steps, len(self.kept)), np.int32)
        self.tags = np.zeros((steps, len(self.kept)), np.int32)

    def load(self, inputs: Inputs) -> None:
        """Write down what the sources send."""
        for name, train in inputs.items():
            first = self.first[name]
            self.spikes[:, first : first + train.shape[1]] = train

    def trace(self, probe: Probe) -> NDArray[Any]:
        """What a probe recorded."""
        if probe.variable in SYNAPTIC:
            synaptic = self.weights if probe.variable == "weights" else self.tags
            where = np.searchsorted(self.kept, self.at[probe.target])
            return by_synapse(synaptic[:, where], self.network.projection(probe.target))
        if probe in self.columns:
            return self.states[:, self.columns[probe]].copy()
        first = self.first[probe.target]
        return self.spikes[:, first : first + self.network.population(probe.target).size].copy()

    def synapses(
        self, weights: NDArray[Any], tags: NDArray[Any]
    ) -> dict[str, tuple[NDArray[Any], NDArray[Any]]]:
        """Weights and tags of the plastic projections, out of the flat ones."""
        return {p.name: (by_synapse(weights[self.at[p.name]], p),
                         by_synapse(tags[self.at[p.name]], p)) for p in self.network.plastic}


def by_synapse(values: NDArray[Any], projection: Projection) -> NDArray[np.int64]:
    """From the engine's order, by presynaptic neuron, to (..., post, pre)."""
    post, pre = projection.weights.shape
    return np.swapaxes(values.reshape(*values.shape[:-1], pre, post), -1, -2).astype(np.int64)
