"""A neuron whose synapses exceed a core gets their sum in parts, each from a relay of its own.

::

    (sum_j W_ij s_j) << e  =  sum_k (r_ik << e)           r_ik = sum over chunk k of W_ij s_j
    (sum_j W_ij s_j) >> n  =  (sum_k r_ik) >> n           by one more relay, which shifts

Each chunk of axons has a population of relays, whose synapses are the chunk's; they send their
sums on as payloads. A right shift that loses bits comes after the whole sum, so there a last
population of relays adds up and shifts. Each relay on a way takes a step. Where a delay on the way
is long enough, it is shortened by that; if not, the population behind runs late, and what reaches
it by other ways is delayed as much: everything happens as before, some steps later.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np

from neuromorph.compile.packing.demand import Demand, demands, fan_in, first_too_large, too_large
from neuromorph.compile.packing.limits import Limits
from neuromorph.compile.parts import rounds
from neuromorph.compile.program import Unit
from neuromorph.compile.relays.chunks import Axons, chunks_of
from neuromorph.compile.relays.lateness import lateness
from neuromorph.compile.relays.view import late_by
from neuromorph.errors import FitError
from neuromorph.network import Network, Population, Port, Projection, Relay, verify
from neuromorph.network.bounds import payload_ranges
from neuromorph.neurons.contract import A_IN
from neuromorph.profiles import Profile

PROGRAMMABLE = "programmable neurons, which could sum its synapses in parts; or fewer slots"
STATIC = "static memories, whose synapses can be summed in parts; or fewer slots"


def has_relays(profile: Profile) -> bool:
    """Whether a target has neurons that can be relays: programmable, with payloads of 24 bits."""
    neuron = profile.neuron
    return (neuron.programmable and neuron.graded_spikes
            and neuron.payload_bits >= Relay().payload_bits)


def with_relays(unit: Unit, limits: Limits, programmable: bool) -> Unit:
    """The unit with relays before every neuron that has more synapses than a core can hold.

    Parameters
    ----------
    unit : Unit
    limits : Limits
    programmable : bool
        Whether `has_relays` says so of the target.

    Returns
    -------
    Unit
        Its view makes up for what is late. No parts, and all populations under their names; where
        nothing is too large, the unit itself.

    Raises
    ------
    FitError
        If relays would be needed and the target has none; if the synapses learn, or a relay
        would let something else learn at other steps; if a loop would take longer, or a neuron
        with a bias start late; if a payload could leave its 24 bits.
    """
    return relayed(unit, limits, programmable)[0]


def relayed(unit: Unit, limits: Limits, programmable: bool) -> tuple[Unit, list[Demand]]:
    """The unit of `with_relays`, and its demands, which had to be known anyway.

    Raises
    ------
    FitError
        If relays cannot help a neuron that has too many synapses.
    """
    found, taken, asked = unit, dict[str, Projection](), demands(unit, limits)
    while over := _over(asked, limits):
        for demand, start in over:
            if not programmable or unit.network.domain != "fixed":
                raise too_large(demand, start, limits, PROGRAMMABLE)
            static = [p for p in unit.network.projections_to(demand.population.name)
                      if p.rule is None and p.name not in taken
                      and fan_in(p, unit.network, limits) > 1]
            if not static:
                raise _no_help(unit.network, demand, start, limits)
            most = max(static, key=lambda p: fan_in(p, unit.network, limits))
            taken[most.name] = most
        found = _rewired(unit, list(taken.values()), limits)
        asked = demands(found, limits)
    return found, asked


def _over(asked: Sequence[Demand], limits: Limits) -> list[tuple[Demand, int]]:
    """The populations that exceed an empty core, and the neurons with which they do."""
    found = ((demand, first_too_large(demand, limits)) for demand in asked)
    return [(demand, start) for demand, start in found if start is not None]


def _no_help(network: Network, demand: Demand, start: int, limits: Limits) -> FitError:
    """Everything that can be relayed is."""
    if any(p.post == demand.population.name for p in network.plastic):
        return too_large(demand, start, limits, STATIC)
    return too_large(demand, start, limits)


def _rewired(unit: Unit, relayed: Sequence[Projection], limits: Limits) -> Unit:
    """The unit with relays in the place of these projections, and delays that make up for them."""
    network = unit.network
    hops = {p.name: 2 if rounds(p) else 1 for p in relayed}
    late, sent = lateness(network, hops), payload_ranges(network)
    delays = {p.name: p.delay + late[p.post] - late[p.pre] for p in network.projections}
    populations, projections = list[Population](), list[Projection]()
    by_pre = dict[str, list[Projection]]()
    for p in relayed:
        by_pre.setdefault(p.pre, []).append(p)
    for pre, together in by_pre.items():
        for k, axons in enumerate(chunks_of(sent[pre], together, limits)):
            for p in together:  # chunk after chunk, as they are best laid on cores
                if not p.weights[:, axons].any():
                    continue
                relay, ways = _relay(p, k, axons, delays[p.name])
                populations.append(relay)
                projections += ways
    for p in filter(rounds, relayed):
        relay, way = _last_relay(p, network.population(p.post).size, delays[p.name])
        populations.append(relay)
        projections.append(way)
    kept = [replace(p, delay=delays[p.name]) for p in network.projections
            if p.name not in hops]
    found = replace(network, populations=(*network.populations, *populations),
                    projections=(*kept, *projections), parts=(),
                    outputs=_later(network, late))
    return unit.rewritten(verify(found), late_by(network, late))


def _later(network: Network, late: Mapping[str, int]) -> tuple[Port, ...]:
    """The outputs, in the steps to which late populations have moved; inputs are never late."""
    period = network.schedule.period if network.schedule else 0
    return tuple(port.later(late[port.population], period) for port in network.outputs)


def _relay(
    projection: Projection, number: int, axons: Axons, delay: int
) -> tuple[Population, tuple[Projection, Projection]]:
    """The relays of a chunk, their synapses, and the way to what sums all chunks.

    What delays there are lie behind the relays, where synapses are few.
    """
    weights = np.zeros_like(projection.weights)
    weights[:, axons] = projection.weights[:, axons]
    reached = weights.any(axis=1)
    name = f"{projection.name}.relay.{number}"
    into = replace(projection, name=name, post=name, port=A_IN, weights=weights[reached],
                   delay=0, exponent=0)
    on = replace(projection, name=f"{projection.name}.{number}", pre=name, delay=delay - 1,
                 weights=np.eye(len(weights), dtype=np.int32)[:, reached], graded=True)
    if rounds(projection):
        on = replace(on, post=_sum_of(projection), port=A_IN, delay=0, exponent=0)
    return Population(name, int(reached.sum()), Relay()), (into, on)


def _last_relay(projection: Projection, size: int, delay: int) -> tuple[Population, Projection]:
    """The relays that add up all chunks and shift, and the way to the neurons."""
    name = _sum_of(projection)
    onwards = replace(projection, pre=name, delay=delay - 2, exponent=0, graded=True,
                      weights=np.eye(size, dtype=np.int32))
    return Population(name, size, Relay(shift=-projection.exponent)), onwards


def _sum_of(projection: Projection) -> str:
    return f"{projection.name}.sum"
