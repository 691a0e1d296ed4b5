"""``neuromorph evaluate BUNDLE --text FILE``."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from neuromorph.cli.common import (
    CROSSTALK,
    Jobs,
    Json,
    JsonFile,
    Length,
    Plot,
    Quiet,
    Resume,
    Scheduler,
    Seed,
    Windows,
    check_flags,
    check_plot,
    progress,
    save_plot,
    show,
    warned,
    write_json,
)

if TYPE_CHECKING:
    from neuromorph.api.evaluate import Evaluation


def evaluate(
    bundle: Annotated[Path, typer.Argument(
        readable=False, help="A bundle of a whole model, of attention, or of memories.")],
    text: Annotated[Path | None, typer.Option(
        readable=False, help="UTF-8 text, one passage a line, that the bundle was not calibrated "
                             "on; or an .npz of tokens (sequences, tokens), as of a model of "
                             "your own. The digits model takes none, and has its own "
                             "images.")] = None,
    against: Annotated[Path | None, typer.Option(
        readable=False, help="The float model; where it was when the bundle was made, if left "
                             "out. Needed for a bundle of attention or memories.")] = None,
    windows: Windows = None,
    length: Length = None,
    tokens: Annotated[int | None, typer.Option(
        help="No further window after so many tokens.", min=1)] = None,
    crosstalk: Annotated[list[float] | None, typer.Option(
        help=f"A stress test beside it, of a bundle of attention, on its own sample: {CROSSTALK} "
             "none if left out. See `neuromorph fidelity`.")] = None,
    work: Annotated[Path | None, typer.Option(
        readable=False, help="Folder for what is done so far, to go on from after an "
                             "interruption; out/evaluate if left out.")] = None,
    jobs: Jobs = 1,
    scheduler: Scheduler = None,
    resume: Resume = False,
    output: JsonFile = None,
    plot: Plot = None,
    seed: Seed = 0,
    as_json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Say what a bundle lost: the same text through it and through the float model."""
    check_flags(as_json=as_json, quiet=quiet)
    from neuromorph.api.evaluate import WORK
    from neuromorph.api.evaluate import evaluate as run
    from neuromorph.api.evaluation.windows import Bounds
    from neuromorph.files.atomic import check_new
    from neuromorph.parallel import Spread

    spread = Spread(jobs, scheduler, resume)
    if output is not None:
        check_new(output)
    check_plot(plot)
    with progress(quiet or as_json) as tell:
        done = run(bundle, text, against=against, bounds=Bounds(windows, length, tokens),
                   crosstalk=crosstalk or (), seed=seed, work=WORK if work is None else work,
                   spread=spread, progress=tell)
    result = done.as_dict()
    if output is not None:
        write_json(result, output)
    drawn = save_plot(plot, lambda: _pictures(done))
    show(result, lambda: [*_shown(done), *drawn], as_json=as_json, quiet=quiet)


def _pictures(done: Evaluation) -> Mapping[str, bytes]:
    from neuromorph.api.plots import of_evaluation

    return of_evaluation(done)


def _shown(done: Evaluation) -> list[Any]:
    from neuromorph.report.crosstalk import crosstalk_tables
    from neuromorph.report.evaluation import evaluation_tables

    resumed = [f"Of these windows, an earlier run had done {done.resumed}."] * bool(done.resumed)
    mixed = crosstalk_tables(done.crosstalk) if done.crosstalk else []
    return [*evaluation_tables(done.as_dict()), *mixed, *resumed, *done.notes,
            *warned(done.cautions)]
