"""``neuromorph demo``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from neuromorph.cli.common import Force, Json, Quiet, Seed, check_flags, progress, show


def demo(
    output: Annotated[Path, typer.Option(
        "-o", "--output", readable=False, help="Folder for the report.")] = Path("out/demo"),
    seed: Seed = 0,
    force: Force = False,
    as_json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Classify images with a whole model in integers and spikes, next to the same in float."""
    check_flags(as_json=as_json, quiet=quiet)
    from neuromorph.api.demo import run_demo
    from neuromorph.report.tables import demo_table

    with progress(quiet or as_json) as tell:
        report = run_demo(output, force=force, seed=seed, progress=tell)
    show(report.as_dict(), lambda: [demo_table(report.summary),
                                    f"Report with pictures: {output / 'index.html'}"],
         as_json=as_json, quiet=quiet)
