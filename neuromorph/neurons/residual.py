"""The residual stream: what was, rescaled, and the sums that are added to it."""

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
from neuromorph.neurons.counter import Counted, within
from neuromorph.neurons.registry import register
from neuromorph.numerics import multiply_shift, saturate
from neuromorph.numerics.limits import MULTIPLIER_MAX, PRODUCT_BITS, STATE_MAX
from neuromorph.numerics.scalar import clip_one, multiply_shift_one, saturate_one

CARRY, CARRY_SHIFT, MULTIPLIER, SHIFT, BIAS, LIMIT, PERIOD, KEEP_AT, AT = range(9)


def _kernel(own: Any, state: Any, arrived: Any, i: int, last: int, t: int) -> int:
    since = (t - own[i, KEEP_AT]) % own[i, PERIOD]
    a_in = saturate_one(arrived[i, 0])
    if since == 0:
        carried = multiply_shift_one(a_in, own[i, CARRY], own[i, CARRY_SHIFT])
        state[i, 0] = saturate_one(carried + own[i, BIAS])
    elif since <= (own[i, AT] - own[i, KEEP_AT]) % own[i, PERIOD]:
        added = multiply_shift_one(a_in, own[i, MULTIPLIER], own[i, SHIFT])
        state[i, 0] = saturate_one(state[i, 0] + added)
    if t % own[i, PERIOD] != own[i, AT]:
        return 0
    return clip_one(state[i, 0], own[i, LIMIT])


@dataclass(frozen=True, eq=False)
class Stream(Counted):
    """Base of neurons that keep what arrives, rescaled, and add to it until they send it."""

    by_neuron: ClassVar[tuple[str, ...]] = ("carry", "carry_shift", "multiplier", "shift", "bias")

    @property
    def self_driven(self) -> bool:
        """Whether it has a bias."""
        return bool(np.any(self.parameters()["bias"]))

    def _scales(self, domain: str) -> dict[str, Range]:
        """What the constants of its products may be."""
        scale = (0, MULTIPLIER_MAX) if domain == "fixed" else (0, np.inf)
        bias = (-STATE_MAX, STATE_MAX) if domain == "fixed" else (-np.inf, np.inf)
        return {"carry": scale, "carry_shift": (1, PRODUCT_BITS - 8), "multiplier": scale,
                "bias": bias}

    def check(self, where: str, size: int, domain: str) -> None:
        """Besides the limits: the bias alone can be sent."""
        super().check(where, size, domain)
        bias, limit = self.parameters()["bias"], self.parameters()["limit"]
        if np.max(np.abs(bias)) > limit:
            raise NetworkError("a bias is beyond what is sent", where=where,
                               found=np.max(np.abs(bias)), expected=f"at most {limit}")

    def _window(self) -> int:
        """Steps from what it keeps to what it sends."""
        return int(self.since(int(self.parameters()["at"]), "keep_at"))

    def _carried(self, a_in: NDArray[Any]) -> NDArray[np.int64]:
        numbers = self.parameters()
        carried: NDArray[np.int64] = multiply_shift(
            saturate(a_in), numbers["carry"], numbers["carry_shift"]) + numbers["bias"]
        return carried

    def _carried_float(self, a_in: NDArray[Any]) -> NDArray[np.float64]:
        numbers = self.parameters()
        carried: NDArray[np.float64] = (
            a_in * numbers["carry"] * np.exp2(-np.asarray(numbers["carry_shift"], np.float64))
            + numbers["bias"])
        return carried

    def _sent(self, v: NDArray[Any], t: int) -> NDArray[Any]:
        limit = self.parameters()["limit"]
        sent: NDArray[Any] = np.clip(v, -limit, limit) if self.due(t) else np.zeros_like(v)
        return sent


@register
@dataclass(frozen=True, eq=False)
class Residual(Stream):
    """Neuron of a programmable core that carries a number on, and adds scaled sums to it.

    ::

        v[t] = sat24(MS(a_in; carry, carry_shift) + bias)        where t mod period = keep_at
        v[t] = sat24(v[t-1] + MS(a_in; multiplier, shift))       in every step after, up to at
        s[t] = clip(v[t], -limit, limit)                         where t mod period = at, else 0
        MS(x; m, s) = sign(x) ((|x| m + 2^(s-1)) >> s)

    a_in is a sum of 24 bits, saturated. A carry of 2^(n+1) with a shift of 1 is a left shift by n,
    which may saturate; one of 2 leaves the number as it is. In floats nothing is rounded.

    Attributes
    ----------
    carry, carry_shift, multiplier, shift : int or float, int, int or float, int
        0 to 65535 (fixed) and 1 to 40. One number, or one a neuron.
    bias : int or float
        24 bits, signed (fixed). One number, or one a neuron.
    limit : int or float
        Largest magnitude that is sent, 1 to 2^23 - 1. What is cut off counts as an overflow.
    period, keep_at, at : int
        When it keeps, and when it has all parts of the sum, and sends.
    """

    carry: Parameter = 2
    carry_shift: Parameter = 1
    multiplier: Parameter = 2
    shift: Parameter = 1
    bias: Parameter = 0
    limit: float = STATE_MAX
    period: int = 2
    keep_at: int = 0
    at: int = 1

    whole: ClassVar[tuple[str, ...]] = ("carry_shift", "shift", "period", "keep_at", "at")
    moments: ClassVar[tuple[str, ...]] = ("keep_at", "at")
    arrivals: ClassVar[tuple[str, ...]] = moments
    shortest: ClassVar[int] = 2
    operations: ClassVar[Mapping[str, int]] = {"multiply": 1}
    process: ClassVar[str] = "neuromorph.processes.residual.process:Residual"
    kernel = staticmethod(_kernel)

    def limits(self, domain: str) -> dict[str, Range]:
        """What each parameter may be."""
        return {**self._scales(domain), "shift": (1, PRODUCT_BITS - 8),
                **self.moments_within(domain)}

    def _stream(self, v: NDArray[Any], a_in: NDArray[Any], t: int) -> NDArray[np.int64]:
        """v before it saturates."""
        since = self.since(t, "keep_at")
        if since == 0:
            return self._carried(a_in)
        if since > self._window():
            return v.astype(np.int64)
        return v + multiply_shift(saturate(a_in), self.multiplier, self.shift)

    def step_fixed(self, state: State, arrived: Arrived, t: int) -> Stepped:
        """v and s as above."""
        v = saturate(self._stream(state["v"], arrived[A_IN], t))
        return {"v": v}, self._sent(v, t)

    def step_float(self, state: State, arrived: Arrived, t: int) -> Stepped:
        """The same without rounding."""
        since, v = self.since(t, "keep_at"), state["v"]
        if since == 0:
            v = self._carried_float(arrived[A_IN])
        elif since <= self._window():
            v = v + (arrived[A_IN] * self.multiplier
                     * np.exp2(-np.asarray(self.shift, np.float64)))
        return {"v": v}, self._sent(v, t)

    def overflows(self, before: State, after: State, arrived: Arrived, t: int) -> int:
        """Neurons whose sum, stream or payload is cut off."""
        if self.since(t, "keep_at") > self._window():
            return 0
        beyond = np.abs(self._stream(before["v"], arrived[A_IN], t)) > STATE_MAX
        cut = (np.abs(after["v"]) > self._limit) & self.due(t)
        return int(np.count_nonzero(beyond | cut | (np.abs(arrived[A_IN]) > STATE_MAX)))

    def registers(self, size: int) -> tuple[Register, ...]:
        """The sum; and the stream, which is within its limit if all that arrives is so small."""
        gains = (_ratio(self.carry, self.carry_shift)
                 + self._window() * _ratio(self.multiplier, self.shift))
        left = self._limit - np.abs(self.bias) - (self._window() + 1)  # each rounding adds half
        room = np.floor(np.min(left / np.maximum(gains, 2.0**-24)))
        return within("sum", STATE_MAX), within("potential", int(min(max(room, 0), STATE_MAX)))


def _ratio(multiplier: Parameter, shift: Parameter) -> NDArray[np.float64]:
    """multiplier / 2^shift."""
    ratio: NDArray[np.float64] = np.asarray(multiplier) * np.exp2(-np.asarray(shift, np.float64))
    return ratio
