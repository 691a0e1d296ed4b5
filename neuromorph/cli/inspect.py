"""``neuromorph inspect PATH``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from neuromorph.cli.common import (
    Json,
    JsonFile,
    Quiet,
    Seed,
    check_flags,
    emit,
    show,
    warned,
    write_json,
)


def inspect(
    path: Annotated[Path, typer.Argument(
        readable=False, help="A bundle, a model folder or a .safetensors file.")],
    output: JsonFile = None,
    network: Annotated[bool, typer.Option(
        "--network", help="Print the text form of a bundle's circuits; with --json, add it.")
    ] = False,
    seed: Seed = 0,  # noqa: ARG001 - every command takes it
    as_json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Say what a bundle or a model holds."""
    check_flags(as_json=as_json, quiet=quiet)
    from neuromorph.api.inspect import describe, network_text
    from neuromorph.report.tables import inspection_tables

    result = describe(path)
    if network:
        result["network"] = network_text(path)
    if output is not None:
        write_json(result, output)
    if network and not as_json and not quiet:
        emit(result["network"])
        return
    show(result, lambda: [*inspection_tables(result), *result.get("notes", ()),
                          *warned(result.get("warnings", ()))],
         as_json=as_json, quiet=quiet)
