"""A float network as a nengo.Network: sources are nodes, neurons are ensembles' neurons."""

from __future__ import annotations

from typing import Any

import nengo
import numpy as np
from nengo.neurons import NeuronType
from nengo.processes import PresentInput

from neuromorph.backends.interface import Inputs
from neuromorph.backends.nengo.delay import Delay
from neuromorph.backends.nengo.neurons import Axons, neuron_type
from neuromorph.backends.nengo.plasticity import SumsOfProducts
from neuromorph.network import Network, Population, Probe, Projection

DT = 1.0
"""One step of a network; spikes of amplitude payload / dt are then the payloads themselves."""


class Built:
    """A network's counterpart in Nengo.

    Attributes
    ----------
    network : nengo.Network
    populations : mapping of name to nengo.Node or nengo.ensemble.Neurons
    projections : mapping of name to nengo.Connection
    """

    def __init__(self, network: Network, inputs: Inputs) -> None:
        self.populations: dict[str, Any] = {}
        self.projections: dict[str, Any] = {}
        self.network = nengo.Network(label=network.name, seed=0)
        with self.network:
            for population in network.populations:
                self.populations[population.name] = _population(population, inputs)
            for projection in network.projections:
                self.projections[projection.name] = self._projection(projection, network)

    def probe(self, probe: Probe) -> Any:
        """A nengo.Probe that records what ours asks for."""
        with self.network:
            if probe.variable == "weights":
                return nengo.Probe(self.projections[probe.target], "weights", synapse=None)
            if probe.variable == "tags":
                rule = self.projections[probe.target].learning_rule
                return nengo.Probe(rule, "tags", synapse=None)
            what = "output" if probe.variable == "spikes" else probe.variable
            return nengo.Probe(self.populations[probe.target], what, synapse=None)

    def _projection(self, projection: Projection, network: Network) -> Any:
        """The weights act when a spike is sent, its effect arrives a step or more later."""
        pre, sender = self.populations[projection.pre], network.population(projection.pre)
        if sender.is_source or sender.model.payload_bits:
            axons = _neurons(projection.weights.shape[1], Axons(graded=projection.graded))
            nengo.Connection(pre, axons, synapse=None)
            pre = axons
        third = [name and self.populations[name] for name in projection.modulators]
        rule = projection.rule and SumsOfProducts(projection.rule, third)
        return nengo.Connection(pre, self.populations[projection.post],
                                transform=projection.weights.astype(np.float64),
                                synapse=Delay(projection.delay), learning_rule_type=rule)


def _population(population: Population, inputs: Inputs) -> Any:
    if population.name in inputs:
        train = np.asarray(inputs[population.name], np.float64)
        return nengo.Node(PresentInput(train, presentation_time=DT), label=population.name)
    return _neurons(population.size, neuron_type(population.model), population.name)


def _neurons(size: int, kind: NeuronType, label: str | None = None) -> Any:
    """Neurons without an encoder's part: J is what their connections bring."""
    return nengo.Ensemble(size, dimensions=1, gain=np.ones(size), bias=np.zeros(size),
                          neuron_type=kind, label=label).neurons
