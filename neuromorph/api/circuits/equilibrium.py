"""Equilibrium propagation: digits learned by two layers that settle and are nudged both ways.

Laborieux and Zenke (ICLR 2024, arXiv 2309.02214): weights back are not those forward, turned
around. The contrast of two nudges is a third factor, and all three projections learn by a rule,
sample by sample; noise between them aligns the weights forward and back. The readout, the nudge and
the noise are the host's: docs/plasticity.md.
"""

from __future__ import annotations

from collections.abc import Iterator
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
from neuromorph.circuits.equilibrium import (
    NOISE_MAX,
    PERIOD,
    PROBES,
    TOP,
    UNIT,
    Equilibrium,
    Layer,
    Layers,
    Noise,
    Sample,
    aligning_rate,
    build,
    read,
    stimulate,
)
from neuromorph.models.digits import load_split
from neuromorph.numerics.limits import WEIGHT_MAX
from neuromorph.papers.equilibrium import (
    Weights,
    activation,
    contrast,
    draw,
    gradients,
    homeostatic,
    relax,
)
from neuromorph.progress import Progress
from neuromorph.report.equilibrium import draw_learning
from neuromorph.shown import Shown

LAYERS: tuple[Layer, ...] = ("first", "second")
CLASSES, PIXEL_MAX, SCALE = 10, 16, 0.7
FLOAT_RATE, FLOAT_NUDGE = 0.03, 0.2

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Settings:
    """How much is learned, and how."""

    units: Annotated[int, Meaning("Neurons of each of both layers.", low=1, high=256)] = 32
    images: Annotated[int, Meaning("Training images.", low=1, high=1197)] = 300
    passes: Annotated[int, Meaning("Passes over them.", low=1, high=50)] = 6
    tests: Annotated[int, Meaning("Test images, before and after.", low=1, high=400)] = 200
    nudge: Annotated[float, Meaning("beta: how far the second layer is nudged.",
                                    above=0, high=1)] = 0.5
    slowness: Annotated[int, Meaning("A lesson is 2^-(slowness + 10) of activity times contrast.",
                                     low=4, high=7)] = 5
    readout: Annotated[float, Meaning("Learning rate of the host's readout.",
                                      above=0, high=1)] = 0.05
    homeostasis: Annotated[int, Meaning("Lessons to a draw of noise, four samples that align "
                                        "weights forward and back; 0: none.",
                                        low=0, high=10_000)] = 2

    def __post_init__(self) -> None:
        check_limits(self)


@dataclass(frozen=True, eq=False, repr=False)
class Learned(Shown):
    """What a host sends, by the closed form, and what should come of it.

    Attributes
    ----------
    numbers : Equilibrium
        Weights before.
    samples : list of Sample or Noise
        Tests, lessons and noise, the tests again.
    answers : int array, shape (samples, units)
    passes : float array, shape (passes,)
        Share of the lessons that were right before they were learned, pass by pass.
    before, after : float
        Accuracy on tests.
    layers : Layers
        In the end.
    """

    numbers: Equilibrium
    samples: list[Sample | Noise]
    answers: Ints
    passes: Floats
    before: float
    after: float
    layers: Layers

    @property
    def cosine(self) -> float:
        """Of weights forward and those back, turned around, in the end."""
        one, other = self.layers.weights["forward"], self.layers.weights["back"].T
        return float((one * other).sum() / np.linalg.norm(one) / np.linalg.norm(other))


def why_not(backend: backends.Backend) -> str | None:
    """The reason against a small one of its kind, None if it runs."""
    two = np.full((2, 2), 2, np.int32)
    return backend.why_not(build(Equilibrium(two, two, two)))


def run(settings: Settings, *, backend: str, seed: int, progress: Progress) -> Outcome:
    """Test, learn, test again; compare with the closed form, and with floats.

    Raises
    ------
    DisagreementError
        If an answer, weight or tag is not that of the closed form.
    """
    weights = first_weights(settings, seed)
    course = lay(settings, weights, seed)
    progress(f"{len(course.samples)} samples, {PERIOD * len(course.samples)} steps on {backend}")
    check(course, backend)
    float_passes, float_after = learn_in_floats(settings, weights, seed)
    moved = course.layers.weights
    numbers: dict[str, Any] = {
        "units": settings.units, "lessons": settings.images * settings.passes,
        "samples_of_noise": sum(isinstance(sample, Noise) for sample in course.samples),
        "steps_a_sample": PERIOD, "equal_to_closed_form": True,
        "accuracy_before": course.before, "accuracy_after": course.after,
        "accuracy_after_in_floats": float_after,
        "last_pass": float(course.passes[-1]), "last_pass_in_floats": float(float_passes[-1]),
        "cosine_of_forward_and_back": course.cosine,
        "largest_weight": int(max(np.abs(each).max() for each in moved.values())),
    }
    return Outcome(numbers, _sentences(numbers), partial(
        draw_learning, {"integers": course.passes, "floats": float_passes},
        np.concatenate([moved[name].ravel() for name in ("into", "forward", "back")])))


def first_weights(settings: Settings, seed: int) -> Weights:
    """Unrelated weights forward and back, rounded to even integers, in units of 1."""
    sizes = (PIXEL_MAX * 4, settings.units, settings.units, CLASSES)
    weights = draw(sizes, np.pi / 2, SCALE, np.random.default_rng(seed))
    for name in ("into", "forward", "back"):
        codes = 2 * np.rint(getattr(weights, name) * UNIT / 2)
        setattr(weights, name, np.clip(codes, 1 - WEIGHT_MAX, WEIGHT_MAX - 1) / UNIT)
    return weights


def lay(settings: Settings, weights: Weights, seed: int) -> Learned:
    """All samples in their order: a nudge follows from what the second layer settles in."""
    into, forward, back = ((UNIT * found.T).astype(np.int32) for found in (
        weights.into, weights.forward, weights.back))
    numbers = Equilibrium(into, forward, back, settings.slowness)
    layers, readout = Layers(numbers), weights.readout.copy()
    train, test = (_codes(part.images) for part in (load_split().train, load_split().test))
    train_labels, labels = load_split().train.labels, load_split().test.labels[: settings.tests]
    samples: list[Sample | Noise] = []
    answers: list[Ints] = []

    def tested() -> float:
        for pixels in test[: settings.tests]:
            samples.append(Sample(pixels))
            answers.append(layers.ask(pixels))
            layers.nudge(None)
        scores = np.array(answers[-settings.tests :]) / TOP @ readout
        return float((scores.argmax(axis=1) == labels).mean())

    before, rights, rng = tested(), np.zeros(settings.passes), np.random.default_rng(seed)
    for number, i, shaken in _lessons(settings, seed):
        answers.append(layers.ask(train[i]))
        activity = answers[-1] / TOP
        missed = softmax(activity @ readout)
        rights[number] += missed.argmax() == train_labels[i]
        missed[train_labels[i]] -= 1
        nudge = np.rint(settings.nudge * TOP * (readout @ missed)).astype(np.int64)
        lesson = Sample(train[i], np.clip(nudge, -TOP, TOP))
        samples.append(lesson)
        layers.nudge(lesson.nudge)
        readout -= settings.readout * np.outer(activity, missed)
        for noise in draw_noise(settings.units, rng) if shaken else ():
            samples.append(noise)
            answers.append(layers.shake(noise))
    after = tested()
    return Learned(numbers, samples, np.array(answers), rights / settings.images, before, after,
                  layers)


def _lessons(settings: Settings, seed: int) -> Iterator[tuple[int, int, bool]]:
    """The pass of each lesson, its image, and whether noise follows it."""
    rng, every, count = np.random.default_rng(seed), settings.homeostasis, 0
    for number in range(settings.passes):
        for image in rng.permutation(settings.images):
            count += 1
            yield number, int(image), every > 0 and count % every == 0


def draw_noise(units: int, rng: np.random.Generator) -> Iterator[Noise]:
    """As strong as can be and of either sign: in the first layer, turned, in the second, turned."""
    for layer in LAYERS:
        noise = Noise(layer, NOISE_MAX * rng.choice([-1, 1], units))
        yield noise
        yield noise.turned


def _codes(images: Floats) -> Ints:
    codes: Ints = np.rint(images.reshape(len(images), -1) / PIXEL_MAX * TOP).astype(np.int64)
    return codes


def check(course: Learned, backend: str) -> None:
    """Run a course on a backend, and compare every answer, weight and tag.

    Raises
    ------
    DisagreementError
    """
    inputs, steps = stimulate(course.numbers, course.samples)
    found = backends.get(backend).run(build(course.numbers), inputs, PROBES[1:2], steps)
    compared = [("answers", read(found.spikes("second")), course.answers)]
    for name, (weights, tags) in found.synapses.items():
        compared += [(f"weights of {name}", weights, course.layers.weights[name]),
                     (f"tags of {name}", tags, course.layers.tags[name])]
    require_equal("the layers at equilibrium", "equilibrium", compared, "column")


def learn_in_floats(settings: Settings, weights: Weights, seed: int) -> tuple[Floats, float]:
    """The same lessons by `papers.equilibrium`, the published logistic, sample by sample.

    Noise comes as often, from N(0, 1), and moves weights as much as `NOISE_MAX` does in integers.

    Returns
    -------
    float array, shape (passes,), and float
        Share of right answers before each lesson, pass by pass; accuracy on tests.
    """
    own = Weights(**{name: array.copy() for name, array in weights.named()})
    split = load_split()
    images, tests = (part.images.reshape(len(part.images), -1) / PIXEL_MAX
                     for part in (split.train, split.test))
    targets = np.eye(CLASSES)[split.train.labels]
    rights, rng = np.zeros(settings.passes), np.random.default_rng(seed)
    for number, i, shaken in _lessons(settings, seed):
        image, target = images[i : i + 1], targets[i : i + 1]
        free = relax(own, image)
        rights[number] += (activation(free.second) @ own.readout).argmax() == target.argmax()
        deltas = contrast(own, image, target, free, nudge=FLOAT_NUDGE, phases=2)
        found = gradients(image, target, own, free, deltas)
        for (_, array), (_, slope) in zip(own.named(), found.named(), strict=True):
            np.subtract(array, FLOAT_RATE * slope, out=array)
        if shaken:
            forward, back = homeostatic(own, 1, rng)
            own.forward -= aligning_rate(settings.slowness) * forward
            own.back -= aligning_rate(settings.slowness) * back
    settled = activation(relax(own, tests[: settings.tests]).second) @ own.readout
    after = (settled.argmax(axis=1) == split.test.labels[: settings.tests]).mean()
    return rights / settings.images, float(after)


def _sentences(numbers: dict[str, Any]) -> tuple[str, ...]:
    learned = (f"Layers that settle and are nudged name {numbers['accuracy_before']:.1%} of the "
               f"test digits before, and {numbers['accuracy_after']:.1%} after "
               f"{numbers['lessons']} lessons, one by one.")
    floats = (f"In floats, with the published logistic: "
              f"{numbers['accuracy_after_in_floats']:.1%}.")
    host = ("The readout and the nudge are the host's. Every answer, weight and tag is that of the "
            "closed form.")
    return learned, floats, host
