"""What all commands share: options, output, progress."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any

import typer

from neuromorph.errors import UsageError

Json = Annotated[bool, typer.Option("--json", help="Print JSON and nothing else.")]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="Print nothing but errors.")]
Seed = Annotated[int, typer.Option(help="Seed of every random choice.", min=0)]
Force = Annotated[bool, typer.Option("--force", help="Replace an earlier result.")]
# Paths are checked by whoever opens them, with errors of ours: hence `readable=False` everywhere.
JsonFile = Annotated[Path | None, typer.Option(
    "-o", "--output", readable=False, help="Also write the JSON to this new file.")]


FILE_WIDTH = 100
"""Columns of tables that go to a file or another program."""


def check_flags(*, as_json: bool, quiet: bool) -> None:
    """Refuse flags that contradict each other.

    Raises
    ------
    UsageError
    """
    if as_json and quiet:
        raise UsageError("--json and --quiet contradict each other", hint="leave one of them out")


@contextmanager
def progress(quiet: bool) -> Iterator[Callable[[str], None]]:
    """A spinner with the name of the current work, on a terminal only; always on stderr."""
    if quiet or sys.stderr is None or not sys.stderr.isatty():
        yield lambda _: None
        return
    from rich.console import Console
    from rich.text import Text

    with Console(stderr=True).status("starting") as status:
        yield lambda what: status.update(Text(what))


def show(result: dict[str, Any], tables: Callable[[], list[Any]], *, as_json: bool,
         quiet: bool) -> None:
    """Print a result as JSON or as tables.

    Raises
    ------
    WriteError
    """
    if quiet or sys.stdout is None:  # closed before we began
        return
    from neuromorph.report.text import to_json

    emit(to_json(result) if as_json else _rendered(tables()))


def emit(text: str) -> None:
    """Write text to standard output, all of it, now; `streams` says how that may fail."""
    sys.stdout.write(text)
    sys.stdout.flush()


def write_json(result: dict[str, Any], path: Path) -> None:
    """Write JSON to a new file.

    Raises
    ------
    OutputExistsError, WriteError
    """
    from neuromorph.bundle import write_file
    from neuromorph.report.text import to_json

    write_file(path, to_json(result))


def _rendered(parts: list[Any]) -> str:
    """Tables and lines as one text, as wide and as colourful as standard output takes it.

    A line is not broken: it may be a command, to be copied.
    """
    from rich.console import Console

    known = sys.stdout.isatty() or "COLUMNS" in os.environ
    console = Console(width=None if known else FILE_WIDTH)
    with console.capture() as captured:
        for part in parts:
            console.print(part, markup=False, highlight=False, soft_wrap=isinstance(part, str))
    return captured.get()
