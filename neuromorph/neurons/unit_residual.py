"""The residual stream behind a layer that was sent a unit vector: the norm comes apart."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from neuromorph.errors import NetworkError
from neuromorph.neurons.contract import (
    A_IN,
    Arrived,
    Parameter,
    Range,
    Register,
    State,
    Stepped,
)
from neuromorph.neurons.counter import within
from neuromorph.neurons.registry import register
from neuromorph.neurons.residual import Stream
from neuromorph.neurons.rsqrt import LIFT_MAX, PLACES_BITS, ROOT_LARGEST
from neuromorph.numerics import multiply_shift, round_shift, saturate
from neuromorph.numerics.limits import PRODUCT_BITS, STATE_MAX
from neuromorph.numerics.scalar import (
    clip_one,
    multiply_shift_one,
    round_shift_one,
    saturate_one,
)

PART_BITS = 15
"""Bits after the point of the multiplier."""

LEAST_SHIFT = LIFT_MAX - 8
"""Of a sum times a root: no root shifts it up by more than 8 bits, and 48 bits hold it."""

LOW_BITS = (1 << PLACES_BITS) - 1

CARRY, CARRY_SHIFT, MULTIPLIER, SHIFT, BIAS, LIMIT, PERIOD, KEEP_AT, ROOT_AT, AT = range(10)
V, ROOT = range(2)


def _kernel(own: Any, state: Any, arrived: Any, i: int, last: int, t: int) -> int:
    period, keep_at = own[i, PERIOD], own[i, KEEP_AT]
    since, a_in = (t - keep_at) % period, saturate_one(arrived[i, 0])
    rooted = (own[i, ROOT_AT] - keep_at) % period
    if since == 0:
        carried = multiply_shift_one(a_in, own[i, CARRY], own[i, CARRY_SHIFT])
        state[i, V] = saturate_one(carried + own[i, BIAS])
    elif since == rooted:
        state[i, ROOT] = min(max(a_in, 0), ROOT_LARGEST)
    elif rooted < since <= (own[i, AT] - keep_at) % period:
        part = saturate_one(multiply_shift_one(a_in, own[i, MULTIPLIER], PART_BITS))
        payload = state[i, ROOT]
        added = round_shift_one(part * (payload >> PLACES_BITS),
                                own[i, SHIFT] - (payload & LOW_BITS))
        state[i, V] = saturate_one(state[i, V] + saturate_one(added))
    if t % period != own[i, AT]:
        return 0
    return clip_one(state[i, V], own[i, LIMIT])


@register
@dataclass(frozen=True, eq=False)
class UnitResidual(Stream):
    """A `Residual` behind a layer that is sent a vector over its norm, which arrives as well.

    ::

        v[t]  = sat24(MS(a_in; carry, carry_shift) + bias)      where t mod period = keep_at
        N     = a_in, a payload root << 5 | E of a `Root`       where t mod period = root_at
        v[t]  = sat24(v[t-1] + sat24(round(p root / 2^(shift - E))))  in every step after, up to at
                p = sat24(MS(a_in; multiplier, 15))
        s[t]  = clip(v[t], -limit, limit)                       where t mod period = at, else 0

    p root has 40 bits, and is shifted up by 8 at the most. In floats nothing is rounded, and what
    arrives is root 2^E.

    Attributes
    ----------
    carry, carry_shift, bias : int or float, int, int or float
        As of `Residual`.
    multiplier, shift : int or float, int
        0 to 65535 (fixed); 18 to 47. One number, or one a neuron.
    limit : int or float
        Largest magnitude that is sent, 1 to 2^23 - 1. What is cut off counts as an overflow.
    period, keep_at, root_at, at : int
        When it keeps, hears the norm, and sends; in this order, which may begin anew on the way.
    """

    carry: Parameter = 2
    carry_shift: Parameter = 1
    multiplier: Parameter = 1 << PART_BITS
    shift: Parameter = LEAST_SHIFT
    bias: Parameter = 0
    limit: float = STATE_MAX
    period: int = 3
    keep_at: int = 0
    root_at: int = 1
    at: int = 2

    words: ClassVar[tuple[str, ...]] = ("v", "root")
    records: ClassVar[tuple[str, ...]] = ("spikes", "v", "root")
    whole: ClassVar[tuple[str, ...]] = ("carry_shift", "shift", "period", "keep_at", "root_at",
                                        "at")
    moments: ClassVar[tuple[str, ...]] = ("keep_at", "root_at", "at")
    arrivals: ClassVar[tuple[str, ...]] = moments
    shortest: ClassVar[int] = 3
    operations: ClassVar[Mapping[str, int]] = {"multiply": 2}
    process: ClassVar[str] = "neuromorph.processes.unit_residual.process:UnitResidual"
    kernel = staticmethod(_kernel)

    def limits(self, domain: str) -> dict[str, Range]:
        """What each parameter may be."""
        return {**self._scales(domain), "shift": (LEAST_SHIFT, PRODUCT_BITS - 1),
                **self.moments_within(domain)}

    def check(self, where: str, size: int, domain: str) -> None:
        """Besides the limits: the norm arrives before the sum."""
        super().check(where, size, domain)
        if self._rooted >= self._window():
            raise NetworkError("the norm arrives after what is multiplied by it", where=where,
                               found=f"root_at = {self.root_at}",
                               expected=f"a step after {self.keep_at} and before {self.at}")

    @property
    def _rooted(self) -> int:
        """Steps from what it keeps to the norm."""
        return int(self.since(int(self.root_at), "keep_at"))

    def _part(self, a_in: NDArray[Any]) -> NDArray[np.int64]:
        return multiply_shift(saturate(a_in), self.multiplier, PART_BITS)

    def _added(self, a_in: NDArray[Any], payload: NDArray[Any]) -> NDArray[np.int64]:
        wide = payload.astype(np.int64)
        return round_shift(saturate(self._part(a_in)) * (wide >> PLACES_BITS),
                           self.shift - (wide & LOW_BITS))

    def _stream(self, state: State, a_in: NDArray[Any], t: int) -> NDArray[np.int64]:
        """v before it saturates."""
        since = self.since(t, "keep_at")
        if since == 0:
            return self._carried(a_in)
        if self._rooted < since <= self._window():
            return state["v"] + saturate(self._added(a_in, state["root"]))
        return state["v"].astype(np.int64)

    def step_fixed(self, state: State, arrived: Arrived, t: int) -> Stepped:
        """v, N and s as above."""
        a_in = arrived[A_IN]
        root = np.clip(a_in, 0, ROOT_LARGEST) if self.is_moment(t, "root_at") else state["root"]
        v = saturate(self._stream(state, a_in, t))
        return {"v": v, "root": root}, self._sent(v, t)

    def step_float(self, state: State, arrived: Arrived, t: int) -> Stepped:
        """The same without rounding."""
        since, v, a_in = self.since(t, "keep_at"), state["v"], arrived[A_IN]
        root = a_in if self.is_moment(t, "root_at") else state["root"]
        if since == 0:
            v = self._carried_float(a_in)
        elif self._rooted < since <= self._window():
            scale = self.multiplier * np.exp2(-np.asarray(self.shift + PART_BITS, np.float64))
            v = v + a_in * root * scale
        return {"v": v, "root": root}, self._sent(v, t)

    def overflows(self, before: State, after: State, arrived: Arrived, t: int) -> int:
        """Neurons whose sum, part, stream or payload is cut off, or whose norm is of no `Root`."""
        since, a_in = self.since(t, "keep_at"), arrived[A_IN]
        if since > self._window():
            return 0
        cut = (np.abs(after["v"]) > self._limit) & self.due(t)
        if since == self._rooted:
            return int(np.count_nonzero(a_in > ROOT_LARGEST))
        if since > self._rooted:
            cut |= np.abs(self._part(a_in)) > STATE_MAX
            cut |= np.abs(self._added(a_in, before["root"])) > STATE_MAX
        elif since:
            return 0
        cut |= np.abs(self._stream(before, a_in, t)) > STATE_MAX
        return int(np.count_nonzero(cut | (np.abs(a_in) > STATE_MAX)))

    def registers(self, size: int) -> tuple[Register, ...]:
        """The sum; and the stream, which is within its limit if all that arrives is so small."""
        low, high = 0, ROOT_LARGEST
        while low < high:
            middle = (low + high + 1) // 2
            low, high = (middle, high) if self._fits(middle) else (low, middle - 1)
        return within("sum", STATE_MAX), within("potential", low)

    def _fits(self, most: int) -> bool:
        """Whether nothing is cut off while all that arrives is within +-most."""
        arrives = np.full(1, most, np.int64)
        shift = np.asarray(self.shift, np.int64)
        part = self._part(arrives)
        lowest = np.maximum(most >> PLACES_BITS, 1)
        added = round_shift(part * lowest, shift - LOW_BITS)
        numbers = np.abs(self.bias) + multiply_shift(arrives, self.carry, self.carry_shift)
        total = numbers + (self._window() - self._rooted) * added
        return bool((part <= STATE_MAX).all() and (added <= STATE_MAX).all()
                    and (total <= self._limit).all())
