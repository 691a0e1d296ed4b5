"""Energy and time of counted events, with the constants of a profile. Never measured on a chip."""

from __future__ import annotations

from dataclasses import dataclass

from neuromorph.cost.events import Events
from neuromorph.errors import UsageError, did_you_mean
from neuromorph.profiles import Energy, Latency, Profile
from neuromorph.shown import Shown

PICO, NANO, MILLI = 1e-12, 1e-9, 1e-3


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
    """

    costs: str
    joules: dict[str, float]
    seconds: float
    step_seconds: float

    @property
    def total(self) -> float:
        """Joules in all."""
        return sum(self.joules.values())


def estimate(
    events: Events, profile: Profile, *, chips: int, busiest_neurons: int, busiest_ops: float,
    costs: str | None = None,
) -> Estimate | None:
    """Energy and time of a run; None for a profile without costs.

    ::

        energy = sum over kinds of count * energy of one event  +  static power * chips * time
        step   = max(shortest step, barrier + busiest core's neurons + its synaptic operations)

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
    step = _step_seconds(profile, profile.latency[name], chips, busiest_neurons, busiest_ops)
    seconds = events.steps * step
    joules = _dynamic(events, profile.energy[name])
    joules["static"] = profile.chip.static_power * MILLI * chips * seconds
    return Estimate(name, joules, seconds, step)


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


def _step_seconds(
    profile: Profile, latency: Latency, chips: int, neurons: int, ops: float
) -> float:
    barrier = latency.barrier_max if chips == 1 else max(latency.barrier_max,
                                                         latency.barrier_board)
    work = neurons * latency.neuron_active + ops * latency.synaptic_op_dense
    return max(profile.chip.step_min, barrier + work) * NANO
