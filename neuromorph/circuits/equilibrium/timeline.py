"""What a host sends for samples, and where the answers are."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neuromorph.circuits.equilibrium.numbers import (
    AWAY_AT,
    BACK_AT,
    CLEARING,
    PERIOD,
    READ_AT,
    SHOW_AT,
    TOWARDS_AT,
    Equilibrium,
)
from neuromorph.circuits.equilibrium.ports import inputs_of
from neuromorph.network.ports import silence
from neuromorph.shown import Shown


@dataclass(frozen=True, eq=False, repr=False)
class Sample(Shown):
    """One sample; one that only asks has no nudge, and is cleared where that would be.

    Attributes
    ----------
    pixels : int array, shape (inputs,)
        0 to 254.
    nudge : int array, shape (second,), optional
        -254 to 254.
    """

    pixels: NDArray[Any]
    nudge: NDArray[Any] | None = None


def stimulate(
    numbers: Equilibrium, samples: Sequence[Sample]
) -> tuple[dict[str, NDArray[np.int64]], int]:
    """The trains of both ports, and the number of steps."""
    steps = PERIOD * len(samples)
    trains = silence(inputs_of(numbers), steps)
    for number, sample in enumerate(samples):
        at = PERIOD * number
        trains["nudge"][at : at + SHOW_AT] = CLEARING
        if sample.nudge is None:
            trains["pixel"][at + SHOW_AT : at + AWAY_AT] = sample.pixels
            trains["nudge"][at + AWAY_AT : at + BACK_AT] = CLEARING
            continue
        trains["pixel"][at + SHOW_AT : at + PERIOD - 1] = sample.pixels
        trains["nudge"][at + AWAY_AT : at + TOWARDS_AT] = sample.nudge
        trains["nudge"][at + TOWARDS_AT : at + BACK_AT] = -np.asarray(sample.nudge)
    return trains, steps


def read(second: NDArray[Any]) -> NDArray[np.int64]:
    """The second layer's free activity among what it sent, shape (samples, second)."""
    return np.asarray(second, np.int64)[READ_AT::PERIOD]
