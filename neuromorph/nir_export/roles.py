"""Which populations are inputs and outputs of a NIR graph: our networks leave it open."""

from __future__ import annotations

from neuromorph.network import Network, Population, Readout, Source


def sends(network: Network, name: str) -> bool:
    """Whether any projection starts there."""
    return any(p.pre == name for p in network.projections)


def inputs(network: Network) -> tuple[Population, ...]:
    """The sources that feed a projection; others NIR would take for outputs."""
    return tuple(p for p in network.populations
                 if isinstance(p.model, Source) and sends(network, p.name))


def neurons(network: Network) -> tuple[Population, ...]:
    """All populations but the sources."""
    return tuple(p for p in network.populations if not isinstance(p.model, Source))


def outputs(network: Network) -> tuple[Population, ...]:
    """The populations that feed no other; all, if each feeds another."""
    feeding = {p.pre for p in network.projections if p.pre != p.post}
    last = tuple(p for p in neurons(network) if p.name not in feeding)
    return last or neurons(network)


def undriven(network: Network) -> tuple[Population, ...]:
    """The populations without synapses, which are active by their bias alone."""
    return tuple(p for p in neurons(network) if not network.projections_to(p.name))


def gives_potential(network: Network, population: Population) -> bool:
    """Whether it is read by its potential: a readout that sends no spikes."""
    return isinstance(population.model, Readout) and not sends(network, population.name)
