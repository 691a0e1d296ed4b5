"""What all commands share: options, output, progress."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from neuromorph.errors import UsageError, escaped, printable

if TYPE_CHECKING:
    from rich.console import Console, ConsoleOptions, RenderResult

Json = Annotated[bool, typer.Option("--json", help="Print JSON and nothing else.")]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="Print nothing but errors.")]
Seed = Annotated[int, typer.Option(help="Seed of every random choice.", min=0)]
Force = Annotated[bool, typer.Option("--force", help="Replace an earlier result.")]
Jobs = Annotated[int, typer.Option(
    "-j", "--jobs", help="Processes of this machine that share the work, to the same figures.",
    min=1)]
Scheduler = Annotated[str | None, typer.Option(
    metavar="ADDRESS", help="A Dask scheduler, whose workers share the work: tcp://host:8786.")]
Resume = Annotated[bool, typer.Option(
    "--resume", help="Go on from what an interrupted run kept; refuse what another run kept.")]
Plot = Annotated[Path | None, typer.Option(
    metavar="DIR", readable=False, help="Folder for pictures (PNG), and their list.")]
Windows = Annotated[int | None, typer.Option(help="At most so many windows of the text.", min=1)]
Length = Annotated[int | None, typer.Option(
    help="Tokens of a window; as many as heads remember, up to 512, if left out.", min=2)]
CROSSTALK = ("e: each slot gets e times a random sum of all slots, as long as one on average. "
             "Again for a curve;")
"""How `--crosstalk` is explained, before what it is if left out."""

# Paths are checked by whoever opens them, with errors of ours: hence `readable=False` everywhere.
JsonFile = Annotated[Path | None, typer.Option(
    "-o", "--output", readable=False, help="Also write the JSON to this new file.")]


LAYOUT = "\n\t"
"""Control characters that belong to a text of several lines."""

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


def check_unused(what: str, hint: str, given: Mapping[str, object]) -> None:
    """Refuse options that would not be looked at.

    Parameters
    ----------
    what : str
        What is done instead.
    hint : str
    given : mapping of option to its value
        False, None and an empty list stand for an option that was not given.

    Raises
    ------
    UsageError
    """
    unused = [name for name, value in given.items() if value]
    if unused:
        raise UsageError(f"{what}: it takes no {unused[0]}", hint=hint)


def check_force(*outputs: Path | None, force: bool) -> None:
    """Refuse ``--force`` where nothing is written.

    Raises
    ------
    UsageError
    """
    if all(output is None for output in outputs):
        check_unused("nothing is written without --output", "add -o DIR, or leave --force out",
                     {"--force": force})


def check_plot(
    plot: Path | None, output: Path | None = None, *, force: bool = False
) -> None:
    """Refuse a folder of pictures that cannot be written, before any work is done.

    Raises
    ------
    OutputExistsError, WriteError
    UsageError
        If it is the other output, or one lies in the other.
    MissingExtraError
        Without matplotlib.
    """
    if plot is None:
        return
    if output is not None and _one_holds_the_other(plot, output):
        raise UsageError("pictures need a folder of their own", found=f"--plot {plot}",
                         expected="another one than --output, and neither in the other")
    from neuromorph.api.plots import FOLDER
    from neuromorph.files.atomic import check_target
    from neuromorph.report.canvas import require_matplotlib

    check_target(plot, ours=FOLDER, force=force)
    require_matplotlib()


def _one_holds_the_other(one: Path, other: Path) -> bool:
    """Whether they are the same place, or one lies in the other."""
    first, second = one.resolve(), other.resolve()
    return first.is_relative_to(second) or second.is_relative_to(first)


def save_plot(
    plot: Path | None, draw: Callable[[], Mapping[str, bytes]], *, force: bool = False
) -> list[str]:
    """Draw pictures and write them; lines that name them. Nothing without a folder.

    Raises
    ------
    OutputExistsError, WriteError
    """
    if plot is None:
        return []
    from neuromorph.api.plots import save_pictures

    pictures = draw()
    if not pictures:
        return ["No picture: there is nothing to draw"]
    return [f"Picture: {path}" for path in save_pictures(pictures, plot, force=force)]


@contextmanager
def progress(quiet: bool) -> Iterator[Callable[[str], None]]:
    """A spinner with the name of the current work, on a terminal only; always on stderr."""
    if quiet or sys.stderr is None or not sys.stderr.isatty():
        yield lambda _: None
        return
    from rich.console import Console
    from rich.text import Text

    with Console(stderr=True).status("starting") as status:
        yield lambda what: status.update(Text(printable(what)))


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

    if as_json:
        emit(to_json(result))
    else:
        _write(_rendered(tables()))


def warned(cautions: Iterable[object]) -> list[str]:
    """Lines that say what works, but badly."""
    return [f"warning: {caution}" for caution in cautions]


def emit(text: str) -> None:
    """Write text to standard output, whatever is in it: it does not steer a terminal."""
    _write(escaped(text, keep=LAYOUT))


def _write(text: str) -> None:
    """Write text as it is to standard output, all of it, now; `streams` says how that may fail."""
    sys.stdout.write(text)
    sys.stdout.flush()


def write_json(result: dict[str, Any], path: Path) -> None:
    """Write JSON to a new file.

    Raises
    ------
    OutputExistsError, WriteError
    """
    from neuromorph.files.atomic import write_file
    from neuromorph.report.text import to_json

    write_file(path, to_json(result))


def _rendered(parts: list[Any]) -> str:
    """Tables and lines as one text, as wide and as colourful as standard output takes it.

    A line is not broken: it may be a command, to be copied. Nor is a number: a table that would
    have to breaks out of the width.
    """
    from rich.console import Console

    known = sys.stdout.isatty() or "COLUMNS" in os.environ
    console = Console(width=None if known else FILE_WIDTH)
    with console.capture() as captured:
        for part in parts:
            console.print(_Harmless(part), crop=False, soft_wrap=isinstance(part, str))
    return captured.get()


@dataclass(frozen=True)
class _Harmless:
    """What rich makes of a part, before its colours: only those may steer the terminal."""

    part: Any

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        from rich.segment import Segment
        from rich.text import Text

        drawn = Text(self.part) if isinstance(self.part, str) else self.part
        for segment in console.render(drawn, options):
            yield Segment(escaped(segment.text, keep=LAYOUT), segment.style)
