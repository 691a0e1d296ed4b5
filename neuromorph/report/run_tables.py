"""Tables for the terminal of circuits that can be run, and of what a run found."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from rich.table import Table
from rich.text import Text

from neuromorph.errors import printable
from neuromorph.report.tables import pairs_table, rows_table
from neuromorph.report.text import LONGEST, label

LONGEST_TITLE = 22
"""Letters of what is a title in a circuit's summary, before a colon."""


def run_tables(result: Mapping[str, Any]) -> list[Table | Text]:
    """The numbers of a run, and what happened in sentences."""
    rows = {"backend": f"{result['backend']} ({result['evidence']})", "seed": result["seed"]}
    numbers = {label(name): value for name, value in result["numbers"].items()
               if not _is_table(value)}
    sentences = [Text(printable(s, LONGEST)) for s in result["sentences"]]
    return [pairs_table(f"Ran {result['circuit']}", rows | numbers),
            *(_table(name, value) for name, value in result["numbers"].items()
              if _is_table(value)), *sentences, Text()]


def seeds_tables(result: Mapping[str, Any]) -> list[Table | Text]:
    """Each number over all seeds."""
    title = f"Ran {result['circuit']} on {result['backend']} with {len(result['seeds'])} seeds"
    rows = [(label(name), *(found[column] for column in _OVER_SEEDS))
            for name, found in result["numbers"].items()]
    return [rows_table(title, ("number", *_OVER_SEEDS), rows, words=1)]


_OVER_SEEDS = ("mean", "sd", "least", "most")


def circuits_table(summaries: Mapping[str, str]) -> list[Table | Text]:
    """What circuits there are, a line each."""
    return [pairs_table("Circuits", {name: _untitled(what) for name, what in summaries.items()}),
            Text("Settings and backends of one: neuromorph run NAME --list. Run it: neuromorph "
                 "run NAME --set KEY=VALUE")]


def _untitled(summary: str) -> str:
    """Without a title, which is the name in other words."""
    title, _, rest = summary.rstrip(".").partition(": ")
    what = rest if rest and len(title) <= LONGEST_TITLE else summary.rstrip(".")
    return what[:1].upper() + what[1:]


def circuit_tables(description: Mapping[str, Any]) -> list[Table | Text]:
    """One circuit: what it does, its settings as they are typed, and the backends."""
    settings = [(s["name"], typed(s["default"]), ", ".join(filter(None, (s["kind"], s["limits"]))),
                 s["meaning"]) for s in description["settings"]]
    columns = ("setting", "default", "takes", "meaning")
    backends = {name: _able(name, reason, description["default_backend"])
                for name, reason in description["backends"].items()}
    title = f"{description['circuit']}: {description['summary']}"
    return [rows_table(title, columns, settings, words=len(columns)),
            pairs_table(f"{description['circuit']} runs on", backends)]


def _is_table(value: object) -> bool:
    """A list of mappings, all with the same names: a row each."""
    return isinstance(value, list | tuple) and bool(value) and all(
        isinstance(row, Mapping) and row.keys() == value[0].keys() for row in value)


def _table(name: str, rows: Sequence[Mapping[str, Any]]) -> Table:
    words = [n for n, cell in enumerate(rows[0].values()) if not isinstance(cell, str)]
    return rows_table(label(name), [label(column) for column in rows[0]],
                      [tuple(row.values()) for row in rows], words=min(words, default=len(rows[0])))


def typed(value: object) -> str:
    """A setting's value as a person types it: ``1000``, ``0.5``, ``true``."""
    return str(value).lower() if isinstance(value, bool) else str(value)


def _able(name: str, reason: str | None, default: str) -> str:
    if reason is not None:
        return f"no: {reason}"
    return "yes, if none is named" if name == default else "yes"
