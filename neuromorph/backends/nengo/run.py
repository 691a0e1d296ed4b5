"""One run in Nengo's simulator."""

from __future__ import annotations

from typing import Any

import nengo
import numpy as np
from nengo.builder import Model
from nengo.cache import NoDecoderCache
from numpy.typing import NDArray

from neuromorph.backends.interface import Inputs
from neuromorph.backends.nengo.build import DT, Built
from neuromorph.network import Network, Probe

Traces = dict[Probe, NDArray[np.float64]]
Synapses = dict[str, tuple[NDArray[Any], NDArray[Any]]]


def run_network(
    network: Network, inputs: Inputs, probes: tuple[Probe, ...], steps: int
) -> tuple[Traces, Synapses]:
    """Traces of all probes, shape (steps, ...), and the last weights and tags."""
    built = Built(network, inputs)
    recorders = {probe: built.probe(probe) for probe in probes}
    # A decoder cache would write to the home folder. The optimiser would add up in an order that
    # changes from run to run.
    model = Model(dt=DT, decoder_cache=NoDecoderCache())
    with nengo.Simulator(built.network, dt=DT, model=model, progress_bar=False,
                         optimize=False) as simulator:
        simulator.run_steps(steps)
        traces = {probe: np.array(simulator.data[at]) for probe, at in recorders.items()}
        synapses = {p.name: _synapses(simulator, built.projections[p.name])
                    for p in network.plastic}
    return traces, synapses


def _synapses(simulator: Any, connection: Any) -> tuple[NDArray[Any], NDArray[Any]]:
    signals, live = simulator.model.sig, simulator.signals
    return (np.array(live[signals[connection]["weights"]]),
            np.array(live[signals[connection.learning_rule]["tags"]]))
