"""Tools on long chains: processor time of each, and the exponent with which it grows.

::

    exponent = log(time / time before) / log(populations / populations before)

Populations of 32 neurons, each wired to the next by 32 x 32 weights of its own, in one unit. All
times are processor time, the best of some runs: other programs share the machine.
"""

from __future__ import annotations

import gc
import math
import sys
import tempfile
import time
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from typing import Any, TypeVar

import numpy as np

from benchmarks.engine import CHAINS, LENGTH, NEURON
from neuromorph import backends
from neuromorph.compile import Unit, compile_units
from neuromorph.compile.check import check_program
from neuromorph.compile.packing.place import place
from neuromorph.compile.packing.traffic import traffic
from neuromorph.compile.program import Program
from neuromorph.compile.program_file import program_as_dict, read_program, write_program
from neuromorph.compile.program_text import parse_program, program_to_text
from neuromorph.compile.ranges.prove import prove_ranges_of
from neuromorph.compile.split import split
from neuromorph.cost.events import count_events, count_packets
from neuromorph.cost.steps import count_steps
from neuromorph.lab.folder import backend_of, write_lab_folder
from neuromorph.lab.trial import trial_of, trial_probes
from neuromorph.network import (
    Network,
    Population,
    Probe,
    Projection,
    Source,
    arrays_of,
    parse_network,
    to_text,
    verify,
)
from neuromorph.profiles import load_profile

BOARD, STEPS, RUNS = "hala_point", 20, 3

Made = TypeVar("Made")


def measure() -> dict[str, Any]:
    found = {length: _tools(length) for length in CHAINS}
    growth = {f"{here} to {there}": {tool: _exponent(here, there, found[here][tool], seconds)
                                     for tool, seconds in found[there].items()}
              for here, there in pairwise(CHAINS)}
    sys.stdout.write(_table(found, growth))
    return {"populations": LENGTH, "seconds": found, "exponents": growth}


class _Clock:
    """Seconds of each tool, in the order in which they were used."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}

    def __call__(self, tool: str, work: Callable[[], Made]) -> Made:
        """What the work makes; it is done several times."""
        taken = []
        for _ in range(RUNS):
            gc.collect()
            before = time.process_time()
            made = work()
            taken.append(time.process_time() - before)
        self.seconds[tool] = min(taken)
        return made


def chain(length: int) -> Network:
    """The first population is a source; the others all fire."""
    rng = np.random.default_rng(0)
    return Network("chain", "fixed", (
        Population("p0", LENGTH, Source()),
        *(Population(f"p{i}", LENGTH, NEURON) for i in range(1, length))),
        tuple(Projection(f"w{i}", f"p{i}", f"p{i + 1}",
                         (2 * rng.integers(-4, 5, (LENGTH, LENGTH))).astype(np.int8))
              for i in range(length - 1)))


def _tools(length: int) -> dict[str, float]:
    clock, unit = _Clock(), Unit("chain", chain(length))
    clock("verify", lambda: verify(unit.network))
    clock("range proof", lambda: prove_ranges_of(unit.network))
    program = _compiled(unit, clock)
    _texts(program, clock)
    with tempfile.TemporaryDirectory() as folder:
        clock("write program", lambda: write_program(Path(folder), program))
        clock("read program", lambda: read_program(Path(folder)))
    _runs(program, clock)
    return clock.seconds


def _compiled(unit: Unit, clock: _Clock) -> Program:
    profile = load_profile(BOARD)
    clock("compile to split", lambda: compile_units([unit], profile, stop_after="split"))
    compiled = compile_units([unit], profile)
    program = compiled.program
    clock("place", lambda: place(program.cores, compiled.limits))
    data, weights = program_as_dict(program)
    given = [(unit.name, unit.network)]
    report = clock("check", lambda: check_program(data, weights, profile, given))
    if report.violations:
        raise SystemExit(f"the checker objects: {report.violations[0]}")
    links = clock("traffic", lambda: traffic(program))
    clock("packets", lambda: count_packets(links, program.places, compiled.limits))
    return program


def _texts(program: Program, clock: _Clock) -> None:
    network = program.units[0].network
    arrays = clock("arrays of a text", lambda: arrays_of(network))
    text = clock("network to text", lambda: to_text(network))
    clock("network from text", lambda: parse_network(text, arrays))
    lines = clock("program to text", lambda: program_to_text(program))
    clock("program from text", lambda: parse_program(lines, arrays))


def _runs(program: Program, clock: _Clock) -> None:
    """What is done before and after a run; the run itself is that of `engine`."""
    unit, pieces, fast = program.units[0], program.slices_of(0), backends.get("fast")
    train = {"p0": (np.random.default_rng(1).random((STEPS, LENGTH)) < 0.2).astype(int)}
    asked = [Probe(p.name) for p in unit.neurons]
    cut = clock("split network", lambda: split(unit, pieces))
    probes = clock("split probes", lambda: cut.view.probes(asked))
    parts = fast.run(cut.network, cut.view.encode(train), probes, STEPS)
    whole = clock("join recording", lambda: cut.view.read(parts))
    spikes = {**train, **{p.name: whole.spikes(p.name) for p in unit.neurons}}
    clock("count events", lambda: count_events(unit, spikes, STEPS))
    clock("count steps", lambda: count_steps(program, [spikes]))
    trial = trial_of(0, unit.network, train, fast.run(
        unit.network, train, trial_probes(unit.network), STEPS), backend="fast", evidence="")
    family = load_profile(BOARD).family
    with tempfile.TemporaryDirectory() as folder:
        clock("lab folder", lambda: write_lab_folder(
            Path(folder), program, trial, {}, family=family,
            refusal=backends.get(backend_of(family)).why_not))


def _exponent(here: int, there: int, before: float, after: float) -> float | None:
    """None where the clock is too coarse."""
    if min(before, after) < 1e-3:
        return None
    return math.log(after / before) / math.log(there / here)


def _table(
    found: dict[int, dict[str, float]], growth: dict[str, dict[str, float | None]]
) -> str:
    heads = [*(f"{n}, s" for n in found), *growth]
    rows = [f"{'':18}" + "".join(f"{head:>15}" for head in heads)]
    for tool in found[CHAINS[0]]:
        exponents = [more[tool] for more in growth.values()]
        rows.append(f"{tool:18}" + "".join(f"{each[tool]:15.4f}" for each in found.values())
                    + "".join(f"{'-' if e is None else format(e, '.2f'):>15}" for e in exponents))
    return "\n".join(rows) + "\n"
