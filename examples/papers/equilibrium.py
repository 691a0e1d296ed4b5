"""Laborieux and Zenke 2024 again: equilibrium propagation without weight symmetry.

Their tables were out of reach. Judged are the orders of the estimator, the homeostatic loss and its
local gradient, and what it wins back on digits, by bounds that the science notes set before.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from examples.papers.common import Row, bound, main, picture, row
from examples.papers.equilibrium_integers import train as in_integers
from neuromorph.models.digits import load_split
from neuromorph.papers.equilibrium import (
    Net,
    activity,
    exact_error,
    gradients,
    homeostasis,
    homeostasis_by_noise,
    homeostatic_step,
    nudged_error,
)
from neuromorph.report.pictures import ACCENT, INK, QUIET

TITLE = "Laborieux and Zenke 2024: equilibrium propagation and Jacobian homeostasis"
PAPER = "Laborieux 2024"

PIXELS, PIXEL_MAX, CLASSES = 64, 16, 10
SMALL, LARGE = (64, 24, 24, 10), (64, 32, 32, 10)
PHASES, NUDGES = (1, 2, 4), (0.1, 0.3)
DRAWS = 4000

IMAGES, EPOCHS, BATCH, RATE = 800, 12, 40, 0.002
"""The batch was chosen on seeds 10 to 12; the rows are of seeds from 0."""

FREE_STEPS, NUDGED_STEPS, NUDGE = 40, 25, 0.2
RESIDUAL = 1e-2
"""Of a free phase; above it a warning is told."""

KINDS = ("backprop", "EP", "EP + L_h")

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Trained:
    """A net after its epochs.

    Attributes
    ----------
    accuracy : float
        On held-out digits.
    alignment : float
        Cosine of W and B^T.
    residual : float
        Of the free phase on the last batch.
    """

    accuracy: float
    alignment: float
    residual: float


def run(figures: Path, full: bool, tell: Callable[[str], None]) -> list[Row]:
    tell("orders")
    errors = {n: [estimator(n, beta, 0)[0] for beta in NUDGES] for n in PHASES}
    rows = [*order_rows(errors), *noise_rows(), asymmetry_row()]
    tell("digits")
    found = {kind: [train(kind, seed) for seed in range(10 if full else 3)] for kind in KINDS}
    if _residual(found) > RESIDUAL:
        tell(f"warning: the free phase has not settled: its residual is {_residual(found):.2g}, "
             f"above {RESIDUAL:g}")
    draw(errors, figures / "equilibrium_orders.png")
    rows += digit_rows(found)
    if full:
        tell("integers")
        rows += integer_rows()
    return rows


def integer_rows() -> list[Row]:
    """Of integers, reported: by one draw for all synapses a step, and by one each."""
    return [row(PAPER, f"digits, integers, {name}: accuracy, worst of 3 seeds", None,
                min(in_integers(seed, shared=shared) for seed in range(3)), None)
            for name, shared in (("one draw a step", True), ("a draw a synapse", False))]


def _data(count: int) -> tuple[Floats, Floats]:
    split = load_split()
    labels = np.eye(CLASSES)[split.train.labels[:count]]
    return split.train.images.reshape(-1, PIXELS)[:count] / PIXEL_MAX, labels


def estimator(phases: int, beta: float, angle: float) -> tuple[float, float]:
    """Relative error of dW_in, and its cosine, against recurrent backpropagation."""
    net = Net.new(SMALL, np.random.default_rng(0), scale=0.5, angle=angle)
    inputs, labels = _data(50)
    free = net.relax(net.rest(50), inputs, labels, 400)
    error = nudged_error(net, free, inputs, labels, phases=phases, beta=beta, steps=400)
    ours = gradients(net, free, inputs, labels, error)["W_in"]
    exact = gradients(net, free, inputs, labels, exact_error(net, free, labels))["W_in"]
    return (float(np.linalg.norm(ours - exact) / np.linalg.norm(exact)), _cosine(ours, exact))


def _cosine(one: Floats, other: Floats) -> float:
    return float((one * other).sum() / np.linalg.norm(one) / np.linalg.norm(other))


def order_rows(errors: dict[int, list[float]]) -> list[Row]:
    rows = []
    for phases, (low, high) in errors.items():
        slope = float(np.log(high / low) / np.log(NUDGES[1] / NUDGES[0]))
        rows += [row(PAPER, f"N = {phases}: relative error of dW_in, beta {NUDGES[0]:g}", None, low,
                     None),
                 row(PAPER, f"N = {phases}: order of the error in beta", float(phases), slope, 0.3)]
    return rows


def noise_rows() -> list[Row]:
    rng = np.random.default_rng(0)
    net = Net.new(LARGE, rng)
    found = homeostasis_by_noise(net, DRAWS, rng)
    deviation = float(found.std() / np.sqrt(DRAWS))
    slope = homeostatic_step(net, DRAWS, rng)["W"]
    cosine = _cosine(slope, net.parameters["W"] - net.parameters["B"].T)
    return [row(PAPER, "L_h by noise, 3 standard errors", homeostasis(net), float(found.mean()),
                3 * deviation),
            bound(PAPER, "L_h: 1 - cosine of the local gradient and W - B^T", 0.01, 1 - cosine)]


def asymmetry_row() -> Row:
    return bound(PAPER, "90 degrees, N = 4: cosine of dW_in with backpropagation", 0.2,
                 estimator(4, 0.1, 90)[1])


def train(kind: str, seed: int, angle: float = 90) -> Trained:
    """Digits by Adam, from unrelated forward and backward weights."""
    rng = np.random.default_rng(seed)
    net = Net.new(LARGE, rng, angle=angle)
    images, labels = _data(IMAGES)
    moments = {n: (np.zeros_like(p), np.zeros_like(p)) for n, p in net.parameters.items()}
    count, residual = 0, 0.0
    for _ in range(EPOCHS):
        order = rng.permutation(IMAGES)
        for begin in range(0, IMAGES, BATCH):
            chosen = order[begin:begin + BATCH]
            x, y = images[chosen], labels[chosen]
            free = net.relax(net.rest(BATCH), x, y, FREE_STEPS)
            error = (exact_error(net, free, y, NUDGED_STEPS) if kind == "backprop" else
                     nudged_error(net, free, x, y, phases=2, beta=NUDGE, steps=NUDGED_STEPS))
            slopes = gradients(net, free, x, y, error)
            if kind == "EP + L_h":
                for name, slope in homeostatic_step(net, 5, rng).items():
                    slopes[name] = slopes[name] + slope
            count += 1
            _adam(net, slopes, moments, count)
    residual = net.residual(free, x, y)
    return Trained(_accuracy(net), _cosine(net.parameters["W"], net.parameters["B"].T), residual)


def _adam(
    net: Net, slopes: dict[str, Floats], moments: dict[str, tuple[Floats, Floats]], count: int
) -> None:
    for name, slope in slopes.items():
        first, second = moments[name]
        np.add(0.9 * first, 0.1 * slope, out=first)
        np.add(0.999 * second, 0.001 * slope**2, out=second)
        net.parameters[name] -= RATE * (first / (1 - 0.9**count)) / (
            np.sqrt(second / (1 - 0.999**count)) + 1e-8)


def _accuracy(net: Net) -> float:
    split = load_split()
    held = (split.validation, split.test)
    images = np.concatenate([p.images.reshape(-1, PIXELS) for p in held]) / PIXEL_MAX
    truth = np.concatenate([p.labels for p in held])
    none = np.zeros((len(images), CLASSES))
    free = net.relax(net.rest(len(images)), images, none, FREE_STEPS)
    logits = activity(free.u2) @ net.parameters["R"]
    return float((logits.argmax(axis=1) == truth).mean())


def digit_rows(found: dict[str, list[Trained]]) -> list[Row]:
    accuracy = {kind: float(np.mean([one.accuracy for one in found[kind]])) for kind in KINDS}
    aligned = {kind: float(np.mean([one.alignment for one in found[kind]])) for kind in KINDS}
    rows = [row(PAPER, f"digits, 90 degrees, {kind}: accuracy", None, accuracy[kind], None)
            for kind in KINDS]
    rows += [row(PAPER, f"digits, 90 degrees, {kind}: cosine of W and B^T in the end", None,
                 aligned[kind], None) for kind in KINDS]
    return [*rows,
            bound(PAPER, "digits, EP: cosine of W and B^T", 0.6, aligned["EP"]),
            bound(PAPER, "digits, EP + L_h: cosine lacks of .9", 0.0, 0.9 - aligned["EP + L_h"]),
            bound(PAPER, "digits: EP + L_h lacks of EP + .015", 0.0,
                  accuracy["EP"] + 0.015 - accuracy["EP + L_h"]),
            bound(PAPER, "digits: EP + L_h lacks of backpropagation", 0.03,
                  accuracy["backprop"] - accuracy["EP + L_h"]),
            row(PAPER, "digits: residual of the free phase, largest", None, _residual(found), None)]


def _residual(found: dict[str, list[Trained]]) -> float:
    return max(one.residual for kind in KINDS for one in found[kind])


def draw(errors: dict[int, list[float]], path: Path) -> None:
    with picture(path, figsize=(6.5, 4)) as axes:
        for (phases, found), colour in zip(errors.items(), (QUIET, INK, ACCENT), strict=True):
            axes.loglog(NUDGES, found, marker="o", color=colour, label=f"{phases} nudged phases")
        axes.set(title="How wrong a nudge is, W and B alike", xlabel="nudge",
                 ylabel="relative error of the gradient")
        axes.legend(frameon=False)


if __name__ == "__main__":
    main(TITLE, run)
