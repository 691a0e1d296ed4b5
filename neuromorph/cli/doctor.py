"""``neuromorph doctor``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from neuromorph.cli.common import Json, Quiet, Seed, show, write_json

UNHEALTHY = 6


def doctor(
    output: Annotated[Path | None, typer.Option(
        "-o", "--output", help="Also write the JSON to this file.")] = None,
    seed: Seed = 0,  # noqa: ARG001 - every command takes it
    as_json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Say what is installed, what is missing, and the line that installs it."""
    from neuromorph.api.doctor import diagnose
    from neuromorph.report.tables import diagnosis_tables

    diagnosis = diagnose()
    result = diagnosis.as_dict()
    if output is not None:
        write_json(result, output, force=False)
    show(result, lambda: diagnosis_tables(result), as_json=as_json, quiet=quiet)
    if not diagnosis.healthy:
        raise typer.Exit(UNHEALTHY)
