"""What a host sends to a layer of hidden fields, sample by sample, and where its answers are."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated

import numpy as np

from neuromorph.circuits.hidden_field.numbers import (
    ASK_AT,
    PERIOD,
    SUM_AT,
    TEACH_AT,
    HiddenField,
)
from neuromorph.shapes import Int64, Integer
from neuromorph.shown import Shown


@dataclass(frozen=True, eq=False, repr=False)
class Lesson(Shown):
    """A sample; one that only asks has no ``more`` and ``less``.

    Attributes
    ----------
    features : int array of 0 and 1, shape (features,)
    more, less : int array, shape (neurons,), optional
    """

    features: Annotated[Integer, "features"]
    more: Annotated[Integer, "neurons"] | None = None
    less: Annotated[Integer, "neurons"] | None = None


def stimulate(
    numbers: HiddenField, lessons: Sequence[Lesson]
) -> tuple[dict[str, Annotated[Int64, "_ _"]], int]:
    """The trains of all ports, and the number of steps; answers come within them."""
    steps = PERIOD * len(lessons)
    trains = {"feature": np.zeros((steps, numbers.features), np.int64),
              "more": np.zeros((steps, numbers.neurons), np.int64),
              "less": np.zeros((steps, numbers.neurons), np.int64)}
    for number, lesson in enumerate(lessons):
        at = PERIOD * number
        trains["feature"][at + ASK_AT] = lesson.features
        if lesson.more is not None and lesson.less is not None:
            trains["feature"][at + TEACH_AT] = lesson.features
            trains["more"][at + TEACH_AT] = lesson.more
            trains["less"][at + TEACH_AT] = lesson.less
    return trains, steps


def read(sums: Annotated[Integer, "_ _"]) -> Annotated[Int64, "samples neurons"]:
    """The answers among what the neurons sent, shape (samples, neurons)."""
    return sums[SUM_AT::PERIOD]
