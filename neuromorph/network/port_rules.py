"""The rules that the ports of a network keep."""

from __future__ import annotations

from collections import Counter
from itertools import pairwise
from numbers import Integral

from neuromorph.errors import NetworkError, did_you_mean
from neuromorph.network.credit import credit
from neuromorph.network.model import Network
from neuromorph.network.ports import Port, widest_of
from neuromorph.network.promises import told, told_steps
from neuromorph.network.sources import source_range
from neuromorph.neurons.counter import PERIOD_MAX


def check_ports(network: Network) -> None:
    """Check every input and output; of an output also that it keeps its range.

    Raises
    ------
    NetworkError
    """
    for what, ports in (("input", network.inputs), ("output", network.outputs)):
        for port in ports:
            where = f"{network.name}.{port.name}"
            _check_population(what, port, network, where)
            _check_range(port, network, where)
            _check_steps(port, network, where)
            _check_claims(port, where)
            if port.first and what == "output":
                raise NetworkError("only an input can ignore what comes later", where=where,
                                   found="an output that says so")
            if port.rivals and what == "output":
                raise NetworkError("only inputs have rivals: a host keeps them apart", where=where,
                                   found=port.rivals)
    for port in network.inputs:
        if not network.population(port.population).is_source:
            raise NetworkError("an input is a source: what is fed already is none",
                               where=f"{network.name}.{port.name}", found=port.population)
    taken = Counter(port.population for port in network.inputs)
    for source in (name for name, count in taken.items() if count > 1):
        raise NetworkError("two inputs are one source", where=network.name, found=source)
    _check_guarantees(network)


def check_schedule(network: Network) -> None:
    """Check the period, and that phases lie in it.

    Raises
    ------
    NetworkError
    """
    if network.schedule is None:
        return
    period = network.schedule.period
    if isinstance(period, bool) or not isinstance(period, Integral) or not (
            1 <= period <= PERIOD_MAX):
        raise NetworkError("a period is a number of steps", where=network.name, found=repr(period),
                           expected=f"1 to {PERIOD_MAX}")
    for phase in network.schedule.phases:
        if not 0 <= phase.start <= phase.stop <= period:
            raise NetworkError("a phase is no window of the period",
                               where=f"{network.name}.{phase.name}",
                               found=f"{phase.start} to {phase.stop}",
                               expected=f"within 0 to {period}")


def _check_population(what: str, port: Port, network: Network, where: str) -> None:
    known = network.by_name
    if port.population not in known:
        raise NetworkError(f"an {what} is a population that does not exist", where=where,
                           found=port.population, hint=did_you_mean(port.population, known))
    population = known[port.population]
    for name, found, expected in (
        ("size", port.size, population.size),
        ("payload", port.payload_bits, population.model.payload_bits),
    ):
        if found != expected:
            raise NetworkError(f"an {what} has another {name} than its population", where=where,
                               found=found, expected=expected)


def _check_range(port: Port, network: Network, where: str) -> None:
    """Floats have no width, but plain spikes are 0 and 1 there too."""
    if not all(isinstance(end, Integral) for end in (port.low, port.high)):
        raise NetworkError("the range of a port is two whole numbers", where=where,
                           found=f"{port.low!r} to {port.high!r}")
    if not port.low <= 0 <= port.high:
        raise NetworkError("silence is always possible: the range of a port holds 0", where=where,
                           found=f"{port.low} to {port.high}")
    if network.domain == "float" and port.payload_bits:
        return
    population = network.population(port.population)
    low, high = (source_range(network, port.population) if population.is_source
                 else widest_of(population))
    if port.low < low or port.high > high:
        raise NetworkError("the range of a port exceeds its population's payload", where=where,
                           found=f"{port.low} to {port.high}", expected=f"{low} to {high}")


def _check_steps(port: Port, network: Network, where: str) -> None:
    if port.steps is None:
        return
    if network.schedule is None:
        raise NetworkError("steps of a period need a schedule", where=where,
                           found=f"{len(port.steps)} steps")
    period = network.schedule.period
    rising = all(one < other for one, other in pairwise(port.steps))
    if not (rising and all(isinstance(n, int) and 0 <= n < period for n in port.steps)):
        raise NetworkError("the steps of a port are no rising steps of a period", where=where,
                           found=port.steps, expected=f"0 to {period - 1}")


def _check_claims(port: Port, where: str) -> None:
    """What a port says beyond a range and steps."""
    steps = port.steps or ()
    if port.norm is not None and port.norm < 1:
        raise NetworkError("the 2-norm of a port is at least 1", where=where, found=port.norm)
    if port.stride < 1 or (port.stride > 1 and port.steps is None):
        raise NetworkError("neurons that speak in turns need steps, and a stride of 1 or more",
                           where=where, found=f"a stride of {port.stride}")
    if port.course is None:
        return
    if not port.course:
        raise NetworkError("a course has at least one step", where=where, found="an empty one")
    said = [step for start, stop, _, _ in port.course for step in range(start, stop)]
    if port.stride > 1 or said != list(steps):
        raise NetworkError("the course of a port is not that of its steps", where=where,
                           found=told_steps(said), expected=told_steps(steps))
    low, high = min(one[2] for one in port.course), max(one[3] for one in port.course)
    if low < port.low or high > port.high or any(one[2] > one[3] for one in port.course):
        raise NetworkError("the course of a port leaves its range", where=where,
                           found=f"{low} to {high}", expected=f"{port.low} to {port.high}")


def _check_guarantees(network: Network) -> None:
    """An output that promises a narrower range than its model may send must have it proved.

    What else it says is nobody's to believe before it is proved (`compile.ranges.contract`).
    """
    promising = [] if network.domain == "float" else [
        port for port in network.outputs
        if not network.population(port.population).model.widest(port.size).within(
            port.low, port.high)]
    if not promising:
        return
    promises = credit(network).promises
    for port in promising:
        sent = promises[port.population].span
        if not sent.within(port.low, port.high):
            raise NetworkError("an output may send more than it guarantees",
                               where=f"{network.name}.{port.name}", found=told(sent),
                               expected=f"{port.low} to {port.high}")
