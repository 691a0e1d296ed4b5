"""Hopfield retrieval: damaged patterns find the stored ones."""

from __future__ import annotations

from pathlib import Path

import neuromorph

TITLE = "Hopfield retrieval"
ALT = ("Four rows: a stored pattern, its damaged cue, and what each run of the circuit makes of "
       "it, until it is the stored one; below, overlaps that rise to one within three runs.")


def draw(path: Path) -> None:
    """The picture of `neuromorph run hopfield`."""
    neuromorph.run("hopfield").outcome.draw(path)
