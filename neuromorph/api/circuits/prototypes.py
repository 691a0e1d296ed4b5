"""Prototypes: digits are learned one by one, class after class, and never forgotten.

Intel's Continually Learning Prototypes (`lava.proc.clp`; on a Loihi 2 in arXiv 2511.01553) in
stock neurons: a digit is imprinted in one shot, the more similar prototype fires earlier, and the
one that fires first takes control of the output, its label.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import Annotated, Any

import numpy as np
from numpy.typing import NDArray

from neuromorph import backends
from neuromorph.api.circuits.outcome import Outcome
from neuromorph.api.circuits.prototypes_placed import placed
from neuromorph.api.circuits.prototypes_run import Done, Sent, lay
from neuromorph.api.circuits.prototypes_run import run as run_sent
from neuromorph.api.circuits.settings import Meaning, check_limits
from neuromorph.circuits.prototypes import NOBODY, Prototypes, build, codes_of
from neuromorph.circuits.prototypes.clock import RAMP_AT, WRITE_STEPS
from neuromorph.models.digits import load_split
from neuromorph.papers.prototypes import (
    learn_prototypes,
    nearest_class_mean,
    nearest_prototype,
)
from neuromorph.progress import Progress
from neuromorph.report.prototypes import Pass, draw_prototypes
from neuromorph.shown import Shown

CLASSES, FEATURES = 10, 64


@dataclass(frozen=True)
class Settings:
    """How many digits are shown, and how alike two must be."""

    shots: Annotated[int, Meaning(
        "Training images of each digit, all of one before the next.", low=1, high=90)] = 25
    tests: Annotated[int, Meaning("Test images.", low=1, high=400)] = 200
    novelty: Annotated[float, Meaning(
        "Least cosine of a match while learning: below it an image is new.",
        above=0, high=0.999)] = 0.92
    resolution: Annotated[float, Meaning(
        "What the ramp climbs in a step, as a cosine.", above=0, high=0.5)] = 0.0122
    window: Annotated[int, Meaning(
        "Ramp steps of a test, after which nobody is similar.", low=0, high=1000)] = 66
    rows: Annotated[int, Meaning(
        "Prototypes that there is room for.", low=1, high=4096)] = 160

    def __post_init__(self) -> None:
        check_limits(self)


@dataclass(frozen=True, eq=False, repr=False)
class _Images(Shown):
    """Images of a pass, one row each, and their digits."""

    train: NDArray[np.float64]
    labels: NDArray[np.int64]
    test: NDArray[np.float64]
    truth: NDArray[np.int64]


def why_not(backend: backends.Backend) -> str | None:
    """The reason against a small one of its kind, None if it runs."""
    return backend.why_not(build(Prototypes.of_cosines(
        2, 1, 2, novelty=0.9, resolution=0.05, window=2)))


def run(settings: Settings, *, backend: str, seed: int, progress: Progress) -> Outcome:
    """Learn some images in one pass, test, compare with closed form, float and class means.

    Raises
    ------
    FitError
        If there are more prototypes than rows.
    DisagreementError
        If a first spike is not that of the closed form.
    """
    images = _images(settings, np.random.default_rng(seed))
    numbers = Prototypes.of_cosines(
        FEATURES, settings.rows, CLASSES, novelty=settings.novelty,
        resolution=settings.resolution, window=settings.window)
    sent = lay(numbers, codes_of(images.train), images.labels, codes_of(images.test))
    inputs_steps = sent.timeline.trains()[1]
    progress(f"{len(images.train)} images, {len(images.test)} tests, {inputs_steps} steps on "
             f"{backend}")
    done = run_sent(sent, backend)
    progress("placing it on a chip")
    found = _numbers(settings, images, sent, done) | {"steps": inputs_steps}
    found |= {f"estimate_{name}": value for name, value in placed(sent, done).items()}
    shown = Pass(images.train, images.labels, np.array(sent.learned.rows), images.test[0],
                 done.said.first[len(images.train)], done.labels, int(done.answers[0]),
                 settings.window)
    return Outcome(found, _sentences(found), partial(draw_prototypes, shown))


def _images(settings: Settings, rng: np.random.Generator) -> _Images:
    """Class after class, as class-incremental learning has them; tests are of all classes."""
    split = load_split()
    chosen = np.concatenate([rng.permutation(np.flatnonzero(split.train.labels == digit))
                             [: settings.shots] for digit in range(CLASSES)])
    test = split.test
    return _Images(split.train.images.reshape(-1, FEATURES)[chosen], split.train.labels[chosen],
                   test.images.reshape(-1, FEATURES)[: settings.tests],
                   test.labels[: settings.tests])


def _numbers(settings: Settings, images: _Images, sent: Sent, done: Done) -> dict[str, Any]:
    kept = learn_prototypes(images.train, images.labels, settings.novelty)
    by_float = nearest_prototype(images.train[kept], images.labels[kept], images.test)
    by_mean = nearest_class_mean(images.train, images.labels, images.test)
    numbers = sent.numbers
    return {
        "images": len(images.train), "tests": len(images.test), "rows": numbers.rows,
        "prototypes": len(sent.learner.codes), "prototypes_in_float": len(kept),
        "accuracy": float((done.answers == images.truth).mean()),
        "accuracy_in_float": float((by_float == images.truth).mean()),
        "accuracy_of_nearest_class_mean": float((by_mean == images.truth).mean()),
        "tests_without_an_answer": int(np.count_nonzero(done.answers == NOBODY)),
        "equal_to_closed_form": True,
        "steps_a_write": WRITE_STEPS, "steps_a_learning_query": RAMP_AT + numbers.learning,
        "steps_a_test": RAMP_AT + numbers.window,
        "first_spike_after_steps_mean": done.waited,
        "spikes_a_test_mean": float(done.said.spikes[len(images.train) :].mean()),
        "threshold": numbers.threshold, "ramp": numbers.ramp,
        "bound_of_2_norm": numbers.payload_norm,
    }


def _sentences(numbers: dict[str, Any]) -> tuple[str, ...]:
    learned = (f"{numbers['images']} images were shown once, one digit after the other; "
               f"{numbers['prototypes']} of them were imprinted, the others were known already.")
    right = (f"{100 * numbers['accuracy']:.2f} % of {numbers['tests']} test images were named "
             f"right; in float {100 * numbers['accuracy_in_float']:.2f} %, with nearest class "
             f"means {100 * numbers['accuracy_of_nearest_class_mean']:.2f} %.")
    host = ("Codes and labels are learned by synapses; votes are counted, and rows allocated, by "
            "the host: Intel's CLP has processes of the host for that in Lava, too.")
    said = [learned, right, host,
            "Every first spike, and every synapse at the end, is that of the closed form."]
    cores = numbers["estimate_cores"]
    said.append(f"Placed on {cores} core{'s' * (cores > 1)} of {numbers['estimate_profile']}, "
                "stock neurons, checked and run as placed. Energy and time are estimates, a test's "
                "with its whole ramp; nothing has run on a chip.")
    return tuple(said)
