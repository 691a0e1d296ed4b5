"""``neuromorph doctor``."""

from __future__ import annotations

import typer

from neuromorph.cli.common import Json, JsonFile, Quiet, Seed, check_flags, show, write_json

UNHEALTHY = 6


def doctor(
    output: JsonFile = None,
    seed: Seed = 0,  # noqa: ARG001 - every command takes it
    as_json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Say what is installed, what is missing, and the line that installs it."""
    check_flags(as_json=as_json, quiet=quiet)
    from neuromorph.api.doctor import diagnose

    diagnosis = diagnose()
    result = diagnosis.as_dict()
    if output is not None:
        write_json(result, output)
    show(result, lambda: _tables(result), as_json=as_json, quiet=quiet)
    if not diagnosis.healthy:
        raise typer.Exit(UNHEALTHY)


def _tables(result: dict[str, object]) -> list[object]:
    from neuromorph.report.tables import diagnosis_tables

    return [*diagnosis_tables(result)]
