"""Compile: a bundle's attention for a chip, placed, checked, estimated, and told in a report."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np

from neuromorph import backends
from neuromorph.api.compile_boards import Chosen, fitting, named, smallest_board
from neuromorph.api.compile_compared import compared_with
from neuromorph.api.compile_fit import changes_for, needs_of
from neuromorph.api.compile_run import Tried, lab_trial, try_heads
from neuromorph.api.compile_units import Memory, units_of
from neuromorph.api.progress import Progress, silent
from neuromorph.bundle import Bundle, load_bundle
from neuromorph.compile import PASSES, Compiled, Unit, check_pass, compile_units, to_lines
from neuromorph.compile.check import CheckReport, Usage, Weights, check_program
from neuromorph.compile.packing.place import hops, row_by_row
from neuromorph.compile.packing.traffic import Traffic, traffic
from neuromorph.compile.program_file import program_as_dict, reread, to_json
from neuromorph.cost.estimate import costs_of, estimate
from neuromorph.cost.events import count_packets, largest_core
from neuromorph.errors import DisagreementError, FitError, InputError, UsageError
from neuromorph.files.atomic import atomic_folder
from neuromorph.files.outputs import Output
from neuromorph.lab.folder import NAMES as LAB_NAMES
from neuromorph.lab.folder import REPORT, backend_of, write_lab_folder
from neuromorph.profiles import Profile
from neuromorph.report.compile_page import render_compile_page
from neuromorph.report.compile_pictures import draw_pictures
from neuromorph.runtime import SpikingLayer
from neuromorph.shown import Shown
from neuromorph.translate import Caution, measure_fidelity

PAGE, PROGRAM_TEXT = "report.html", "program.txt"
DUMPS = {name: f"after-{name}.txt" for name in PASSES}
NAMES = tuple(dict.fromkeys((REPORT, PAGE, *LAB_NAMES, PROGRAM_TEXT, *DUMPS.values())))
"""All that a folder of a compiled program holds; the first two also of one that does not fit."""

FOLDER = Output("program", NAMES, REPORT)

TRIED = 16
"""Heads that are run, of a model with more."""

FAR = 8
"""Slots a token of the sample, beyond which a report asks whether they are meant."""


@dataclass(frozen=True, eq=False, repr=False)
class CompileReport(Shown):
    """What became of a bundle.

    Attributes
    ----------
    compiled : Compiled or None
        The placed program; None if it does not fit.
    report : dict
        Plain values, as ``report.json`` holds them.
    trial : Tried or None
        The run that events were counted in.
    dumps : dict of str to str
        The program's text after each pass that was asked for.
    refusal : FitError or None
        Why it does not fit, with what would help.
    """

    compiled: Compiled | None
    report: dict[str, Any]
    trial: Tried | None = None
    dumps: dict[str, str] = field(default_factory=dict)
    refusal: FitError | None = None

    def as_dict(self) -> dict[str, Any]:
        """Plain values, for JSON."""
        return self.report


def compile_bundle(
    path: str | os.PathLike[str] | Bundle, profile: str | None = None, *,
    memory: Memory = "static", programmable: bool = False, costs: str | None = None,
    dump: Sequence[str] = (), progress: Progress = silent,
) -> CompileReport:
    """Place a bundle's heads on a chip or board, check the result, estimate its costs.

    Parameters
    ----------
    path : path or Bundle
    profile : str, optional
        Name of a hardware profile, or path of one. If left out, the smallest chip or board that
        is known to take the bundle: its kind of spikes and its registers decide between chips.
    memory : {"static", "plastic"}
        Keys and values of the bundle's sample in static synapses, repeated to fill the slots;
        or synapses that plasticity will write.
    programmable : bool
        Let a Loihi 2 board run neurons of our own, which graded spikes need.
    costs : str, optional
        Set of energy and time constants; the profile's default if left out.
    dump : sequence of str
        Passes after which the program is kept as text.
    progress : callable, optional

    Returns
    -------
    CompileReport
        With ``fits`` false, the reason and what would help, if it does not fit.

    Raises
    ------
    NeuromorphError
        If the bundle or the profile cannot be read.
    DisagreementError
        If the placed program does not give what the networks give, or the checker objects.
    """
    wanted = set(map(check_pass, dump))
    bundle, units, target = _begun(path, profile, memory, programmable, progress)
    costs_of(target.profile, costs)
    head = _head(bundle, units, target, memory)
    dumps: dict[str, str] = {}

    def keep(name: str, state: Compiled) -> None:
        if name in wanted:
            dumps[name] = to_lines(state)

    try:
        compiled = compile_units(units, target.profile, done=keep,
                                 told=lambda name: progress(f"pass: {name}"))
    except FitError as error:
        progress("looking for what would fit")
        return replace(_no_fit(bundle, units, target.profile, memory, error, head), dumps=dumps)
    return replace(_report(bundle, compiled, memory, costs, head, progress), dumps=dumps)


def _begun(
    path: str | os.PathLike[str] | Bundle, profile: str | None, memory: Memory,
    programmable: bool, progress: Progress,
) -> tuple[Bundle, tuple[Unit, ...], Chosen]:
    """The bundle, its networks, and what they are compiled for."""
    if memory not in ("static", "plastic"):
        raise UsageError("no such memory", found=memory, expected="static or plastic")
    bundle = path if isinstance(path, Bundle) else load_bundle(path)
    target = None if profile is None else named(profile, programmable=programmable)
    progress("building the networks")
    units = units_of(bundle, memory)
    if target is None:
        progress("choosing a board")
        target = fitting(bundle, units, programmable=programmable)
    return bundle, units, target


def _report(
    bundle: Bundle, compiled: Compiled, memory: Memory, costs: str | None, head: dict[str, Any],
    progress: Progress,
) -> CompileReport:
    progress("checking the program")
    checked = _checked(compiled, *program_as_dict(compiled.program), "the placed program")
    progress("running heads of the placed program")
    trial = try_heads(bundle, compiled, memory, TRIED)
    links = traffic(compiled.program, trial.rates)
    report = {**head, "fits": True,
              **_cores(compiled, checked.usage), **_traffic(compiled, links),
              **_costs(compiled, trial, links, costs), **_said(compiled.profile),
              "fidelity": _fidelity(bundle), "compared": compared_with(bundle),
              # `try_heads` raises where they differ.
              "bit_exact": {"equal": True, "heads": trial.heads,
                            "queries": trial.queries, "backend": "fast"},
              "violations": []}
    return CompileReport(compiled, report, trial)


def _checked(
    compiled: Compiled, data: Mapping[str, Any], weights: Weights, what: str
) -> CheckReport:
    """The checker's report of a program, which it accepts."""
    given = [(unit.name, unit.network) for unit in compiled.given]
    try:
        checked = check_program(data, weights, compiled.profile, given)
    except InputError as error:
        raise DisagreementError(f"{what} is no program", found=error,
                                hint="please report this; it is a fault of the compiler") from error
    if checked.violations:
        first = checked.violations[0]
        raise DisagreementError(f"the checker does not accept {what}: {first.rule}",
                                where=first.where, found=first.found, expected=first.allowed,
                                hint="please report this; it is a fault of the compiler")
    return checked


def _head(
    bundle: Bundle, units: Sequence[Unit], target: Chosen, memory: Memory
) -> dict[str, Any]:
    heads = [head for code in bundle.codes.values() for head in code.heads]
    periods = [head.period for head in heads]
    schedule = units[0].network.schedule
    slots = max(head.slots for head in heads)
    tokens = max(sample.keys.shape[1] for sample in bundle.samples.values())
    return {
        "profile": target.profile.name, "title": target.profile.title, "chosen": target.why,
        "bundle": "" if bundle.path is None else str(bundle.path), "memory": memory,
        "spikes": heads[0].spikes, "heads": len(heads), "slots": slots, "sample_tokens": tokens,
        "steps": {"median": float(np.median(periods)), "most": max(periods)},
        "schedule": [] if schedule is None else
                    [[p.name, p.start, p.stop] for p in schedule.phases],
        "warnings": [caution.as_dict() for caution in
                     (*bundle.cautions, *_too_many_slots(slots, tokens))],
    }


def _too_many_slots(slots: int, tokens: int) -> Iterator[Caution]:
    if slots > FAR * tokens:
        yield Caution("many-slots", "slots",
                      f"the heads have {slots} slots, the bundle's sample {tokens} tokens: every "
                      "slot takes synapses, energy and time, used or not. For short contexts "
                      "export with fewer (--slots)")


COLUMNS = ("neurons", "synapse_bits", "in_axons", "out_axons")
"""Resources in the report's table of cores."""


def _cores(compiled: Compiled, usage: Usage) -> dict[str, Any]:
    program, limits = compiled.program, compiled.limits
    capacities = {name: limits.core()[name] for name in COLUMNS}
    table = [[*map(int, place), *(int(usage[name][core]) for name in COLUMNS)]
             for core, place in enumerate(program.places)]
    cut_units = sum(len({s.core for s in pieces}) > 1 for pieces in program.by_unit)
    return {
        "chips_used": program.chips, "chips": compiled.profile.board.chips,
        "cores_used": program.cores, "cores_usable": compiled.profile.cores_usable,
        "cores_lower_bound": compiled.lower_bound, "worst_resource": compiled.worst_resource,
        "utilisation": {name: float(usage[name].sum() / (program.cores * capacities[name]))
                        for name in COLUMNS},
        "cut": {"heads_cut": cut_units, "slices": len(program.slices)},
        "core_table": table, "capacities": capacities,
        "mesh": [limits.columns, limits.rows], "cores_per_tile": limits.tile,
        "chip_grid_columns": limits.chip_columns,
    }


def _traffic(compiled: Compiled, links: Traffic) -> dict[str, Any]:
    program, limits = compiled.program, compiled.limits
    away = links.source != links.target
    return {
        "packets": links.between_cores, "spikes_times_hops": hops(links, program.places, limits),
        "spikes_times_hops_row_by_row": hops(links, row_by_row(program.cores, limits), limits),
        "links": [[int(a), int(b), float(n)] for a, b, n in
                  zip(links.source[away], links.target[away], links.packets[away], strict=True)],
    }


def _costs(
    compiled: Compiled, trial: Tried, links: Traffic, costs: str | None
) -> dict[str, Any]:
    """Energy and time of one query of every head."""
    program = compiled.program
    events = trial.events.scaled(1 / trial.queries)
    whole = replace(events.scaled(len(program.units) / trial.heads), steps=events.steps)
    whole += count_packets(links, program.places, compiled.limits)
    busiest = whole.synaptic_ops / max(whole.steps, 1) / program.cores
    found = estimate(whole, compiled.profile, chips=program.chips,
                     busiest_neurons=largest_core(program), busiest_ops=busiest, costs=costs)
    if found is None:
        return dict.fromkeys(("energy_joules", "energy_total_joules", "costs", "latency_seconds",
                              "step_seconds")) | {"per": "one query of every head"}
    return {"energy_joules": found.joules, "energy_total_joules": found.total,
            "costs": found.costs, "latency_seconds": found.seconds,
            "step_seconds": found.step_seconds, "per": "one query of every head",
            "events": {name: float(value) for name, value in vars(whole).items()}}


def _said(profile: Profile) -> dict[str, Any]:
    return {
        "evidence": "bit-exact model; energy and time: estimate; nothing has run on a chip",
        "notes": list(profile.notes),
        "assumptions": [
            "Every neuron counts as active in every step, every synapse as dense.",
            "Queries, drive and masks enter from outside; their way to the cores is not counted.",
            "A core's synaptic operations are spread evenly over cores and steps.",
            "Other layers of the model, and the division that ends a query, are not on the chip.",
        ],
    }


def _fidelity(bundle: Bundle) -> list[dict[str, Any]]:
    """Heads of the bundle's sample, the worst first."""
    found = []
    for name, code in bundle.codes.items():
        sample = bundle.samples[name]
        run = SpikingLayer(code).run_sample(sample)
        found += measure_fidelity(name, code, [sample], [run])
    found.sort(key=lambda head: head.cosine)
    return [{"layer": h.layer, "head": h.head, "cosine": h.cosine} for h in found]


def _no_fit(
    bundle: Bundle, units: Sequence[Unit], profile: Profile, memory: Memory, error: FitError,
    head: dict[str, Any],
) -> CompileReport:
    """Why not, what it needs, and what would help."""
    board = smallest_board(units, profile)
    changes = changes_for(bundle, units, profile, memory, error, board)
    told: dict[str, Any] = {"where": error.where, "found": error.found, "expected": error.expected}
    report = {**head, "fits": False, "reason": str(FitError(error.what, **told)),
              "needs": needs_of(units, profile), "capacities": {},
              "cores_usable": profile.cores_usable, "chips": profile.board.chips,
              "smallest_board": board, "changes": changes, **_said(profile)}
    hint = " ".join(changes).rstrip(".") or None
    return CompileReport(None, report, refusal=FitError(error.what, **told, hint=hint))


def program_text(
    path: str | os.PathLike[str] | Bundle, profile: str | None, stop_after: str, *,
    memory: Memory = "static", programmable: bool = False, progress: Progress = silent,
) -> str:
    """The program after a pass, as stable text.

    Raises
    ------
    FitError
        If it does not get that far.
    """
    check_pass(stop_after)
    _, units, target = _begun(path, profile, memory, programmable, progress)
    return to_lines(compile_units(units, target.profile, stop_after=stop_after,
                                  told=lambda name: progress(f"pass: {name}")))


def save_compiled(
    found: CompileReport, output: str | os.PathLike[str], *, force: bool = False,
    progress: Progress = silent,
) -> None:
    """Write a folder for a lab: program, weights, a run to compare with, a script, the report.

    Of a bundle that does not fit there is the report only.

    Raises
    ------
    OutputExistsError, WriteError
    DisagreementError
        If what is in the files is not, to the bit, what was to be written.
    """
    report = {**FOLDER.mark(), **found.report}
    with atomic_folder(output, ours=FOLDER, force=force) as folder:
        if found.compiled is None or found.trial is None:
            (folder / REPORT).write_text(to_json(report), "utf-8")
        else:
            progress("writing the program")
            _write_program(found.compiled, found.trial, report, folder)
            progress("checking what was written")
            _checked(found.compiled, *reread(folder), "what was written")
        for name, text in found.dumps.items():
            (folder / DUMPS[name]).write_text(text, "utf-8")
        progress("drawing the report")
        (folder / PAGE).write_text(render_compile_page(found.report, draw_pictures(found.report)),
                                   "utf-8")


def _write_program(
    compiled: Compiled, trial: Tried, report: dict[str, Any], folder: Path
) -> None:
    program, family = compiled.program, compiled.profile.family
    write_lab_folder(folder, program, lab_trial(program, trial), report, family=family,
                     refusal=backends.get(backend_of(family)).why_not)
    (folder / PROGRAM_TEXT).write_text(to_lines(compiled), "utf-8")
