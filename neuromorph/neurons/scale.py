"""A vector's element times the inverse of its norm: the last step of a norm."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from math import isqrt
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from neuromorph.neurons.contract import (
    A_IN,
    Arrived,
    Parameter,
    Range,
    Register,
    State,
    Stepped,
)
from neuromorph.neurons.counter import Counted, within
from neuromorph.neurons.registry import register
from neuromorph.numerics import multiply_shift, round_shift, saturate
from neuromorph.numerics.interval import Interval
from neuromorph.numerics.limits import MULTIPLIER_MAX, PRODUCT_BITS, STATE_MAX
from neuromorph.numerics.scalar import (
    clip_one,
    multiply_shift_one,
    round_shift_one,
    saturate_one,
)

SHIFT, FOLD, FOLD_SHIFT, LIMIT, PERIOD, KEEP_AT, AT = range(7)


def _kernel(own: Any, state: Any, arrived: Any, i: int, last: int, t: int) -> int:
    now = t % own[i, PERIOD]
    if now == own[i, KEEP_AT]:
        state[i, 0] = saturate_one(arrived[i, 0])
    if now != own[i, AT]:
        return 0
    share = round_shift_one(state[i, 0] * saturate_one(arrived[i, 0]), own[i, SHIFT])
    folded = multiply_shift_one(saturate_one(share), own[i, FOLD], own[i, FOLD_SHIFT])
    return clip_one(folded, own[i, LIMIT])


@register
@dataclass(frozen=True, eq=False)
class Scale(Counted):
    """Neuron of a programmable core that keeps a number, and sends it times a factor that follows.

    ::

        R    = sat24(a_in[t])                            where t mod period = keep_at
        s[t] = clip(MS(sat24(round(R Y / 2^shift))), -limit, limit)        Y = sat24(a_in[t])
                                                         where t mod period = at, else 0
        MS(x) = sign(x) ((|x| fold + 2^(fold_shift-1)) >> fold_shift)

    R Y has 46 bits; halves are rounded away from zero. In floats nothing is rounded.

    Attributes
    ----------
    shift : int
        1 to 47.
    fold, fold_shift : int or float, int
        0 to 65535 (fixed); 1 to 40. One number, or one a neuron.
    limit : int or float
        Largest magnitude that is sent, 1 to 2^23 - 1. What is cut off counts as an overflow.
    period, keep_at, at : int
        When it keeps, and when it multiplies and sends.
    """

    shift: int = 1
    fold: Parameter = 2
    fold_shift: Parameter = 1
    limit: float = STATE_MAX
    period: int = 2
    keep_at: int = 0
    at: int = 1

    words: ClassVar[tuple[str, ...]] = ("kept",)
    records: ClassVar[tuple[str, ...]] = ("spikes", "kept")
    by_neuron: ClassVar[tuple[str, ...]] = ("fold", "fold_shift")
    whole: ClassVar[tuple[str, ...]] = ("shift", "fold_shift", "period", "keep_at", "at")
    moments: ClassVar[tuple[str, ...]] = ("keep_at", "at")
    arrivals: ClassVar[tuple[str, ...]] = moments
    shortest: ClassVar[int] = 2
    operations: ClassVar[Mapping[str, int]] = {"multiply": 2}
    process: ClassVar[str] = "neuromorph.processes.scale.process:Scale"
    kernel = staticmethod(_kernel)

    def limits(self, domain: str) -> dict[str, Range]:
        """What each parameter may be."""
        fold = (0, MULTIPLIER_MAX) if domain == "fixed" else (0, np.inf)
        return {"shift": (1, PRODUCT_BITS - 1), "fold": fold,
                "fold_shift": (1, PRODUCT_BITS - 8), **self.moments_within(domain)}

    def _share(self, kept: NDArray[Any], factor: NDArray[Any]) -> NDArray[np.int64]:
        """R Y / 2^shift, of 24 bits or more."""
        return round_shift(kept.astype(np.int64) * saturate(factor), int(self.shift))

    def _folded(self, share: NDArray[Any]) -> NDArray[np.int64]:
        return multiply_shift(saturate(share), self.fold, self.fold_shift)

    def step_fixed(self, state: State, arrived: Arrived, t: int) -> Stepped:
        """R and s as above."""
        kept = np.where(self.is_moment(t, "keep_at"), saturate(arrived[A_IN]), state["kept"])
        sent = self._folded(self._share(kept, arrived[A_IN]))
        return {"kept": kept}, np.where(self.due(t), np.clip(sent, -self._limit, self._limit), 0)

    def step_float(self, state: State, arrived: Arrived, t: int) -> Stepped:
        """R = a_in, s = clip(R Y fold / 2^(shift + fold_shift), -limit, limit)."""
        kept = np.where(self.is_moment(t, "keep_at"), arrived[A_IN], state["kept"])
        scale = self.fold * np.exp2(-np.asarray(self.shift + self.fold_shift, np.float64))
        sent = np.clip(kept * arrived[A_IN] * scale, -self.limit, self.limit)
        return {"kept": kept}, np.where(self.due(t), sent, 0.0)

    def overflows(self, before: State, after: State, arrived: Arrived, t: int) -> int:
        """Neurons whose sum, share or payload is cut off in a step in which they act."""
        keeps, sends = self.is_moment(t, "keep_at"), self.due(t)
        share = self._share(after["kept"], arrived[A_IN])
        beyond = (np.abs(share) > STATE_MAX) | (np.abs(self._folded(share)) > self._limit)
        wide = np.abs(arrived[A_IN]) > STATE_MAX
        return int(np.count_nonzero((wide & (keeps | sends)) | (beyond & sends)))

    def payloads(self, size: int, arrived: Mapping[str, Interval]) -> Interval:
        """The largest product of what may arrive; each comes in a step of its own."""
        low, high = (saturate(end) for end in arrived[A_IN])
        most = np.maximum(-low, high)
        sent = np.minimum(self._folded(self._share(most, most)), self._limit)
        return Interval(-sent, sent)

    def registers(self, size: int) -> tuple[Register, ...]:
        """The sum; and the payload, which is within its limit if R and Y are both so small."""
        return within("sum", STATE_MAX), within("payload", self._room())

    def _room(self) -> int:
        """The largest x for which x x / 2^shift fits 24 bits, and its payload the limit."""
        fold, places = np.broadcast_arrays(self.fold, self.fold_shift)
        shares = [STATE_MAX, *(((2 * self._limit + 1) * 2**(int(p) - 1) - 1) // int(m)
                               for m, p in zip(fold.flat, places.flat, strict=True) if m)]
        return min(STATE_MAX, isqrt((2 * min(shares) + 1) * 2**(int(self.shift) - 1) - 1))
