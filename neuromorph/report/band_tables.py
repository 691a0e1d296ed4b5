"""A band over cost sets in words: what idles first, then what happens, then how long."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from neuromorph.report.si import si
from neuromorph.report.text import readable

NONE = "none: the profile has no costs"
NOT_KNOWN = "no set has the constants"

TITLES = {"static_chips": "chips in use", "static_board": "whole board"}


def band_rows(band: Mapping[str, Any] | None) -> dict[str, object]:
    """Rows for the terminal and the page, static power first.

    Parameters
    ----------
    band : mapping or None
        `neuromorph.cost.Band` as plain values; None for a profile without costs.
    """
    if band is None:
        return {"energy (estimate)": NONE, "time (estimate)": NONE}
    rows: dict[str, object] = {
        "static (estimate)": "; ".join(_static(band)),
        "events (estimate)": span(band, "dynamic", "J"),
        "in all, chips in use": span(band, "total", "J"),
        "time (estimate)": span(band, "seconds", "s"),
        "host in and out": f"{_host(band)}, beside the time",
    }
    if lacking := lacking_rows(band):
        rows["no total, for want"] = "; ".join(f"{name}: {what}" for name, what in lacking)
    if band["spikes_per_synapse"] is not None:
        rows["spikes a synapse"] = break_even(band)
    return rows


def _static(band: Mapping[str, Any]) -> list[str]:
    counts = {"static_chips": band["chips"], "static_board": band["board_chips"]}
    return [f"{TITLES[name]} ({readable(counts[name])}) {span(band, name, 'J')}"
            for name in TITLES]


def span(band: Mapping[str, Any], what: str, unit: str) -> str:
    """``1.2 µJ – 3.4 µJ (scaled … pilotnet_measured)``."""
    ends = band["bands"][what]
    if ends is None:
        return NOT_KNOWN
    sets = dict.fromkeys((ends["low_set"], ends["high_set"]))
    return f"{_ends((ends['low'], ends['high']), unit)} ({' … '.join(sets)})"


def _host(band: Mapping[str, Any]) -> str:
    """The same constant in every set: no set is named."""
    ends = band["bands"]["host_seconds"]
    return NOT_KNOWN if ends is None else _ends((ends["low"], ends["high"]), "s")


def lacking_rows(band: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Sets without a total, and the constants that they lack."""
    return [(each["costs"], ", ".join(path.split(".")[-1] for path in each["missing"]))
            for each in band["sets"] if each["total_ends"] is None]


def break_even(band: Mapping[str, Any]) -> str:
    """Spikes per synapse beside the values up to which the literature has spikes cheaper."""
    values = "; ".join(each["spikes_per_synapse"] for each in band.get("break_even", ()))
    beside = f"; literature's break-even {values}" if values else ""
    return f"{band['spikes_per_synapse']:.3g}{beside}"


def sets_table(band: Mapping[str, Any]) -> tuple[str, Sequence[str], list[list[object]]]:
    """Title, columns and rows: every set by itself, at the values of its constants."""
    rows: list[list[object]] = [
        [each["costs"], _ends(each["static_chips"], "J"), _ends(each["static_board"], "J"),
         _ends(each["dynamic_ends"], "J"), _ends(each["total_ends"], "J"),
         _ends(each["seconds_ends"], "s"), each["binding"] or "-"] for each in band["sets"]]
    return ("Every cost set by itself (estimate)",
            ["costs", "static, chips in use", "static, board", "events", "in all", "time",
             "waits for"], rows)


def _ends(ends: Sequence[float] | None, unit: str) -> str:
    if ends is None:
        return "-"
    low, high = ends
    return si(low, unit) if low == high else f"{si(low, unit)} – {si(high, unit)}"
