"""Li, Huang, Zou and Huang 2023 again: binary synapses with a hidden field, task after task.

Their figures were out of reach. What is judged: the field's descent against the theory of a binary
perceptron, the anchor against none, and 1-bit weights on digits, by bounds that the science notes
set before this ran.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from examples.papers.about import Paper
from examples.papers.common import Row, bound, main, picture, row
from examples.papers.hidden_field_digits import Learned, learn
from neuromorph.papers.hidden_field import (
    Anchor,
    ascent,
    error_against,
    error_of_the_sign,
    learn_fields,
    loss,
)
from neuromorph.report.canvas import ACCENT, INK, QUIET

TITLE = "Li et al. 2023: binary synapses with a hidden field, learning task after task"
PAPER = "Li 2023"

ABOUT = Paper(
    title="Li, Huang, Zou & Huang, PRE 108, 014309 (2023), arXiv 2212.02846",
    claims="A binary synapse with a hidden field learns task after task, if a field moves less the "
           "more certain it is, held to the earlier task's by an anchor.",
    built="`papers.hidden_field`, `circuits.hidden_field`, `neuromorph run hidden_field`: the tag "
          "is the field, the weight its sign, to the bit on every backend; `neuromorph "
          "consolidate --how anchored` for weights of more bits.",
    verdict="Weights of one bit learn, and the gate trades plasticity for memory. The anchor pays "
            "while the second task is short, and costs once it is long. No anchor in the circuit.",
    shown=("field descent, 300 synapses, 5 seeds: error at load 1",
           "second task of load 0.5, no anchor: error on the first",
           "second task of load 0.5, anchor: error on the first",
           "load 2: what the anchor saves on both (a long task: nothing is expected)",
           "digits, 1-bit weights, no gate: all three in the end",
           "digits, 1-bit weights, gate to the power 4: all three in the end"))

SIZE = 300
LOADS = (0.4, 0.8, 1.0, 1.2, 1.4)
THEORY = {0.4: 0.363, 0.8: 0.292, 1.0: 0.257, 1.2: 0.220, 1.4: 0.172, 1.6: 0.0, 1.8: 0.0, 2.0: 0.0}
"""Errors of the sign by load, from the science notes."""

FIRST_LOAD, FLIPPED = 2.0, 4
"""Patterns a synapse of the first task; of the teacher, one in so many is another in the second."""

SECOND_LOADS, STRENGTHS = (0.5, 1.0, 2.0), (0.0, 1.0)
SECOND_DECAY = 1e-3
POWERS = (0, 1, 4)

Floats = NDArray[np.float64]


def run(figures: Path, full: bool, tell: Callable[[str], None]) -> list[Row]:
    tell("theory and descent")
    found = perceptrons(seeds=5)
    rows = [*theory_rows(), *perceptron_rows(found), gradient_row()]
    draw_perceptrons(found, figures / "hidden_field_theory.png")
    tell("two tasks")
    tasks = two_tasks(seeds=8 if full else 4)
    rows += task_rows(tasks)
    tell("digits in three orders of their pixels")
    digits = {power: [learn(power, seed) for seed in range(10 if full else 3)]
              for power in ((*POWERS, 16, 40) if full else POWERS)}
    return rows + digit_rows(digits)


def gradient_row() -> Row:
    """The slope of the loss against differences of it, largest over all fields."""
    rng = np.random.default_rng(0)
    fields, inputs = 0.5 * rng.standard_normal(12), rng.choice([-1.0, 1.0], (20, 12))
    labels = rng.choice([-1.0, 1.0], 20)
    step = 1e-5
    slopes = [(loss(fields - e, inputs, labels) - loss(fields + e, inputs, labels)) / (2 * step)
              for e in step * np.eye(12)]
    return bound(PAPER, "gradient against finite differences, largest", 1e-6,
                 float(np.abs(ascent(fields, inputs, labels) - slopes).max()))


def theory_rows() -> list[Row]:
    return [row(PAPER, f"theory: error of the sign at load {load:g}", expected,
                error_of_the_sign(load), 0.002) for load, expected in THEORY.items()]


def _task(teacher: NDArray[np.int64], load: float, rng: np.random.Generator
          ) -> tuple[Floats, Floats]:
    inputs = rng.choice([-1.0, 1.0], (round(load * SIZE), SIZE))
    return inputs, np.sign(inputs @ teacher + 0.5)


def _start(rng: np.random.Generator) -> Floats:
    fields: Floats = 0.01 * rng.standard_normal(SIZE)
    return fields


def perceptrons(seeds: int) -> Floats:
    """Errors of fields learned from a random teacher, shape (loads, seeds)."""
    found = np.zeros((len(LOADS), seeds))
    for i, load in enumerate(LOADS):
        for seed in range(seeds):
            rng = np.random.default_rng(seed)
            teacher = rng.choice([-1, 1], SIZE)
            inputs, labels = _task(teacher, load, rng)
            found[i, seed] = error_against(learn_fields(_start(rng), inputs, labels), teacher)
    return found


def perceptron_rows(found: Floats) -> list[Row]:
    return [row(PAPER, f"field descent, {SIZE} synapses, 5 seeds: error at load {load:g}",
                error_of_the_sign(load), float(errors.mean()), 0.025)
            for load, errors in zip(LOADS, found, strict=True)]


def two_tasks(seeds: int) -> dict[tuple[float, float], Floats]:
    """Errors on both tasks after the second, by its load and the anchor; shape (seeds, 2)."""
    kept: dict[tuple[float, float], list[tuple[float, float]]] = {
        (load, strength): [] for load in SECOND_LOADS for strength in STRENGTHS}
    for seed in range(seeds):
        rng = np.random.default_rng(seed)
        first = rng.choice([-1, 1], SIZE)
        second = first.copy()
        second[rng.permutation(SIZE)[: SIZE // FLIPPED]] *= -1
        fields = learn_fields(_start(rng), *_task(first, FIRST_LOAD, rng))
        for load in SECOND_LOADS:
            inputs, labels = _task(second, load, rng)
            for strength in STRENGTHS:
                after = learn_fields(fields, inputs, labels, decay=SECOND_DECAY,
                                     anchor=Anchor(fields, strength))
                kept[load, strength].append((error_against(after, first),
                                             error_against(after, second)))
    return {case: np.array(errors) for case, errors in kept.items()}


def task_rows(tasks: dict[tuple[float, float], Floats]) -> list[Row]:
    """A limit on what is lacking says "at least" as it says "at most"."""
    rows = []
    for load in SECOND_LOADS:
        free, held = (tasks[load, strength].mean(axis=0) for strength in STRENGTHS)
        for name, errors in (("no anchor", free), ("anchor", held)):
            rows += [row(PAPER, f"second task of load {load:g}, {name}: error on the {which}", None,
                         float(error), None)
                     for which, error in zip(("first", "second"), errors, strict=True)]
        if load < FIRST_LOAD:
            rows += [bound(PAPER, f"load {load:g}: the anchor lacks of .15 less on the first", 0.0,
                           float(0.15 - (free[0] - held[0]))),
                     bound(PAPER, f"load {load:g}: the anchor lacks of .05 less on both", 0.0,
                           float(0.05 - (free.mean() - held.mean())))]
        else:
            rows.append(row(PAPER, f"load {load:g}: what the anchor saves on both (a long task: "
                            "nothing is expected)", None, float(free.mean() - held.mean()), None))
    return rows


def digit_rows(digits: dict[int, list[Learned]]) -> list[Row]:
    mean = {power: {name: float(np.mean([getattr(one, name) for one in found]))
                    for name in ("just", "first", "final", "oldest")}
            for power, found in digits.items()}
    said = {"just": "a task just learned", "final": "all three in the end",
            "oldest": "the first in the end"}
    rows = [row(PAPER, f"digits, 1-bit weights, {_gate(power)}: {what}", None, mean[power][name],
                None) for power in digits for name, what in said.items()]
    return [*rows,
            bound(PAPER, "digits: one task lacks of .87", 0.0, 0.87 - mean[0]["first"]),
            bound(PAPER, "digits: the gate's fourth power lacks of .03 more than none", 0.0,
                  0.03 - (mean[4]["final"] - mean[0]["final"])),
            bound(PAPER, "digits, fourth power: a task just learned lacks of .85", 0.0,
                  0.85 - mean[4]["just"])]


def _gate(power: int) -> str:
    return f"gate to the power {power}" if power else "no gate"


def draw_perceptrons(found: Floats, path: Path) -> None:
    loads = np.linspace(0.2, 2.0, 91)
    with picture(path, figsize=(7, 4)) as axes:
        axes.plot(loads, [error_of_the_sign(float(load)) for load in loads], color=QUIET,
                  label="theory (Bayes, from below)")
        axes.errorbar(LOADS, found.mean(axis=1), found.std(axis=1), fmt="o", color=ACCENT,
                      ecolor=INK, capsize=3, label=f"fields that learn, {SIZE} synapses")
        axes.set(title="One bit a synapse, and the field behind it", ylim=(0, 0.45),
                 xlabel="patterns a synapse", ylabel="error on new patterns")
        axes.legend(frameon=False)


if __name__ == "__main__":
    main(TITLE, run)
