"""Prototypes, ten seeds, one pass, class after class: integers, floats and nearest class means.

Integers are the circuit's closed form; of each task's first seed a pass with some tests is run by
the clock as well, compared to the bit, placed on stock loihi2, checked and run as placed. Floats
are nearest prototypes by exact cosines, with the same novelty threshold and no steps.

Fashion-MNIST is left out where it is not found::

    NEUROMORPH_FASHION_MNIST=FOLDER python -m benchmarks prototypes
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from benchmarks.prototypes_data import Drawn, digits, garments, topics
from examples.data.fashion import no_garments
from neuromorph.api.circuits.prototypes_placed import placed
from neuromorph.api.circuits.prototypes_run import lay, run
from neuromorph.circuits.prototypes import Learner, Prototypes, codes_of
from neuromorph.papers.prototypes import (
    learn_prototypes,
    nearest_class_mean,
    nearest_prototype,
)

SEEDS = 10
CLOCKED = 100
"""Tests of a pass by the clock."""

STEP = 0.0122
"""Of the ramp, as a cosine."""


@dataclass(frozen=True)
class Task:
    """What is learned, how alike is alike, and what is to be reached."""

    name: str
    draw: Callable[[int, int], Drawn]
    shots: int
    classes: int
    novelty: float
    window: int
    rows: int
    accuracy: float
    prototypes: int | None = None
    signed: bool = False


TASKS = (
    Task("digits, 25 shots", digits, 25, 10, 0.92, 66, 160, 0.93, 135),
    Task("digits, 90 shots", digits, 90, 10, 0.92, 66, 300, 0.965, 280),
    Task("Fashion-MNIST, random filters, 25 shots", garments, 25, 10, 0.95, 66, 250, 0.715, 225),
    Task("Wikipedia topics by MiniLM, 25 shots", topics, 25, 30, 0.5, 45, 400, 0.835,
         signed=True),
)


def measure() -> dict[str, Any]:
    found = []
    for task in TASKS:
        reason = no_garments() if task.draw is garments else None
        found.append({"task": task.name, "left_out": reason} if reason else _of(task))
        print(found[-1], flush=True)
    return {"seeds": SEEDS, "tasks": found, "as_measured": _as_measured()}


def _of(task: Task) -> dict[str, Any]:
    rows = np.array([_one(task, task.draw(task.shots, seed)) for seed in range(SEEDS)])
    integer, kept, floats, kept_floats, means, known = rows.T
    apart = 100 * (integer - floats)
    numbers = _numbers(task, task.draw(task.shots, 0))
    return {
        "task": task.name, "features": numbers.features, "novelty": task.novelty,
        "resolution": STEP, "learning_steps": numbers.learning + 1, "window": task.window,
        "accuracy": float(integer.mean()), "least": float(integer.min()),
        "prototypes": float(kept.mean()), "most_prototypes": int(kept.max()),
        "accuracy_in_float": float(floats.mean()),
        "prototypes_in_float": float(kept_floats.mean()),
        "points_to_float_mean": float(apart.mean()), "points_to_float_worst": float(apart.min()),
        "nearest_class_mean": float(means.mean()),
        "nearest_class_mean_wins": bool(means.mean() > integer.mean()),
        "tests_answered": float(known.mean()),
        "target": task.accuracy, "target_prototypes": task.prototypes,
        "reached": bool(integer.mean() >= task.accuracy and apart.mean() >= -1
                        and apart.min() >= -3.5
                        and (task.prototypes is None or kept.max() <= task.prototypes)),
        "clocked": _clocked(task, task.draw(task.shots, 0)),
    }


def _numbers(task: Task, drawn: Drawn) -> Prototypes:
    return Prototypes.of_cosines(
        drawn.train.shape[1], task.rows, task.classes, novelty=task.novelty, resolution=STEP,
        window=task.window, signed=task.signed)


def _one(task: Task, drawn: Drawn) -> tuple[float, ...]:
    learner = Learner(_numbers(task, drawn))
    learner.learn(codes_of(drawn.train), drawn.labels.tolist())
    answers = learner.answer(codes_of(drawn.test))
    kept = learn_prototypes(drawn.train, drawn.labels, task.novelty)
    floats = nearest_prototype(drawn.train[kept], drawn.labels[kept], drawn.test)
    means = nearest_class_mean(drawn.train, drawn.labels, drawn.test)
    return (float((answers == drawn.truth).mean()), len(learner.codes),
            float((floats == drawn.truth).mean()), len(kept),
            float((means == drawn.truth).mean()), float((answers >= 0).mean()))


def _clocked(task: Task, drawn: Drawn) -> dict[str, Any]:
    """One pass by the clock; a number that differs from the closed form is an error."""
    some = replace(drawn, test=drawn.test[:CLOCKED], truth=drawn.truth[:CLOCKED])
    sent = lay(_numbers(task, drawn), codes_of(some.train), some.labels, codes_of(some.test))
    done = run(sent, "fast")
    return {"tests": len(some.test), "steps": sent.timeline.trains()[1],
            "first_spike_after_steps_mean": done.waited, "equal_to_closed_form": True,
            "placed_alike": True, **placed(sent, done)}


def _as_measured() -> dict[str, Any]:
    """The sizes of Intel's measurement on one chip: 1280 features, 300 prototypes, one step."""
    numbers = Prototypes.of_cosines(1280, 300, 10, novelty=0.92, resolution=STEP, window=66)
    rng = np.random.default_rng(0)
    samples = codes_of(np.maximum(rng.normal(size=(320, 1280)), 0))
    sent = lay(numbers, samples[:300], np.arange(300) % 10, samples[300:])
    return {"prototypes": len(sent.learner.codes), **placed(sent, run(sent, "fast"))}
