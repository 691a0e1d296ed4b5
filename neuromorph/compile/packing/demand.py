"""What the neurons of a unit ask of the core they are put on.

Synapses lie on the core of the neuron behind them, listed by the axon before them. A list is
dense (a weight for every neuron of the slice) or sparse (a weight and an index for each
synapse), whichever takes fewer bits for the projection.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Annotated

import numpy as np
from numpy.typing import NDArray

from neuromorph.compile.packing.limits import Limits
from neuromorph.compile.program import Unit
from neuromorph.errors import FitError
from neuromorph.network import Network, Population, Projection
from neuromorph.neurons import NeuronModel
from neuromorph.numerics import signed_bits
from neuromorph.shapes import Bool, Int64
from neuromorph.shown import Shown

FEWER = "fewer slots: a shorter context, or several memories"
"""What helps where a neuron has too many synapses."""

WORD_BITS, STOCK_WORDS = 24, 2
"""Words of a neuron's state; those of a stock neuron are what a profile's number stands for."""


@dataclass(frozen=True, eq=False, repr=False)
class Demand(Shown):
    """Resources of the neurons of one population.

    Attributes
    ----------
    population : Population
    dense : tuple of (axons, bits of a synapse)
        Projections in dense lists: an axon's list is as long as the slice.
    least_bits : int
        Synaptic memory of all of it, never more than it takes, however it is cut.
    sparse_bits : int array, shape (size + 1,)
        Bits of sparse lists up to each neuron, no two synapses sharing an entry.
    own_axons : int array, shape (size + 1,)
        In-axon slots of sparse lists up to each neuron.
    shared_axons : dict of str to int array
        In-axon slots of each neuron of a population before it, where all neurons share them:
        paid once a core.
    formats : frozenset
        Different synapse formats: dense or not, bits, exponent, whether they learn, port.
    neuron_bits : int
        Memory of a neuron beside its synapses.
    setting : tuple
        What neurons of one setting have in common: the model, without what differs by neuron.
    whole : bool
        Whether the population must stay on one core.
    """

    population: Population
    dense: tuple[tuple[int, int], ...]
    least_bits: int
    sparse_bits: Annotated[Int64, "_"]
    own_axons: Annotated[Int64, "_"]
    shared_axons: dict[str, Annotated[Int64, "_"]]
    formats: frozenset[tuple[bool, int, int, bool, str]]
    neuron_bits: int
    setting: tuple[object, ...]
    whole: bool

    def bits(self, start: int, stop: int, limits: Limits) -> int:
        """Synaptic memory of a slice, never less than it takes."""
        lists = int(self.sparse_bits[stop] - self.sparse_bits[start])
        for axons, bits in self.dense:  # asked millions of times
            lists += axons * limits.list_bits(stop - start, bits)
        return lists

    def needs(self, start: int, stop: int, limits: Limits) -> dict[str, int]:
        """What a slice takes of an empty core, by resource."""
        bits = self.bits(start, stop, limits)
        memory = bits + (stop - start) * self.neuron_bits
        shared = sum(int(slots.sum()) for slots in self.shared_axons.values())
        return {"neurons": stop - start, "synapse_bits": bits,
                "memory_bits": memory,
                "in_axons": self.own(start, stop) + shared}

    def own(self, start: int, stop: int) -> int:
        """In-axon slots of a slice that no two neurons share."""
        return int(self.own_axons[stop] - self.own_axons[start])

    def least(self, start: int) -> int:
        """Where the smallest slice ends that begins at a neuron: one, or all that stay together."""
        return self.population.size if self.whole else start + 1


def demands(unit: Unit, limits: Limits) -> list[Demand]:
    """Demands of all populations of a unit that need cores, in the order of the network."""
    return [_together(_demand(unit.network, population, limits), limits)
            if population.name in unit.together else _demand(unit.network, population, limits)
            for population in unit.neurons]


def _together(demand: Demand, limits: Limits) -> Demand:
    """All on one core, if one holds as much."""
    whole = replace(demand, whole=True)
    return demand if first_too_large(whole, limits) is not None else whole


def _demand(network: Network, population: Population, limits: Limits) -> Demand:
    dense: list[tuple[int, int]] = []
    least = 0
    sparse = np.zeros(population.size, np.int64)
    own = np.zeros(population.size, np.int64)
    shared: dict[str, NDArray[np.int64]] = {}
    formats = set()
    for projection in network.projections_to(population.name):
        used = used_synapses(projection)
        exponent = network.synapse_exponent(projection)
        bits, slots = _synapse_bits(projection, exponent, limits), _slots(projection, limits)
        axons, count = used.any(axis=0), used.sum(axis=1, dtype=np.int64)
        area = np.count_nonzero(count) * np.count_nonzero(axons)
        listed = _is_dense(area, int(count.sum()), bits, limits)
        formats.add((listed, bits, exponent,
                     projection.rule is not None, projection.port))
        if listed:
            dense.append((int(axons.sum()), bits))
            least += axons.sum() * limits.list_bits(np.count_nonzero(count), bits)
            before = shared.get(projection.pre, np.zeros(len(axons), np.int64))
            shared[projection.pre] = np.maximum(before, axons * slots)
        else:
            least += sum(limits.list_bits(synapses, bits + limits.index_bits) * times
                         for synapses, times in _counted(used))
            sparse += count * limits.list_bits(1, bits + limits.index_bits)
            own += count * slots
    return Demand(population, tuple(dense), int(least),
                  np.concatenate([[0], np.cumsum(sparse)]),
                  np.concatenate([[0], np.cumsum(own)]), shared, frozenset(formats),
                  neuron_bits(population.model, limits.neuron_bits), _setting(population.model),
                  bool(population.model.shared_state))


def _counted(used: NDArray[np.bool_]) -> Iterator[tuple[int, int]]:
    """How many axons have so many synapses, of those that have any."""
    found = np.bincount(used.sum(axis=0, dtype=np.int64))
    yield from ((synapses, int(times)) for synapses, times in enumerate(found)
                if synapses and times)


def neuron_bits(model: NeuronModel, usual: int) -> int:
    """Memory of a neuron: what is usual, or what more words than a stock neuron's take."""
    if not usual or model.stored_words <= STOCK_WORDS:
        return usual
    return max(usual, WORD_BITS * model.stored_words)


def _setting(model: NeuronModel) -> tuple[object, ...]:
    return model.kind, *((name, value) for name, value in model.parameters().items()
                         if not isinstance(value, np.ndarray))


def used_synapses(projection: Projection) -> Annotated[Bool, "post pre"]:
    """Which synapses exist: those with a weight, or all of a projection that learns."""
    if projection.rule is not None:
        return np.ones(projection.weights.shape, np.bool_)
    used: NDArray[np.bool_] = projection.weights != 0
    return used


def is_dense(used: Annotated[Bool, "post pre"], bits: int, limits: Limits) -> bool:
    """Whether dense lists take no more bits than sparse ones, headers and words apart."""
    area = int(used.any(axis=1).sum()) * int(used.any(axis=0).sum())
    return _is_dense(area, int(used.sum()), bits, limits)


def _is_dense(area: int, synapses: int, bits: int, limits: Limits) -> bool:
    return area * bits <= synapses * (bits + limits.index_bits)


def _synapse_bits(projection: Projection, exponent: int, limits: Limits) -> int:
    rule = projection.rule
    learning = 0 if rule is None else limits.trace_bits + (limits.tag_bits if rule.dt else 0)
    return (_weight_bits(projection, exponent, limits) + learning
            + (limits.delay_bits if projection.delay else 0))


def _weight_bits(projection: Projection, exponent: int, limits: Limits) -> int:
    """Bits of a stored weight: with fewer it is shifted up to the mantissa's top.

    ::

        w 2^exponent = (w 2^(most - bits)) 2^(exponent - (most - bits))
    """
    weights = projection.weights
    if not limits.fitted or projection.rule is not None or not weights.size:
        return limits.weight_bits
    needed = max(signed_bits(int(weights.min())), signed_bits(int(weights.max()))) - 1
    room = exponent - limits.weight_exponent_min
    return max(needed, limits.weight_bits_min, limits.weight_bits - room)


def _slots(projection: Projection, limits: Limits) -> int:
    return limits.plastic_slots if projection.rule is not None else 1


def fan_in(projection: Projection, network: Network, limits: Limits) -> int:
    """Axons that the neuron with most needs on its core: all of a dense projection's."""
    used = used_synapses(projection)
    exponent = network.synapse_exponent(projection)
    if is_dense(used, _synapse_bits(projection, exponent, limits), limits):
        return int(used.any(axis=0).sum())
    return int(used.sum(axis=1).max())


def most_axons(neurons: int, limits: Limits) -> int:
    """How many axons may reach so many relays, or a core full, on an empty core; no rules.

    ::

        axons * max(bits of a dense list, bits of a sparse list of one)  <=  memory
    """
    neurons = min(neurons, limits.neurons)
    memory = min(limits.synapse_bits, limits.memory_bits - neurons * limits.neuron_bits)
    bits = max(limits.list_bits(neurons, limits.weight_bits),
               limits.list_bits(1, limits.weight_bits + limits.index_bits))
    return max(0, min(limits.in_axons, memory // bits))


def first_too_large(demand: Demand, limits: Limits) -> int | None:
    """The first neuron of a slice as small as can be that exceeds an empty core, or None."""
    hardest = {int(np.diff(sums).argmax()) for sums in (demand.own_axons, demand.sparse_bits)}
    for start in [0] if demand.whole else sorted(hardest):
        needs = demand.needs(start, demand.least(start), limits)
        if any(need > limits.core()[name] for name, need in needs.items()):
            return start
    return None


def too_large(demand: Demand, start: int, limits: Limits, hint: str = FEWER) -> FitError:
    """What exceeds an empty core: one neuron, or all of a population that must stay whole."""
    stop = demand.least(start)
    what = f"{stop - start} neurons" if demand.whole else "one neuron"
    for name, need in demand.needs(start, stop, limits).items():
        if need > limits.core()[name]:
            return FitError(f"{what} of this population need more {name} than a core has",
                            where=demand.population.name, found=need,
                            expected=limits.core()[name], hint=hint)
    return FitError("the population does not fit an empty core", where=demand.population.name,
                    found=stop - start)


def totals(found: list[list[Demand]], limits: Limits) -> dict[str, int]:
    """What all units take if each lay on one core by itself."""
    bits = sum(d.bits(0, d.population.size, limits) for unit in found for d in unit)
    neurons = sum(d.population.size for unit in found for d in unit)
    states = sum(d.population.size * d.neuron_bits for unit in found for d in unit)
    return {"neurons": neurons, "synapse_bits": bits,
            "memory_bits": bits + states,
            "in_axons": sum(_axons(unit) for unit in found)}


def _axons(unit: list[Demand]) -> int:
    """In-axon slots of a unit if all of it were on one core: each shared axon once."""
    shared: dict[str, NDArray[np.int64]] = {}
    for demand in unit:
        for pre, slots in demand.shared_axons.items():
            shared[pre] = np.maximum(slots, shared.get(pre, 0))
    return sum(int(slots.sum()) for slots in shared.values())


def _least(found: list[list[Demand]], limits: Limits) -> dict[str, int]:
    bits = sum(d.least_bits for unit in found for d in unit)
    states = sum(d.population.size * d.neuron_bits for unit in found for d in unit)
    return totals(found, limits) | {
        "synapse_bits": bits, "memory_bits": bits + states,
        "settings": len({d.setting for unit in found for d in unit}),
        "formats": len({form for unit in found for d in unit for form in d.formats})}


def lower_bound(found: list[list[Demand]], limits: Limits) -> tuple[int, str]:
    """Cores that no packing takes fewer than, and the resource that says so.

    ::

        max over resources of ceil(sum of the least that demands can be / capacity)

    Lists count as if nothing were cut, which never takes more; different settings and synapse
    formats, of which a core holds some each, as resources too.
    """
    needs, capacities = _least(found, limits), limits.core() | {
        "settings": min(limits.thresholds, limits.settings), "formats": limits.formats}
    bounds = {name: -(-need // capacities[name]) for name, need in needs.items()}
    worst = max(bounds, key=lambda name: (bounds[name], needs[name] / capacities[name]))
    return max(1, bounds[worst]), worst
