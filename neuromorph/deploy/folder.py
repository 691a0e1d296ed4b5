"""The folder of a compiled program: what a lab takes, and the report."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from neuromorph import backends
from neuromorph.compile import PASSES, Compiled, to_lines
from neuromorph.compile.program_file import reread, to_json, write_program
from neuromorph.deploy.checked import checked_program
from neuromorph.deploy.outcome import CompileReport, Lab
from neuromorph.deploy.whole_trial import FIRST_BLOCK
from neuromorph.files.atomic import atomic_folder
from neuromorph.files.outputs import Output
from neuromorph.lab.folder import NAMES as LAB_NAMES
from neuromorph.lab.folder import REPORT, backend_of, write_lab_folder
from neuromorph.progress import Progress, silent
from neuromorph.report.compile_page import render_compile_page
from neuromorph.report.compile_pictures import draw_pictures

PAGE, PROGRAM_TEXT = "report.html", "program.txt"
DUMPS = {name: f"after-{name}.txt" for name in PASSES}
NAMES = tuple(dict.fromkeys((REPORT, PAGE, *LAB_NAMES, PROGRAM_TEXT, *DUMPS.values())))
"""All that a folder of a compiled program holds; the first two also of one that does not fit."""

FOLDER = Output("program", (*NAMES, FIRST_BLOCK), REPORT,
                {FIRST_BLOCK: Output("program", NAMES, REPORT)})


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
        (folder / REPORT).write_text(to_json(report), "utf-8")
        if found.compiled is not None and found.lab is not None:
            progress("writing the program")
            _write_program(found.compiled, found.lab(), report, folder)
            progress("checking what was written")
            checked_program(found.compiled, *reread(folder), "what was written")
        for name, text in found.dumps.items():
            (folder / DUMPS[name]).write_text(text, "utf-8")
        progress("drawing the report")
        (folder / PAGE).write_text(render_compile_page(found.report, draw_pictures(found.report)),
                                   "utf-8")


def _write_program(compiled: Compiled, lab: Lab, report: dict[str, Any], folder: Path) -> None:
    family = compiled.profile.family
    if lab.folder:
        write_program(folder, compiled.program)
        (folder / lab.folder).mkdir()
    write_lab_folder(folder / lab.folder, lab.program, lab.trial(), report, family=family,
                     refusal=backends.get(backend_of(family)).why_not)
    (folder / PROGRAM_TEXT).write_text(to_lines(compiled), "utf-8")
