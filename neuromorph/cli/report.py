"""``neuromorph report BUNDLE -o PAGE``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from neuromorph.cli.common import (
    Force,
    Jobs,
    Json,
    Length,
    Quiet,
    Resume,
    Scheduler,
    Seed,
    Windows,
    check_flags,
    progress,
    show,
    warned,
)


def report(
    bundle: Annotated[Path, typer.Argument(
        readable=False, help="A bundle of attention, or of a whole model.")],
    output: Annotated[Path, typer.Option(
        "-o", "--output", readable=False, help="The page, one HTML file with all pictures in it.")],
    text: Annotated[Path | None, typer.Option(
        readable=False, help="UTF-8 text, one passage a line, to evaluate on: not what it was "
                             "calibrated on. The digits model brings its own images.")] = None,
    against: Annotated[Path | None, typer.Option(
        readable=False, help="The float model, as of `neuromorph evaluate`.")] = None,
    windows: Windows = None,
    length: Length = None,
    tokens: Annotated[int | None, typer.Option(
        help="No further window after so many tokens.", min=1)] = None,
    profile: Annotated[str | None, typer.Option(
        help="Also place it on this chip or board, for a map of its cores and an estimate of "
             "energy; see `neuromorph profiles list`.")] = None,
    work: Annotated[Path | None, typer.Option(
        readable=False, help="Folder for what of the evaluation is done so far; out/evaluate if "
                             "left out.")] = None,
    jobs: Jobs = 1,
    scheduler: Scheduler = None,
    resume: Resume = False,
    seed: Seed = 0,
    force: Force = False,
    as_json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Make a page of a bundle: what it lost, who looks at whom, and what to do next."""
    check_flags(as_json=as_json, quiet=quiet)
    from neuromorph.api.evaluate import WORK
    from neuromorph.api.evaluation.windows import Bounds
    from neuromorph.api.report import Asked, report_page
    from neuromorph.parallel import Spread

    asked = Asked(text, against, Bounds(windows, length, tokens), profile, seed)
    with progress(quiet or as_json) as tell:
        done = report_page(bundle, output, asked, force=force,
                           work=WORK if work is None else work,
                           spread=Spread(jobs, scheduler, resume), progress=tell)
    show(done.as_dict(), lambda: [*warned(done.facts.warnings), f"Page: {output}"],
         as_json=as_json, quiet=quiet)
