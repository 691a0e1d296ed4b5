"""A memory of prototypes on a stock chip: placed, checked, run as placed, and estimated."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from neuromorph import backends
from neuromorph.api.circuits.prototypes_run import Done, Sent
from neuromorph.circuits.prototypes import PROBES
from neuromorph.circuits.prototypes.clock import RAMP_AT
from neuromorph.compile import Compiled, Unit, compile_units
from neuromorph.compile.packing.traffic import traffic
from neuromorph.compile.program_file import program_as_dict
from neuromorph.compile.split import split
from neuromorph.cost.band import Band, band
from neuromorph.cost.events import count_packets
from neuromorph.cost.steps import count_steps, work_of
from neuromorph.deploy.checked import checked_program
from neuromorph.deploy.values import most_packets
from neuromorph.errors import DisagreementError
from neuromorph.profiles import load_profile

PROFILE = "loihi2"
"""A chip without programs of our own: graded spikes, stock neurons, three-factor learning."""

PRICED = 10
"""Tests whose events are counted."""

MICRO = 1e-6

SHOWN = {"static_chips": "static µJ, chips in use", "dynamic": "µJ of events",
         "seconds": "µs on the chip", "host_seconds": "µs of host in and out"}
"""Bands that are told, static energy first."""


def placed(sent: Sent, done: Done, profile: str = PROFILE) -> dict[str, Any]:
    """Cores, and bands of energy and time of a sample and of a test; nothing has run on a chip.

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
            "bands": _costs(sent, compiled, spikes, steps)}


def _costs(
    sent: Sent, compiled: Compiled, spikes: dict[str, Any], steps: int
) -> list[dict[str, Any]]:
    """Bands by sample that is learned, its imprint included, and by test; none without prices.

    Of the first few tests, which take the longest to count: all of them have as many steps.
    """
    program, taught = compiled.program, sent.taught_until
    tests = min(len(sent.tests), PRICED)
    steps = min(steps, taught + tests * (RAMP_AT + sent.numbers.window))
    spikes = {name: train[:steps] for name, train in spikes.items()}
    rates = {f"0/{name}": np.count_nonzero(train, axis=0).astype(np.float64)
             for name, train in spikes.items()}
    links = traffic(program, rates)
    learning, test = work_of(
        count_steps(program, [spikes]),
        {("learning",): np.arange(taught), ("test",): np.arange(taught, steps)},
        hops=count_packets(links, program.places, compiled.limits),
        link=most_packets(compiled, links))
    rows = []
    for name, work, count in (("a learned sample", learning, len(sent.codes)),
                              ("a test", test, tests)):
        found = band((work,), compiled.profile, chips=program.chips, cores=program.cores)
        rows += [] if found is None else list(_rows(name, found, count))
    return rows


def _rows(of: str, found: Band, count: int) -> Iterator[dict[str, Any]]:
    for what, title in SHOWN.items():
        ends = found.ends(what)
        if ends is not None:
            yield {"of": of, "what": title,
                   "low": ends.low / count / MICRO, "low_set": ends.low_set,
                   "high": ends.high / count / MICRO, "high_set": ends.high_set}
