"""What the clocked engine reads its inputs from, and what it writes its records to."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from neuromorph.backends.fast.flat import OFFSET, FlatNetwork
from neuromorph.backends.interface import Inputs
from neuromorph.network import Network, Probe, Projection
from neuromorph.network.model import SYNAPTIC


class Feed(NamedTuple):
    """The spikes of the sources, source by source and step by step.

    Attributes
    ----------
    starts : int64 array, shape (sources, steps + 1)
        Where those of a source and step begin, and end.
    who : int32 array
        Neurons, counted within their source.
    what : int64 array
        Payloads.
    """

    starts: NDArray[np.int64]
    who: NDArray[np.int32]
    what: NDArray[np.int64]


def feed(network: Network, inputs: Inputs, steps: int) -> Feed:
    """The trains of all sources as spikes."""
    starts, who, what, before = [], [], [], 0
    for population in network.populations:
        if population.is_source:
            train = np.asarray(inputs[population.name])
            at = np.flatnonzero(train)
            step, neuron = np.divmod(at, population.size)
            starts.append(before + np.searchsorted(step, np.arange(steps + 1)))
            who.append(neuron.astype(np.int32))
            what.append(train.ravel()[at].astype(np.int64))
            before += len(at)
    return Feed(np.array(starts, np.int64).reshape(-1, steps + 1),
                np.concatenate([np.zeros(0, np.int32), *who]),
                np.concatenate([np.zeros(0, np.int64), *what]))


class Tape:
    """Spikes and states of those that a probe asks for.

    Attributes
    ----------
    watched : int64 array, shape (probes, 3)
        Population, word of its state or -1 for its spikes, and where its record begins.
    record : int64 array
        By probe, step and neuron.
    kept : int64 array
        Which entries of the learned weights are recorded at every step.
    weights, tags : int32 array, shape (steps, len(kept))
    """

    def __init__(
        self, network: Network, flat: FlatNetwork, probes: Sequence[Probe], steps: int
    ) -> None:
        self.network = network
        number = {p.name: k for k, p in enumerate(network.populations)}
        self.parts: dict[Probe, tuple[slice, tuple[int, int]]] = {}
        rows, taken = [], 0
        for probe in dict.fromkeys(p for p in probes if p.variable not in SYNAPTIC):
            population = network.population(probe.target)
            word = (-1 if probe.variable == "spikes"
                    else population.model.words.index(probe.variable))
            rows.append([number[probe.target], word, taken])
            self.parts[probe] = (slice(taken, taken + steps * population.size),
                                 (steps, population.size))
            taken += steps * population.size
        self.watched = np.array(rows, np.int64).reshape(-1, 3)
        self.record = np.zeros(taken, np.int64)
        self.at = {p.name: int(flat.wiring[i, OFFSET]) + np.arange(p.weights.size)
                   for i, p in enumerate(network.projections) if p.rule is not None}
        wanted = {probe.target for probe in probes if probe.variable in SYNAPTIC}
        self.kept = np.concatenate([np.zeros(0, np.int64),
                                    *(at for name, at in self.at.items() if name in wanted)])
        self.weights = np.zeros((steps, len(self.kept)), np.int32)
        self.tags = np.zeros((steps, len(self.kept)), np.int32)

    def trace(self, probe: Probe) -> NDArray[Any]:
        """What a probe recorded."""
        if probe.variable in SYNAPTIC:
            synaptic = self.weights if probe.variable == "weights" else self.tags
            where = np.searchsorted(self.kept, self.at[probe.target])
            return by_synapse(synaptic[:, where], self.network.projection(probe.target))
        part, shape = self.parts[probe]
        return self.record[part].reshape(shape)

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
