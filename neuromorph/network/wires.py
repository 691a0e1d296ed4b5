"""Wires: a population in the place of a source, and whether it fits there."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import NamedTuple

from neuromorph.errors import NetworkError, did_you_mean
from neuromorph.network.credit import credit
from neuromorph.network.model import Network
from neuromorph.network.populations import Population
from neuromorph.network.ports import Port, Steps
from neuromorph.network.promises import Promise, lacks, told_steps
from neuromorph.network.sources import source_range

FEW = 8
"""Names that an error lists."""


class Wire(NamedTuple):
    """What takes the place of an input.

    Attributes
    ----------
    where : str
        The wire's name.
    port : Port
        The input; of a source without a port what the source may send.
    population : Population
        What sends in its place.
    steps : tuple of int or None
        Steps of a period in which it speaks, where they are known.
    """

    where: str
    port: Port
    population: Population
    steps: Steps | None

    @property
    def in_step(self) -> bool:
        """Whether it is known to be silent where the input must be."""
        return self.port.steps is None or self.steps is not None


def fitting(network: Network, pairs: Iterable[tuple[str, str]]) -> list[Wire]:
    """The wires (input, output) of a sound network: ends that exist, of one size and one kind.

    Raises
    ------
    NetworkError
        Naming the wire.
    """
    targets, producers = _targets(network), _producers(network)
    wires = [_found(network, pair, targets, producers) for pair in pairs]
    _check_once(wires)
    for wire in wires:
        _check_size(wire)
        _check_kind(wire)
        _check_steps(wire)
        _check_rivals(wire)
    if network.domain == "float":
        for wire in wires:
            _check_floats(wire)
    return wires


def kept(network: Network, wired: Network, wires: Sequence[Wire]) -> list[Wire]:
    """The wires, with the steps in which they are known to speak, if inputs hear what they assume.

    Parameters
    ----------
    network : Network
        Before it was wired: what holds while all inputs are as assumed, those that are wired too.
        That is enough for feedback as well: every synapse takes a step, so a first payload that
        is not as assumed would need an earlier one.
    wired : Network
    wires : sequence of Wire
        As `fitting` found them.

    Raises
    ------
    NetworkError
        Naming the wire.
    """
    if network.domain == "float" or not any(
            wire.port.payload_bits or wire.port.steps is not None for wire in wires):
        return list(wires)  # plain spikes are 0 and 1, at any step
    before, after = credit(network).promises, credit(wired).promises
    return [_kept(wire, before[wire.population.name], after.get(wire.population.name),
                  network.period) for wire in wires]


def senders_of(wires: Sequence[Wire]) -> dict[str, Population]:
    """What sends in the place of each wired source; not a source that is wired itself.

    Raises
    ------
    NetworkError
        If only sources take the place of each other.
    """
    found = {wire.port.population: wire.population for wire in wires}
    for wire in wires:
        passed, sender = {wire.port.population}, wire.population
        while sender.name in found and sender.name not in passed:
            passed.add(sender.name)
            sender = found[sender.name]
        if sender.name in passed:
            raise NetworkError("sources are wired in a circle", where=wire.where,
                               found=", ".join(sorted(passed)))
        found |= dict.fromkeys(passed, sender)
    return found


def _targets(network: Network) -> dict[str, Port | Population]:
    """What may be wired, by the names of ports and of sources; a port's name comes first."""
    found: dict[str, Port | Population] = {p.name: p for p in network.populations if p.is_source}
    found |= {port.population: port for port in network.inputs}
    return found | {port.name: port for port in network.inputs}


def _producers(network: Network) -> dict[str, tuple[Population, Steps | None]]:
    """What may send, by the names of outputs, inputs and populations, in this order."""
    found: dict[str, tuple[Population, Steps | None]] = {
        p.name: (p, None) for p in network.populations}
    for port in (*network.inputs, *network.outputs):
        found[port.name] = network.population(port.population), port.steps
    return found


def _found(
    network: Network, pair: tuple[str, str], targets: Mapping[str, Port | Population],
    producers: Mapping[str, tuple[Population, Steps | None]],
) -> Wire:
    name, output = pair
    where = f"{network.name}.{name} <- {output}"
    if name not in targets:
        raise no_such_input(name, targets, where)
    if output not in producers:
        raise NetworkError("there is no such output or population", where=where, found=output,
                           hint=did_you_mean(output, producers))
    target = targets[name]
    port = target if isinstance(target, Port) else _undeclared(network, target)
    return Wire(where, port, *producers[output])


def no_such_input(name: str, known: Iterable[str], where: str) -> NetworkError:
    """The error of a wire that ends at nothing, or at neurons."""
    names = list(known)
    few = ", ".join(names[:FEW]) + ", …" * (len(names) > FEW)
    return NetworkError("there is no such input", where=where, found=name,
                        expected=few or "none: it has no inputs", hint=did_you_mean(name, names))


def _undeclared(network: Network, source: Population) -> Port:
    """The port of a source that has none."""
    if network.domain == "float":
        return Port.of(source)
    low, high = source_range(network, source.name)
    return replace(Port.of(source), low=low, high=high)


def _check_once(wires: Iterable[Wire]) -> None:
    first: dict[str, Wire] = {}
    for wire in wires:
        other = first.setdefault(wire.port.population, wire)
        if other is not wire:
            raise NetworkError("a source is wired twice", where=wire.where, found=other.where)


def _check_size(wire: Wire) -> None:
    if wire.population.size != wire.port.size:
        raise NetworkError("a wire has two sizes", where=wire.where, found=wire.population.size,
                           expected=wire.port.size)


def _check_kind(wire: Wire) -> None:
    ends = wire.population.model.payload_bits, wire.port.payload_bits
    if bool(ends[0]) != bool(ends[1]):
        kinds = [f"graded spikes of {n} bits" if n else "plain spikes" for n in ends]
        raise NetworkError("a wire is plain at one end and graded at the other", where=wire.where,
                           found=kinds[0], expected=kinds[1],
                           hint="a relay sends graded spikes, a CubaLIF plain ones")


def _check_floats(wire: Wire) -> None:
    if wire.port.payload_bits:
        raise NetworkError("payloads of floats have no proved range", where=wire.where,
                           found=wire.population.model.kind,
                           expected=f"{wire.port.low} to {wire.port.high}")


def _kept(wire: Wire, before: Promise, after: Promise | None, period: int) -> Wire:
    """The wire, if what is promised lies within what the input assumes.

    A neuron with a memory may speak in any step for all that is known: its wire is not refused,
    but what hears of it is proved as if it did.
    """
    known = [one for one in (before, after) if one is not None and one.turns is not None]
    anytime = replace(wire.port, steps=None, stride=1, course=None)
    found = [lacks(one, wire.port if known else anytime, period, period)
             for one in known or [one for one in (before, after) if one is not None]]
    for lack in min(found, key=len):
        raise NetworkError(lack.what, where=wire.where, found=lack.found, expected=lack.needed,
                           hint="narrow the weights before it, or the ranges of their inputs; "
                           "or place its part at another step")
    return wire._replace(steps=tuple(sorted(known[0].steps or ()))) if known else wire


def _check_rivals(wire: Wire) -> None:
    if wire.port.rivals:
        raise NetworkError("nothing proves that one at most of several inputs speaks",
                           where=wire.where, found=f"one of {wire.port.rivals} and its rivals",
                           expected="inputs that a host drives")


def _check_steps(wire: Wire) -> None:
    silent, steps = wire.port.steps, wire.steps
    if silent is not None and steps is not None and not set(steps) <= set(silent):
        raise NetworkError("it speaks in steps in which the input must be silent",
                           where=wire.where, found=told_steps(set(steps) - set(silent)),
                           expected=told_steps(silent))
