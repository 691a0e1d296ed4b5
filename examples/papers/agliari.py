"""A Hebbian network of patterns with gaps retrieves several of them at once, in a hierarchy.

The paper's abstract was read; critical dilutions and states are derived in the science notes, and
the circuit with silent spins is ours. Bounds were set before this ran.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np

from examples.papers.about import Paper
from examples.papers.common import Row, bound, main, picture, row
from neuromorph.api.circuits.multitasking import Settings, binary, make, recall
from neuromorph.circuits.multitasking import random_patterns, selectivity, threshold_for
from neuromorph.papers.multitasking import (
    critical_dilution,
    hierarchical_overlaps,
    hierarchical_state,
    mean_field,
    spin_overlaps,
    step_multitasking,
)
from neuromorph.report.canvas import ACCENT, INK, QUIET

TITLE = "Agliari et al. 2023: multitasking Hebbian networks"
PAPER = "Agliari 2023"

ABOUT = Paper(
    title="Agliari et al., 2023, arXiv 2308.04106 (multitasking Hebbian networks)",
    claims="Patterns with gaps are retrieved several at a time, in a hierarchy of overlaps.",
    built="`papers.multitasking`: the step, critical dilutions, mean field, in float; "
          "`circuits.multitasking`, `neuromorph run multitasking`: spins that may be silent "
          "(ours), 2-bit weights, or 8-bit ones that a learning rule writes (`--set "
          "written=plasticity`), in integers, to the bit on every backend.",
    verdict="The hierarchy holds up to a dilution that depends on the number of patterns and falls "
            "to one half. The published form is not selective: it raises patterns that nobody "
            "asked for. With silent spins several patterns of many gaps, or of fields of their "
            "own, answer one cue; patterns without gaps mix, crowds need a higher threshold, and "
            "one softmax lookup gains nothing.",
    shown=("critical dilution of 3 patterns", "d = 0.66, T = .9 T_c: overlap 1 of 1 - d",
           "silent spins, two queries: asked overlap",
           "binary spins, one query: largest un-asked overlap, mean",
           "4 fields, 16 patterns, four queries: least overlap"))

COUNT = 4
"""Patterns in the network."""

STEPS = 20
"""Steps after which a state has come to rest, or the hierarchy has plainly been left."""


CRITICAL = {3: 0.6180, 4: 0.5437, 5: 0.5188, 6: 0.5087, 8: 0.5020}
"""Dilutions above which the hierarchy of so many patterns is left, derived."""

STATES = {0.60: (0.525, 0.0, 0.0), 0.66: (0.312,) * 3, 0.75: (0.345,) * 3}
"""m / (1 - d) of three patterns by dilution, at .9 of the critical temperature 1 - d."""

SILENT = {1: (0.99, "one query"), 2: (0.90, "two queries"), 4: (0.82, "four queries")}
"""Least overlap with what is asked for, of 8 patterns with d = .9."""


def run(figures: Path, full: bool, tell: Callable[[str], None]) -> list[Row]:
    size = 1_000_000 if full else 400_000
    tell("fixed points")
    rows = []
    for gaps in (0.2, 0.4, 0.6):
        overlaps, changed = settled(gaps, size)
        stays = gaps < critical_dilution(COUNT)
        rows.append(row(PAPER, f"d = {gaps}: share of spins that leave the hierarchy",
                        0.0 if stays else None, changed, 0.001 if stays else None))
        ideal = hierarchical_overlaps(gaps, COUNT)
        rows += [row(PAPER, f"d = {gaps}: overlap with pattern {k + 1}", ideal[k], overlaps[k],
                     0.005) for k in range(COUNT) if stays]
    tell("critical dilutions and states at a temperature")
    rows += critical_rows() + mean_field_rows()
    tell("several queries at once")
    rows += circuit_rows(20 if full else 10)
    tell("overlaps against gaps")
    draw(size // 20, figures / "agliari_overlaps.png")
    return rows


def settled(gaps: float, size: int, count: int = COUNT, seed: int = 3, steps: int = STEPS
            ) -> tuple[list[float], float]:
    """From the hierarchical state: the overlaps it ends with, and the share of spins it lost."""
    patterns = random_patterns(count, size, gaps, np.random.default_rng(seed)).astype(float)
    state = later = hierarchical_state(patterns)
    for _ in range(steps):
        later = step_multitasking(patterns, later)
    return spin_overlaps(patterns, later).tolist(), float((later != state).mean())


def critical_rows() -> list[Row]:
    """Where the hierarchy ends, by equation and by spins."""
    rows = [row(PAPER, f"critical dilution of {count} patterns", wanted,
                critical_dilution(count), 1e-4) for count, wanted in CRITICAL.items()]
    for count in (3, 4, 6):
        below, above = (float(np.mean([settled(critical_dilution(count) + away, 40_000, count,
                                               seed, steps=1)[1] for seed in range(5)]))
                        for away in (-0.02, 0.02))
        rows += [row(PAPER, f"{count} patterns, .02 below: share of spins that leave", 0.0, below,
                     0.0),
                 bound(PAPER, f"{count} patterns, .02 above: .002 less the share that leaves", 0.0,
                       0.002 - above)]
    return rows


def mean_field_rows() -> list[Row]:
    """One pattern below a dilution of 2/3, all alike above, near the critical temperature."""
    return [row(PAPER, f"d = {gaps}, T = .9 T_c: overlap {k + 1} of 1 - d", wanted[k], m, 0.002)
            for gaps, wanted in STATES.items()
            for k, m in enumerate(mean_field(gaps, 0.9 * (1 - gaps), 3) / (1 - gaps))]


def circuit_rows(seeds: int) -> list[Row]:
    """Silent spins in spikes; fields of their own; and binary spins, which are not selective."""
    rows = []
    for queries, (least, said) in SILENT.items():
        asked, unasked, spoken = answers(Settings(queries=queries, cues=1), seeds)
        rows += [row(PAPER, f"silent spins, {said}: asked overlap", None, float(np.mean(asked)),
                     None),
                 bound(PAPER, f"silent spins, {said}: {least} less the asked overlap", 0.0,
                       least - float(np.mean(asked))),
                 bound(PAPER, f"silent spins, {said}: largest un-asked overlap, mean", 0.12,
                       float(np.mean(unasked))),
                 row(PAPER, f"binary spins, {said}: largest un-asked overlap, mean", None,
                     float(np.mean(spoken)), None)]
    fields = Settings(patterns=16, dilution=0, fields=4, queries=4, known=0.3, cues=1)
    return [*rows, row(PAPER, "4 fields, 16 patterns, four queries: least overlap", 1.0,
                       min(answers(fields, seeds)[0]), 0.0)]


def answers(settings: Settings, seeds: int) -> tuple[list[float], list[float], list[float]]:
    """Overlaps of each seed's circuit: asked, largest un-asked, and that of binary spins."""
    found: list[tuple[float, float, float]] = []
    for seed in range(seeds):
        rng = np.random.default_rng(seed)
        patterns, asked, cues = make(settings, rng)
        theta = threshold_for(patterns, settings.known, settings.threshold)
        spins = recall(patterns, cues, theta, settings.sweeps, "fast")[:, -1]
        seen = selectivity(patterns, asked, spins)
        found.append((seen.asked, seen.unasked, binary(patterns, asked, cues, rng).unasked))
    asked_for, others, spoken = (list(one) for one in zip(*found, strict=True))
    return asked_for, others, spoken


def draw(size: int, path: Path) -> None:
    gaps = np.linspace(0, 0.975, 40)
    found = np.array([settled(float(d), size)[0] for d in gaps])
    ideal = np.array([hierarchical_overlaps(float(d), COUNT) for d in gaps])
    with picture(path, figsize=(8, 4.2)) as axes:
        for k, colour in enumerate((INK, ACCENT, "#3d7ea6", "#6a994e")):
            axes.plot(gaps, found[:, k], "o", color=colour, markersize=4, label=f"pattern {k + 1}")
            axes.plot(gaps, ideal[:, k], color=colour)
        axes.plot([], [], color=QUIET, label="(1 - d) d^(k - 1)")
        axes.axvline(critical_dilution(COUNT), color=QUIET, linewidth=0.8)
        axes.set(xlabel="share d of gaps in a pattern", ylabel="overlap of the settled state",
                 title="Several patterns at once, up to the critical dilution")
        axes.legend(frameon=False)


if __name__ == "__main__":
    main(TITLE, run)
