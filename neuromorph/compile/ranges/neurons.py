"""Bounds on what a population adds up: its synaptic input, its current and its potential."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from neuromorph.compile.ranges.proof import WEAKEST_FIRST, Bound, Status
from neuromorph.network import Network, Population
from neuromorph.network.arrivals import Deliveries, arrivals, parts_of
from neuromorph.network.bounds import ACCUMULATOR_MAX
from neuromorph.network.promises import Promise
from neuromorph.neurons import registered
from neuromorph.neurons.contract import A_IN, Register
from neuromorph.numerics.interval import Interval
from neuromorph.numerics.limits import (
    DECAY_BITS,
    DECAY_UNITY,
    INPUT_BITS,
)


class _Side(NamedTuple):
    """One direction: how far x gets, which status that has, who drives it, what would help."""

    reach: int | None
    limit: int
    status: Status
    worst: str
    remedy: str


def bound_population(
    network: Network, population: Population, promises: Mapping[str, Promise],
    sums: Deliveries, input_bits: int = INPUT_BITS,
) -> tuple[Bound, ...]:
    """Bounds on the sums of a population, from what may arrive in the same step of a period.

    An input of ``input_bits`` that are fewer than those of u has a limit of its own.

    A LIF potential has none: it saturates by design. A readout's potential has one below
    only: above its threshold it fires and clears, saturated or not.
    """
    model = registered(population.model, population.name)
    most = ACCUMULATOR_MAX
    if input_bits < INPUT_BITS:
        most = (1 << input_bits - 1) - 1 >> model.input_shift
    wide = [Register("input", DECAY_UNITY, 0, -most, most, port=port) for port in model.ports]
    found = {port: arrivals(network, population.name, port, promises, network.period)
             for port in model.ports}
    period = network.period if network.schedule is not None else 0
    return tuple(
        _of_all_steps([_bound(population, register, parts_of(
            arrival, population.size, sums, widest=widest), period)
                       for arrival in found[register.port]])
        for registers, widest in ((wide, True), (model.registers(population.size), False))
        for register in registers)


def _of_all_steps(bounds: Sequence[Bound]) -> Bound:
    """The weakest of the bounds by what arrives, as wide as all of them."""
    lows, highs = [bound.low for bound in bounds], [bound.high for bound in bounds]
    return replace(min(bounds, key=_strength),
                   low=None if None in lows else min(low for low in lows if low is not None),
                   high=None if None in highs else max(high for high in highs if high is not None))


def _strength(bound: Bound) -> tuple[int, float]:
    """The weaker and the wider first."""
    reach = math.inf if bound.low is None or bound.high is None else max(
        abs(bound.low) / max(abs(bound.lowest), 1), abs(bound.high) / max(abs(bound.highest), 1))
    return WEAKEST_FIRST.index(bound.status), -reach


def settled(push: int, rate: int) -> int | None:
    """Least x = floor(x (4096 - rate) / 4096) + push, where a constant push ends.

    ::

        x = floor(4096 (push - 1) / rate) + 1    since push = ceil(x rate / 4096)

    The state rises to it from 0 and never beyond, whatever smaller pushes come in between.
    None if it rises for ever.
    """
    if push == 0:
        return 0
    return (DECAY_UNITY * (push - 1)) // rate + 1 if rate else None


def reached(push: int, rate: int, steps: int, limit: int) -> int:
    """The state after so many steps of a constant push from 0; stops beyond ``limit``."""
    state = 0
    for _ in range(steps):
        before, state = state, (state * (DECAY_UNITY - rate) >> DECAY_BITS) + push
        if state > limit or state == before:
            break
    return state


def largest_push(limit: int, rate: int) -> int:
    """The largest push for which `settled` stays within the limit."""
    return (rate * limit - 1) // DECAY_UNITY + 1 if rate else 0


def _bound(
    population: Population, register: Register, parts: Mapping[str, Interval], period: int
) -> Bound:
    """Both sides of a register, the weaker of which gives the verdict."""
    low = _side(register, {name: -p.low for name, p in parts.items()}, -register.lowest, period)
    high = _side(register, {name: p.high for name, p in parts.items()}, register.highest, period)
    if register.clears_above is not None:
        high = _Side(register.clears_above, register.highest, "proved", "", "")
    weaker = min(high, low, key=lambda s: (WEAKEST_FIRST.index(s.status), -_excess(s)))
    port = "" if register.port == A_IN else f".{register.port}"
    return Bound(population.name + port, register.name, None if low.reach is None else -low.reach,
                 high.reach, register.lowest, register.highest, weaker.status, weaker.worst,
                 weaker.remedy)


def _excess(side: _Side) -> float:
    return math.inf if side.reach is None else side.reach / max(abs(side.limit), 1)


def _side(
    register: Register, parts: Mapping[str, NDArray[np.int64]], limit: int, period: int
) -> _Side:
    """Where pushes in one direction end, at the neuron that is pushed most."""
    pushes = np.sum(list(parts.values()), axis=0) if parts else np.zeros(register.first_unit + 1)
    neuron = register.first_unit + int(np.argmax(pushes[register.first_unit:]))
    push = int(pushes[neuron]) << register.shift
    reach = settled(push, register.rate)
    if reach is not None and reach <= limit:
        return _Side(reach, limit, "proved", "", "")
    worst = max(parts, key=lambda name: int(parts[name][neuron]), default="its own constants")
    most = int(parts[worst][neuron]) if parts else 0
    allowed = largest_push(limit, register.rate) >> register.shift
    fits = reached(push, register.rate, period, limit) <= limit
    status: Status = "one period" if period and fits else "not proved"
    return _Side(reach, limit, "saturates" if register.clips else status, worst,
                 _remedy(worst, most, push >> register.shift, allowed))


def _remedy(worst: str, most: int, push: int, allowed: int) -> str:
    """By weights, exponent, payload or number of axons; or by forgetting."""
    if allowed == 0:
        return "it never forgets: let it decay, or clear it"
    left = most - (push - allowed)
    if left > 0:
        return f"let {worst} deliver at most {left:,} a step (now up to {most:,})"
    return f"let all projections deliver at most {allowed:,} a step (now up to {push:,})"
