"""What the scripts of the papers share: a row of published against ours, tables, pictures."""

from __future__ import annotations

import argparse
import json
import math
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from neuromorph.errors import NeuromorphError, UsageError
from neuromorph.files.atomic import write_file
from neuromorph.report.canvas import new_axes, write_png

OUTPUT = Path("out/papers")

Tell = Callable[[str], None]


@dataclass(frozen=True)
class Row:
    """One number of a paper, and ours.

    Attributes
    ----------
    paper, quantity : str
    published : float or None
        None where nothing is published: ours is reported beside.
    ours : float
    tolerance : float or None
        None where the number is reported, not judged.
    ok : bool or None
        Whether ours is within the tolerance; None where it is not judged.
    why : str
        The reason, if it is missed and the reason is known.
    """

    paper: str
    quantity: str
    published: float | None
    ours: float
    tolerance: float | None
    ok: bool | None
    why: str = ""


Run = Callable[[Path, bool, Tell], list[Row]]


def row(
    paper: str, quantity: str, published: float | None, ours: float, tolerance: float | None,
    why: str = "",
) -> Row:
    """ok = |ours - published| <= tolerance; None where nothing is published or tolerated.

    ``why`` is the reason if the row should miss; it is kept only then.

    Raises
    ------
    UsageError
        If a number is not finite or the tolerance negative.
    """
    _check_finite(quantity, published, ours, tolerance)
    ok = None
    if published is not None and tolerance is not None:
        ok = bool(abs(ours - published) <= tolerance)
    return Row(paper, quantity, _plain(published), float(ours), _plain(tolerance), ok,
               why if ok is False else "")


def bound(paper: str, quantity: str, limit: float, ours: float, why: str = "") -> Row:
    """ok = ours <= limit; the quantity says that it is a limit.

    ``why`` is as for `row`.

    Raises
    ------
    UsageError
        If a number is not finite.
    """
    _check_finite(quantity, limit, ours, None)
    ok = bool(ours <= limit)
    return Row(paper, f"{quantity} (at most)", float(limit), float(ours), 0.0, ok,
               "" if ok else why)


def _check_finite(
    quantity: str, published: float | None, ours: float, tolerance: float | None
) -> None:
    numbers = [n for n in (published, ours, tolerance) if n is not None]
    if not all(math.isfinite(n) for n in numbers) or (tolerance is not None and tolerance < 0):
        raise UsageError("a row needs finite numbers", where=quantity, found=numbers)


def _plain(number: float | None) -> float | None:
    """A Python number: NumPy's do not go into JSON."""
    return None if number is None else float(number)


# --- tables


def table(rows: Sequence[Row]) -> str:
    """The rows as aligned text, a heading for each paper, and how many missed."""
    lines: list[str] = []
    width = max((len(r.quantity) for r in rows), default=0)
    for paper in dict.fromkeys(r.paper for r in rows):
        lines += [paper, f"  {'':{width}}  {'published':>10}  {'ours':>10}  {'tolerance':>9}"]
        lines += [_line(r, width) for r in rows if r.paper == paper]
    judged = [r for r in rows if r.ok is not None]
    missed = sum(not r.ok for r in judged)
    beside = len(rows) - len(judged)
    return "\n".join([*lines, f"{len(judged)} judged, {missed} missed, {beside} reported beside"])


def _line(r: Row, width: int) -> str:
    verdict = {True: "ok", False: f"MISSED: {r.why}" if r.why else "MISSED", None: ""}[r.ok]
    cells = f"{figure(r.published):>10}  {figure(r.ours):>10}  {figure(r.tolerance):>9}  {verdict}"
    return f"  {r.quantity:{width}}  {cells}".rstrip()


def figure(number: float | None) -> str:
    """Four digits; "-" where there is none."""
    return "-" if number is None else f"{number:.4g}"


def print_rows(rows: Sequence[Row]) -> None:
    """Print `table`."""
    print(table(rows), flush=True)


def save_summary(rows: Sequence[Row], path: Path) -> None:
    """Write the rows as a JSON list; the file is whole or not there.

    Raises
    ------
    WriteError
    """
    write_file(path, json.dumps([asdict(r) for r in rows], indent=1) + "\n", force=True)


# --- pictures


@contextmanager
def picture(path: Path, rows: int = 1, columns: int = 1, **options: Any) -> Iterator[Any]:
    """Axes of a new figure, an array if there are several; saved as PNG when the block ends.

    ``options`` go to matplotlib's ``subplots``. The same picture gives the same bytes.
    """
    figure, axes = new_axes(rows, columns, **options)
    yield axes
    for one in figure.axes:
        one.spines[["top", "right"]].set_visible(False)
    path.parent.mkdir(parents=True, exist_ok=True)
    write_png(figure, path)


# --- the command line


def main(title: str, run: Run, arguments: Sequence[str] | None = None) -> None:
    """Run one paper's script: its rows to the screen, its pictures into ``-o``."""
    parser = argparse.ArgumentParser(description=title)
    add_options(parser)
    chosen = parser.parse_args(arguments)
    with errors_told():
        print(f"== {title}", flush=True)
        print_rows(run(chosen.output, chosen.full, tell))


def add_options(parser: argparse.ArgumentParser) -> None:
    """The options that every script has: --full and -o."""
    parser.add_argument("--full", action="store_true", help="more trials and more seeds")
    parser.add_argument("-o", "--output", type=Path, default=OUTPUT, metavar="FOLDER",
                        help=f"where figures go ({OUTPUT})")


@contextmanager
def errors_told() -> Iterator[None]:
    """An error of ours as one line and its exit code, not as a traceback."""
    try:
        yield
    except NeuromorphError as error:
        print(f"error: {error}", file=sys.stderr)
        sys.exit(error.exit_code)


def tell(text: str) -> None:
    """A line of progress."""
    print(f"  {text}", flush=True)
