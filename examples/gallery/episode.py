"""Match and control: a neuron finds the axon in step with its query, and follows it."""

from __future__ import annotations

from pathlib import Path

import neuromorph

TITLE = "A match-and-control episode"
ALT = ("One neuron over two and a half seconds: match scores of 150 axons, of which one rises over "
       "the threshold, the gate that opens, and the neuron's spikes, which follow that axon's.")


def draw(path: Path) -> None:
    """The picture of `neuromorph run match_and_control`."""
    neuromorph.run("match_and_control").outcome.draw(path)
