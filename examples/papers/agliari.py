"""A Hebbian network of patterns with gaps retrieves several of them at once, in a hierarchy."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np

from examples.papers.about import Paper
from examples.papers.common import Row, main, picture, row
from neuromorph.papers.spin_memory import (
    hierarchical_overlaps,
    hierarchical_state,
    spin_overlaps,
    step_multitasking,
)
from neuromorph.report.pictures import ACCENT, INK, QUIET

TITLE = "Agliari et al. 2023: multitasking Hebbian networks"
PAPER = "Agliari 2023"

ABOUT = Paper(
    title="Agliari et al., 2023 (multitasking Hebbian networks)",
    claims="Patterns with gaps are retrieved several at a time, in a hierarchy of overlaps.",
    built="`papers.spin_memory`: the step and the hierarchy, in float.",
    verdict="The hierarchy is a fixed point up to half gaps, and is left beyond. It is not "
            "selective: it answers with all patterns, whatever was asked.",
    shown=("d = 0.2: overlap with pattern 1", "d = 0.4: overlap with pattern 2",
           "d = 0.6: share of spins that leave the hierarchy"))

COUNT = 4
"""Patterns in the network."""

STEPS = 20
"""Steps after which a state has come to rest, or the hierarchy has plainly been left."""


def run(figures: Path, full: bool, tell: Callable[[str], None]) -> list[Row]:
    size = 1_000_000 if full else 400_000
    tell("fixed points")
    rows = []
    for gaps in (0.2, 0.4, 0.6):
        overlaps, changed = settled(gaps, size)
        stays = gaps <= 0.5
        rows.append(row(PAPER, f"d = {gaps}: share of spins that leave the hierarchy",
                        0.0 if stays else None, changed, 0.001 if stays else None))
        ideal = hierarchical_overlaps(gaps, COUNT)
        rows += [row(PAPER, f"d = {gaps}: overlap with pattern {k + 1}", ideal[k], overlaps[k],
                     0.005) for k in range(COUNT) if stays]
    tell("overlaps against gaps")
    draw(size // 20, figures / "agliari_overlaps.png")
    return rows


def settled(gaps: float, size: int) -> tuple[list[float], float]:
    """From the hierarchical state: the overlaps it ends with, and the share of spins it lost."""
    rng = np.random.default_rng(3)
    patterns = rng.choice([-1.0, 1.0], (COUNT, size))
    patterns[rng.random((COUNT, size)) < gaps] = 0
    state = later = hierarchical_state(patterns)
    for _ in range(STEPS):
        later = step_multitasking(patterns, later)
    return spin_overlaps(patterns, later).tolist(), float((later != state).mean())


def draw(size: int, path: Path) -> None:
    gaps = np.linspace(0, 1, 41)
    found = np.array([settled(float(d), size)[0] for d in gaps])
    ideal = np.array([hierarchical_overlaps(float(d), COUNT) for d in gaps])
    with picture(path, figsize=(8, 4.2)) as axes:
        for k, colour in enumerate((INK, ACCENT, "#3d7ea6", "#6a994e")):
            axes.plot(gaps, found[:, k], "o", color=colour, markersize=4, label=f"pattern {k + 1}")
            axes.plot(gaps, ideal[:, k], color=colour)
        axes.plot([], [], color=QUIET, label="(1 - d) d^(k - 1)")
        axes.axvline(0.5, color=QUIET, linewidth=0.8)
        axes.set(xlabel="share d of gaps in a pattern", ylabel="overlap of the settled state",
                 title="Several patterns at once, as long as half of each is gaps at the most")
        axes.legend(frameon=False)


if __name__ == "__main__":
    main(TITLE, run)
