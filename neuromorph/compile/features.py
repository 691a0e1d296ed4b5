"""Does the target have what the networks need: graded spikes, programmable neurons, plasticity?

Graded sources are no question: `lower` turns them into plain ones.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from neuromorph.compile.packing.demand import neuron_bits
from neuromorph.compile.program import Unit
from neuromorph.compile.reasons import refuse
from neuromorph.errors import FitError
from neuromorph.network import Network
from neuromorph.neurons import registered
from neuromorph.profiles import Profile

FEATURES: dict[str, Callable[[Profile], bool]] = {
    "graded spikes": lambda profile: profile.neuron.graded_spikes,
    "programmable neurons": lambda profile: profile.neuron.programmable,
    "learning engine": lambda profile: profile.learning.allowed,
    "third factors": lambda profile: profile.learning.allowed and profile.learning.three_factor,
}
"""What a target has or has not."""


def check_features(unit: Unit, profile: Profile) -> Unit:
    """The unit, if the profile has every feature that it needs.

    Raises
    ------
    FitError
        Naming all that is missing, and what would help.
    """
    refuse(lacking_features(unit, profile))
    return unit


def lacking_features(unit: Unit, profile: Profile) -> Iterator[FitError]:
    """What the unit needs and the profile has not, each with what would help."""
    for where, lacking, hint in _lacking(unit.network, profile):
        yield FitError(f"{profile.title} has no {lacking}", where=where, hint=hint)


def _lacking(network: Network, profile: Profile) -> Iterator[tuple[str, str, str]]:
    has = {name: feature(profile) for name, feature in FEATURES.items()}
    wide = max((part.circuit.input_bits or 0 for part in network.parts), default=0)
    if wide > profile.neuron.input_bits:
        lacking = f"synaptic input of {wide} bits a step, which this circuit is made for"
        yield network.name, lacking, "export it for Loihi 1: `neuromorph export --target loihi1`"
    for population in network.populations:
        model = registered(population.model, population.name)
        bits = model.payload_bits
        if model.programmable and not has["programmable neurons"]:
            yield (population.name, f"programmable neurons, which a {model.kind} needs",
                   "export with `--spikes binary`, or choose a profile with programmable neurons")
        usual = 0 if profile.core.memory_shared else profile.core.neuron_bits
        if (kept := neuron_bits(model, usual)) > usual:
            yield (population.name,
                   f"memory of {kept} bits for a neuron, which a {model.kind} needs",
                   "choose a profile whose cores have one memory for all")
        if bits and not has["graded spikes"] and not population.is_source:
            yield population.name, "graded spikes, which it sends", "choose a Loihi 2 profile"
        if bits > profile.neuron.payload_bits and has["graded spikes"]:
            yield (population.name, f"payload of {bits} bits, but of {profile.neuron.payload_bits}",
                   "smaller code limits")
    for projection in network.plastic:
        if not has["learning engine"]:
            yield (projection.name, "learning engine", "compile static memories")
        elif projection.modulated and not has["third factors"]:
            yield (projection.name, "third factors", "compile static memories")
