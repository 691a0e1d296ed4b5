"""Layers wired group to group: what they take of a chip, and whether they learn as well.

The published tables were out of reach; bounds are the science notes', set before this ran. A gain
of accuracy over dense layers, the paper's claim, was seen nowhere and is not judged.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import numpy as np

from examples.papers.about import Paper
from examples.papers.common import Row, bound, main, picture, row
from neuromorph.api.circuits.ensembles import PIXEL_MAX, Settings, counted, learned
from neuromorph.models.digits import load_split
from neuromorph.network.block_masks import blocks
from neuromorph.network.regrow import prune_regrow
from neuromorph.papers.ensembles import Layers, train
from neuromorph.report.canvas import ACCENT, INK, QUIET

TITLE = "Konstantaropoulos et al. 2025: ensemble-to-ensemble sparse networks"
PAPER = "Konstantaropoulos 2025"

SIZES = (64, 256, 256, 10)
EPOCHS = 20
DENSITY = 0.25

ABOUT = Paper(
    title="Konstantaropoulos, Smirnakis, Papadopouli, 2025, arXiv 2508.14140 (G2GNet)",
    claims="Layers that are wired group to group, and rewired by what fires together, keep a "
           "quarter of the weights and gain up to 4.3 points over dense ones. Abstract and one "
           "figure read.",
    built="`network.blocks`, `network.regrow`, the pass `compile.ensembles`, `neuromorph run "
          "ensembles`: trained in float, run in integers, groups on cores.",
    verdict="A third of the cores and an eighth of the arrivals of spikes. Accuracy is that of a "
            "random mask, a little below dense: the gain was not seen, and neither Hebbian nor "
            "random regrowth changes what seeds do not.",
    shown=("cores at width 2048: dense", "cores at width 2048: blocks, by groups",
           "digits, dense: accuracy", "digits, random mask: accuracy", "digits, blocks: accuracy"))


def run(figures: Path, full: bool, tell: Callable[[str], None]) -> list[Row]:
    tell("rewiring")
    rows = rewiring_rows()
    tell("cores")
    rows += core_rows(figures)
    tell("digits")
    return rows + digits_rows(5, regrow=full)


def rewiring_rows() -> list[Row]:
    """What holds of blocks after a hundred swaps of a fifth of them."""
    rng, wired = np.random.default_rng(0), blocks(16, 4, 0)
    for seed in range(100):
        weights, together = rng.standard_normal((2, 32, 48))
        wired = prune_regrow(wired, weights, 0.2, together if seed % 2 else None, seed=seed)
    heard = wired.wires.sum(axis=0)
    return [row(PAPER, "groups heard after 100 rewirings, least", 4, float(heard.min()), 0),
            row(PAPER, "groups heard after 100 rewirings, most", 4, float(heard.max()), 0),
            row(PAPER, "density after 100 rewirings", DENSITY, wired.density, 0)]


def core_rows(figures: Path) -> list[Row]:
    """By `compile`: 784-H-H-10, a quarter of the weights of both hidden layers."""
    widths, taken = counted(Settings(largest=2048))
    rows = []
    for n, width in enumerate(widths):
        dense, plain, own = (many[n] for many in taken.values())
        rows += [row(PAPER, f"cores at width {width}: {kind}", None, many[n].cores, None)
                 for kind, many in taken.items()]
        if width < 512:
            continue
        rows += [bound(PAPER, f"cores at width {width}: blocks by groups, of dense", 0.55,
                       own.cores / dense.cores),
                 bound(PAPER, f"cores at width {width}: blocks by groups, of those listed synapse "
                              "by synapse", 0.99, own.cores / plain.cores),
                 bound(PAPER, f"arrivals at width {width}: blocks by groups, of dense",
                       0.25 if width >= 2048 else 0.5, own.deliveries / dense.deliveries)]
    with picture(figures / "g2gnet_cores.png", 1, 2, figsize=(9, 4)) as axes:
        for plot, what in zip(axes, ("cores", "deliveries"), strict=True):
            for (kind, many), colour in zip(taken.items(), (INK, QUIET, ACCENT), strict=True):
                plot.loglog(widths, [one.as_dict()[what] for one in many], marker="o",
                            color=colour, label=kind)
            plot.set(title=what.capitalize(), xlabel="width of both hidden layers")
        axes[0].legend(frameon=False)
    return rows


def digits_rows(seeds: int, *, regrow: bool) -> list[Row]:
    """Mean accuracy over seeds, of the packaged split's test images."""
    accuracy = {kind: float(np.mean([digits(kind, seed) for seed in range(seeds)]))
                for kind in ("dense", "random mask", "blocks")}
    if regrow:
        for kind in ("random", "hebbian"):
            accuracy[f"blocks, {kind} regrowth"] = float(np.mean(
                [digits(kind, seed) for seed in range(seeds)]))
    rows = [row(PAPER, f"digits, {kind}: accuracy", None, found, None)
            for kind, found in accuracy.items()]
    return [*rows,
            bound(PAPER, "digits: blocks lack of a random mask", 0.003,
                  accuracy["random mask"] - accuracy["blocks"]),
            bound(PAPER, "digits: blocks lack of dense", 0.012,
                  accuracy["dense"] - accuracy["blocks"])]


def digits(kind: str, seed: int) -> float:
    """Accuracy of one network: dense, of a random mask, of blocks, or of blocks that regrow."""
    split = load_split()
    images, tests = (part.images.reshape(-1, SIZES[0]) / PIXEL_MAX
                     for part in (split.train, split.test))
    chosen = Settings(width=SIZES[1], epochs=EPOCHS)
    if kind in ("blocks", "random", "hebbian"):
        chosen = replace(chosen, regrow="none" if kind == "blocks" else kind)
        found = learned(chosen, images, split.train.labels, seed)
    else:
        rng = np.random.default_rng(seed)
        share = 1.0 if kind == "dense" else DENSITY
        masks = [rng.random((outputs, inputs)) < share
                 for inputs, outputs in pairwise(SIZES[:3])]
        found = train(Layers.drawn(SIZES, masks, rng), images, split.train.labels, EPOCHS, rng)
    return found.accuracy(tests, split.test.labels)


if __name__ == "__main__":
    main(TITLE, run)
