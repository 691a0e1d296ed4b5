"""Which parts of a network are what their builders build, and hear only what these assume.

Every synapse takes a step. So parts that feed each other may all be believed at first: the first
payload that left its promise would need an earlier one that left another.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields, replace
from typing import NamedTuple
from weakref import WeakKeyDictionary

import numpy as np

from neuromorph.errors import NetworkError, UsageError
from neuromorph.network.derive import derived
from neuromorph.network.model import Network, Projection
from neuromorph.network.parts import Part, circuits
from neuromorph.network.promises import Lack, Promise, lacks, promised_by
from neuromorph.network.schedules import counting_later
from neuromorph.shown import Shown

_CREDITS: WeakKeyDictionary[Network, Credit] = WeakKeyDictionary()
_RECOGNISED: WeakKeyDictionary[Network, tuple[Believed | Doubt, ...]] = WeakKeyDictionary()


class Doubt(NamedTuple):
    """Why a part is not believed.

    Attributes
    ----------
    part : str
        Its circuit, and where it is.
    where : str
        The wire ``input <- population``, or the population or projection that is not the builder's.
    lack : Lack
    """

    part: str
    where: str
    lack: Lack

    def __str__(self) -> str:
        return (f"{self.part} is not proved by its circuit: {self.where}: {self.lack.what}, "
                f"found {self.lack.found}, needed {self.lack.needed}")


class Believed(NamedTuple):
    """A part, the populations and ports that its builder makes, and what these are called here."""

    part: Part
    built: Network
    here: Mapping[str, str]

    @property
    def called(self) -> str:
        """Its circuit, and where it is."""
        return f"{self.part.circuit.kind} of {_some_name(self.built, self.here)}"

    @property
    def neurons(self) -> set[str]:
        """Its populations but the sources, by their names here."""
        return {self.here[p.name] for p in self.built.populations if not p.is_source}

    @property
    def harmless(self) -> dict[str, str]:
        """Populations here whose sums may wrap, and why."""
        return {self.here[name]: why for name, why in self.part.circuit.harmless.items()}

    @property
    def saturates(self) -> dict[str, str]:
        """Populations here that may cut off what they send, and what."""
        return {self.here[name]: what for name, what in self.part.circuit.saturates.items()}


@dataclass(frozen=True, repr=False)
class Credit(Shown):
    """What is known of a network.

    Attributes
    ----------
    promises : dict of str to Promise
        What each population may send, over the network's period.
    believed : tuple of Believed
        Parts that keep their builders' rules.
    doubts : tuple of Doubt
        Of all other parts.
    """

    promises: dict[str, Promise]
    believed: tuple[Believed, ...] = ()
    doubts: tuple[Doubt, ...] = ()

    @property
    def proved(self) -> set[str]:
        """Populations whose ranges their own circuits prove."""
        return set[str]().union(*(one.neurons for one in self.believed))


def credit(network: Network, sources: Mapping[str, Promise] | None = None) -> Credit:
    """What each population of a sound network may send, while its inputs are as its ports say.

    Parameters
    ----------
    network : Network
        Of the fixed domain.
    sources : mapping of source name to Promise, optional
        In place of what a port says; of a source without a port too.
    """
    if sources:
        return _credit(network, sources)
    if network not in _CREDITS:
        _CREDITS[network] = _credit(network, {})
    return _CREDITS[network]


def _credit(network: Network, sources: Mapping[str, Promise]) -> Credit:
    period = network.period
    host = {port.population: promised_by(port, period, period) for port in network.inputs}
    host |= sources
    believed, doubts = list[Believed](), list[Doubt]()
    for found in recognised_parts(network):
        if isinstance(found, Doubt):
            doubts.append(found)
        else:
            believed.append(found)
    while True:
        given = dict(host)
        for one in believed:
            given |= _says(one, period)
        promises = derived(network, given, period)
        failing = {id(one): doubt for one in believed
                   for doubt in _unfit(network, one, promises)[:1]}
        if not failing:
            return Credit(promises, tuple(believed), tuple(doubts))
        doubts += failing.values()
        believed = [one for one in believed if id(one) not in failing]


def recognised_parts(network: Network) -> tuple[Believed | Doubt, ...]:
    """Each part, or what differs from its builder's; computed once a network."""
    if network not in _RECOGNISED:
        _RECOGNISED[network] = tuple(recognised(network, part) for part in network.parts)
    return _RECOGNISED[network]


def alphabet(network: Network, source: str) -> tuple[int, ...]:
    """What a host sends of a source besides 0, if that is a few values only by all its parts."""
    found = set[int]()
    for one in _sound(network):
        own = [name for name, here in one.part.populations if here == source]
        said = [one.part.circuit.alphabets.get(name) for name in own]
        if None in said:
            return ()
        found |= {value for values in said if values for value in values}
    return tuple(sorted(found))


def fractions_free(network: Network) -> set[str]:
    """Populations where it decides no spike how a right shift rounds their sum."""
    return {one.here[name] for one in _sound(network)
            for name in one.part.circuit.fractions_free}


def _sound(network: Network) -> list[Believed]:
    return [one for one in recognised_parts(network) if isinstance(one, Believed)]


def recognised(network: Network, part: Part) -> Believed | Doubt:
    """What the builder makes of a part, if it is that to the last synapse; or what differs."""
    here = dict(part.populations)
    called = part.circuit.kind
    try:
        if circuits().get(called) is not type(part.circuit):
            return Doubt(called or type(part.circuit).__name__, network.name, Lack(
                "its circuit is none of the house", type(part.circuit).__name__,
                "a class that `circuit` has given a name"))
        weights = {own: network.projection(name).weights for own, name in part.projections
                   if name in network.projection_names}
        built = part.circuit.rebuilt(weights)
        called = f"{called} of {_some_name(built, here)}"
        for where, lack in _differences(network, part, built, here):
            return Doubt(called, where, lack)
    except (NetworkError, UsageError, KeyError, ValueError) as error:
        return Doubt(called, network.name, Lack("its builder refuses it", str(error), "none"))
    return Believed(part, replace(built, projections=()), here)  # its weights are not needed twice


def _some_name(built: Network, here: Mapping[str, str]) -> str:
    return next((here[p.name] for p in built.populations
                 if not p.is_source and p.name in here), built.name)


def _differences(
    network: Network, part: Part, built: Network, here: Mapping[str, str]
) -> Iterator[tuple[str, Lack]]:
    ways = dict(part.projections)
    for missing in (*(p.name for p in built.populations if p.name not in here),
                    *(p.name for p in built.projections if p.name not in ways)):
        yield network.name, Lack("a part lacks something", "nothing", missing)
    if network.period % built.period or (built.schedule is not None and network.schedule is None):
        yield network.name, Lack("a period does not fit into the whole's", str(network.period),
                                 f"a multiple of {built.period}")
    yield from _other_neurons(network, part, built, here)
    yield from _other_synapses(network, built, here, ways)


def _other_neurons(
    network: Network, part: Part, built: Network, here: Mapping[str, str]
) -> Iterator[tuple[str, Lack]]:
    for p in built.populations:
        found, its = network.by_name.get(here[p.name]), counting_later(p, part.offset)
        if found is None or found.size != p.size or (
                not p.is_source and found.model != its.model):
            yield here[p.name], Lack("a population is not its builder's", repr(found), repr(its))
    neurons = [here[p.name] for p in built.populations if not p.is_source]
    if len(set(neurons)) < len(neurons):
        yield network.name, Lack("two populations of a part are one", ", ".join(sorted(neurons)),
                                 "each its own")


def _other_synapses(
    network: Network, built: Network, here: Mapping[str, str], ways: Mapping[str, str]
) -> Iterator[tuple[str, Lack]]:
    """Each of the builder's, at its place; and none besides that ends at a neuron of the part."""
    wanted = {ways[p.name]: replace(_placed(p, here), name=ways[p.name])
              for p in built.projections}
    if len(wanted) < len(built.projections):
        yield network.name, Lack("two projections of a part are one", ", ".join(sorted(wanted)),
                                 "each its own")
    for name, projection in wanted.items():
        if name not in network.projection_names:
            yield name, Lack("a part lacks a projection", "nothing", name)
        elif not _alike(network.projection(name), projection):
            yield name, Lack("a projection is not its builder's", name, "what the builder makes")
    for p in built.populations:
        for projection in () if p.is_source else network.projections_to(here[p.name]):
            if projection.name not in wanted:
                yield projection.name, Lack("a projection is not its builder's", projection.name,
                                            "none besides what the builder makes")


def _placed(projection: Projection, here: Mapping[str, str]) -> Projection:
    y1, y2, y3 = (name and here[name] for name in projection.modulators)
    return replace(projection, pre=here[projection.pre],
                   post=here[projection.post], modulators=(y1, y2, y3))


def _alike(one: Projection, other: Projection) -> bool:
    same = all(getattr(one, f.name) == getattr(other, f.name) for f in fields(one)
               if f.name != "weights")
    return same and (one.weights is other.weights or np.array_equal(one.weights, other.weights))


def _says(one: Believed, period: int) -> dict[str, Promise]:
    return {one.here[port.population]: promised_by(port, one.built.period, period, one.part.offset)
            for port in one.built.outputs}


def _unfit(
    network: Network, one: Believed, promises: Mapping[str, Promise]
) -> list[Doubt]:
    """Inputs of a part that may hear something else than it assumes."""
    found = []
    for port in one.built.inputs:
        name = one.here[port.population]
        found += [Doubt(one.called, f"{port.name} <- {name}", lack)
                  for lack in lacks(promises[name], port, one.built.period, network.period,
                                    one.part.offset)]
    return found
