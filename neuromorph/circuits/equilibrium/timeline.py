"""What a host sends for samples, and where the answers are."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias, get_args

import numpy as np
from numpy.typing import NDArray

from neuromorph.circuits.equilibrium.numbers import (
    AWAY_AT,
    BACK_AT,
    CLEARING,
    LEARN_AT,
    NOISE_MAX,
    PERIOD,
    READ_AT,
    SHOW_AT,
    TOP,
    TOWARDS_AT,
    Equilibrium,
)
from neuromorph.circuits.equilibrium.ports import inputs_of
from neuromorph.errors import TensorError, UsageError
from neuromorph.network.ports import silence
from neuromorph.shown import Shown

Layer: TypeAlias = Literal["first", "second"]


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


@dataclass(frozen=True, eq=False, repr=False)
class Noise(Shown):
    """Noise in one layer, and the other's response: one of two samples that align W and B.

    ::

        e in the first layer:    dW = -(W e) (e+)^T    dB = e (c + W e+)^T     c: of every neuron
        then -e:                 dW =  (W e) (e-)^T    dB = -e (c + W e-)^T
        both together:           dW = -W e e^T         dB = e (W e)^T          e = e+ - e-

    In the mean over e that is dW ~ -W and dB ~ W^T: half of the gradient of |W - B^T|^2. Noise in
    the second layer, with W and B exchanged, is the other half.

    Attributes
    ----------
    layer : {"first", "second"}
    values : int array, shape (its size,)
        e, -63 to 63.

    Raises
    ------
    TensorError, UsageError
        If a value is beyond, or there is no such layer.
    """

    layer: Layer
    values: NDArray[Any]

    def __post_init__(self) -> None:
        if self.layer not in get_args(Layer):
            raise UsageError("there is no such layer", where="equilibrium, noise",
                             found=repr(self.layer), expected="first or second")
        if np.abs(self.values).max(initial=0) > NOISE_MAX:
            raise TensorError("noise is beyond what a neuron's contrast holds",
                              where=f"equilibrium, {self.layer}", found=int(np.abs(
                                  self.values).max()), expected=f"at most {NOISE_MAX}")

    @property
    def turned(self) -> Noise:
        """The other sample of the two."""
        return Noise(self.layer, -self.values)


def kicks(noise: Noise) -> Iterator[tuple[int, NDArray[Any] | int, NDArray[Any] | int]]:
    """(step, what its own layer is sent, what the other one is) of a sample of noise.

    ======  =====================  ============  ===================================================
    step    layer a of the noise   the other, b  why
    ======  =====================  ============  ===================================================
     42     e+                     0
     43     2 e-                   c + W e+ / 2  a: its contrast is -2 e
     52     e-                     0
     53     2 e+                   c + W e- / 2  b: its contrast is W e / 2
     61     2 e+                   0
     62     4 e+                   c + W e+      what synapses from a, and from b, learn by
    ======  =====================  ============  ===================================================

    This is what layers say; what says so to them is sent a step before, and counts one half. In all
    other steps both are cleared: an activity of 1 does not fade (its half is rounded up), and
    strong weights make much of it. c is 127: a layer sends nothing below 0. By the factors what
    takes from W and what gives to B are cut off at the same response, 254.
    """
    values = np.asarray(noise.values, np.int64)
    up, down = np.maximum(values, 0), np.maximum(-values, 0)
    for away, one, other in ((TOWARDS_AT, up, down), (BACK_AT, down, up)):
        yield away - 2, 2 * one, 0
        yield away - 1, 4 * other - one, TOP
    yield LEARN_AT - 2, 4 * up, 0
    yield LEARN_AT - 1, 6 * up, TOP
    for start, stop in ((0, TOWARDS_AT), (TOWARDS_AT, BACK_AT), (BACK_AT, LEARN_AT)):
        for step in range(start, stop - 2):
            yield step, CLEARING, CLEARING


def stimulate(
    numbers: Equilibrium, samples: Sequence[Sample | Noise]
) -> tuple[dict[str, NDArray[np.int64]], int]:
    """The trains of all ports, and the number of steps."""
    steps = PERIOD * len(samples)
    trains = silence(inputs_of(numbers), steps)
    for number, sample in enumerate(samples):
        at = PERIOD * number
        trains["nudge"][at : at + SHOW_AT] = CLEARING
        if isinstance(sample, Noise):
            own, other = ("noise", "nudge") if sample.layer == "first" else ("nudge", "noise")
            for step, sent, beside in kicks(sample):
                trains[own][at + step], trains[other][at + step] = sent, beside
            continue
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
