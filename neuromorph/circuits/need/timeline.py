"""What a host sends for lessons, and where sums and rates are."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, NamedTuple

import numpy as np

from neuromorph.circuits.need.build import inputs_of
from neuromorph.circuits.need.numbers import ASK_AT, PERIOD, SUM_AT, TEACH_AT, Need
from neuromorph.network.ports import silence
from neuromorph.shapes import Int64, Integer
from neuromorph.shown import Shown


@dataclass(frozen=True, eq=False, repr=False)
class Lesson(Shown):
    """One lesson.

    Attributes
    ----------
    features : int array, shape (features,)
        2 to 254.
    wrong : bool
        Whether what the sums said was wrong.
    more, less : int arrays, shape (neurons,)
        0 to 127: how much more, less each neuron shall say.
    """

    features: Annotated[Integer, "features"]
    wrong: bool
    more: Annotated[Integer, "neurons"]
    less: Annotated[Integer, "neurons"]


class Read(NamedTuple):
    """What the chip said, lesson by lesson.

    Attributes
    ----------
    sums, rates : int arrays, shape (lessons, neurons)
    """

    sums: Annotated[Int64, "lessons neurons"]
    rates: Annotated[Int64, "lessons _"]


def stimulate(
    numbers: Need, lessons: Sequence[Lesson]
) -> tuple[dict[str, Annotated[Int64, "steps _"]], int]:
    """The trains of all ports, and the number of steps."""
    steps = PERIOD * len(lessons)
    trains = silence(inputs_of(numbers), steps)
    for number, lesson in enumerate(lessons):
        at = PERIOD * number
        trains["feature"][at + ASK_AT] = lesson.features
        trains["wrong"][at + SUM_AT] = lesson.wrong
        trains["more"][at + TEACH_AT], trains["less"][at + TEACH_AT] = lesson.more, lesson.less
    return trains, steps


def read(
    sums: Annotated[Integer, "steps neurons"], rates: Annotated[Integer, "steps _"]
) -> Read:
    """Of what both populations sent, shape (steps, neurons)."""
    return Read(np.asarray(sums, np.int64)[SUM_AT::PERIOD],
                np.asarray(rates, np.int64)[TEACH_AT::PERIOD])
