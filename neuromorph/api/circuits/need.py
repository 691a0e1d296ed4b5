"""A learning rate that is a neuron's state: digits whose labels change, learned as errors say.

After Man, Damasio and Neven (2022, arXiv 2205.08645), whose own rule does not help; the regulator
is our trace of errors. Its payload is the third factor of the delta rule, and constant rates run
beside it: docs/plasticity.md.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import Annotated, Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import softmax

from neuromorph import backends
from neuromorph.api.circuits.outcome import Outcome
from neuromorph.api.circuits.settings import Meaning, check_limits
from neuromorph.api.equal import require_equal
from neuromorph.circuits.need import (
    LEAST,
    PERIOD,
    PROBES,
    SENT_MAX,
    Layer,
    Lesson,
    Need,
    build,
    read,
    stimulate,
)
from neuromorph.models.digits import load_split
from neuromorph.numerics.limits import TRACE_MAX
from neuromorph.progress import Progress
from neuromorph.report.need import draw_rates
from neuromorph.shown import Shown

FEATURES, CLASSES, PIXEL_MAX = 64, 10, 16
CONSTANTS = (4, 16, 40, 120)
"""Rates that never change, beside the regulated one."""

SOFT = 4096
"""A sum that counts 1 in the host's softmax."""

Ints = NDArray[np.int64]


@dataclass(frozen=True)
class Settings:
    """How much is learned, and how often it stops being true."""

    images: Annotated[int, Meaning("Training images.", low=10, high=1197)] = 400
    passes: Annotated[int, Meaning("Passes over them.", low=1, high=50)] = 4
    swaps: Annotated[int, Meaning("Times a pass that two classes exchange their labels.",
                                  low=0, high=10)] = 8
    base: Annotated[int, Meaning("Rate without errors, of 127.", low=1, high=127)] = 4
    slowness: Annotated[int, Meaning("A lesson is 2^-slowness of rate, activity and error.",
                                     low=13, high=17)] = 16

    def __post_init__(self) -> None:
        check_limits(self)


@dataclass(frozen=True, eq=False, repr=False)
class Lessons(Shown):
    """What a host sends, by the closed form, and what should come of it.

    Attributes
    ----------
    numbers : Need
    lessons : list of Lesson
    sums : int array, shape (lessons, 10)
    right : bool array, shape (lessons,)
        Whether the guess was the label of then.
    rates : int array, shape (lessons,)
    layer : Layer
        In the end.
    """

    numbers: Need
    lessons: list[Lesson]
    sums: Ints
    right: NDArray[np.bool_]
    rates: Ints
    layer: Layer

    @property
    def accuracy(self) -> float:
        """Share of right guesses in the second half."""
        return float(self.right[len(self.right) // 2 :].mean())


def why_not(backend: backends.Backend) -> str | None:
    """The reason against a small one of its kind, None if it runs."""
    return backend.why_not(build(Need(2, 2)))


def run(settings: Settings, *, backend: str, seed: int, progress: Progress) -> Outcome:
    """Learn on a backend; compare with the closed form, and with constant rates.

    Raises
    ------
    DisagreementError
        If a sum, rate or weight is not that of the closed form.
    """
    course = learn(Need(FEATURES, CLASSES, settings.base, True, settings.slowness), settings, seed)
    progress(f"{len(course.lessons)} lessons, {PERIOD * len(course.lessons)} steps on {backend}")
    check(course, backend)
    constants = {rate: learn(Need(FEATURES, CLASSES, rate, False, settings.slowness), settings,
                             seed) for rate in CONSTANTS}
    numbers: dict[str, Any] = {
        "lessons": len(course.lessons), "steps_a_lesson": PERIOD, "equal_to_closed_form": True,
        "accuracy_regulated": course.accuracy,
        **{f"accuracy_at_{rate}": found.accuracy for rate, found in constants.items()},
        "mean_rate": float(course.rates.mean()), "largest_rate": int(course.rates.max()),
    }
    shifts = [settings.images * number + at for number in range(settings.passes)
              for at in _shifts(settings)]
    return Outcome(numbers, _sentences(numbers, settings.base), partial(
        draw_rates, course.right, course.rates, shifts,
        {rate: found.right for rate, found in constants.items()}))


def learn(numbers: Need, settings: Settings, seed: int) -> Lessons:
    """Digits one by one; the same digits and exchanges for every rate."""
    rng, split = np.random.default_rng(seed), load_split()
    images = np.clip(np.rint(split.train.images.reshape(-1, FEATURES) / PIXEL_MAX * TRACE_MAX) * 2,
                     LEAST, SENT_MAX).astype(np.int64)
    names, layer = np.arange(CLASSES), Layer(numbers)
    lessons: list[Lesson] = []
    sums, right, rates = [], [], []
    for _ in range(settings.passes):
        for number, i in enumerate(rng.permutation(settings.images)):
            if number in _shifts(settings):
                pair = rng.choice(CLASSES, 2, replace=False)
                names[pair] = names[pair[::-1]]
            said, label = layer.ask(images[i]), int(names[split.train.labels[i]])
            error = -softmax(said / SOFT)
            right.append(bool(error.argmin() == label))
            error[label] += 1
            error = np.rint(TRACE_MAX * error).astype(np.int64)
            layer.teach(images[i], not right[-1], error)
            sums.append(said)
            rates.append(layer.rate)
            lessons.append(Lesson(images[i], not right[-1], np.maximum(error, 0),
                                  np.maximum(-error, 0)))
    return Lessons(numbers, lessons, np.array(sums), np.array(right), np.array(rates), layer)


def _shifts(settings: Settings) -> set[int]:
    """Lessons of a pass before which two classes exchange their labels."""
    return {settings.images * n // settings.swaps for n in range(settings.swaps)}


def check(course: Lessons, backend: str) -> None:
    """Run a course on a backend, and compare every sum, rate and weight.

    Raises
    ------
    DisagreementError
    """
    inputs, steps = stimulate(course.numbers, course.lessons)
    found = backends.get(backend).run(build(course.numbers), inputs, PROBES, steps)
    said = read(found.spikes("sum"), found.spikes("rate"))
    rates = np.repeat(course.rates[:, None], said.rates.shape[1], axis=1)
    require_equal("the regulated layer", "need",
                  [("sums", said.sums, course.sums), ("rates", said.rates, rates),
                   ("weights", found.synapses["weights"][0], course.layer.weights)], "column")


def _sentences(numbers: dict[str, Any], base: int) -> tuple[str, ...]:
    best = max(CONSTANTS, key=lambda rate: float(numbers[f"accuracy_at_{rate}"]))
    own = (f"Of the second half of {numbers['lessons']} digits {numbers['accuracy_regulated']:.1%} "
           f"are named before they are taught, at a rate of {numbers['mean_rate']:.1f} of 127 in "
           "the mean.")
    beside = (f"The best of the constant rates is {best}: {numbers[f'accuracy_at_{best}']:.1%}; "
              f"without errors the regulator says {base}.")
    host = ("The softmax, and whether a guess is wrong, are the host's. Every sum, rate and weight "
            "is that of the closed form.")
    return own, beside, host
