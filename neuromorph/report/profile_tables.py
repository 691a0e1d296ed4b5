"""Tables of hardware profiles for the terminal."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from rich.table import Table
from rich.text import Text

from neuromorph.errors import printable
from neuromorph.report.tables import pairs_table, rows_table
from neuromorph.report.text import LONGEST, bytes_text, readable

BYTE = 8


def profile_list(profiles: Sequence[Mapping[str, Any]]) -> Table:
    """One line a profile."""
    columns = ("profile", "family", "spikes", "neurons", "chips", "cores",
               "neurons a core", "synapses a core")
    return rows_table("Hardware profiles", columns, [_row(p) for p in profiles], words=4,
                      names=True)


def _row(profile: Mapping[str, Any]) -> tuple[object, ...]:
    capacities = (profile["chips"], profile["cores_usable"], profile["neurons_per_core"],
                  bytes_text(profile["synapse_bits_per_core"] / BYTE))
    return (profile["name"], profile["family"],
            "graded" if profile["graded_spikes"] else "plain",
            "any" if profile["programmable"] else "stock",
            *(capacities if profile["limited"] else ("no limit",) * len(capacities)))


def profile_tables(profile: Mapping[str, Any]) -> list[Table | Text]:
    """One profile: every value with unit, confidence and source, a table a section."""
    general = {"family": profile["family"], "extends": profile["extends"],
               "usable cores, all chips": profile["cores_usable"],
               "costs, if none are named": profile["default_costs"],
               "values": profile["confidence"]}
    notes = [Text(printable(note, LONGEST)) for note in profile["notes"]]
    sections: dict[str, list[tuple[str, ...]]] = {}
    for path, q in profile["values"].items():
        section, _, name = path.rpartition(".")
        ends = f" ({readable(q['low'])} to {readable(q['high'])})" if "low" in q else ""
        how = f", {q['kind']} {q['date']}" if "kind" in q else ""
        row = (name, f"{readable(q['value'])}{ends}", q["unit"], f"{q['confidence']}{how}",
               q["source"])
        sections.setdefault(section, []).append(row)
    columns = ("field", "value", "unit", "confidence", "source")
    return [pairs_table(f"{profile['name']}: {profile['title']}", general), *notes, Text(),
            *(rows_table(section, columns, rows, words=len(columns))
              for section, rows in sections.items())]


def check_table(checked: Mapping[str, Any]) -> Table:
    """What was found in a valid profile."""
    found = {name: value for name, value in checked.items() if name != "cost_sets_lack"}
    lacks = {f"{costs} lacks": list(names) for costs, names in checked["cost_sets_lack"].items()}
    return pairs_table("Valid", found | lacks)

