"""Run: a circuit's name and settings in, numbers, sentences and a picture out."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from neuromorph import backends
from neuromorph.api import circuits
from neuromorph.api.circuits import Circuit, Outcome
from neuromorph.api.seed import check_seed
from neuromorph.backends import Backend
from neuromorph.errors import UnsupportedError
from neuromorph.files.atomic import atomic_folder, check_target
from neuromorph.files.outputs import Output
from neuromorph.progress import Progress, silent
from neuromorph.report.canvas import require_matplotlib
from neuromorph.report.text import readable, to_json
from neuromorph.shown import Shown, sentences
from neuromorph.translate import cautions

SUMMARY, PICTURE = "summary.json", "picture.png"
NAMES = (SUMMARY, PICTURE)
"""All that a folder of a run's holds."""

FOLDER = Output("run", NAMES, SUMMARY)


@dataclass(frozen=True, eq=False, repr=False)
class RunReport(Shown):
    """What a run did.

    Attributes
    ----------
    outcome : Outcome
        With ``outcome.draw(path)`` the picture is drawn, also when no folder was asked for.
    summary : dict
        What ``summary.json`` holds: circuit, backend, evidence, seed, settings, numbers,
        sentences, warnings.
    path : Path, optional
        The folder, if one was asked for.
    """

    outcome: Outcome
    summary: dict[str, Any]
    path: Path | None = None

    def glance(self) -> dict[str, Any]:
        """What a notebook shows: what happened, in words, and the numbers."""
        said = self.summary
        return {
            "circuit": said["circuit"], "on": f"{said['backend']} ({said['evidence']})",
            "what happened": " ".join(self.outcome.sentences),
            "numbers": [{"number": name, "value": readable(value)}
                        for name, value in self.outcome.numbers.items()],
            "settings": said["settings"], "seed": said["seed"],
            "warnings": sentences(self.outcome.cautions),
            "folder": None if self.path is None else str(self.path)}

    def as_dict(self) -> dict[str, Any]:
        """Plain values, for JSON."""
        return ({} if self.path is None else {"report": str(self.path)}) | self.summary


def run(
    circuit: str,
    *,
    backend: str | None = None,
    settings: Mapping[str, object] | None = None,
    output: str | os.PathLike[str] | None = None,
    seed: int = 0,
    force: bool = False,
    progress: Progress = silent,
) -> RunReport:
    """Run a circuit by its name, and write its summary and its picture.

    Parameters
    ----------
    circuit : str
        One of `neuromorph.api.circuits.names`.
    backend : str, optional
        The circuit's `default_backend` if left out.
    settings : mapping of str to int, float, bool or str, optional
        In place of the circuit's defaults.
    output : path, optional
        Folder for ``summary.json`` and ``picture.png``; nothing is written if left out.
    seed : int
        At least 0; of every random choice.
    force : bool
        Replace an earlier run.
    progress : callable, optional

    Raises
    ------
    UsageError
        If there is no such circuit, setting or backend, or a setting does not take its value.
    UnsupportedError
        If the circuit does not run on the backend; with the reason.
    OutputExistsError, MissingExtraError
        If the output could not be written or drawn; before anything runs.
    """
    chosen = circuits.get(circuit)
    options = chosen.choose(settings or {})
    machine = machine_for(chosen, default_backend(chosen) if backend is None else backend)
    check_seed(seed)
    if output is not None:
        check_target(output, ours=FOLDER, force=force)
        require_matplotlib()
    progress(f"running {circuit} on {machine.name}")
    outcome = chosen.module.run(options, backend=machine.name, seed=seed, progress=progress)
    summary = {"circuit": circuit, "backend": machine.name, "evidence": machine.evidence,
               "seed": seed, "settings": asdict(options), "numbers": outcome.numbers,
               "sentences": list(outcome.sentences),
               "warnings": [caution.as_dict() for caution in outcome.cautions]}
    if output is not None:
        progress("drawing")
        _save(outcome, summary, output, force=force)
    cautions.warn(outcome.cautions)
    return RunReport(outcome, summary, None if output is None else Path(output))


def default_backend(circuit: Circuit) -> str:
    """The usual backend where the circuit runs on it, else the first of those it runs on."""
    others = (name for name in backends.names() if name != backends.DEFAULT)
    able = (name for name in (backends.DEFAULT, *others)
            if circuit.why_not(backends.get(name)) is None)
    return next(able, backends.DEFAULT)


def describe(circuit: Circuit) -> dict[str, Any]:
    """Plain values of a circuit, for JSON and for people."""
    return {"circuit": circuit.name, "summary": circuit.summary,
            "settings": [asdict(setting) for setting in circuit.settings],
            "default_backend": default_backend(circuit),
            "backends": {name: circuit.why_not(backends.get(name)) for name in backends.names()}}


def machine_for(circuit: Circuit, name: str) -> Backend:
    """The backend of that name, if the circuit runs on it.

    Raises
    ------
    UsageError, UnsupportedError
    """
    machine = backends.get(name)
    if reason := circuit.why_not(machine):
        raise UnsupportedError(reason, where=f"{circuit.name} on backend {name}")
    return machine


def _save(
    outcome: Outcome, summary: Mapping[str, Any], output: str | os.PathLike[str], *, force: bool
) -> None:
    with atomic_folder(output, ours=FOLDER, force=force) as folder:
        outcome.draw(folder / PICTURE)
        (folder / SUMMARY).write_text(to_json({**FOLDER.mark(), **summary}), "utf-8")
