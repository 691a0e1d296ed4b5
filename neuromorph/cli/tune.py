"""``neuromorph tune MODEL --keep 'kl<=0.01'``."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from neuromorph.cli import completion
from neuromorph.cli.common import (
    Force,
    Jobs,
    Json,
    Length,
    Quiet,
    Scheduler,
    Seed,
    Windows,
    check_flags,
    check_force,
    progress,
    show,
)

if TYPE_CHECKING:
    from neuromorph.api.tune import TuneReport
    from neuromorph.translate import TranslateOptions


def tune(
    source: Annotated[Path, typer.Argument(
        readable=False, help="A model, as export takes it, or a bundle of attention made from "
                             "one.")],
    keep: Annotated[str, typer.Option(
        help="What shall be kept, quoted for the shell: 'kl<=0.01', 'cosine>=0.999'; metrics are "
             "kl, perplexity_ratio, top1, cosine, hidden and score. Several, with commas.")],
    by: Annotated[Literal["steps", "spikes", "energy", "cores"], typer.Option(
        help="The cost that shall be least; energy and cores are a compiled program's.")] = "steps",
    output: Annotated[Path | None, typer.Option(
        "-o", "--output", readable=False,
        help="Folder of the new bundle; without, none is written.")] = None,
    calibrate: Annotated[Path | None, typer.Option(
        readable=False, help="What trials are calibrated on: text (.txt, one passage a line); the "
                             "digits model brings its own, or takes images.")] = None,
    text: Annotated[Path | None, typer.Option(
        readable=False, help="Other text, which the model judges trials by; the digits model has "
                             "images.")] = None,
    against: Annotated[Path | None, typer.Option(
        readable=False, help="The model that a bundle was made from, where it is not in the "
                             "bundle.")] = None,
    windows: Windows = None,
    length: Length = None,
    tokens: Annotated[int | None, typer.Option(
        help="No further window after so many tokens; 4096 if neither this nor --windows is "
             "given.", min=1)] = None,
    slots: Annotated[int | None, typer.Option(
        help="Longest context; else as export chooses it, and twice and four times as many are "
             "tried too.")] = None,
    target: Annotated[Literal["loihi2", "loihi1"] | None, typer.Option(
        help="Whose registers to fit; loihi2 if left out.")] = None,
    profile: Annotated[str | None, typer.Option(
        autocompletion=completion.profiles,
        help="Compile each trial for this board; its cores and energy are then told.")] = None,
    programmable: Annotated[bool, typer.Option(
        "--programmable", help="Let a Loihi 2 board run neurons of our own, which graded spikes "
                               "need.")] = False,
    trials: Annotated[int | None, typer.Option(
        help="At most so many trials, 32 if left out; all kinds and slots are tried anyway.",
        min=1)] = None,
    heads: Annotated[int, typer.Option(
        help="Of so many heads, those that look worst, ask the model what it loses with each "
             "alone in spikes.", min=0)] = 0,
    picture: Annotated[Path | None, typer.Option(
        readable=False, help="Draw the curve into this new .png file; needs the plot "
                             "extra.")] = None,
    work: Annotated[Path | None, typer.Option(
        readable=False, help="Folder in which trials are kept, to go on from after an "
                             "interruption or for another wish; out/tune if left out.")] = None,
    jobs: Jobs = 1,
    scheduler: Scheduler = None,
    seed: Seed = 0,
    force: Force = False,
    as_json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Search what a wanted fidelity costs, and write the bundle that has it at least cost."""
    check_flags(as_json=as_json, quiet=quiet)
    check_force(output, force=force)
    from neuromorph.api.evaluation.windows import Bounds
    from neuromorph.api.tune import TRIALS, WORK
    from neuromorph.api.tune import tune as run
    from neuromorph.files.atomic import check_new
    from neuromorph.parallel import Spread

    spread = Spread(jobs, scheduler)
    if picture is not None:
        from neuromorph.report.canvas import require_matplotlib

        check_new(picture)
        require_matplotlib()
    with progress(quiet or as_json) as tell:
        found = run(source, keep, by=by, output=output, calibrate=calibrate, text=text,
                    against=against, bounds=Bounds(windows, length, tokens),
                    options=_options(slots, target), profile=profile, programmable=programmable,
                    trials=TRIALS if trials is None else trials, heads=heads, seed=seed,
                    work=WORK if work is None else work, spread=spread, force=force,
                    progress=tell)
        if picture is not None:
            _draw(found, picture)
    show(found.as_dict(), lambda: _shown(found, picture), as_json=as_json, quiet=quiet)
    if found.refusal is not None:
        raise found.refusal


def _options(slots: int | None, target: Literal["loihi2", "loihi1"] | None) -> (
        TranslateOptions | None):
    """What a model starts from; None if nothing was said, as for a bundle."""
    if slots is None and target is None:
        return None
    from neuromorph.translate import TranslateOptions
    from neuromorph.translate.preference import choose

    named = target or "loihi2"
    return choose(TranslateOptions(spikes="graded" if named == "loihi2" else "binary",
                                   target=named, slots=slots)).options  # as an export has them


def _draw(found: TuneReport, picture: Path) -> None:
    from neuromorph.files.atomic import write_file
    from neuromorph.report.tuning_picture import draw_tuning

    write_file(picture, draw_tuning(found.as_dict()))


def _shown(found: TuneReport, picture: Path | None) -> list[Any]:
    from neuromorph.report.tuning import tuning_tables

    lines = [] if picture is None else [f"Picture: {picture}"]
    if found.path is not None:
        lines.append(f"Run it: neuromorph simulate {shlex.quote(str(found.path))}")
    return [*tuning_tables(found.as_dict()), *lines]
