"""What all commands share: options, output, progress."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any

import typer

Json = Annotated[bool, typer.Option("--json", help="Print JSON and nothing else.")]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="Print nothing but errors.")]
Seed = Annotated[int, typer.Option(help="Seed of every random choice.", min=0)]
Force = Annotated[bool, typer.Option("--force", help="Replace an earlier result.")]


@contextmanager
def progress(quiet: bool) -> Iterator[Callable[[str], None]]:
    """A spinner with the name of the current work, on a terminal only; always on stderr."""
    if quiet or not sys.stderr.isatty():
        yield lambda _: None
        return
    from rich.console import Console

    with Console(stderr=True).status("starting") as status:
        yield status.update


def show(result: dict[str, Any], tables: Callable[[], list[Any]], *, as_json: bool,
         quiet: bool) -> None:
    """Print a result as JSON or as tables."""
    if as_json:
        typer.echo(json.dumps(result, indent=2))
        return
    if quiet:
        return
    from rich.console import Console

    console = Console()
    for table in tables():
        console.print(table)


def write_json(result: dict[str, Any], path: Path, *, force: bool = True) -> None:
    """Write JSON beside its final name and rename it.

    Raises
    ------
    OutputExistsError, WriteError
    """
    from neuromorph.bundle.atomic import write_file

    write_file(path, json.dumps(result, indent=2) + "\n", force=force)
