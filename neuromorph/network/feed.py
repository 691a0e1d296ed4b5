"""Feeding: a population of one network in the place of a source of another."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import NamedTuple

from neuromorph.errors import NetworkError, did_you_mean
from neuromorph.network.bounds import payload_ranges
from neuromorph.network.model import Modulators, Network, Projection, Schedule
from neuromorph.network.populations import Population
from neuromorph.network.port_rules import assumed, told, within
from neuromorph.network.ports import Port, Steps
from neuromorph.network.verify import verify
from neuromorph.shown import Shown


@dataclass(frozen=True, eq=False, repr=False)
class Feed(Shown):
    """What feeds an input.

    Attributes
    ----------
    network : Network
        Feeds of one network object share it; each other one needs a name of its own.
    output : str
        One of its outputs, or any of its populations.
    """

    network: Network
    output: str


class _Wire(NamedTuple):
    """A feed that was found to fit."""

    port: Port
    population: Population
    in_step: bool


def fed(network: Network, feeds: Mapping[str, Feed]) -> Network:
    """The network with populations of others in the place of some of its inputs.

    ::

        source --W--> post        becomes        other.population --W--> post

    A population sends what the source would have sent, in the same step: wiring adds no delay.
    It goes to all projections of the source and is every third factor that the source was. What
    comes from another network is called ``other.name``, its inputs and outputs too. Nothing is
    trusted: payloads must lie in the input's range by proof (`bounds.payload_ranges`), while the
    other network's own inputs are as it assumes.

    Parameters
    ----------
    network : Network
    feeds : mapping of input name to Feed

    Returns
    -------
    Network
        Without a motif, since it is no longer what a builder builds. Its outputs name steps only
        where every feed is known to keep those of its input.

    Raises
    ------
    NetworkError
        If there is no such input or output; naming the wire, if size, plain or graded spikes,
        payloads, steps, periods or domains do not fit; if names would clash.
    """
    for name, feed in feeds.items():
        if not isinstance(feed, Feed):
            raise NetworkError("this is no feed", where=name, found=type(feed).__name__,
                               hint="Feed(network, output)")
    verify(network)
    others = list({id(feed.network): feed.network for feed in feeds.values()}.values())
    _check_names(network, [verify(other).name for other in others])
    schedule = next((one.schedule for one in (network, *others) if one.schedule), None)
    _check_together(network, feeds, schedule)
    wires = {name: _wire(network, name, feed) for name, feed in feeds.items()}
    parts = [_prefixed(other) for other in others]
    renamed = {wire.port.population: wire.population.name for wire in wires.values()}
    kept = tuple(p for p in network.populations if p.name not in renamed)
    own = tuple(_rewired(p, renamed) for p in network.projections)
    steady = all(wire.in_step for wire in wires.values())
    return verify(replace(
        network, motif=None,
        populations=(*(p for part in parts for p in part.populations), *kept),
        projections=(*(p for part in parts for p in part.projections), *own),
        schedule=schedule,
        inputs=(*(p for p in network.inputs if p.name not in wires),
                *(p for part in parts for p in part.inputs)),
        outputs=(*_outputs(network, wires, steady), *(p for part in parts for p in part.outputs))))


def _check_names(network: Network, others: list[str]) -> None:
    """With its own name before them, those of another network are nobody else's."""
    taken = [*(p.name for p in network.populations), *(p.name for p in network.projections)]
    for n, name in enumerate(others):
        if name in others[:n] or any(one.startswith(f"{name}.") for one in taken):
            raise NetworkError("a feeding network needs a name of its own", where=network.name,
                               found=name, hint="give it another with `dataclasses.replace`")


def _wire(network: Network, name: str, feed: Feed) -> _Wire:
    """The feed of an input, if it fits."""
    ports = {port.name: port for port in network.inputs}
    if name not in ports:
        raise NetworkError("there is no such input", where=network.name, found=name,
                           expected=", ".join(ports) or "none: it has no inputs",
                           hint=did_you_mean(name, ports))
    port, where = ports[name], _told(network, name, feed)
    population, steps = _producer(feed, where)
    if population.size != port.size:
        raise NetworkError("a wire has two sizes", where=where, found=population.size,
                           expected=port.size)
    _check_kind(port, population, where)
    _check_payload(port, population, feed.network, where)
    if port.steps is not None and steps is not None and not set(steps) <= set(port.steps):
        raise NetworkError("it speaks in steps in which the input must be silent", where=where,
                           found=sorted(set(steps) - set(port.steps)), expected=port.steps)
    in_step = port.steps is None or steps is not None
    prefixed = replace(population, name=f"{feed.network.name}.{population.name}")
    return _Wire(port, prefixed, in_step)


def _producer(feed: Feed, where: str) -> tuple[Population, Steps | None]:
    """The population that an output is, and the steps in which it speaks, where they are known."""
    outputs = {port.name: port for port in feed.network.outputs}
    populations = {p.name: p for p in feed.network.populations}
    if feed.output in outputs:
        port = outputs[feed.output]
        return populations[port.population], port.steps
    if feed.output in populations:
        return populations[feed.output], None
    known = [*outputs, *populations]
    raise NetworkError("there is no such output or population", where=where, found=feed.output,
                       expected=", ".join(dict.fromkeys(known)),
                       hint=did_you_mean(feed.output, known))


def _check_together(
    network: Network, feeds: Mapping[str, Feed], schedule: Schedule | None
) -> None:
    """One domain, and one period for all that work in periods."""
    for name, feed in feeds.items():
        where, other = _told(network, name, feed), feed.network
        if network.domain != other.domain:
            raise NetworkError("a wire joins two domains", where=where, found=other.domain,
                               expected=network.domain)
        if schedule and other.schedule and schedule.period != other.schedule.period:
            raise NetworkError("a wire joins two periods", where=where,
                               found=other.schedule.period, expected=schedule.period)


def _told(network: Network, name: str, feed: Feed) -> str:
    """The wire's name."""
    return f"{network.name}.{name} <- {feed.network.name}.{feed.output}"


def _check_kind(port: Port, population: Population, where: str) -> None:
    bits = population.model.payload_bits
    if bool(bits) != bool(port.payload_bits):
        kinds = [f"graded spikes of {n} bits" if n else "plain spikes"
                 for n in (bits, port.payload_bits)]
        raise NetworkError("a wire is plain at one end and graded at the other", where=where,
                           found=kinds[0], expected=kinds[1], hint="a relay sends graded spikes, "
                           "a CubaLIF plain ones")


def _check_payload(port: Port, population: Population, other: Network, where: str) -> None:
    if not port.payload_bits:
        return  # plain spikes are 0 and 1
    if other.domain == "float":
        raise NetworkError("payloads of floats have no proved range", where=where,
                           found=population.model.kind, expected=f"{port.low} to {port.high}")
    sent = payload_ranges(other, assumed(other))[population.name]
    if not within(sent, port):
        raise NetworkError("a payload may leave the range that the input assumes", where=where,
                           found=told(sent), expected=f"{port.low} to {port.high}",
                           hint="narrow the feeding network's weights or the ranges of its inputs")


def _prefixed(other: Network) -> Network:
    """All its names with its own before them."""
    def longer(name: str) -> str:
        return f"{other.name}.{name}"

    names = {p.name: longer(p.name) for p in other.populations}

    def ports(given: tuple[Port, ...]) -> tuple[Port, ...]:
        return tuple(replace(p, name=longer(p.name), population=names[p.population])
                     for p in given)

    return replace(
        other, inputs=ports(other.inputs), outputs=ports(other.outputs),
        populations=tuple(replace(p, name=names[p.name]) for p in other.populations),
        projections=tuple(replace(_rewired(p, names), name=longer(p.name), post=names[p.post])
                          for p in other.projections))


def _rewired(projection: Projection, names: Mapping[str, str]) -> Projection:
    """The projection, and its third factors, from populations that have other names."""
    y1, y2, y3 = (name and names.get(name, name) for name in projection.modulators)
    third: Modulators = (y1, y2, y3)
    return replace(projection, pre=names.get(projection.pre, projection.pre), modulators=third)


def _outputs(
    network: Network, wires: Mapping[str, _Wire], steady: bool
) -> Iterator[Port]:
    """Its outputs; one that was a source is now what feeds it."""
    fed_by = {wire.port.population: wire.population for wire in wires.values()}
    for port in network.outputs:
        kept = port if steady else replace(port, steps=None)
        now = fed_by.get(port.population)
        yield kept if now is None else replace(kept, population=now.name,
                                               payload_bits=now.model.payload_bits)
