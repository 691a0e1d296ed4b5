"""A compile report as one HTML file: pictures inside it, no script, nothing fetched."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from neuromorph.report.band_tables import sets_table
from neuromorph.report.compile_tables import (
    compile_rows,
    faults,
    fidelity_rows,
    heading,
    needs_table,
    phase_rows,
)
from neuromorph.report.page import PAGE_FRAME, PAGE_STYLE, Picture, Points, safe
from neuromorph.report.si import si
from neuromorph.report.text import readable

WORST = 24
"""Heads in the table; all of them are in the picture."""

SI_UNITS = ("J", "s", "W")
"""Units that take a prefix; others are written as they come."""

PICTURES = {
    "chips": ("Where the cores are",
              "A square is a core, a block of squares a chip. The darker, the fuller."),
    "spikes": ("Spikes on their way",
               ("A spike goes once to every core that holds a synapse of its axon. Counted in a "
                "simulation; a spike that stays in its core is left out.")),
    "energy": ("Energy",
               ("An estimate: counted events times the cost of one, and idle power times time, "
                "with the cost set that is named. Nothing here was measured on a chip. What is "
                "assumed, below, says of what it is.")),
    "fidelity": ("What each head loses",
                 "Cosine between outputs in spikes and in floats."),
    "schedule": ("One query, phase by phase",
                 ("The match potentials are cleared, lifted and charged by the query, and ramp up "
                  "until each neuron has spiked. The go pulse forces those that have not.")),
}
"""Headings and explanations, in the order of the page."""


def render_compile_page(report: Mapping[str, Any], pictures: Mapping[str, bytes]) -> str:
    """HTML of a compile report.

    Parameters
    ----------
    report : mapping
    pictures : mapping of name to bytes
        PNG files by their names in `PICTURES`; one that is not there is left out.
    """
    general = _table([], compile_rows(report).items())
    parts = _placed(report, pictures) if report["fits"] else _not_placed(report)
    warned = Points("Warnings", [one["text"] for one in report.get("warnings", ())]).html()
    lists = [Points("What is assumed", report.get("assumptions", ())).html(),
             Points("Notes", report.get("notes", ())).html()]
    return PAGE_FRAME.format(title=safe(heading(report)), style=PAGE_STYLE,
                             body="\n".join([general, warned, *parts, *lists]))


def _placed(report: Mapping[str, Any], pictures: Mapping[str, bytes]) -> list[str]:
    title, columns, rows = fidelity_rows(report, WORST)
    fidelity = f"<p>{safe(title)}</p>\n{_table(columns, rows)}" if rows else ""
    beside = {"energy": _sets(report) + _compared(report),
              "fidelity": fidelity,
              "schedule": _phases(report)}
    shown = [_picture(name, pictures) + beside.get(name, "") for name in PICTURES]
    return [Points("Broken rules", faults(report, most=None), "broken").html(), *shown]


def _not_placed(report: Mapping[str, Any]) -> list[str]:
    columns, rows = needs_table(report)
    return [f"<h2>What it needs</h2>\n{_table(columns, rows)}",
            Points("What would make it fit", report["changes"]).html()]


def _sets(report: Mapping[str, Any]) -> str:
    """Every cost set by itself, and up to where spikes are cheaper than dense arithmetic."""
    if report["band"] is None:
        return ""
    title, columns, rows = sets_table(report["band"])
    even = [(each["spikes_per_synapse"], each["source"])
            for each in report["band"].get("break_even", ())]
    return (f"\n<p>{safe(title)}</p>\n{_table(columns, rows)}\n<p>Spikes per synapse up to which "
            f"spikes take less energy than dense arithmetic:</p>\n"
            f"{_table(('spikes per synapse', 'source'), even)}")


def _compared(report: Mapping[str, Any]) -> str:
    """Published numbers of others, to judge the estimate by."""
    if not report["compared"]:
        return ""
    rows = [(c["what"], _with_unit(c["value"], c["unit"]), c["source"])
            for c in report["compared"]]
    return f"\n<p>For comparison:</p>\n{_table(('what', 'value', 'source'), rows)}"


def _phases(report: Mapping[str, Any]) -> str:
    """What the steps of each phase take."""
    if not report.get("by_phase"):
        return ""
    title, columns, rows = phase_rows(report)
    return f"<p>{safe(title)}</p>\n{_table(columns, rows)}"


def _with_unit(value: float, unit: str) -> str:
    return si(value, unit) if unit in SI_UNITS else f"{readable(value)} {unit}"


def _picture(name: str, pictures: Mapping[str, bytes]) -> str:
    title, text = PICTURES[name]
    return Picture(pictures[name], title, text).html() + "\n" if name in pictures else ""


def _table(columns: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    head = f"<tr>{''.join(f'<th>{safe(name)}</th>' for name in columns)}</tr>\n"
    body = "\n".join("<tr>" + "".join(f"<td>{safe(readable(cell))}</td>" for cell in row) + "</tr>"
                     for row in rows)
    return f'<div class="wide"><table>\n{head if columns else ""}{body}\n</table></div>'
