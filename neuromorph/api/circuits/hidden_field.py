"""Binary synapses with a hidden field: digits, task after task, in weights of one bit.

Li, Huang, Zou and Huang (PRE 108, 014309): the tag is the field, the weight its sign, and a field
moves less the more certain it is. A task is an order of the pixels; what the later ones leave of
the earlier is shown, with the gate and without: docs/plasticity.md.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Annotated, Any

import numpy as np
from numpy.typing import NDArray

from neuromorph import backends
from neuromorph.api.circuits.outcome import Outcome
from neuromorph.api.circuits.settings import Meaning, check_limits
from neuromorph.api.equal import require_equal
from neuromorph.circuits.hidden_field import (
    PERIOD,
    PROBES,
    TEACH_MAX,
    HiddenField,
    Lesson,
    Synapses,
    build,
    read,
    stimulate,
)
from neuromorph.models.digits import load_split
from neuromorph.progress import Progress
from neuromorph.report.hidden_field import draw_forgetting
from neuromorph.shown import Shown

CLASSES, PIXELS, PIXEL_MIDDLE = 10, 64, 4

Ints = NDArray[np.int64]


@dataclass(frozen=True)
class Settings:
    """How much is learned, and by what."""

    features: Annotated[int, Meaning(
        "Random threshold units that see the pixels; half of them are silent.",
        low=1, high=4096)] = 512
    tasks: Annotated[int, Meaning("Orders of the pixels, one after the other.",
                                  low=1, high=8)] = 2
    images: Annotated[int, Meaning("Training images of a task.", low=1, high=1197)] = 600
    passes: Annotated[int, Meaning("Passes over the images of a task.", low=1, high=50)] = 3
    tests: Annotated[int, Meaning("Test images of each task.", low=1, high=400)] = 200
    margin: Annotated[float, Meaning(
        "Share of the features by which a label must lead, else it is taught.",
        low=0, high=1)] = 0.12
    strength: Annotated[int, Meaning(
        "Third factor of a lesson: sixteenths of a field.", low=1, high=TEACH_MAX)] = TEACH_MAX
    gated: Annotated[bool, Meaning("A field moves less the more certain it is.")] = True

    def __post_init__(self) -> None:
        check_limits(self)


@dataclass(frozen=True, eq=False, repr=False)
class Learned(Shown):
    """What a host sends over all tasks, by the closed form, and what should come of it.

    Attributes
    ----------
    lessons : list of Lesson
        A task's lessons, then the tests of all tasks; and so on.
    sums : int array, shape (lessons, neurons)
    table : float array, shape (tasks, tasks)
        Accuracy [after, of].
    synapses : Synapses
        In the end.
    """

    lessons: list[Lesson]
    sums: Ints
    table: NDArray[np.float64]
    synapses: Synapses


def why_not(backend: backends.Backend) -> str | None:
    """The reason against a small one of its kind, None if it runs."""
    return backend.why_not(build(HiddenField(2, 2)))


def run(settings: Settings, *, backend: str, seed: int, progress: Progress) -> Outcome:
    """Learn tasks in a row, test all after each, compare with closed form and with no gate.

    Raises
    ------
    DisagreementError
        If a sum, weight or field is not that of the closed form.
    """
    course = lay(settings, seed)
    progress(f"{len(course.lessons)} samples, {PERIOD * len(course.lessons)} steps on {backend}")
    check(course, backend)
    other = lay(replace(settings, gated=not settings.gated), seed)
    fields = np.abs(course.synapses.fields)
    numbers: dict[str, Any] = {
        "features": settings.features, "tasks": settings.tasks, "steps_a_sample": PERIOD,
        "samples": len(course.lessons), "equal_to_closed_form": True,
        "accuracy_just_learned": float(course.table.diagonal().mean()),
        "accuracy_in_the_end": float(course.table[-1].mean()),
        "accuracy_of_the_first_in_the_end": float(course.table[-1, 0]),
        "other_just_learned": float(other.table.diagonal().mean()),
        "other_in_the_end": float(other.table[-1].mean()),
        "largest_field": int(fields.max()),
        "fields_without_evidence": float((fields == 0).mean()),
    }
    curves = {_said(settings.gated): course.table, _said(not settings.gated): other.table}
    return Outcome(numbers, _sentences(settings, numbers),
                   partial(_draw, curves, course.synapses.fields))


def lay(settings: Settings, seed: int) -> Learned:
    """All samples in their order: whom a lesson is for follows from the closed form's sums."""
    rng = np.random.default_rng(seed)
    split = load_split()
    lines = rng.choice([-1, 1], (settings.features, PIXELS))
    orders = [rng.permutation(PIXELS) for _ in range(settings.tasks)]
    images, tests = (_bits(part.images) for part in (split.train, split.test))
    synapses = Synapses(HiddenField(settings.features, CLASSES, gated=settings.gated))
    lessons: list[Lesson] = []
    sums: list[Ints] = []
    table = np.zeros((settings.tasks, settings.tasks))
    for task, order in enumerate(orders):
        features = _features(images[: settings.images, order], lines)
        for _ in range(settings.passes):
            for i in rng.permutation(len(features)):
                sums.append(synapses.ask(features[i]))
                lessons.append(_lesson(settings, synapses, features[i],
                                       int(split.train.labels[i]), sums[-1]))
        for other, its in enumerate(orders):
            asked = _features(tests[: settings.tests, its], lines)
            answers = synapses.ask(asked)
            truth = split.test.labels[: settings.tests]
            table[task, other] = (answers.argmax(axis=1) == truth).mean()
            synapses.rest(len(asked))
            lessons += [Lesson(one) for one in asked]
            sums += list(answers)
    return Learned(lessons, np.array(sums), table, synapses)


def _lesson(
    settings: Settings, synapses: Synapses, features: Ints, label: int, sums: Ints
) -> Lesson:
    """More for the label and less for its best rival, where they are near; else nothing."""
    others = sums.copy()
    others[label] = np.iinfo(np.int64).min
    rival = int(others.argmax())
    near = sums[label] - sums[rival] < settings.margin * len(features) * synapses.numbers.weight
    more, less = np.zeros(CLASSES, np.int64), np.zeros(CLASSES, np.int64)
    if near:
        more[label] = less[rival] = settings.strength
    synapses.teach(features, more, less)
    return Lesson(features, more, less)


def _bits(images: NDArray[np.float64]) -> Ints:
    return np.where(images.reshape(-1, PIXELS) > PIXEL_MIDDLE, 1, -1)


def _features(pixels: Ints, lines: Ints) -> Ints:
    return (pixels @ lines.T > 0).astype(np.int64)


def check(course: Learned, backend: str) -> None:
    """Run a course on a backend, and compare every sum, weight and field.

    Raises
    ------
    DisagreementError
    """
    numbers = course.synapses.numbers
    inputs, steps = stimulate(numbers, course.lessons)
    found = backends.get(backend).run(build(numbers), inputs, PROBES, steps)
    weights, fields = found.synapses["binary"]
    require_equal("the layer of binary synapses", "hidden_field",
                  [("sums", read(found.spikes("sum")), course.sums),
                   ("weights", weights, course.synapses.weights),
                   ("fields", fields, course.synapses.fields)], "column")


def _said(gated: bool) -> str:
    return "gated by certainty" if gated else "no gate"


def _sentences(settings: Settings, numbers: dict[str, Any]) -> tuple[str, ...]:
    learned = (f"Weights of one bit name {numbers['accuracy_just_learned']:.1%} of the digits of a "
               f"task just learned, and {numbers['accuracy_in_the_end']:.1%} over all "
               f"{numbers['tasks']} in the end.")
    other = (f"{'Without' if settings.gated else 'With'} the gate: "
             f"{numbers['other_just_learned']:.1%} and {numbers['other_in_the_end']:.1%}.")
    host = ("Whom a lesson is for, a host says by the sums. Every sum, weight and field is that of "
            "the closed form.")
    return learned, other, f"The largest field is {numbers['largest_field']}, at most 127.", host


def _draw(curves: dict[str, NDArray[np.float64]], fields: Ints, path: Path) -> None:
    draw_forgetting(curves, fields, path)
