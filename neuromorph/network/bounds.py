"""Static bounds: what each neuron may send, and what its synapses may make of it."""

from __future__ import annotations

from collections.abc import Mapping

from neuromorph.network.derive import derived
from neuromorph.network.model import Network
from neuromorph.network.promises import Promise
from neuromorph.network.sums import delivered, widest_sums
from neuromorph.neurons.contract import A_IN
from neuromorph.numerics.interval import Interval

ACCUMULATOR_MAX = 2**31 - 1
"""Stock Dense and the ports behind it add up in 32 bits, and wrap silently."""


def payload_ranges(
    network: Network, sources: Mapping[str, Interval] | None = None
) -> dict[str, Interval]:
    """What each population may send in a step, whatever happened before.

    A model says it (`NeuronModel.payloads`), from what may arrive at its ports. Ports of the
    network are not looked at: a host may send anything in any step.

    Parameters
    ----------
    network : Network
        Of the fixed domain.
    sources : mapping of source name to Interval, optional
        Narrower than what `source_range` allows.
    """
    given = {name: Promise(span) for name, span in (sources or {}).items()}
    return {name: found.span for name, found in derived(network, given, 1).items()}


def input_range(
    network: Network, population: str, ranges: Mapping[str, Interval], port: str = A_IN
) -> Interval:
    """A port's input of a step: each projection's sum shifted by its exponent, all added."""
    return Interval.total((delivered(p, ranges[p.pre])
                           for p in network.projections_to(population, port)),
                          network.population(population).size)


def sum_range(
    network: Network, population: str, ranges: Mapping[str, Interval], port: str = A_IN
) -> Interval:
    """Every sum on the way to a port's input, in any order, before a right shift."""
    return Interval.total((widest_sums(p, ranges[p.pre])
                           for p in network.projections_to(population, port)),
                          network.population(population).size)
