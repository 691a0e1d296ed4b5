"""The curve of a search: what fidelity costs, every trial a point, by kind of spikes."""

from __future__ import annotations

from collections.abc import Mapping
from io import BytesIO
from typing import Any

from neuromorph.report.canvas import ACCENT, INK, PALE, QUIET, bare, new_axes, write_png
from neuromorph.report.tuning import figure, wished

COLOURS = (INK, ACCENT, "#3a7d5c", "#7a5ca8", QUIET)
MARKERS = "osD^v"

AXES = {"steps": "steps from one query to the next, mean over heads",
        "spikes": "spikes of a query, mean over heads", "cores": "cores",
        "energy": "joules, one query of every head (estimate)"}
LOST = {"kl": "KL to float, nat a token", "perplexity_ratio": "ratio of perplexities, less 1",
        "top1": "likeliest tokens that differ, share", "score": "wrong answers, share",
        "cosine": "1 - cosine of the answer to float's",
        "hidden": "1 - least cosine of hidden states"}
"""What is drawn of a metric: what a model that loses nothing has none of."""


def draw_tuning(result: Mapping[str, Any]) -> bytes:
    """A PNG: cost to the right, what the model loses upwards, the best trials joined.

    Parameters
    ----------
    result : mapping
        Of ``TuneReport.as_dict``.

    Raises
    ------
    MissingExtraError
        Without matplotlib.
    """
    by, name = result["by"], wished(result)[0]
    figures, axes = new_axes(figsize=(8.5, 5.4))
    points = {n: (trial["costs"][by], lost(name, figure(trial, name)))
              for n, trial in enumerate(result["trials"])
              if not trial["refused"] and trial["costs"].get(by) is not None}
    kinds = list(dict.fromkeys(result["trials"][n]["kind"] for n in points))
    for place, kind in enumerate(kinds):
        own = [point for n, point in points.items() if result["trials"][n]["kind"] == kind]
        axes.scatter(*zip(*own, strict=True), s=42, label=kind, zorder=3, alpha=0.8,
                     marker=MARKERS[place % len(MARKERS)], color=COLOURS[place % len(COLOURS)])
    front = [points[n] for n in result["frontier"]]
    if front:
        axes.plot(*zip(*front, strict=True), color=QUIET, linewidth=1.2, zorder=2,
                  label="no other is both cheaper and closer")
    limit = lost(name, float(result["keep"][0].replace(">", "<").split("<=")[1]))
    axes.axhspan(0, limit, color=PALE, zorder=0)
    axes.axhline(limit, color=QUIET, linestyle="--", linewidth=1)
    axes.text(0.995, limit, f"wished: {result['keep'][0]} ", ha="right", va="bottom",
              transform=axes.get_yaxis_transform(), color=QUIET, fontsize=9)
    _mark(axes, result, points)
    if points and min(y for _, y in points.values()) > 0 and limit > 0:
        axes.set_yscale("log")
        axes.set_ylim(bottom=0.6 * min(limit, *(y for _, y in points.values())))
    axes.set(xlabel=AXES[by], ylabel=LOST[name], title="What fidelity costs, every trial a point")
    axes.legend(frameon=False, fontsize=9)
    bare(axes)
    content = BytesIO()
    write_png(figures, content)
    return content.getvalue()


def lost(name: str, value: float | None) -> float:
    """How far a figure is from that of a model that loses nothing."""
    if value is None:
        return 0.0
    return value if name == "kl" else abs(value - 1)


def _mark(axes: Any, result: Mapping[str, Any], points: Mapping[int, tuple[float, float]]) -> None:
    """Rings around the default and around the best trial, with their names."""
    named = {0: "default"}
    if result["best"] is not None:
        best = result["trials"].index(result["best"])
        named[best] = "best" if best else "default, the best"
    for number, text in named.items():
        if number in points:
            axes.scatter(*points[number], s=170, facecolors="none", edgecolors=ACCENT,
                         linewidths=1.6, zorder=4)
            axes.annotate(text, points[number], xytext=(9, 9), textcoords="offset points",
                          color=ACCENT, fontsize=10)
