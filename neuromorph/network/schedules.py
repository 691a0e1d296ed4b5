"""Schedules of parts in a whole: repeated in a longer period, and begun later."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from math import lcm

from neuromorph.errors import NetworkError
from neuromorph.network.model import Network, Phase, Schedule
from neuromorph.network.populations import Population
from neuromorph.network.ports import Port
from neuromorph.neurons.counter import PERIOD_MAX, Counted

LONGEST = PERIOD_MAX
"""Steps of a period."""


def common_period(name: str, networks: Sequence[Network]) -> int | None:
    """The shortest period into which those of all fit; None if none has a schedule.

    Raises
    ------
    NetworkError
        If it is longer than `LONGEST`.
    """
    periods = [one.schedule.period for one in networks if one.schedule is not None]
    if not periods:
        return None
    found = lcm(*periods)
    if found > LONGEST:
        raise NetworkError("the periods of parts have no common one", where=name,
                           found=f"{found} steps", expected=f"at most {LONGEST}",
                           hint="make them divide each other, or equal")
    return found


def repeated(network: Network, period: int) -> Network:
    """The network in a period that is a multiple of its own: it does everything so often."""
    if network.schedule is None or network.schedule.period == period:
        return network
    own = network.schedule.period
    starts = range(0, period, own)
    return replace(
        network,
        schedule=Schedule(period, tuple(
            replace(phase, start=phase.start + start, stop=phase.stop + start)
            for start in starts for phase in network.schedule.phases)),
        inputs=tuple(_again(port, starts) for port in network.inputs),
        outputs=tuple(_again(port, starts) for port in network.outputs))


def later(network: Network, steps: int) -> Network:
    """The network that does everything so many steps later in its period.

    ::

        run(later(net, n), n silent steps, then x) = n silent steps, then run(net, x)

    Ports, phases and parts count from the new beginning, as counters of neurons do: what these
    say by themselves, because of a bias, they say in the steps before it too. Rules that round at
    random draw by the step, and so learn otherwise, if as likely.

    Raises
    ------
    NetworkError
        If it has no schedule, or a neuron acts by itself, or a rule learns, in steps that nobody
        moves.
    """
    if not steps:
        return network
    if network.schedule is None:
        raise NetworkError("a network without a schedule has no steps to be placed at",
                           where=network.name, found=f"{steps} steps later",
                           hint="give it a Schedule")
    period = network.schedule.period
    for p in network.plastic:
        if p.rule is not None and steps % p.rule.epoch:
            raise NetworkError("a rule learns at multiples of its epoch: it cannot begin between",
                               where=p.name, found=f"{steps} steps later",
                               expected=f"a multiple of {p.rule.epoch}")
    return replace(
        network,
        populations=tuple(counting_later(p, steps) for p in network.populations),
        schedule=Schedule(period, tuple(_moved(network.schedule.phases, steps, period))),
        parts=tuple(part.later(steps, period) for part in network.parts),
        inputs=tuple(port.later(steps, period) for port in network.inputs),
        outputs=tuple(port.later(steps, period) for port in network.outputs))


def _again(port: Port, starts: Iterable[int]) -> Port:
    """A port whose steps come again; one whose neurons take turns, only if these come out even."""
    if port.steps is None:
        return port
    if port.stride > 1 and len(port.steps) % port.stride:
        raise NetworkError("turns of neurons do not fit into a longer period", where=port.name,
                           found=f"{len(port.steps)} steps",
                           expected=f"a multiple of {port.stride}")
    course = None if port.course is None else tuple(
        (start + first, start + stop, low, high)
        for start in starts for first, stop, low, high in port.course)
    return replace(port, steps=tuple(start + step for start in starts for step in port.steps),
                   course=course)


def counting_later(population: Population, steps: int) -> Population:
    """The population whose counter begins so many steps later.

    Raises
    ------
    NetworkError
        If it acts by itself, and does not count.
    """
    model = population.model
    if not steps:
        return population
    if isinstance(model, Counted):
        return replace(population, model=model.later(steps))
    if model.timed or (model.self_driven and not population.is_source):
        raise NetworkError("a neuron acts by itself from the first step on: it cannot begin later",
                           where=population.name, found=model.kind)
    return population


def _moved(phases: Iterable[Phase], steps: int, period: int) -> Iterator[Phase]:
    """What passes the end of the period goes on at its beginning, under the same name."""
    for phase in phases:
        start = (phase.start + steps) % period
        stop = start + phase.stop - phase.start
        yield replace(phase, start=start, stop=min(stop, period))
        if stop > period:
            yield replace(phase, start=0, stop=stop - period)
