"""What became of a bundle: placed, run and judged, or why not and what would help."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field
from typing import Any

from neuromorph import backends
from neuromorph.bundle import Bundle
from neuromorph.compile import Compiled, Program, Unit
from neuromorph.compile.packing.traffic import traffic
from neuromorph.compile.program_file import program_as_dict
from neuromorph.deploy.boards import smallest_board
from neuromorph.deploy.checked import checked_program
from neuromorph.deploy.compared import compared_with
from neuromorph.deploy.fit import changes_for, needs_of
from neuromorph.deploy.half_steps import half_steps
from neuromorph.deploy.run import READ, Tried, lab_trial, try_heads
from neuromorph.deploy.units import Memory
from neuromorph.deploy.values import (
    OF_HEADS,
    PER,
    cores_values,
    costs_values,
    fidelity_values,
    said_values,
    second_memory,
    traffic_values,
)
from neuromorph.errors import FitError
from neuromorph.lab.trial import Trial
from neuromorph.profiles import Profile
from neuromorph.progress import Progress
from neuromorph.report.compile_tables import compile_rows, heading
from neuromorph.shown import Shown, sentences

TRIED = 16
"""Heads that are run, of a model with more."""


@dataclass(frozen=True, eq=False, repr=False)
class Lab(Shown):
    """What a lab's folder is made of.

    Attributes
    ----------
    program : Program
    trial : callable
        Runs it, and gives what another machine's run can be compared by.
    folder : str
        Where it lies within the program's folder, if it is a part of the program.
    """

    program: Program
    trial: Callable[[], Trial]
    folder: str = ""


@dataclass(frozen=True, eq=False, repr=False)
class CompileReport(Shown):
    """What became of a bundle.

    Attributes
    ----------
    compiled : Compiled or None
        The placed program; None if it does not fit.
    report : dict
        Plain values, as ``report.json`` holds them.
    lab : callable or None
        Makes what a lab is given, which takes a while.
    dumps : dict of str to str
        The program's text after each pass that was asked for.
    refusal : FitError or None
        Why it does not fit, with what would help.
    """

    compiled: Compiled | None
    report: dict[str, Any]
    lab: Callable[[], Lab] | None = None
    dumps: dict[str, str] = field(default_factory=dict)
    refusal: FitError | None = None

    def glance(self) -> dict[str, Any]:
        """What a notebook shows: where it is and what it takes, or why not."""
        return {"result": heading(self.report), **compile_rows(self.report),
                "what would make it fit": sentences(self.report.get("changes", ()))}

    def as_dict(self) -> dict[str, Any]:
        """Plain values, for JSON."""
        return self.report


@dataclass(frozen=True, repr=False)
class Kind(Shown):
    """What units of a kind are called in a report.

    Attributes
    ----------
    units, runs : str
        Heads and queries, say: what is run, and how often.
    per : str
        What costs are counted for.
    read : collection of str
        Populations that a host hears.
    assumptions : tuple of str
        Of the estimate.
    """

    units: str
    runs: str
    per: str
    read: Collection[str]
    assumptions: tuple[str, ...]


HEADS = Kind("heads", "queries", PER, READ, OF_HEADS)


def placed(
    bundle: Bundle, compiled: Compiled, memory: Memory, costs: str | None, head: dict[str, Any],
    progress: Progress,
) -> CompileReport:
    """What was placed: checked, run and estimated.

    Raises
    ------
    DisagreementError
        If it does not give what the networks give, or the checker objects.
    """
    ways = (half_steps(bundle, compiled.profile, compiled.lower_bound) if memory == "static"
            else [])
    return placed_units(compiled, HEADS, lambda: try_heads(bundle, compiled, memory, TRIED),
                        costs, {**head, "half_steps": ways, "fidelity": fidelity_values(bundle),
                                "compared": compared_with(bundle)}, progress)


def placed_units(
    compiled: Compiled, kind: Kind, run: Callable[[], Tried], costs: str | None,
    told: dict[str, Any], progress: Progress,
) -> CompileReport:
    """The same of units of any kind: ``run`` tries some, ``told`` is what else a report says.

    Raises
    ------
    DisagreementError
        If the checker objects; and as ``run``.
    """
    progress("checking the program")
    checked = checked_program(compiled, *program_as_dict(compiled.program), "the placed program")
    progress(f"running {kind.units} of the placed program")
    trial = run()
    links = traffic(compiled.program, trial.rates)
    report = {**told, "fits": True,
              **cores_values(compiled, checked.usage, second_memory(compiled)),
              **traffic_values(compiled, links),
              **costs_values(compiled, trial, links, costs, per=kind.per, read=kind.read),
              **said_values(compiled.profile, kind.assumptions),
              # Where they differ `run` raises.
              "bit_exact": {"equal": True, kind.units: trial.heads, kind.runs: trial.queries,
                            "backend": backends.DEFAULT},
              "violations": []}
    return CompileReport(compiled, report, lambda: Lab(
        compiled.program, lambda: lab_trial(compiled.program, trial)))


def not_placed(
    bundle: Bundle, units: Sequence[Unit], profile: Profile, memory: Memory, error: FitError,
    head: dict[str, Any],
) -> CompileReport:
    """Why not, what it needs, and what would help."""
    board = smallest_board(units, profile)
    return refused(head | said_values(profile, OF_HEADS), profile, error, needs_of(units, profile),
                   board, changes_for(bundle, units, profile, memory, error, board))


def refused(
    head: dict[str, Any], profile: Profile, error: FitError, needs: dict[str, int],
    board: str | None, changes: Sequence[str],
) -> CompileReport:
    """The report, and the refusal, of what does not fit."""
    told: dict[str, Any] = {"where": error.where, "found": error.found, "expected": error.expected}
    reason = str(FitError(error.what, **told))
    report = {**head, "fits": False, "reason": reason, "reasons": [reason, *error.more],
              "needs": needs, "capacities": {}, "cores_usable": profile.cores_usable,
              "chips": profile.board.chips, "smallest_board": board, "changes": list(changes)}
    hint = " ".join(changes).rstrip(".") or None
    return CompileReport(None, report, refusal=FitError(
        error.what, **told, hint=hint, more=error.more))
