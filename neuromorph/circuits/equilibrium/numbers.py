"""The numbers of two layers that settle and are nudged, and their clock."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from neuromorph.errors import TensorError, UsageError
from neuromorph.numerics.limits import TRACE_MAX, WEIGHT_MAX
from neuromorph.shown import Shown

TOP = 2 * TRACE_MAX
"""Activity of 1: half of a payload is a trace, and a trace has 7 bits."""

UNIT = 64
"""Weight of 1."""

HALVED = 7
"""What a sum is shifted by: `UNIT`, and the damping of one half."""

PERIOD = 64
"""Steps a sample."""

SHOW_AT, READ_AT, AWAY_AT, TOWARDS_AT, BACK_AT, LEARN_AT = 10, 32, 33, 43, 53, 62
"""Pixels from; the host reads; nudges +n from, -n from, none from; the contrast, and the lesson."""

CLEARING = -2047
"""What the nudge's axons say before `SHOW_AT`, so that layers forget what they settled in: they
have several resting states, and would stay near the last sample's."""

SLOWEST, FASTEST = 7, 4

NOISE_MAX = TRACE_MAX // 2
"""Of noise: twice what it does to a neuron is a contrast."""

KICK_MAX = 6 * NOISE_MAX
"""The most that a layer is sent."""


@dataclass(frozen=True, eq=False, repr=False)
class Equilibrium(Shown):
    """Two layers that drive each other, of weights in units of 1/64.

    ::

        a1 <- clip(round((a1 + W_in x + B a2) / 2), 0, 254)
        a2 <- clip(round((a2 + W a1 + n) / 2), 0, 254)              n: the nudge

    Attributes
    ----------
    into : int array, shape (first, inputs)
        W_in at first. All weights are even, at most 254 in magnitude.
    forward : int array, shape (second, first)
        W at first.
    back : int array, shape (first, second)
        B at first.
    slowness : int
        4 to 7: a lesson moves a weight by 2^-(slowness + 10) x1 (y1 - y2), see `learn_rule`.

    Raises
    ------
    TensorError, UsageError
        Naming what does not fit.
    """

    into: NDArray[np.int32]
    forward: NDArray[np.int32]
    back: NDArray[np.int32]
    slowness: int = 5

    def __post_init__(self) -> None:
        for name in ("into", "forward", "back"):
            _check(name, np.asarray(getattr(self, name)))
        if (self.forward.shape != self.back.shape[::-1]
                or len(self.into) != len(self.back)):
            raise TensorError("layers do not fit", where="equilibrium",
                              found=f"{self.into.shape}, {self.forward.shape}, {self.back.shape}",
                              expected="(first, inputs), (second, first), (first, second)")
        if isinstance(self.slowness, bool) or self.slowness not in range(FASTEST, SLOWEST + 1):
            raise UsageError("no such slowness of learning", where="equilibrium",
                             found=repr(self.slowness), expected=f"{FASTEST} to {SLOWEST}")

    @property
    def inputs(self) -> int:
        """Pixels."""
        return self.into.shape[1]

    @property
    def first(self) -> int:
        """Neurons of the first layer."""
        return self.forward.shape[1]

    @property
    def second(self) -> int:
        """Neurons of the second layer."""
        return self.forward.shape[0]


def _check(name: str, weights: NDArray[np.int32]) -> None:
    if weights.ndim != 2 or not weights.size or not np.issubdtype(weights.dtype, np.integer):
        raise TensorError("weights have the wrong shape or type", where=f"equilibrium, {name}",
                          found=f"{weights.dtype}, shape {weights.shape}",
                          expected="whole numbers, (post, pre), neither of them 0")
    most = int(np.abs(weights.astype(np.int64)).max())
    if most > WEIGHT_MAX - 1 or (weights % 2).any():
        raise TensorError("weights do not fit a synapse of both signs",
                          where=f"equilibrium, {name}", found=most,
                          expected=f"even, at most {WEIGHT_MAX - 1}")
