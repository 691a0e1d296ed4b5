"""Energy and time of counted events with one set of constants. Never measured on a chip.

::

    time   = sum over phases of  steps * time of a mean step             (`neuromorph.cost.times`)
    energy = sum over kinds of count * energy of one event  +  static power * chips * time
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from functools import reduce
from typing import Any

from neuromorph.cost.constants import ENDS, Constants, constants_of
from neuromorph.cost.events import Events
from neuromorph.cost.phases import Active
from neuromorph.cost.times import NANO, Lasting, lasting
from neuromorph.cost.work import PhaseWork
from neuromorph.profiles import Profile
from neuromorph.shown import Shown

PICO, MILLI = 1e-12, 1e-3

KINDS: dict[str, dict[str, str]] = {
    "neuron updates": {"neuron_steps": "neuron_active", "multiplies": "multiply",
                       "divides": "divide"},
    "synaptic operations": {"synaptic_ops": "synaptic_op_dense",
                            "ternary_ops": "synaptic_op_ternary"},
    "spikes": {"spikes": "spike_out", "packets": "packet"},
    "hops": {"hops_east_west": "hop_east_west", "hops_north_south": "hop_north_south",
             "hops_chip": "hop_chip"},
    "plasticity": {"synaptic_updates": "synaptic_update"},
    "cores in use": {"core_steps": "core_step"},
}
"""Kinds of energy: which events are of a kind, and the constant of `Energy` that prices each."""

Range = tuple[float, float]
"""Low and high."""


@dataclass(frozen=True, repr=False)
class PhaseCost(Shown):
    """What the steps take in which the same phases are active.

    Attributes
    ----------
    phases : tuple of str
        Empty for steps in no phase.
    events : Events
    core : int or None
        The core that works longest, in all of these steps together.
    step_seconds : float or None
        Of a mean step; None where a constant is missing.
    binding : str
        What most of that time is waited for.
    joules : float or None
        Dynamic.
    """

    phases: Active
    events: Events
    core: int | None
    step_seconds: float | None
    binding: str
    joules: float | None

    @property
    def seconds(self) -> float | None:
        """Of all its steps."""
        return None if self.step_seconds is None else self.events.steps * self.step_seconds


@dataclass(frozen=True, repr=False)
class Estimate(Shown):
    """What a run takes, with one set of constants.

    Attributes
    ----------
    costs : str
        The set.
    joules : dict of str to float
        Dynamic, by kind of event; a kind of which a price is missing is not there.
    dynamic : float or None
        Joules of all kinds; None where a price is missing.
    dynamic_ends : (float, float) or None
        The same at the low and at the high ends of the set's constants.
    seconds, seconds_ends : float, (float, float); or None
        On the chip; what the host takes to send and to read is `host_seconds`, and not in it.
    static : float or None
        Joules of the chips in use that idle meanwhile.
    static_chips, static_board : (float, float) or None
        The same, and that of the whole board; low and high.
    host_seconds : (float, float) or None
        To send the inputs in and read the outputs, spike by spike; low and high.
    binding : str
        What most of the time is waited for.
    events : Events
    missing : tuple of str
        Paths of the constants that the set lacks and this run needs.
    phases : tuple of PhaseCost
        In the order of their first steps.
    """

    costs: str
    joules: dict[str, float]
    dynamic: float | None
    dynamic_ends: Range | None
    seconds: float | None
    seconds_ends: Range | None
    static: float | None
    static_chips: Range | None
    static_board: Range | None
    host_seconds: Range | None
    binding: str
    events: Events
    missing: tuple[str, ...]
    phases: tuple[PhaseCost, ...]

    @property
    def total(self) -> float | None:
        """Joules in all, the chips in use included; None where a price is missing."""
        return None if self.dynamic is None or self.static is None else self.dynamic + self.static

    @property
    def total_ends(self) -> Range | None:
        """The same at the low and at the high ends of the set's constants."""
        if self.dynamic_ends is None or self.static_chips is None:
            return None
        return (self.dynamic_ends[0] + self.static_chips[0],
                self.dynamic_ends[1] + self.static_chips[1])


@dataclass(frozen=True)
class _AtEnd:
    """One end of a set: joules by kind, seconds, idle joules of chips and board, host's seconds."""

    constants: Constants
    joules: dict[str, float]
    dynamic: float | None
    seconds: float | None
    static_chips: float | None
    static_board: float | None
    host: float | None
    lasting: tuple[Lasting | None, ...]


def estimate(
    work: Sequence[PhaseWork], profile: Profile, costs: str, *, chips: int, cores: int
) -> Estimate:
    """Energy and time with one set of a profile's constants.

    Parameters
    ----------
    work : sequence of PhaseWork
    profile : Profile
    costs : str
        Name of a set that the profile has.
    chips, cores : int
        In use.
    """
    counted = [replace(each, events=replace(each.events, core_steps=cores * each.events.steps))
               for each in work]
    low, value, high = (_at_end(counted, profile, constants_of(profile, costs, end), chips)
                        for end in ENDS)
    phases = tuple(_phase_cost(each, last, value.constants)
                   for each, last in zip(counted, value.lasting, strict=True))
    return Estimate(
        costs, value.joules, value.dynamic, _range(low.dynamic, high.dynamic), value.seconds,
        _range(low.seconds, high.seconds), value.static_chips,
        _range(low.static_chips, high.static_chips),
        _range(low.static_board, high.static_board), _range(low.host, high.host),
        _binding(phases), reduce(Events.then, (each.events for each in counted)),
        tuple(value.constants.missing), phases)


def _binding(phases: Sequence[PhaseCost]) -> str:
    """The term that the phases wait for, by the time of all phases that wait for it."""
    waited: dict[str, float] = {}
    for phase in phases:
        waited[phase.binding] = waited.get(phase.binding, 0.0) + (phase.seconds or 0.0)
    return max(waited, key=waited.__getitem__)


def _at_end(
    work: Sequence[PhaseWork], profile: Profile, constants: Constants, chips: int
) -> _AtEnd:
    whole = reduce(Events.then, (each.events for each in work))
    joules = _joules(whole, constants)
    found = tuple(lasting(each, constants, chips=chips, step_min=profile.chip.step_min)
                  for each in work)
    seconds = _sum(None if last is None else each.events.steps * last.step_seconds
                   for each, last in zip(work, found, strict=True))
    host = constants.price("latency", "host_spike", whole.host_spikes)
    return _AtEnd(
        constants, joules, _complete(joules), seconds,
        _idle(seconds, constants.price("power", "static_chip"), chips),
        _idle(seconds, constants.power.static_board, profile.board.chips),
        None if host is None else whole.host_spikes * host * NANO, found)


def _joules(events: Events, constants: Constants) -> dict[str, float]:
    """By kind; a kind of which a price is missing is not there."""
    found: dict[str, float] = {}
    for kind, priced in KINDS.items():
        counts = {name: float(getattr(events, name)) for name in priced}
        prices = [constants.price("energy", priced[name], count) for name, count in counts.items()]
        if None not in prices:
            found[kind] = sum(count * (price or 0.0) for count, price
                              in zip(counts.values(), prices, strict=True)) * PICO
    return found


def _complete(joules: dict[str, float]) -> float | None:
    return sum(joules.values()) if len(joules) == len(KINDS) else None


def _phase_cost(work: PhaseWork, last: Lasting | None, constants: Constants) -> PhaseCost:
    joules = _complete(_joules(work.events, constants))
    return PhaseCost(work.phases, work.events, work.core,
                     None if last is None else last.step_seconds,
                     "" if last is None else last.binding, joules)


def _idle(seconds: float | None, milliwatts: float | None, chips: int) -> float | None:
    return None if seconds is None or milliwatts is None else milliwatts * MILLI * chips * seconds


def _range(low: float | None, high: float | None) -> Range | None:
    return None if low is None or high is None else (low, high)


def _sum(values: Iterable[Any]) -> float | None:
    found = list(values)
    return None if None in found else float(sum(found))
