"""A rotary position, and the code of what is rotated: a pair of neurons turns by an angle."""

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
from neuromorph.numerics import multiply_shift, saturate
from neuromorph.numerics.interval import Interval
from neuromorph.numerics.limits import MULTIPLIER_MAX, PRODUCT_BITS, STATE_MAX
from neuromorph.numerics.scalar import clip_one, multiply_shift_one, saturate_one

ANGLE_BITS = 15
"""Bits after the point of a cosine and a sine."""

SECOND, CENTRE, MULTIPLIER, SHIFT, LIMIT, PERIOD, OWN_AT, PARTNER_AT, COS_AT, AT = range(10)
OWN, PARTNER, COS = range(3)


def _kernel(own: Any, state: Any, arrived: Any, i: int, last: int, t: int) -> int:
    now, a_in = t % own[i, PERIOD], saturate_one(arrived[i, 0])
    if now == own[i, OWN_AT]:
        state[i, OWN] = a_in
    elif now == own[i, PARTNER_AT]:
        state[i, PARTNER] = a_in
    elif now == own[i, COS_AT]:
        state[i, COS] = a_in
    if now != own[i, AT]:
        return 0
    across = state[i, PARTNER] * a_in
    turned = state[i, OWN] * state[i, COS] + (across if own[i, SECOND] else -across)
    centred = saturate_one((turned >> ANGLE_BITS) - own[i, CENTRE])
    return clip_one(multiply_shift_one(centred, own[i, MULTIPLIER], own[i, SHIFT]), own[i, LIMIT])


@register
@dataclass(frozen=True, eq=False)
class Rotary(Counted):
    """Neuron of a programmable core that turns a pair of numbers by an angle, and sends a code.

    ::

        x, p, c = sat24(a_in[t])        where t mod period = own_at, partner_at, cos_at
        y    = (x c - p s) >> 15        of the first of a pair; of the second (x c + p s) >> 15
        s[t] = clip(MS(sat24(y - centre)), -limit, limit)      s = sat24(a_in[t])
                                        where t mod period = at, else 0
        MS(x) = sign(x) ((|x| multiplier + 2^(shift-1)) >> shift)

    c and s are cosine and sine, with 15 bits after the point. y is shifted towards minus infinity,
    and its sum has 47 bits. In floats nothing is rounded.

    Attributes
    ----------
    second : int
        0 or 1: which one of the pair it is. One number, or one a neuron.
    centre : int or float
        24 bits, signed (fixed). One number, or one a neuron.
    multiplier, shift : int or float, int
        0 to 65535 (fixed); 1 to 40. One number, or one a neuron.
    limit : int or float
        Largest magnitude of a code, 1 to 2^23 - 1; what is beyond is clipped.
    period, own_at, partner_at, cos_at, at : int
        When it hears its own number, the partner's, the cosine, and the sine, and sends.
    """

    second: Parameter = 0
    centre: Parameter = 0
    multiplier: Parameter = 2
    shift: Parameter = 1
    limit: float = STATE_MAX
    period: int = 4
    own_at: int = 0
    partner_at: int = 1
    cos_at: int = 2
    at: int = 3

    words: ClassVar[tuple[str, ...]] = ("own", "partner", "cos")
    records: ClassVar[tuple[str, ...]] = ("spikes", "own", "partner", "cos")
    by_neuron: ClassVar[tuple[str, ...]] = ("second", "centre", "multiplier", "shift")
    whole: ClassVar[tuple[str, ...]] = ("second", "shift", "period", "own_at", "partner_at",
                                        "cos_at", "at")
    moments: ClassVar[tuple[str, ...]] = ("own_at", "partner_at", "cos_at", "at")
    arrivals: ClassVar[tuple[str, ...]] = moments
    shortest: ClassVar[int] = 4
    operations: ClassVar[Mapping[str, int]] = {"multiply": 3}
    process: ClassVar[str] = "neuromorph.processes.rotary.process:Rotary"
    kernel = staticmethod(_kernel)

    @property
    def self_driven(self) -> bool:
        """Whether a number of 0 has a code."""
        return bool(np.any(self.centre))

    def limits(self, domain: str) -> dict[str, Range]:
        """What each parameter may be."""
        fixed = domain == "fixed"
        return {"second": (0, 1), "shift": (1, PRODUCT_BITS - 8),
                "centre": (-STATE_MAX, STATE_MAX) if fixed else (-np.inf, np.inf),
                "multiplier": (0, MULTIPLIER_MAX) if fixed else (0, np.inf),
                **self.moments_within(domain)}

    def _heard(self, state: State, a_in: NDArray[Any], t: int) -> State:
        """The words after a step."""
        return {word: a_in if self.is_moment(t, f"{word}_at") else state[word]
                for word in self.words}

    def _turned(self, state: State, sine: NDArray[Any]) -> NDArray[Any]:
        """X c -+ p s."""
        across = state["partner"] * sine
        turned: NDArray[Any] = state["own"] * state["cos"] + np.where(self.second, across, -across)
        return turned

    def _centred(self, state: State, sine: NDArray[Any]) -> NDArray[np.int64]:
        """Y - centre, of 24 bits or more."""
        wide = {word: values.astype(np.int64) for word, values in state.items()}
        centred: NDArray[np.int64] = ((self._turned(wide, saturate(sine)) >> ANGLE_BITS)
                                      - self.centre)
        return centred

    def _code(self, centred: NDArray[Any]) -> NDArray[np.int64]:
        scaled = multiply_shift(saturate(centred), self.multiplier, self.shift)
        return np.clip(scaled, -self._limit, self._limit)

    def step_fixed(self, state: State, arrived: Arrived, t: int) -> Stepped:
        """x, p, c and s as above."""
        after = self._heard(state, saturate(arrived[A_IN]), t)
        if not self.due(t):
            return after, np.zeros_like(after["own"])
        return after, self._code(self._centred(after, arrived[A_IN]))

    def step_float(self, state: State, arrived: Arrived, t: int) -> Stepped:
        """The same without rounding."""
        after = self._heard(state, arrived[A_IN], t)
        if not self.due(t):
            return after, np.zeros_like(after["own"])
        y = self._turned(after, arrived[A_IN]) * 2.0**-ANGLE_BITS
        scale = self.multiplier * np.exp2(-np.asarray(self.shift, np.float64))
        return after, np.clip((y - self.centre) * scale, -self.limit, self.limit)

    def overflows(self, before: State, after: State, arrived: Arrived, t: int) -> int:
        """Neurons whose sum saturates in a step in which they act, or what is turned does."""
        if not any(self.is_moment(t, moment) for moment in self.moments):
            return 0
        beyond = np.abs(arrived[A_IN]) > STATE_MAX
        if self.due(t):
            beyond = beyond | (np.abs(self._centred(after, arrived[A_IN])) > STATE_MAX)
        return int(np.count_nonzero(beyond))

    def payloads(self, size: int, arrived: Mapping[str, Interval]) -> Interval:
        """The code of the largest that may arrive, turned so that it is largest."""
        low, high = (saturate(end) for end in arrived[A_IN])
        most = np.maximum(-low, high)
        sent = self._code(((2 * most * most) >> ANGLE_BITS) + 1 + np.abs(self.centre))
        return Interval(-sent, sent)

    def registers(self, size: int) -> tuple[Register, ...]:
        """The sum; and what is turned, which fits 24 bits if all that arrives is so small."""
        left = STATE_MAX - int(np.max(np.abs(self.centre)))
        return within("sum", STATE_MAX), within("potential", isqrt((left << ANGLE_BITS) // 2))
