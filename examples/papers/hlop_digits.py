"""Three tasks in a row: the digits, their pixels in three orders, with and without projection."""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray
from scipy.special import softmax

from neuromorph.models.digits import load_split
from neuromorph.papers.hlop import Subspace, held_in_8_bits, leading_rows, residual

KINDS = ("plain", "HLOP", "8-bit H", "joint")
"""No projection; H learned beside the task; H from its data, frozen in 8 bits; all at once."""

SIZES = (64, 128, 128, 10)
ROWS = (20, 40, 30)
"""Of H that a task takes, by layer."""

RATES = (0.05, 0.1, 0.1)
"""Of H, by layer."""

PIXEL_MAX = 16
TASKS, EPOCHS, BATCH, RATE = 3, 30, 64, 0.1

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Forgetting:
    """Accuracies by task, each measured after each task.

    Attributes
    ----------
    table : float array, shape (tasks, tasks)
        [after, of]; of tasks that have not come yet, 0.
    """

    table: Floats

    @property
    def final(self) -> float:
        """Mean over all tasks in the end."""
        return float(self.table[-1].mean())

    @property
    def change(self) -> float:
        """Of the earlier tasks, from when each was learned."""
        return float((self.table[-1] - self.table.diagonal())[:-1].mean())

    @property
    def first_task(self) -> Floats:
        """Of the first task, after each."""
        return self.table[:, 0]


@dataclass
class Learner:
    """Dense layers without biases, rectified, one head for all tasks.

    Attributes
    ----------
    weights : list of float array, shape (outputs, inputs)
    spaces : list of Subspace
        One a layer, of what enters it.
    """

    weights: list[Floats]
    spaces: list[Subspace] = field(default_factory=list)

    @classmethod
    def new(cls, rng: np.random.Generator) -> Learner:
        """Random weights, no direction taken."""
        return cls([rng.standard_normal((after, before)) * np.sqrt(2 / before)
                    for before, after in pairwise(SIZES)],
                   [Subspace.empty(size) for size in SIZES[:-1]])

    def forward(self, images: Floats) -> tuple[list[Floats], Floats]:
        """What enters each layer, and the logits."""
        activity = [images]
        for weights in self.weights[:-1]:
            activity.append(np.maximum(activity[-1] @ weights.T, 0))
        return activity, activity[-1] @ self.weights[-1].T

    def step(self, images: Floats, labels: NDArray[np.int64], taken: list[Floats]) -> list[Floats]:
        """dW = -rate delta (x - H^T H x)^T by backpropagation; what entered each layer."""
        activity, logits = self.forward(images)
        delta = softmax(logits, axis=1)
        delta[np.arange(len(labels)), labels] -= 1
        delta /= len(labels)
        for number in reversed(range(len(self.weights))):
            back = delta @ self.weights[number]
            self.weights[number] -= RATE * delta.T @ residual(taken[number], activity[number])
            delta = back * (activity[number] > 0)
        return activity

    def accuracy(self, images: Floats, labels: NDArray[np.int64]) -> float:
        """Share that is named right."""
        return float((self.forward(images)[1].argmax(axis=1) == labels).mean())


def digits_in_three_orders(seeds: int) -> dict[str, list[Forgetting]]:
    """Accuracies of each kind of learning, by seed."""
    return {kind: [learn(kind, seed) for seed in range(seeds)] for kind in KINDS}


def learn(kind: str, seed: int) -> Forgetting:
    """Three tasks in a row; of joint training, all of them at each place."""
    split = load_split()
    rng = np.random.default_rng(seed)
    orders = [rng.permutation(SIZES[0]) for _ in range(TASKS)]
    train, test = (part.images.reshape(len(part), -1) / PIXEL_MAX
                   for part in (split.train, split.test))
    labels = split.train.labels
    learner, table = Learner.new(rng), np.zeros((TASKS, TASKS))
    if kind == "joint":
        images = np.concatenate([train[:, order] for order in orders])
        _learn_task(learner, kind, images, np.tile(labels, TASKS), rng, last=True)
    for task, order in enumerate(orders):
        if kind != "joint":
            _learn_task(learner, kind, train[:, order], labels, rng, last=task == TASKS - 1)
        for other in range(TASKS if kind == "joint" else task + 1):
            table[task, other] = learner.accuracy(test[:, orders[other]], split.test.labels)
    return Forgetting(table)


def _learn_task(
    learner: Learner, kind: str, images: Floats, labels: NDArray[np.int64],
    rng: np.random.Generator, *, last: bool,
) -> None:
    takes_rows = kind in ("HLOP", "8-bit H") and not last
    for space, count in zip(learner.spaces, ROWS, strict=True):
        if takes_rows:
            space.grow(count, rng)
        else:
            space.frozen = len(space.rows)
    taken = [held_in_8_bits(s.taken) if kind == "8-bit H" else s.taken for s in learner.spaces]
    for _ in range(EPOCHS):
        order = rng.permutation(len(images))
        for begin in range(0, len(order), BATCH):
            chosen = order[begin:begin + BATCH]
            activity = learner.step(images[chosen], labels[chosen], taken)
            if kind == "HLOP" and not last:
                for space, entered, rate in zip(learner.spaces, activity, RATES, strict=True):
                    space.learn(entered, rate)
    if kind == "8-bit H" and not last:
        for space, entered in zip(learner.spaces, learner.forward(images)[0], strict=True):
            space.rows[space.frozen :] = leading_rows(
                entered, len(space.rows) - space.frozen, space.taken)
