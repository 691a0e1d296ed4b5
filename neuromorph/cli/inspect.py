"""``neuromorph inspect PATH``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from neuromorph.cli.common import Json, Quiet, Seed, show, write_json


def inspect(
    path: Annotated[Path, typer.Argument(help="A bundle, a model folder or a .safetensors file.")],
    output: Annotated[Path | None, typer.Option(
        "-o", "--output", help="Also write the JSON to this file.")] = None,
    network: Annotated[bool, typer.Option(
        "--network", help="Print the text form of a bundle's circuits.")] = False,
    seed: Seed = 0,  # noqa: ARG001 - every command takes it
    as_json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Say what a bundle or a model holds."""
    from neuromorph.api.inspect import describe, network_text
    from neuromorph.report.tables import inspection_tables

    if network:
        typer.echo(network_text(path), nl=False)
        return
    result = describe(path)
    if output is not None:
        write_json(result, output, force=False)
    show(result, lambda: inspection_tables(result), as_json=as_json, quiet=quiet)
