"""The random numbers behind stochastic rounding, one of a kind for a whole projection a step."""

from __future__ import annotations

from typing import Annotated, NamedTuple

import numpy as np
from numpy.typing import NDArray

from neuromorph.numerics.limits import TRACE_MAX
from neuromorph.shapes import Float64, Int64

FIRST_DRAWS = 256
SYNAPSE_SEED = 2
"""lava-nc rounds all weights and tags by one stream with this seed, whatever the rule's."""


class Draws(NamedTuple):
    """Random numbers of a run, indexed by step (``synapse``: by epoch).

    A value's fraction is rounded up where it exceeds the draw. The draws are those of
    lava-nc's fixed learning, in its order, so that both round alike.
    """

    x_decay: Annotated[Float64, "steps"]
    y_decay: Annotated[Float64, "steps"]
    x_impulse: Annotated[Int64, "steps"]
    y_impulse: Annotated[Int64, "steps"]
    y_again: Annotated[Int64, "steps"]
    synapse: Annotated[Float64, "updates"]


def make_draws(seed: int, steps: int, epoch: int) -> Draws:
    """All draws of a run. lava-nc draws twice a step and once before the first."""
    last = slice(2, 2 * steps + 1, 2)
    again = slice(1, 2 * steps + 1, 2)
    y_impulse = _whole(seed + 3, steps)
    return Draws(_fractions(seed, steps)[last], _fractions(seed + 2, steps)[last],
                 _whole(seed + 1, steps)[last], y_impulse[last], y_impulse[again],
                 np.random.default_rng(SYNAPSE_SEED).random(steps // epoch + 1)[1:])


class DrawSupply:
    """Draws of a run whose length nobody knows: twice as many whenever they run out.

    A longer run begins with the same numbers.
    """

    def __init__(self, seed: int, epoch: int) -> None:
        self._seed, self._epoch, self._steps = seed, epoch, 0

    def for_step(self, step: int) -> Draws:
        """Draws that reach to this step, counted from 0."""
        if step >= self._steps:
            self._steps = max(FIRST_DRAWS, 2 * self._steps, step + 1)
            self._draws = make_draws(self._seed, self._steps, self._epoch)
        return self._draws


def _fractions(seed: int, steps: int) -> NDArray[np.float64]:
    return np.random.default_rng(seed).random(2 * steps + 1)


def _whole(seed: int, steps: int) -> NDArray[np.int64]:
    return np.random.default_rng(seed).integers(0, TRACE_MAX + 1, 2 * steps + 1)
