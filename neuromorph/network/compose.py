"""Composition: networks are renamed, set side by side, wired, and put into one another.

Running respects it: what a population does in a part it does in the whole, to the bit. A source
sends at step t what a population would send at t, so wiring adds no delay; and every synapse
takes a step, so feedback is no algebraic loop (Spivak and Hosgood 2021, arXiv 2111.01297, for
the algebra of wiring).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from numbers import Integral
from typing import TypeAlias

from neuromorph.errors import NetworkError, did_you_mean
from neuromorph.network.model import Modulators, Network, Projection, Schedule
from neuromorph.network.populations import Population
from neuromorph.network.ports import Port
from neuromorph.network.reach import reached
from neuromorph.network.schedules import common_period, later, repeated
from neuromorph.network.verify import verify
from neuromorph.network.wires import Wire, fitting, kept, senders_of

Names: TypeAlias = Mapping[str, str] | Callable[[str], str]
"""New names by old ones; a mapping leaves out what keeps its name."""


def rename(network: Network, names: Names) -> Network:
    """The network with other names of its populations, projections, inputs and outputs.

    ::

        run(rename(net, f), f(inputs)) = f(run(net, inputs))

    Parameters
    ----------
    network : Network
    names : mapping of str to str, or callable
        A population, projection or port of the old name gets the new one, all alike.

    Returns
    -------
    Network
        Unchanged if all names are.

    Raises
    ------
    NetworkError
        If two names become one, or there is no such name.
    """
    return verify(_renamed(network, names))


def as_part(network: Network, part: str) -> Network:
    """The network with ``part.`` before all its names, not verified: `union` does that."""
    named = replace(_renamed(network, lambda name: f"{part}.{name}"), name=part)
    if network.schedule is None:
        return named
    return replace(named, schedule=replace(network.schedule, phases=tuple(
        replace(phase, name=f"{part}.{phase.name}") for phase in network.schedule.phases)))


def parallel(
    parts: Mapping[str, Network], name: str = "parallel", at: Mapping[str, int] | None = None
) -> Network:
    """Networks side by side: none hears of the other.

    ::

        run(parallel({"a": A, "b": B})) = run(A) under "a.…", run(B) under "b.…"

    Parameters
    ----------
    parts : mapping of str to Network
        What comes from part ``a`` is called ``a.name``: inputs, outputs and phases too. Parts of
        other periods are repeated in the shortest that they have in common.
    name : str
        Of the whole.
    at : mapping of str to int, optional
        Step of the whole at which a part's period begins; 0 for parts that are not named.

    Raises
    ------
    NetworkError
        If there are no parts; if they are of two domains, have no common period, or their names
        clash; if a part that is to begin later has no schedule, or cannot.
    """
    if not parts:
        raise NetworkError("there are no parts to be set side by side", where=name)
    offsets = at or {}
    for part, steps in offsets.items():
        if isinstance(steps, bool) or not isinstance(steps, Integral) or steps < 0:
            raise NetworkError("a part begins at a step of the whole", where=f"{name}.{part}",
                               found=repr(steps), expected="a whole number, 0 or more")
    for part in offsets.keys() - parts.keys():
        raise NetworkError("there is no part of that name", where=name, found=part,
                           hint=did_you_mean(part, parts))
    return union(name, [as_part(later(network, offsets.get(part, 0)), part)
                        for part, network in parts.items()])


def union(name: str, networks: Sequence[Network]) -> Network:
    """Networks in one, under the names that they have (`parallel` makes these differ).

    Raises
    ------
    NetworkError
        As `parallel`.
    """
    first = networks[0]
    for other in networks:
        if other.domain != first.domain:
            raise NetworkError("a network joins two domains", where=f"{name}: {other.name}",
                               found=other.domain, expected=first.domain)
    period = common_period(name, networks)
    networks = [one if period is None else repeated(one, period) for one in networks]
    return verify(Network(
        name, first.domain,
        tuple(p for one in networks for p in one.populations),
        tuple(p for one in networks for p in one.projections),
        _schedule(networks, period),
        tuple(part for one in networks for part in one.parts),
        inputs=tuple(port for one in networks for port in one.inputs),
        outputs=tuple(port for one in networks for port in one.outputs)))


def wire(network: Network, wires: Mapping[str, str]) -> Network:
    """The network with populations in the place of some of its sources.

    ::

        source --W--> post        becomes        population --W--> post

    A population sends what the source would have sent, in the same step. It goes to all
    projections of the source and is every third factor that the source was. Both ends may lie in
    one part. Nothing is trusted: payloads must lie in the input's range by proof
    (`wires.fitting`).

    Parameters
    ----------
    network : Network
    wires : mapping of input to output
        An input or a source -> an output, a population, or another input, which is then shared.
        The name of a port comes before that of a population.

    Returns
    -------
    Network
        Without the sources and their inputs; parts stay parts (`credit`). Outputs name steps only
        where all that they hear of is known to keep those of its inputs.

    Raises
    ------
    NetworkError
        Naming the wire, if there is no such source or population; if sizes, plain or graded
        spikes, payloads or steps do not fit; if a source is wired twice, or to itself.
    """
    return _wired(verify(network), wires.items())


def nest(outer: Network, slot: str, inner: Network, ports: Mapping[str, str]) -> Network:
    """The outer network with another one in the place of some of its sources.

    ::

        nest(outer, "slot", inner, {"in": "x", "out": "y"})
            = wire(outer and slot.inner, {"slot.in": "x", "y": "slot.out"})

    Parameters
    ----------
    outer : Network
    slot : str
        What comes from the inner network is called ``slot.name``.
    inner : Network
    ports : mapping of the inner network's ports to names of the outer one
        An input -> the output, population or input that it hears; an output (or a population
        that is no source) -> the source or input whose place it takes.

    Raises
    ------
    NetworkError
        As `parallel` and `wire`.
    """
    heard = {p.name for p in inner.populations if p.is_source} | {p.name for p in inner.inputs}
    whole = union(outer.name, [outer, as_part(inner, slot)])
    return _wired(whole, [(f"{slot}.{port}", name) if port in heard else (name, f"{slot}.{port}")
                          for port, name in ports.items()])


def _renamed(network: Network, names: Names) -> Network:
    new = _new_names(network, names)
    if all(name == other for name, other in new.items()):
        return network

    def ports(given: tuple[Port, ...]) -> tuple[Port, ...]:
        return tuple(replace(port, name=new[port.name],
                             population=new.get(port.population, port.population),
                             rivals=new.get(port.rivals, port.rivals))
                     for port in given)

    return replace(
        network, parts=tuple(part.renamed(new, new) for part in network.parts),
        inputs=ports(network.inputs), outputs=ports(network.outputs),
        populations=tuple(replace(p, name=new[p.name]) for p in network.populations),
        projections=tuple(replace(_rewired(p, new), name=new[p.name])
                          for p in network.projections))


def _new_names(network: Network, names: Names) -> dict[str, str]:
    """The new name of each, no two alike."""
    old = dict.fromkeys(one.name for many in (
        network.populations, network.projections, network.inputs, network.outputs) for one in many)
    if not callable(names):
        for name in names.keys() - old.keys():
            raise NetworkError("there is nothing of that name", where=network.name, found=name,
                               hint=did_you_mean(name, old))
    new = {name: names(name) if callable(names) else names.get(name, name) for name in old}
    before: dict[str, str] = {}
    for name, other in new.items():
        if before.setdefault(other, name) != name:
            raise NetworkError("two names become one", where=network.name,
                               found=f"{before[other]} and {name}: both {other}")
    return new


def _schedule(networks: Sequence[Network], period: int | None) -> Schedule | None:
    """The phases of all, by the step in which they begin; networks of one period."""
    if period is None:
        return None
    phases = [phase for one in networks if one.schedule is not None
              for phase in one.schedule.phases]
    return Schedule(period, tuple(sorted(phases, key=lambda phase: (phase.start, phase.stop))))


def _wired(network: Network, pairs: Iterable[tuple[str, str]]) -> Network:
    wires = fitting(network, pairs)
    if not wires:
        return network
    senders = senders_of(wires)
    names = {source: population.name for source, population in senders.items()}
    projections = tuple(_rewired(p, names) for p in network.projections)
    whole = replace(
        network, projections=projections,
        parts=tuple(part.renamed(names) for part in network.parts),
        populations=tuple(p for p in network.populations if p.name not in senders),
        inputs=tuple(port for port in network.inputs if port.population not in senders),
        outputs=())
    spoken = _out_of_step(network, kept(network, whole, wires), projections)
    return verify(replace(whole, outputs=tuple(_outputs(network, senders, spoken))))


def _rewired(projection: Projection, names: Mapping[str, str]) -> Projection:
    """The projection, and its third factors, between populations that have other names."""
    y1, y2, y3 = (name and names.get(name, name) for name in projection.modulators)
    third: Modulators = (y1, y2, y3)
    pre, post = (names.get(name, name) for name in (projection.pre, projection.post))
    return replace(projection, pre=pre, post=post, modulators=third)


def _out_of_step(
    network: Network, wires: Iterable[Wire], projections: Iterable[Projection]
) -> set[str]:
    """Sources of which it is not known when they speak now, and all that hear of them."""
    sources = {wire.port.population for wire in wires if not wire.in_step}
    if not sources:
        return sources
    hear = {post for pre, post in _arrows(network.projections) if pre in sources}
    return sources | reached(hear, _arrows(projections))


def _arrows(projections: Iterable[Projection]) -> Iterator[tuple[str, str]]:
    for p in projections:
        yield p.pre, p.post
        yield from ((name, p.post) for name in p.modulators if name is not None)


def _outputs(
    network: Network, senders: Mapping[str, Population], out_of_step: set[str]
) -> Iterator[Port]:
    """The outputs; one that was a source is now what sends in its place."""
    for port in network.outputs:
        kept = replace(port, steps=None) if port.population in out_of_step else port
        now = senders.get(port.population)
        yield kept if now is None else replace(kept, population=now.name,
                                               payload_bits=now.model.payload_bits)
