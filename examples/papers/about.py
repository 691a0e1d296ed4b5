"""What a paper claims, what was built from it, and its rows as last kept: docs/papers.md.

A script declares its paper once, as ``ABOUT``, and keeps its rows:

    ABOUT = Paper(title="Xiao et al. 2024, ...", claims="...", built="...", verdict="...",
                  shown=("digits, HLOP: accuracy over the three tasks",))

    python -m examples.papers hlop --keep      # docs/papers/hlop.json
    python docs/generate.py                    # docs/papers.md
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from examples.papers.common import Row, figure
from neuromorph.errors import MissingFileError, UsageError
from neuromorph.files.atomic import write_file

KEPT = Path(__file__).parents[2] / "docs" / "papers"
"""A file of rows for each script, by its name."""


@dataclass(frozen=True)
class Paper:
    """A line of docs/papers.md.

    Attributes
    ----------
    title : str
        Authors, year, where it appeared.
    claims : str
        What the paper says, in a sentence.
    built : str
        What of it is here: names of circuits, functions, commands.
    verdict : str
        What it is good for, and where it does not help.
    shown : tuple of str
        Rows that stand in the line: their quantity, or "paper: quantity" where several rows have
        that quantity.
    """

    title: str
    claims: str
    built: str
    verdict: str
    shown: tuple[str, ...] = ()


COLUMNS = ("paper", "claims", "built", "published → ours", "rows, missed", "verdict")


def line(paper: Paper, rows: Sequence[Row]) -> tuple[str, ...]:
    """The cells of `COLUMNS`.

    Raises
    ------
    UsageError
        If a row that is to be shown is not there, or is not the only one.
    """
    numbers = "<br>".join(_shown(name, rows) for name in paper.shown)
    judged, missed = counts(rows)
    cells = (paper.title, paper.claims, paper.built, numbers, f"{judged}, {missed}", paper.verdict)
    return tuple(cell.replace("|", r"\|") for cell in cells)


def counts(rows: Iterable[Row]) -> tuple[int, int]:
    """How many rows are judged, and how many of them missed."""
    judged = [row.ok for row in rows if row.ok is not None]
    return len(judged), judged.count(False)


def _shown(name: str, rows: Sequence[Row]) -> str:
    found = [row for row in rows if name in (row.quantity, f"{row.paper}: {row.quantity}")]
    if len(found) != 1:
        raise UsageError("a shown row must be exactly one of the rows", where=name,
                         found=f"{len(found)} rows of this name",
                         hint="keep the rows again, or put the paper before: 'paper: quantity'")
    row = found[0]
    missed = " (missed)" if row.ok is False else ""
    return f"{name}: {figure(row.published)} → {figure(row.ours)}{missed}"


# --- rows as last kept


def keep(name: str, rows: Sequence[Row], folder: Path | None = None) -> None:
    """Write the rows of a script, one a line."""
    lines = ",\n".join(" " + json.dumps(asdict(row), ensure_ascii=False) for row in rows)
    write_file(_file(name, folder), f"[\n{lines}\n]\n", force=True)


def kept(name: str, folder: Path | None = None) -> list[Row]:
    """The rows of a script as last kept.

    Raises
    ------
    MissingFileError
        If none were.
    """
    path = _file(name, folder)
    if not path.exists():
        raise MissingFileError("no rows of this script were kept", where=path.name,
                               hint=f"run python -m examples.papers {name} --keep")
    return [Row(**row) for row in json.loads(path.read_text("utf-8"))]


def _file(name: str, folder: Path | None) -> Path:
    return (folder or KEPT) / f"{name}.json"


def lines(papers: Mapping[str, Paper], folder: Path | None = None) -> list[tuple[str, ...]]:
    """A line for each paper, by the name of its script."""
    return [line(paper, kept(name, folder)) for name, paper in papers.items()]
