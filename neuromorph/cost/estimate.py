"""Energy and time of counted events, with the constants of a profile. Never measured on a chip.

Phases that follow each other add up, what happens in one step overlaps::

    time   = sum over steps of  max(shortest step, barrier + longest work of a core)
    work   = neurons of the core * time of one + its synaptic operations in the step * time of one
    energy = sum over kinds of count * energy of one event  +  static power * chips * time
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import reduce
from typing import Any

import numpy as np

from neuromorph.cost.events import Events
from neuromorph.cost.phases import Active
from neuromorph.cost.steps import StepCounts, Steps
from neuromorph.errors import UsageError, did_you_mean
from neuromorph.profiles import Energy, Latency, Profile
from neuromorph.shown import Shown

PICO, NANO, MILLI = 1e-12, 1e-9, 1e-3
HOPS = ("hops_east_west", "hops_north_south", "hops_chip")


@dataclass(frozen=True, repr=False)
class PhaseCost(Shown):
    """What the steps take in which the same phases are active.

    Attributes
    ----------
    phases : tuple of str
        Empty for steps in no phase.
    events : Events
    core : int
        The core that works longest, in all of these steps together.
    step_seconds : float
        Of a mean step: each lasts as long as its own busiest core.
    joules : float
    """

    phases: Active
    events: Events
    core: int
    step_seconds: float
    joules: float

    @property
    def seconds(self) -> float:
        """Of all its steps."""
        return self.events.steps * self.step_seconds


@dataclass(frozen=True, repr=False)
class Estimate(Shown):
    """What a run takes.

    Attributes
    ----------
    costs : str
        The set of constants.
    joules : dict of str to float
        By kind of event; ``static`` is idle power times time.
    seconds : float
    step_seconds : float
        Of a mean step.
    events : Events
    phases : tuple of PhaseCost
        In the order of their first steps, where the run is known step by step.
    """

    costs: str
    joules: dict[str, float]
    seconds: float
    step_seconds: float
    events: Events
    phases: tuple[PhaseCost, ...] = ()

    @property
    def total(self) -> float:
        """Joules in all."""
        return sum(self.joules.values())


def estimate(
    events: Events, profile: Profile, *, chips: int, busiest_neurons: int, busiest_ops: float,
    costs: str | None = None,
) -> Estimate | None:
    """Energy and time of a run of which all steps are alike; None for a profile without costs.

    ::

        time = steps * max(shortest step, barrier + busiest core's neurons + its operations)

    Parameters
    ----------
    events : Events
    profile : Profile
    chips : int
        Chips in use.
    busiest_neurons, busiest_ops : int, float
        Neurons of the fullest core, and synaptic operations of the busiest core in a mean step.
    costs : str, optional
        Name of a set of constants; the profile's default if left out.

    Raises
    ------
    UsageError
        If the profile has no such set.
    """
    name = costs_of(profile, costs)
    if name is None:
        return None
    latency = profile.latency[name]
    step = float(_step_seconds(profile, latency, chips, _work(latency, busiest_neurons,
                                                              busiest_ops)))
    seconds = events.steps * step
    return Estimate(name, _joules(events, seconds, profile, name, chips), seconds, step, events)


def estimate_phases(
    counts: StepCounts, phases: Mapping[Active, Steps], profile: Profile, *, chips: int,
    hops: Events, runs: int = 1, costs: str | None = None,
) -> Estimate | None:
    """Energy and time of a run that is known step by step; None for a profile without costs.

    ::

        time = sum over phases of  steps * mean over its steps of (barrier + busiest core's work)

    Parameters
    ----------
    counts : StepCounts
    phases : mapping of names to int array
        All steps of the run by the phases that are active in them, as `step_classes` has them.
    profile : Profile
    chips : int
        Chips in use.
    hops : Events
        Of one of the runs; those of a phase are as its share of the packets.
    runs : int
        What is counted is so many runs one after the other, and one is asked for.
    costs : str, optional
        Name of a set of constants; the profile's default if left out.

    Raises
    ------
    UsageError
        If the profile has no such set, or the phases have not every step once.
    """
    name = costs_of(profile, costs)
    if name is None:
        return None
    _check_each_once(phases, counts.steps)
    latency = profile.latency[name]
    work = _work(latency, counts.neurons, counts.synaptic_ops)
    lasting = _step_seconds(profile, latency, chips, work.max(axis=1, initial=0))
    found = []
    for active, steps in phases.items():
        events, step = _events_in(steps, counts, hops, runs), float(lasting[steps].mean())
        joules = _joules(events, events.steps * step, profile, name, chips)
        found.append(PhaseCost(active, events, int(work[steps].sum(axis=0).argmax()), step,
                               sum(joules.values())))
    whole, seconds = reduce(Events.then, (p.events for p in found)), sum(p.seconds for p in found)
    return Estimate(name, _joules(whole, seconds, profile, name, chips), seconds,
                    seconds / whole.steps, whole, tuple(found))


def _check_each_once(phases: Mapping[Active, Steps], steps: int) -> None:
    each = sorted(step for some in phases.values() for step in some.tolist())
    if not each or each != list(range(steps)):
        raise UsageError("phases have every step of a run once", found=f"{len(each)} steps",
                         expected=f"0 to {steps - 1}" if steps else "a run of some steps")


def _events_in(steps: Steps, counts: StepCounts, hops: Events, runs: int) -> Events:
    """Of one run; hops in proportion to packets."""
    events = counts.events(steps)
    share = events.packets / max(float(counts.each["packets"].sum()), 1.0)
    return replace(events.scaled(1 / runs), **{way: share * getattr(hops, way) for way in HOPS})


def costs_of(profile: Profile, name: str | None) -> str | None:
    """The set of constants of this name, or the default one; None if the profile has none.

    Raises
    ------
    UsageError
        If the profile has no set of this name.
    """
    if name is None:
        return profile.default_costs
    if name not in profile.energy:
        raise UsageError("the profile has no such set of costs", where=profile.name, found=name,
                         hint=did_you_mean(name, profile.energy))
    return name


def _joules(
    events: Events, seconds: float, profile: Profile, name: str, chips: int
) -> dict[str, float]:
    static = profile.chip.static_power * MILLI * chips * seconds
    return {**_dynamic(events, profile.energy[name]), "static": static}


def _dynamic(events: Events, energy: Energy) -> dict[str, float]:
    hops = (events.hops_east_west * energy.hop_east_west
            + events.hops_north_south * energy.hop_north_south
            + events.hops_chip * energy.hop_chip)
    return {
        "neuron updates": events.neuron_steps * energy.neuron_active * PICO,
        "synaptic operations": events.synaptic_ops * energy.synaptic_op_dense * PICO,
        "spikes": (events.spikes * energy.spike_out + events.packets * energy.packet) * PICO,
        "hops": hops * PICO,
        "plasticity": events.synaptic_updates * energy.synaptic_update * PICO,
    }


def _work(latency: Latency, neurons: Any, ops: Any) -> Any:
    """Nanoseconds that a core works in a step; of many, shape (steps, cores)."""
    return neurons * latency.neuron_active + ops * latency.synaptic_op_dense


def _step_seconds(profile: Profile, latency: Latency, chips: int, work: Any) -> Any:
    """Of a step whose busiest core works so many nanoseconds; of many, shape (steps,)."""
    barrier = latency.barrier_max if chips == 1 else max(latency.barrier_max,
                                                         latency.barrier_board)
    return np.maximum(profile.chip.step_min, barrier + work) * NANO
