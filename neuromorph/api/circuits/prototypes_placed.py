"""A memory of prototypes on a stock chip: placed, checked, run as placed, and estimated."""

from __future__ import annotations

from typing import Any

import numpy as np

from neuromorph import backends
from neuromorph.api.circuits.prototypes_run import Done, Sent
from neuromorph.circuits.prototypes import PROBES
from neuromorph.compile import Compiled, Unit, compile_units
from neuromorph.compile.packing.traffic import traffic
from neuromorph.compile.program_file import program_as_dict
from neuromorph.compile.split import split
from neuromorph.cost.estimate import Estimate, estimate_phases
from neuromorph.cost.events import count_packets
from neuromorph.cost.steps import count_steps
from neuromorph.deploy.checked import checked_program
from neuromorph.errors import DisagreementError
from neuromorph.profiles import load_profile

PROFILE = "loihi2"
"""A chip without programs of our own: graded spikes, stock neurons, three-factor learning."""

LEARNING, TEST = ("learning",), ("test",)


def placed(sent: Sent, done: Done, profile: str = PROFILE) -> dict[str, Any]:
    """Cores, and energy and time of a sample and of a test; nothing has run on a chip.

    Raises
    ------
    FitError
        If no chip of the profile takes it.
    DisagreementError
        If the checker objects, or the placed program does not give what the network gave.
    """
    network = sent.network()
    compiled = compile_units([Unit(network.name, network)], load_profile(profile))
    checked_program(compiled, *program_as_dict(compiled.program), "the placed memory")
    inputs, steps = sent.timeline.trains()
    unit = compiled.program.units[0]
    run = backends.get(backends.DEFAULT).run
    found = split(unit, compiled.program.slices_of(0)).run(run, inputs, list(PROBES), steps)
    for probe in PROBES:
        if not np.array_equal(found.traces[probe], done.recording.traces[probe]):
            raise DisagreementError("the placed program does not give what the network gives",
                                    where=f"prototypes, {probe.target}",
                                    hint="this is a bug: please report it")
    spikes = {**inputs, **{probe.target: found.spikes(probe.target) for probe in PROBES}}
    return {"profile": profile, "programmable_neurons": compiled.profile.neuron.programmable,
            "cores": compiled.program.cores, "chips": compiled.program.chips,
            **_costs(sent, compiled, spikes, steps)}


def _costs(
    sent: Sent, compiled: Compiled, spikes: dict[str, Any], steps: int
) -> dict[str, Any]:
    """By sample that is learned, its imprint included, and by test query."""
    program, taught = compiled.program, sent.taught_until
    rates = {f"0/{name}": np.count_nonzero(train, axis=0).astype(np.float64)
             for name, train in spikes.items()}
    found = estimate_phases(
        count_steps(program, [spikes]),
        {LEARNING: np.arange(taught), TEST: np.arange(taught, steps)},
        compiled.profile, chips=program.chips,
        hops=count_packets(traffic(program, rates), program.places, compiled.limits))
    if found is None:
        return {}
    return {"costs": found.costs,
            "plasticity_share_of_joules": found.joules["plasticity"] / found.total,
            **_a(found, LEARNING, "learned_sample", len(sent.codes)),
            **_a(found, TEST, "test", len(sent.tests))}


def _a(found: Estimate, phase: tuple[str, ...], name: str, count: int) -> dict[str, float]:
    (cost,) = (one for one in found.phases if one.phases == phase)
    return {f"joules_a_{name}": cost.joules / count, f"seconds_a_{name}": cost.seconds / count}
