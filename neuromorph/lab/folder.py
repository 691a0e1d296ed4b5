"""The folder that a lab takes to its chip: program, weights, one run to compare with, scripts.

Nothing in it needs neuromorph. One script repeats the run with NumPy alone, and a page says what
every neuron and rule computes. Another, with its two helpers, runs what the software of the chip's
family holds; a program with other neurons gets none, and the README says which neurons those are.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from string import Template
from typing import Any, TypeAlias

from neuromorph.compile.program import Program
from neuromorph.compile.program_file import PROGRAM, WEIGHTS, to_json, write_arrays, write_program
from neuromorph.errors import escaped
from neuromorph.lab.neuron_page import NEURONS, neuron_page
from neuromorph.lab.program_reader import STOCK
from neuromorph.lab.replaying import (
    CONSTANTS,
    REPLAY,
    constants_of,
    replay_script,
    why_not_replayed,
)
from neuromorph.lab.trial import Trial
from neuromorph.lab.words import FAMILIES, LabWords
from neuromorph.learning import LearningRule
from neuromorph.learning.terms import series_text
from neuromorph.network import Network, Projection
from neuromorph.profiles import Family

README, REPORT = "README.md", "report.json"
INPUTS, EXPECTED = "inputs.npz", "expected.npz"
HELPERS = ("program_reader.py", "trial_runner.py")
"""What every script needs beside it."""

SCRIPTS = tuple(dict.fromkeys(words.script for words in FAMILIES.values()))
NAMES = (PROGRAM, WEIGHTS, README, REPORT, INPUTS, EXPECTED, NEURONS, REPLAY, CONSTANTS, *SCRIPTS,
         *HELPERS)
"""All that a lab's folder may hold; of the scripts for chips it has that of its family, or none."""

Refusal: TypeAlias = Callable[[Network], str | None]


def write_lab_folder(
    folder: Path, program: Program, trial: Trial, report: Mapping[str, Any], *, family: Family,
    refusal: Refusal = lambda _: None,
) -> None:
    """Write all files into a folder that is there; equal arguments give equal bytes.

    Parameters
    ----------
    folder : Path
        To have it whole or not at all, write into that of `files.atomic.atomic_folder`.
    program : Program
    trial : Trial
    report : mapping
        Plain data, for ``report.json``.
    family : {"loihi1", "loihi2", "cpu"}
        Of the program's profile: whose software the script is for.
    refusal : callable, optional
        The reason why this software cannot hold a network, or None; `why_not` of the backend
        that `backend_of` names.

    Raises
    ------
    UnsupportedError
        If a unit is in the float domain.
    """
    words = FAMILIES[family]
    reasons = _reasons_against(program, words, refusal)
    write_program(folder, _in_lavas_spelling(program))
    write_arrays(folder / INPUTS, trial.inputs)
    write_arrays(folder / EXPECTED, trial.expected())
    (folder / REPORT).write_text(to_json(report), "utf-8")
    (folder / README).write_text(_readme(program, trial, words, reasons), "utf-8")
    (folder / NEURONS).write_text(neuron_page(program), "utf-8")
    unit = program.units[trial.unit]
    if why_not_replayed(unit) is None:
        (folder / REPLAY).write_text(replay_script(unit), "utf-8")
        write_arrays(folder / CONSTANTS, constants_of(unit))
    if len(reasons) < len(program.units):
        for name in (words.script, *HELPERS):
            (folder / name).write_text(_alone(name), "utf-8")


def backend_of(family: Family) -> str:
    """The backend that knows what the software for a family's chips can hold."""
    return FAMILIES[family].backend


def _reasons_against(program: Program, words: LabWords, refusal: Refusal) -> dict[str, str]:
    """Units that the software cannot run, each with the reason."""
    found = ((unit.name, _foreign(unit.network, words) or refusal(unit.network))
             for unit in program.units)
    return {name: reason for name, reason in found if reason}


def _foreign(network: Network, words: LabWords) -> str | None:
    """The first neuron model that the software lacks."""
    return next((f"{p.name} is a {p.model.kind}, which {words.software} does not have"
                 for p in network.populations if p.model.kind not in STOCK), None)


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


def _readme(
    program: Program, trial: Trial, words: LabWords, reasons: Mapping[str, str]
) -> str:
    some = len(reasons) < len(program.units)
    unheard = why_not_replayed(program.units[trial.unit])
    told = {
        "replay_row": REPLAY_ROW if unheard is None else "",
        "replay": REPLAY_HOW if unheard is None else (
            f"No script repeats the run with NumPy: {escaped(unheard)}."),
        "profile": program.profile,
        "units": _count(len(program.units), "unit"),
        "cores": _count(program.cores, "core"),
        "trial": _code(program.units[trial.unit].name),
        "backend": trial.backend, "evidence": trial.evidence, "steps": str(trial.steps),
        "script_row": Template(ROWS).substitute(vars(words)) if some else "",
        "how": Template(HOW if some else NO_SCRIPT).substitute(vars(words)),
        "stock": _stock(reasons, words),
        "unchecked": words.unchecked, "numbers": words.numbers,
    }
    return Template(_beside("readme.md")).substitute(told)


REPLAY_ROW = f"""\
| `{REPLAY}`, `{CONSTANTS}` | repeats the run of `inputs.npz` with NumPy alone |
"""

REPLAY_HOW = f"""\
    python {REPLAY}

repeats the run of `inputs.npz` with NumPy alone and compares every integer with `expected.npz`. It
ends with 0 when all is equal, 1 with the first step and population that differ, 3 when a file is
missing or not whole."""

ROWS = """\
| `$script` | builds a unit of $parts and runs it |
| `program_reader.py`, `trial_runner.py` | what the script needs beside it |
"""

HOW = """\
$install
    python $script --check
    python $script --unit NAME --inputs my.npz --read-at 50,100 --output got.npz

Where $extension is installed the script runs on the chip, elsewhere
$simulation; it says which. `--check` repeats the run of `inputs.npz` and
compares every integer with `expected.npz`. The script ends with 0 when all went well, 1 when a
check failed, 2 when something cannot be done, 3 when a file is wrong. $inputs"""

NO_SCRIPT = """\
There is no script: $software cannot run any unit of this program, for the reason below.
$no_script"""


def _stock(reasons: Mapping[str, str], words: LabWords) -> str:
    if not reasons:
        return f"All units consist of {words.parts}."
    name, reason = next(iter(reasons.items()))
    who = words.software[0].upper() + words.software[1:]
    return (f"{who} cannot run {_count(len(reasons), 'unit')}, `{_code(name)}` among them: "
            f"{escaped(reason)}.")


def _code(name: str) -> str:
    """A name between backticks of a table: it ends neither, and what is not seen is escaped."""
    return escaped(name).replace("`", r"\x60").replace("|", r"\x7c")


def _count(number: int, what: str) -> str:
    return f"{number} {what}" + ("" if number == 1 else "s")


def _alone(name: str) -> str:
    """A script as it runs where there is no neuromorph: what it imports lies beside it."""
    return _beside(name).replace(f"from {__package__}.", "from ")


def _beside(name: str) -> str:
    """A file of this package, as it is."""
    return Path(__file__).with_name(name).read_text("utf-8")
