"""Units cut so that every core gets its share of each phase.

::

    share of the others  =  their synapses / memory of all        over all units
    a core takes  share * its memory  of the others' synapses, then of the largest populations'
    neurons as many as fit

The largest population of a head, its match neurons, hears the keys' phase; the others the values'.
Both are laid down in the order of units, side by side, so that what speaks to each other stays
close. What a core takes too much or too little of, the next one makes up for.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from dataclasses import replace
from math import inf

from neuromorph.compile.packing.core import Core
from neuromorph.compile.packing.demand import Demand
from neuromorph.compile.packing.limits import Limits
from neuromorph.compile.packing.spread import is_wide
from neuromorph.compile.packing.ways import USUAL, Ways
from neuromorph.compile.program import Slice

Waiting = deque[tuple[int, Demand, int]]
"""Unit, population, and its first neuron that is on no core."""


def evenly(
    found: Sequence[Sequence[Demand]], limits: Limits, ways: Ways = USUAL
) -> tuple[Slice, ...] | None:
    """Slices of all units' populations, core after core; None where there is nothing to balance.

    It looks at no out-axons.

    Parameters
    ----------
    found : sequence of units' demands
    limits : Limits
    ways : Ways
    """
    if any(len(demands) < 2 or is_wide(demands, limits) or any(d.whole for d in demands)
           for demands in found):
        return None
    large = [max(demands, key=lambda d: d.population.size) for demands in found]
    queues = (deque((unit, d, 0) for unit, demands in enumerate(found)
                    for d in demands if d is not large[unit]),
              deque((unit, d, 0) for unit, d in enumerate(large)))
    others, rest = queues
    synapses = sum(_synapses(d, 0, d.population.size) for _, d, _ in others)
    bits = sum(d.bits(0, d.population.size, limits) for queue in queues for _, d, _ in queue)
    cores, laid, filled = list[Core](), 0, 0
    while others or rest:
        core = Core(limits, {})
        share = min(1.0, (filled + limits.synapse_bits) / max(bits, 1))
        # what is left last has nobody to be balanced with
        laid += _lay(core, others, ways.tilt * share * synapses - laid if rest else inf)
        _lay(core, rest, inf)
        if not core.neurons:
            return None
        filled += core.synapse_bits
        cores.append(core)
    return tuple(replace(piece, core=number) for number, core in enumerate(cores)
                 for piece in core.slices)


def _lay(core: Core, waiting: Waiting, most: float) -> int:
    """Neurons in their order, with about so many synapses at most; how many these are."""
    done = 0
    while waiting and done < most:
        unit, demand, start = waiting[0]
        size = demand.population.size
        room = core.room(unit, demand, start, size)
        stop = start + _nearest(demand, start, start + room, most - done, core.limits)
        if stop == start:
            break
        core.put(unit, demand, start, stop)
        done += _synapses(demand, start, stop)
        waiting.popleft()
        if stop < size:
            waiting.appendleft((unit, demand, stop))
            break
    return done


def _nearest(demand: Demand, start: int, stop: int, most: float, limits: Limits) -> int:
    """How many neurons have about so many synapses, their lists' words filled."""
    if start == stop or _synapses(demand, start, stop) <= most:
        return stop - start
    bits = [demand.bits(start, upto, limits) for upto in range(start, stop + 1)]
    full = [n for n in range(stop - start + 1) if n == stop - start or bits[n] < bits[n + 1]]
    return min(full, key=lambda n: abs(_synapses(demand, start, start + n) - most))


def _synapses(demand: Demand, start: int, stop: int) -> int:
    """Synapses of a slice; those of sparse lists have in-axons of their own, and count by them."""
    dense = sum(axons for axons, _ in demand.dense) * (stop - start)
    return dense + demand.own(start, stop)
