"""The square of what arrived, sent from coarse to fine: a sum of squares finds its own scale."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any, ClassVar

import numpy as np

from neuromorph.neurons.contract import A_IN, Arrived, Range, Register, State, Stepped
from neuromorph.neurons.counter import Counted, within
from neuromorph.neurons.registry import register
from neuromorph.numerics import round_shift, saturate
from neuromorph.numerics.interval import Interval
from neuromorph.numerics.limits import PRODUCT_BITS, STATE_MAX
from neuromorph.numerics.scalar import round_shift_one, saturate_one
from neuromorph.shapes import Bool, Int64, Integer

RUNGS, RUNG_BITS = 6, 6
"""Times that a square is sent, and bits by which each is finer than the one before."""

COARSEST = (RUNGS - 1) * RUNG_BITS
"""The least shift of the first, so that none is shifted up."""

SHIFT, LIMIT, PERIOD, AT = range(4)


def rung(kept: Annotated[Integer, "*shape"], shift: Any, limit: Any) -> Annotated[Int64, "*shape"]:
    """min(round(R^2 / 2^shift), limit)."""
    wide = kept.astype(np.int64)
    return np.minimum(round_shift(wide * wide, shift), limit)


def _kernel(own: Any, state: Any, arrived: Any, i: int, last: int, t: int) -> int:
    k = (t - own[i, AT]) % own[i, PERIOD]
    if k == 0:
        state[i, 0] = saturate_one(arrived[i, 0])
    if k >= RUNGS:
        return 0
    kept = state[i, 0]
    squared = round_shift_one(kept * kept, own[i, SHIFT] - RUNG_BITS * k)
    sent: int = min(squared, own[i, LIMIT])
    return sent


@register
@dataclass(frozen=True, eq=False)
class Square(Counted):
    """Neuron of a programmable core that keeps what arrives in its step, and sends its square.

    ::

        R    = sat24(a_in[t])                                   where t mod period = at
        s[t] = min(round(R^2 / 2^(shift - 6 k)), limit)         k steps later, k = 0 ... 5

    Six times, from coarse to fine: who adds up many of them keeps the finest sum that still fits
    (`Rsqrt`), so the step in which it came is the sum's exponent. R^2 has 46 bits; halves are
    rounded up. In floats nothing is rounded.

    Attributes
    ----------
    shift : int
        Of the first, 30 to 47. A sum of n of the first fits 24 bits with 33 for n of up to 1023,
        and with one more for each doubling; see `ladder.ladder`.
    limit : int or float
        Largest payload, 1 to 2^23 - 1. What is cut off is a rung that no sum of it fits.
    period, at : int
        When it keeps, in a period of at least 6 steps.
    """

    shift: int = 33
    limit: float = STATE_MAX
    period: int = RUNGS
    at: int = 0

    words: ClassVar[tuple[str, ...]] = ("kept",)
    records: ClassVar[tuple[str, ...]] = ("spikes", "kept")
    shortest: ClassVar[int] = RUNGS
    operations: ClassVar[Mapping[str, int]] = {"multiply": 1}
    process: ClassVar[str] = "neuromorph.processes.square.process:Square"
    kernel = staticmethod(_kernel)

    def limits(self, domain: str) -> dict[str, Range]:
        """What each parameter may be."""
        return {"shift": (COARSEST, PRODUCT_BITS - 1), **self.moments_within(domain)}

    def step_fixed(self, state: State, arrived: Arrived, t: int) -> Stepped:
        """R and s as above."""
        k = int(self.since(t))
        kept = saturate(arrived[A_IN]) if k == 0 else state["kept"]
        if k >= RUNGS:
            return state, np.zeros_like(kept)
        return {"kept": kept}, rung(kept, int(self.shift) - RUNG_BITS * k, self._limit)

    def step_float(self, state: State, arrived: Arrived, t: int) -> Stepped:
        """R = a_in, s = min(R^2 / 2^(shift - 6 k), limit)."""
        k = int(self.since(t))
        kept = arrived[A_IN] if k == 0 else state["kept"]
        if k >= RUNGS:
            return state, np.zeros_like(kept)
        return {"kept": kept}, np.minimum(kept**2 * np.exp2(RUNG_BITS * k - self.shift), self.limit)

    def overflows(self, before: State, after: State, arrived: Arrived, t: int) -> int:
        """Neurons that keep a sum that saturated."""
        return int(np.count_nonzero((np.abs(arrived[A_IN]) > STATE_MAX) & self.is_moment(t, "at")))

    def due(self, step: int) -> Annotated[Bool, "..."]:
        """In six steps."""
        return np.asarray(self.since(step) < RUNGS)

    def widest(self, size: int) -> Interval:
        """0 to the limit."""
        return Interval.same(size, 0, self._limit)

    def payloads(self, size: int, arrived: Mapping[str, Interval]) -> Interval:
        """The finest square of what may arrive."""
        low, high = (saturate(end) for end in arrived[A_IN])
        most = np.maximum(-low, high)
        return Interval(np.zeros(size, np.int64),
                        rung(most, int(self.shift) - COARSEST, self._limit))

    def registers(self, size: int) -> tuple[Register, ...]:
        """The sum."""
        return (within("sum", STATE_MAX),)
