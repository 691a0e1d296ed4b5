"""Run a circuit with several seeds: each seed's numbers, and what they are together."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from numbers import Integral
from pathlib import Path
from statistics import fmean, stdev
from typing import Any

from neuromorph.api import circuits
from neuromorph.api.run import SUMMARY, default_backend, machine_for
from neuromorph.api.run import run as run_once
from neuromorph.api.seed import check_seed
from neuromorph.errors import UsageError
from neuromorph.files.atomic import atomic_folder, check_target
from neuromorph.files.opening import StrPath
from neuromorph.files.outputs import Output
from neuromorph.parallel import HERE, JSON, Doing, Spread, Work, carry_out
from neuromorph.progress import Progress, silent
from neuromorph.report.text import to_json
from neuromorph.shown import Shown
from neuromorph.translate import Caution

FOLDER = Output("run over seeds", (SUMMARY,), SUMMARY)
WORK = Path("out/journals")
"""Where what is done so far is kept, in a folder for each run."""

MOST = 1 << 20
"""Seeds of one run."""


@dataclass(frozen=True, eq=False, repr=False)
class SeedsReport(Shown):
    """What runs with several seeds found.

    Attributes
    ----------
    summary : dict
        What ``summary.json`` holds: circuit, backend, evidence, settings, seeds, ``numbers`` (of
        each number ``mean``, ``sd``, ``least`` and ``most`` over seeds), ``by_seed``, warnings.
    resumed : int
        Seeds that an earlier run, which was stopped, had done.
    path : Path, optional
        The folder, if one was asked for.
    """

    summary: dict[str, Any]
    resumed: int = 0
    path: Path | None = None

    @property
    def cautions(self) -> tuple[Caution, ...]:
        """Warnings of any seed, each once."""
        return tuple(Caution(one["kind"], one["where"], one["text"])
                     for one in self.summary["warnings"])

    def as_dict(self) -> dict[str, Any]:
        """Plain values, for JSON."""
        return ({} if self.path is None else {"report": str(self.path)}) | self.summary


def run_seeds(
    circuit: str, count: int, *, backend: str | None = None,
    settings: Mapping[str, object] | None = None, output: StrPath | None = None, seed: int = 0,
    force: bool = False, work: StrPath | None = None, spread: Spread = HERE,
    progress: Progress = silent,
) -> SeedsReport:
    """Run a circuit with the seeds ``seed``, ``seed + 1``, …, and put their numbers together.

    Parameters
    ----------
    circuit : str
    count : int
        How many seeds, at least 1.
    backend, settings, force, progress
        As of `neuromorph.run`.
    output : path, optional
        Folder for ``summary.json``; nothing is written if left out.
    seed : int
        The first one.
    work : path, optional
        Folder for what is done so far. Runs of the same kind that were stopped go on from there,
        to the same numbers; it is empty again when they are done.
    spread : Spread, optional
        Where seeds are run: in this process, in several, or on a Dask cluster, to the same numbers.

    Raises
    ------
    UsageError, UnsupportedError, OutputExistsError
        As of `neuromorph.run`; before anything runs.
    """
    check_seed(seed)
    _check_count(count)
    chosen = circuits.get(circuit)
    options = asdict(chosen.choose(settings or {}))
    machine = machine_for(chosen, default_backend(chosen) if backend is None else backend)
    if output is not None:
        check_target(output, ours=FOLDER, force=force)
    seeds = list(range(seed, seed + count))
    done = carry_out(
        Work(f"run {circuit}", Doing(_Run(circuit, machine.name, options), _summary, JSON),
             seeds, "seed", {"circuit": circuit, "backend": machine.name, "first seed": str(seed),
                             "settings": json.dumps(options, sort_keys=True)}),
        spread, keep=work, progress=progress)
    summary = {"circuit": circuit, "backend": machine.name, "evidence": machine.evidence,
               "settings": options, "seeds": seeds, "numbers": together(
                   [one["numbers"] for one in done.results]),
               "by_seed": [one["numbers"] for one in done.results],
               "warnings": _once([caution for one in done.results
                                  for caution in one["warnings"]])}
    if output is not None:
        with atomic_folder(output, ours=FOLDER, force=force) as folder:
            (folder / SUMMARY).write_text(to_json({**FOLDER.mark(), **summary}), "utf-8")
    done.journal.clear()
    return SeedsReport(summary, done.resumed, None if output is None else Path(output))


def together(each: Sequence[Mapping[str, Any]]) -> dict[str, dict[str, float | None]]:
    """Of every number that all seeds have: mean, sample standard deviation, least and most.

    Numbers that are true or false count as 1 and 0; what one seed has no finite number for is
    left out.
    """
    found: dict[str, dict[str, float | None]] = {}
    for name in each[0]:
        values = [one.get(name) for one in each]
        numbers = [float(v) for v in values if isinstance(v, int | float) and math.isfinite(v)]
        if len(numbers) == len(each):
            found[name] = {"mean": fmean(numbers), "sd": _deviation(numbers),
                           "least": min(numbers), "most": max(numbers)}
    return found


def _deviation(numbers: Sequence[float]) -> float | None:
    return stdev(numbers) if len(numbers) > 1 else None


@dataclass(frozen=True)
class _Run:
    """A circuit on a backend, for any seed; there is nothing to set up."""

    circuit: str
    backend: str
    settings: dict[str, Any]

    def __call__(self) -> _Run:
        return self


def _summary(run: _Run, seed: int) -> Any:
    """What ``summary.json`` of one seed would hold."""
    made = run_once(run.circuit, backend=run.backend, settings=run.settings, seed=seed)
    return json.loads(to_json(made.summary))


def _once(cautions: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """Each warning once, in the order in which they came."""
    return list({json.dumps(caution, sort_keys=True): caution for caution in cautions}.values())


def _check_count(count: int) -> None:
    if isinstance(count, bool) or not isinstance(count, Integral) or not 1 <= count <= MOST:
        raise UsageError("the number of seeds must be a whole number", where="--seeds",
                         found=repr(count), expected=f"1 to {MOST}")
