"""From a network to connected Lava Processes.

::

    Population   -> what its model names as its ``process``: stock LIF, RingBuffer, or ours
    Projection   -> lava.proc.dense.process.Dense, or DelayDense, or LearningDense

Only what is its own population or projection becomes a Process: nothing is added.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from lava.magma.core.process.process import AbstractProcess
from lava.proc.dense.process import DelayDense, Dense
from lava.utils.weightutils import SignMode
from numpy.typing import NDArray

from neuromorph.backends.interface import Inputs
from neuromorph.backends.lava.learning import learning_dense
from neuromorph.backends.lava.supported import is_wide
from neuromorph.errors import UnsupportedError
from neuromorph.network import Network, Population, Projection
from neuromorph.network.groups import tied
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
        Verified, and one for which `supported.reasons_against` knows no reason.
    inputs : mapping of source name to array, shape (steps, size)
    """
    populations = {p.name: _neurons(p, network.domain, inputs) for p in network.populations}
    projections = {p.name: _synapses(p, network) for p in network.projections}
    for projection in network.projections:
        synapses = projections[projection.name]
        populations[projection.pre].s_out.connect(synapses.s_in)
        synapses.a_out.connect(getattr(populations[projection.post], projection.port))
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
    make, model = _process(population), population.model
    if population.is_source:
        return make(data=np.asarray(inputs[population.name]).T)
    return make(shape=(population.size,), **model.process_settings(domain))


def _process(population: Population) -> Callable[..., AbstractProcess]:
    """The class that a model names."""
    module, _, name = population.model.lava_process[0].partition(":")
    if not module:
        raise UnsupportedError("no Lava Process for this neuron model", where=population.name,
                               found=population.model.kind)
    made: Callable[..., AbstractProcess] = getattr(importlib.import_module(module), name)
    return made


def _synapses(projection: Projection, network: Network) -> AbstractProcess:
    bits = network.population(projection.pre).model.payload_bits if projection.graded else 0
    settings: dict[str, Any] = {"weights": projection.weights, "num_message_bits": bits}
    if network.domain == "fixed":
        # Lava computes in the type that it is given where that is narrower than its own.
        settings |= {"weights": projection.weights.astype(np.int32),
                     "weight_exp": projection.exponent, "sign_mode": _sign_mode(projection.weights)}
    if projection.rule is not None:
        return learning_dense(projection, projection.rule, settings)
    if projection.delay:
        return DelayDense(**settings, delays=projection.delay)
    return Dense(**settings)


def _sign_mode(weights: NDArray[Any]) -> SignMode | None:
    """Leave the choice to Lava (None), unless it would clip a weight of -256."""
    return SignMode.MIXED if is_wide(weights) else None
