"""The folder that a lab takes to its chip: program, weights, one run to compare with, a script.

Nothing in it needs neuromorph. The script runs stock Lava Processes only; a program with other
neurons gets none, and the README says which neurons those are.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from string import Template
from typing import Any, TypeAlias

from neuromorph.compile.program import Program
from neuromorph.compile.program_file import PROGRAM, WEIGHTS, to_json, write_arrays, write_program
from neuromorph.compile.trial import Trial
from neuromorph.dynamics.learning import LearningRule
from neuromorph.dynamics.learning.terms import series_text
from neuromorph.network import CubaLIF, Network, Projection, Source

SCRIPT, README, REPORT = "run_on_loihi2.py", "README.md", "report.json"
INPUTS, EXPECTED = "inputs.npz", "expected.npz"
NAMES = (PROGRAM, WEIGHTS, README, REPORT, INPUTS, EXPECTED, SCRIPT)
"""All that a lab's folder may hold; the script is optional."""

Refusal: TypeAlias = Callable[[Network], str | None]


def write_lab_folder(
    folder: Path, program: Program, trial: Trial, report: Mapping[str, Any],
    refusal: Refusal = lambda _: None,
) -> None:
    """Write all files into a folder that is there; equal arguments give equal bytes.

    Parameters
    ----------
    folder : Path
        To have it whole or not at all, write into that of `bundle.atomic.atomic_folder`.
    program : Program
    trial : Trial
    report : mapping
        Plain data, for ``report.json``.
    refusal : callable, optional
        The reason why stock Lava cannot hold a network of stock parts, or None.

    Raises
    ------
    UnsupportedError
        If a unit is in the float domain.
    """
    write_program(folder, _in_lavas_spelling(program))
    write_arrays(folder / INPUTS, trial.inputs)
    write_arrays(folder / EXPECTED, trial.expected())
    (folder / REPORT).write_text(to_json(report), "utf-8")
    reasons = reasons_against_stock(program, refusal)
    (folder / README).write_text(_readme(program, trial, reasons), "utf-8")
    if len(reasons) < len(program.units):
        (folder / SCRIPT).write_text(_beside(SCRIPT), "utf-8")


def reasons_against_stock(program: Program, refusal: Refusal = lambda _: None) -> dict[str, str]:
    """Units that stock Lava cannot run, each with the reason."""
    found = ((unit.name, _foreign(unit.network) or refusal(unit.network))
             for unit in program.units)
    return {name: reason for name, reason in found if reason}


def _foreign(network: Network) -> str | None:
    """The first neuron model that stock Lava lacks."""
    return next((f"{p.name} is a {p.model.kind}, which stock Lava does not have"
                 for p in network.populations if not isinstance(p.model, Source | CubaLIF)), None)


def _in_lavas_spelling(program: Program) -> Program:
    """The program, with rules as Lava's own parser reads them; what they mean stays."""
    units = tuple(replace(unit, network=replace(unit.network, projections=tuple(
        _respelled(p) for p in unit.network.projections))) for unit in program.units)
    return replace(program, units=units)


def _respelled(projection: Projection) -> Projection:
    rule = projection.rule
    return projection if rule is None else replace(projection, rule=_spelled(rule))


def _spelled(rule: LearningRule) -> LearningRule:
    return replace(rule, dw=series_text(rule.weight_terms), dt=series_text(rule.tag_terms))


def _readme(program: Program, trial: Trial, reasons: Mapping[str, str]) -> str:
    some = len(reasons) < len(program.units)
    told = {
        "profile": program.profile,
        "units": _count(len(program.units), "unit"),
        "cores": _count(program.cores, "core"),
        "trial": program.units[trial.unit].name,
        "backend": trial.backend, "evidence": trial.evidence, "steps": str(trial.steps),
        "script_row": f"| `{SCRIPT}` | builds a unit of stock Lava parts and runs it |\n"
                      if some else "",
        "how": HOW if some else NO_SCRIPT,
        "stock": _stock(reasons),
    }
    return Template(_beside("lab_readme.md")).substitute(told)


HOW = f"""\
    pip install lava-nc==0.10.0        # Python 3.10; for a chip also lava-loihi, from Intel
    python {SCRIPT} --check
    python {SCRIPT} --unit NAME --inputs my.npz --read-at 50,100 --output got.npz

With lava-loihi the script runs on the chip, without on Lava's model of it, and it says which.
`--check` repeats the run of `inputs.npz` and compares every integer with `expected.npz`. On Python
3.11 and later Lava is installed like this, and the script makes it importable:

    pip install --no-deps --ignore-requires-python lava-nc==0.10.0
    pip install "numpy<2.4" scipy networkx asteval"""

NO_SCRIPT = """\
There is no script: stock Lava cannot run any unit of this program, for the reason below.
neuromorph runs the program with Lava Processes of its own for such neurons, which are models in
Python. A chip would need microcode for them, which is not written."""



def _stock(reasons: Mapping[str, str]) -> str:
    if not reasons:
        return "All units consist of stock Lava parts."
    name, reason = next(iter(reasons.items()))
    return (f"Stock Lava cannot run {_count(len(reasons), 'unit')}, {name} among them: {reason}.")


def _count(number: int, what: str) -> str:
    return f"{number} {what}" + ("" if number == 1 else "s")


def _beside(name: str) -> str:
    """A file of this package, as it is."""
    return Path(__file__).with_name(name).read_text("utf-8")
