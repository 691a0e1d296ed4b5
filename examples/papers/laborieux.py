"""Equilibrium propagation without symmetric weights: nudges to both sides, and homeostasis.

Laborieux and Zenke 2024. Their tables were out of reach; what is judged are orders of the error
that follow from the estimator, and bounds of the science notes, set before this ran.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from math import log, pi
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from examples.papers.about import Paper
from examples.papers.common import Row, bound, main, picture, row
from examples.papers.laborieux_circuit import circuit_rows
from examples.papers.laborieux_digits import FREE_STEPS, PIXEL_MAX, WAYS, Learned, learn
from examples.papers.laborieux_integers import train
from neuromorph.models.digits import load_split
from neuromorph.papers.equilibrium import (
    Weights,
    asymmetry,
    contrast,
    draw,
    gradients,
    homeostatic,
    recurrent_backprop,
    relax,
    sampled_asymmetry,
)
from neuromorph.report.canvas import ACCENT, INK, QUIET

TITLE = "Laborieux & Zenke 2024: equilibrium propagation, Jacobian homeostasis"
PAPER = "Laborieux 2024"

ABOUT = Paper(
    title="Laborieux & Zenke, ICLR 2024, arXiv 2309.02214 (equilibrium propagation)",
    claims="Networks at equilibrium learn by nudging although weights back are not the transpose "
           "of those forward, if a homeostatic loss on the Jacobian aligns the two.",
    built="`papers.equilibrium`, floats: relaxation, nudges in N phases, the adjoint as reference, "
          "the loss and its gradient from two local phases of noise. `circuits.equilibrium`, "
          "`neuromorph run equilibrium`: two nudges and both phases of noise in integers, learned "
          "sample by sample by one rule, to the bit on every backend; noise is the host's.",
    verdict="On digits homeostasis wins back what unrelated weights cost, and aligns them. Nothing "
            "to mend where the weights are symmetric; nudges alone align them in part and lose "
            "few points on a task this small. In integers it learns with two additions: layers are "
            "cleared between samples, and a tag is the weight's low byte; homeostasis takes two "
            "samples of noise a lesson there. A learning circuit for small networks, of no use to "
            "the attention of a trained model.",
    shown=("N = 2: order of the error in the nudge",
           "unrelated weights: cosine of dL/dW_in with backprop (at most)",
           "digits, unrelated, backprop: accuracy",
           "digits, unrelated, nudges: accuracy",
           "digits, unrelated, homeostasis 1: accuracy",
           "digits, unrelated, homeostasis 1: cosine of W and B^T",
           "digits, circuit in integers, nudges alone: accuracy",
           "digits, circuit in integers, homeostasis: accuracy",
           "digits, circuit in integers, homeostasis: cosine of W and B^T",
           "digits, floats on the same lessons, homeostasis: accuracy"))

SMALL = (64, 24, 24, 10)
NUDGES = (0.1, 0.3)
SETTLED = 200
"""Steps, after which nothing moves any more."""

BATCH = 50
DRAWS = 4000
RESIDUAL_MAX = 0.01
"""Above this a free phase has not come to rest."""

Floats = NDArray[np.float64]


def run(figures: Path, full: bool, tell: Callable[[str], None]) -> list[Row]:
    tell("orders of the estimator")
    rows = order_rows() + homeostasis_rows()
    tell("digits at equilibrium")
    found = {name: [learn(way, seed) for seed in range(10 if full else 3)]
             for name, way in WAYS.items()}
    residual = max(each.residual for all_of in found.values() for each in all_of)
    if residual > RESIDUAL_MAX:
        tell(f"warning: a free phase of {FREE_STEPS} steps ended {residual:.2g} from rest")
    draw_digits(found, figures / "equilibrium_digits.png")
    rows += digits_rows(found)
    tell("digits in integers")
    rows += circuit_rows(PAPER)
    if full:
        tell("integers as they come to mind")
        rows += integer_rows()
    return rows


def integer_rows() -> list[Row]:
    """Of integers: rounded by one draw for all synapses a step, and by one each."""
    return [row(PAPER, f"digits, integers, {name}: accuracy, worst of 3 seeds", None,
                min(train(seed, shared=shared) for seed in range(3)), None)
            for name, shared in (("one draw a step", True), ("a draw a synapse", False))]


def order_rows() -> list[Row]:
    """How the error of dL/dW_in grows with the nudge, and what asymmetry does to it."""
    errors = {phases: [estimated(0.0, phases, nudge)[0] for nudge in NUDGES]
              for phases in (1, 2, 4)}
    slopes = {phases: log(far / near) / log(NUDGES[1] / NUDGES[0])
              for phases, (near, far) in errors.items()}
    rows = [row(PAPER, f"N = {phases}: order of the error in the nudge", phases, slope, 0.3)
            for phases, slope in slopes.items()]
    rows += [row(PAPER, f"N = {phases}: relative error at a nudge of .1", None, near, None)
             for phases, (near, _) in errors.items()]
    return [*rows, bound(PAPER, "unrelated weights: cosine of dL/dW_in with backprop", 0.2,
                         estimated(pi / 2, 2, NUDGES[0])[1])]


def estimated(angle: float, phases: int, nudge: float) -> tuple[float, float]:
    """Relative error of dL/dW_in against the adjoint of the same fixed point, and its cosine."""
    split = load_split()
    images = split.train.images[:BATCH].reshape(BATCH, -1) / PIXEL_MAX
    targets = np.eye(SMALL[-1])[split.train.labels[:BATCH]]
    weights = draw(SMALL, angle, 0.5, np.random.default_rng(0))
    free = relax(weights, images, steps=SETTLED)
    exact, found = (gradients(images, targets, weights, free, deltas).into for deltas in (
        recurrent_backprop(weights, targets, free),
        contrast(weights, images, targets, free, nudge=nudge, phases=phases, steps=SETTLED)))
    return float(np.linalg.norm(found - exact) / np.linalg.norm(exact)), _cosine(found, exact)


def homeostasis_rows() -> list[Row]:
    """L_h by noise against |W - B^T|^2, and its local gradient against W - B^T."""
    rng = np.random.default_rng(0)
    weights: Weights = draw(SMALL, pi / 2, 1.0, rng)
    found = sampled_asymmetry(weights, DRAWS, rng)
    error = float(found.std() / np.sqrt(DRAWS))
    slope = homeostatic(weights, DRAWS, rng)[0]
    return [row(PAPER, "L_h of unrelated weights, by noise", asymmetry(weights),
                float(found.mean()), 3 * error),
            bound(PAPER, "1 less the cosine of its local gradient with W - B^T", 0.01,
                  1 - _cosine(slope, weights.forward - weights.back.T))]


def digits_rows(found: Mapping[str, list[Learned]]) -> list[Row]:
    accuracy = {name: float(np.mean([each.accuracy for each in all_of]))
                for name, all_of in found.items()}
    aligned = {name: float(np.mean([each.alignment for each in all_of]))
               for name, all_of in found.items()}
    homeostatic_, alone = "unrelated, homeostasis 1", "unrelated, nudges"
    rows = [row(PAPER, f"digits, {name}: accuracy", None, value, None)
            for name, value in accuracy.items()]
    rows += [row(PAPER, f"digits, {name}: cosine of W and B^T", None, value, None)
             for name, value in aligned.items()]
    residual = max(each.residual for all_of in found.values() for each in all_of)
    return [
        *rows,
        row(PAPER, "digits: largest residual of a free phase", None, residual, None),
        bound(PAPER, "digits: homeostasis lacks of nudges alone + .015", 0.0,
              accuracy[alone] + 0.015 - accuracy[homeostatic_]),
        bound(PAPER, "digits: homeostasis lacks of backprop", 0.03,
              accuracy["unrelated, backprop"] - accuracy[homeostatic_]),
        bound(PAPER, "digits: .9 less the cosine with homeostasis", 0.0,
              0.9 - aligned[homeostatic_]),
        bound(PAPER, "digits: the cosine without", 0.6, aligned[alone]),
    ]


def _cosine(one: Floats, other: Floats) -> float:
    return float((one * other).sum() / np.linalg.norm(one) / np.linalg.norm(other))


def draw_digits(found: Mapping[str, list[Learned]], path: Path) -> None:
    with picture(path, figsize=(7.5, 4)) as axes:
        for place, (name, all_of) in enumerate(found.items()):
            colour = ACCENT if "homeostasis" in name else INK if "nudges" in name else QUIET
            axes.plot([each.accuracy for each in all_of], [place] * len(all_of), "o",
                      color=colour, alpha=0.6)
            axes.plot([np.mean([each.accuracy for each in all_of])], [place], "|", color=colour,
                      markersize=22)
        axes.set(title="Homeostasis wins back a part of what unrelated weights cost",
                 xlabel="accuracy on digits that were not learned, one point a seed",
                 yticks=range(len(found)), yticklabels=list(found))
        axes.invert_yaxis()


if __name__ == "__main__":
    main(TITLE, run)
