"""A whole model on a board: placed as one network, judged, run in part, and what a token costs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from functools import partial
from typing import Any

from neuromorph.bundle.whole import WholeBundle
from neuromorph.circuits.transformer.build import build
from neuromorph.compile import Compiled, Unit
from neuromorph.compile.check import Usage
from neuromorph.compile.packing.demand import demands, lower_bound
from neuromorph.compile.packing.limits import limits_of
from neuromorph.compile.program_file import program_as_dict
from neuromorph.deploy.boards import Chosen, smallest_board
from neuromorph.deploy.checked import checked_program
from neuromorph.deploy.compared import PUBLISHED
from neuromorph.deploy.fit import needs_of
from neuromorph.deploy.outcome import CompileReport, refused
from neuromorph.deploy.values import OF_PROGRAMS, cores_values, said_values, traffic_values
from neuromorph.deploy.whole_costs import links_of, whole_costs
from neuromorph.deploy.whole_trial import lab_of, try_token
from neuromorph.errors import FitError
from neuromorph.profiles import Profile
from neuromorph.profiles.second_limits import with_compiler_memory
from neuromorph.progress import Progress

MODEL = "model"
"""The name of the one unit."""

ASSUMPTIONS = (
    "This is the whole model: embedding, blocks and answer; a host says tokens and hears logits.",
    ("Serial: one token at a time, as in writing; the counters of its neurons then have a period "
     "as long as a token's way. Pipelined: a token a period, each block at work on another."),
    ("Where one block of several was run as it lies, it counts for all: they are alike but for "
     "their weights."),
    *OF_PROGRAMS,
)


def unit_of(bundle: WholeBundle) -> Unit:
    """The whole model as one unit."""
    return Unit(MODEL, build(bundle.model))


def whole_values(bundle: WholeBundle, target: Chosen) -> dict[str, Any]:
    """What it was compiled for, and from what."""
    model = bundle.model
    return {"kind_of_bundle": "whole", "profile": target.profile.name,
            "title": target.profile.title, "chosen": target.why,
            "bundle": "" if bundle.path is None else str(bundle.path),
            **{f"model_{name}": value for name, value in bundle.report().items()},
            "spikes": model.blocks[0].heads[0].spikes, "slots": model.slots, "schedule": [],
            "warnings": [caution.as_dict() for caution in bundle.cautions]}


def whole_placed(
    bundle: WholeBundle, compiled: Compiled, costs: str | None, head: dict[str, Any],
    progress: Progress,
) -> CompileReport:
    """What was placed: checked, run in part, and estimated.

    Raises
    ------
    DisagreementError
        If the checker objects, or a placed part does not give what the integers give.
    """
    progress("checking the program")
    checked = checked_program(compiled, *program_as_dict(compiled.program), "the placed program")
    progress("running a token through a block of the placed program")
    trial = try_token(bundle.model, compiled)
    progress("counting a token")
    links = links_of(compiled, trial)
    report = {**head, "fits": True, **_cores(compiled, checked.usage),
              **traffic_values(compiled, links),
              **whole_costs(bundle.model, compiled, trial, links, costs),
              **said_values(compiled.profile, ASSUMPTIONS), "fidelity": [],
              "compared": [asdict(figure) for figure in PUBLISHED],
              # `try_token` raises where they differ.
              "bit_exact": {"equal": True, "tokens": 1, "blocks": trial.blocks,
                            "of_blocks": len(bundle.model.blocks), "backend": trial.backend},
              "violations": []}
    return CompileReport(compiled, report, partial(lab_of, bundle.model, compiled))


def _cores(compiled: Compiled, usage: Usage) -> dict[str, Any]:
    """As of heads; by the other memory limit no packing is tried, which would take minutes."""
    return cores_values(compiled, usage, _second_memory(compiled)) | {
        "cut": {"neurons": sum(p.size for p in compiled.program.units[0].neurons),
                "slices": len(compiled.program.slices)}}


def _second_memory(compiled: Compiled) -> dict[str, Any] | None:
    other = with_compiler_memory(compiled.profile)
    if other is None:
        return None
    limits = limits_of(other)
    least, _ = lower_bound([demands(unit, limits) for unit in compiled.program.units], limits)
    return {"source": compiled.profile.quantities["core.compiler_bits"].source,
            "bits": other.core.synapse_bits, "cores": least, "at_least": True}


def whole_not_placed(
    units: Sequence[Unit], profile: Profile, error: FitError, head: dict[str, Any]
) -> CompileReport:
    """Why not, what it needs, and how many chips would do."""
    needs, board = needs_of(units, profile), smallest_board(units, profile, programmable=True)
    chips = -(-needs["cores at least"] // (profile.cores_usable // profile.board.chips))
    least = f"the sums alone ask for {needs['cores at least']} cores"
    changes = [f"{chips} such chips or more: {least}."]
    if board is not None:
        changes.insert(0, f"Compile for `--profile {board}`, the smallest that would do.")
    return refused(head | said_values(profile, ASSUMPTIONS), profile, error, needs, board, changes)
