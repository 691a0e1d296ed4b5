"""From a network to connected Lava Processes.

::

    Source       -> lava.proc.io.source.RingBuffer
    CubaLIF      -> lava.proc.lif.process.LIF              (register du = du - 1)
    Readout      -> neuromorph.processes.readout.process.Readout
    LatencyMatch -> neuromorph.processes.latency_match.process.LatencyMatch
    Astrocyte    -> neuromorph.processes.astrocyte.process.Astrocyte
    Relay        -> neuromorph.processes.relay.process.Relay
    Projection   -> lava.proc.dense.process.Dense, or DelayDense, or LearningDense

Only what is its own population or projection becomes a Process: nothing is added.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from lava.magma.core.process.process import AbstractProcess
from lava.proc.dense.process import DelayDense, Dense
from lava.proc.io.source import RingBuffer
from lava.proc.lif.process import LIF
from lava.utils.weightutils import SignMode
from numpy.typing import NDArray

from neuromorph.backends.interface import Inputs
from neuromorph.backends.lava.learning import learning_dense
from neuromorph.backends.lava.supported import is_wide
from neuromorph.errors import UnsupportedError
from neuromorph.network import (
    Astrocyte,
    CubaLIF,
    LatencyMatch,
    Network,
    Population,
    Projection,
    Readout,
    Relay,
    Source,
)
from neuromorph.network.groups import tied
from neuromorph.network.populations import NeuronModel, parameters
from neuromorph.processes.astrocyte.process import Astrocyte as AstrocyteProcess
from neuromorph.processes.latency_match.process import LatencyMatch as LatencyMatchProcess
from neuromorph.processes.readout.process import Readout as ReadoutProcess
from neuromorph.processes.relay.process import Relay as RelayProcess
from neuromorph.shown import Shown


@dataclass(frozen=True, repr=False)
class Built(Shown):
    """The Processes of a network, by name of population and of projection."""

    populations: dict[str, AbstractProcess]
    projections: dict[str, AbstractProcess]


def build(network: Network, inputs: Inputs) -> Built:
    """Make and connect one Process for each population and each projection.

    Parameters
    ----------
    network : Network
        Verified, and one for which `supported.reason_against` knows no reason.
    inputs : mapping of source name to array, shape (steps, size)
    """
    populations = {p.name: _neurons(p, network.domain, inputs) for p in network.populations}
    projections = {p.name: _synapses(p, network) for p in network.projections}
    for projection in network.projections:
        synapses = projections[projection.name]
        populations[projection.pre].s_out.connect(synapses.s_in)
        synapses.a_out.connect(populations[projection.post].a_in)
        if projection.rule is not None:
            _connect_learning(projection, synapses, populations)
    return Built(populations, projections)


def _connect_learning(
    projection: Projection, synapses: AbstractProcess, populations: dict[str, AbstractProcess]
) -> None:
    """Back-propagating spikes of the neurons behind the synapses, and third factors."""
    populations[projection.post].s_out.connect(synapses.s_in_bap)
    for port, name in zip((synapses.s_in_y1, synapses.s_in_y2, synapses.s_in_y3),
                          projection.modulators, strict=True):
        if name is not None:
            populations[name].s_out.connect(port)


def components(network: Network) -> list[set[str]]:
    """Populations that projections join; Lava compiles and runs each group by itself."""
    return tied(network, ((p.pre, p.post, *p.modulators) for p in network.projections))


def _neurons(population: Population, domain: str, inputs: Inputs) -> AbstractProcess:
    shape, model = (population.size,), population.model
    if isinstance(model, Source):
        return RingBuffer(data=np.asarray(inputs[population.name]).T)
    if isinstance(model, CubaLIF):
        return LIF(shape=shape, **_lif_registers(model, domain))
    if isinstance(model, Readout):
        return ReadoutProcess(shape=shape, **_numbers(model, domain))
    if isinstance(model, LatencyMatch):
        return LatencyMatchProcess(shape=shape, **_numbers(model, domain))
    if isinstance(model, Astrocyte):
        return AstrocyteProcess(shape=shape, **_numbers(model, domain))
    if isinstance(model, Relay):
        return RelayProcess(shape=shape, **_numbers(model, domain))
    raise UnsupportedError("no Lava Process for this neuron model", where=population.name,
                           found=type(model).__name__)


def _lif_registers(model: CubaLIF, domain: str) -> dict[str, Any]:
    """All but the alignment, which stock LIF has none of: it is always 6 bits."""
    numbers = _numbers(model, domain)
    del numbers["input_shift"]
    return numbers if domain == "float" else {**numbers, "du": numbers["du"] - 1}


def _numbers(model: NeuronModel, domain: str) -> dict[str, Any]:
    kind = int if domain == "fixed" else float
    return {name: kind(value) for name, value in parameters(model).items()}


def _synapses(projection: Projection, network: Network) -> AbstractProcess:
    bits = network.population(projection.pre).model.payload_bits if projection.graded else 0
    settings: dict[str, Any] = {"weights": projection.weights, "num_message_bits": bits}
    if network.domain == "fixed":
        settings |= {"weight_exp": projection.exponent, "sign_mode": _sign_mode(projection.weights)}
    if projection.rule is not None:
        return learning_dense(projection, projection.rule, settings)
    if projection.delay:
        return DelayDense(**settings, delays=projection.delay)
    return Dense(**settings)


def _sign_mode(weights: NDArray[Any]) -> SignMode | None:
    """Leave the choice to Lava (None), unless it would clip a weight of -256."""
    return SignMode.MIXED if is_wide(weights) else None
