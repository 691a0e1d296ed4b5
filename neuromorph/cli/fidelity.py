"""``neuromorph fidelity BUNDLE --crosstalk STRENGTH``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from neuromorph.cli import completion
from neuromorph.cli.common import (
    CROSSTALK,
    Force,
    Json,
    Plot,
    Quiet,
    Seed,
    check_flags,
    check_force,
    check_plot,
    progress,
    save_plot,
    show,
)


def fidelity(
    bundle: Annotated[Path, typer.Argument(
        readable=False, help="A bundle of attention that `neuromorph export` made.")],
    crosstalk: Annotated[list[float] | None, typer.Option(
        help=f"{CROSSTALK} 0.02 to 0.5 if left out.")] = None,
    inputs: Annotated[Path | None, typer.Option(
        readable=False, help="Arrays (.npz): queries.0, keys.0, values.0, … The bundle's own "
                             "sample if left out.")] = None,
    backend: Annotated[str | None, typer.Option(
        autocompletion=completion.backends,
        help="What runs it; `neuromorph run match_and_control --list` names all.")] = None,
    output: Annotated[Path | None, typer.Option(
        "-o", "--output", readable=False,
        help="Folder for summary.json and crosstalk.png.")] = None,
    plot: Plot = None,
    seed: Seed = 0,
    force: Force = False,
    as_json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Say how wrong a slot may be: each head where its keys and values mix, as analogue ones might.

    Slots of our circuits are digital and do not mix: this is a stress test.
    """
    check_flags(as_json=as_json, quiet=quiet)
    from neuromorph.api.crosstalk import FOLDER, STRENGTHS, save_crosstalk
    from neuromorph.api.crosstalk import crosstalk as run
    from neuromorph.api.plots import of_crosstalk
    from neuromorph.backends import DEFAULT
    from neuromorph.files.atomic import check_target
    from neuromorph.report.crosstalk import crosstalk_tables

    check_force(output, plot, force=force)
    check_plot(plot, output, force=force)
    if output is not None:
        check_target(output, ours=FOLDER, force=force)
    with progress(quiet or as_json) as tell:
        report = run(bundle, crosstalk or STRENGTHS, inputs=inputs,
                     backend=DEFAULT if backend is None else backend, seed=seed, progress=tell)
        if output is not None:
            save_crosstalk(report, output, force=force)
        drawn = save_plot(plot, lambda: of_crosstalk(bundle, report, tell), force=force)
    result = report.as_dict()
    show(result, lambda: [*crosstalk_tables(result["curve"]),
                          *([] if output is None else [f"Curve: {output}"]), *drawn],
         as_json=as_json, quiet=quiet)
