"""A gated activation: SiLU or GELU of one sum, times another."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any, ClassVar, NamedTuple

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
    X_BITS,
    Y_BITS,
    clip_one,
    inverse,
    multiply_shift_one,
    round_shift_one,
    saturate_one,
)
from neuromorph.shapes import Float64, Int64, Integer, Num

NARROW = 2**15 - 1
"""Both sums are scaled to 16 bits."""

UNIT_MIN, UNIT_MAX = 8, 14
"""Bits after the point of the sum that the activation is of."""

SLOPE_BITS = 14
"""Bits after the point of what x is multiplied by: log2(e) for e^-x by powers of two."""

POWER = tuple(round(c * 2**Y_BITS) for c in (0.99994274, 0.69130643, 0.23079746, 0.03948363))
"""2^-f by a cubic of f from 0 up to 1, interpolated at Chebyshev's points: error 1e-4."""

FAR = PRODUCT_BITS - 1 - 2 * Y_BITS
"""Halvings beyond which nothing is left of a number of 16 bits."""


class Activation(NamedTuple):
    """a(x) = x / (1 + 2^-z), z = (slope x + cubic x^3) / 2^14: parameters of a `Gate`."""

    slope: int
    cubic: int = 0


SILU = Activation(23637)
"""X / (1 + e^-x)."""

GELU_TANH = Activation(37719, 1687)
"""GELU by its tanh, as GPT-2 has it: z = 2 log2(e) root(2 / pi) (x + 0.044715 x^3)."""

GELU = Activation(37827, 1640)
"""GELU by the error function, within 2.8e-4: of all such z the one of least error."""

QUICK_GELU = Activation(40230)
"""X / (1 + e^-1.702 x)."""

(MULTIPLIER, SHIFT, BIAS, UP_MULTIPLIER, UP_SHIFT, UP_BIAS, UNIT_BITS, SLOPE, CUBIC,
 PRODUCT_SHIFT, LIMIT, PERIOD, GATE_AT, AT) = range(14)


def below_zero(magnitude: Any, unit_bits: int, slope: int, cubic: int) -> Any:
    """|x| e / (1 + e), e = 2^-z of |x|: what an activation takes from max(x, 0), and its exponent.

    ::

        z = |x| (slope + cubic x^2)     n, f its whole part and its fraction
        p = 2^-f by a cubic             |x| p / (1 + p 2^-n) / 2^n

    Both of a number or of an array, before the last shift, by 30 bits and n.
    """
    x = magnitude << (UNIT_MAX - unit_bits)
    rise = slope + ((cubic * ((x * x) >> UNIT_MAX)) >> UNIT_MAX)
    z = (x * rise) >> (UNIT_MAX + SLOPE_BITS - Y_BITS)
    beyond = (z >> Y_BITS) - FAR
    n = FAR + (beyond & (beyond >> 63))  # the lesser of both, of arrays as well
    f = z & ((1 << Y_BITS) - 1)
    p = POWER[2] - ((f * POWER[3]) >> Y_BITS)
    p = POWER[0] - ((f * (POWER[1] - ((f * p) >> Y_BITS))) >> Y_BITS)
    over = inverse((1 << X_BITS) + ((p << (X_BITS - Y_BITS)) >> n))
    return magnitude * p * over, n


def activation_one(x: int, unit_bits: int, slope: int, cubic: int) -> int:
    """`activation` of a number."""
    taken, n = below_zero(abs(x), unit_bits, slope, cubic)
    return max(x, 0) - round_shift_one(taken, 2 * Y_BITS + n)


def activation(
    x: Annotated[Integer, "*shape"], unit_bits: int, slope: int, cubic: int
) -> Annotated[Int64, "*shape"]:
    """x / (1 + 2^-z), z = slope x + cubic x^3, in units of 2^-unit_bits.

    ::

        a(x) = max(x, 0) - |x| 2^-z / (1 + 2^-z)          z of |x|

    Within 1.2 units for SiLU, and for GELU with up to 11 bits after the point. What is taken from
    max(x, 0) has both signs in common, vanishes at 0 and far from it, and is small between.
    """
    wide = x.astype(np.int64)
    taken, n = below_zero(np.abs(wide), unit_bits, slope, cubic)
    return np.maximum(wide, 0) - round_shift(taken, 2 * Y_BITS + n)


def activation_float(
    x: Annotated[Num, "*shape"], slope: float, cubic: float
) -> Annotated[Float64, "*shape"]:
    """The same of real numbers."""
    z = np.abs(x) * (slope + cubic * x * x) * 2.0**-SLOPE_BITS
    e = np.exp2(-np.minimum(z, 1000))
    activated: NDArray[np.float64] = np.maximum(x, 0) - np.abs(x) * e / (1 + e)
    return activated


def _kernel(own: Any, state: Any, arrived: Any, i: int, last: int, t: int) -> int:
    now = t % own[i, PERIOD]
    if now == own[i, GATE_AT]:
        scaled = multiply_shift_one(saturate_one(arrived[i, 0]), own[i, MULTIPLIER], own[i, SHIFT])
        gate = clip_one(scaled + own[i, BIAS], NARROW)
        state[i, 0] = activation_one(gate, own[i, UNIT_BITS], own[i, SLOPE], own[i, CUBIC])
    if now != own[i, AT]:
        return 0
    scaled = multiply_shift_one(saturate_one(arrived[i, 0]), own[i, UP_MULTIPLIER],
                                own[i, UP_SHIFT])
    up = clip_one(scaled + own[i, UP_BIAS], NARROW)
    return clip_one(round_shift_one(state[i, 0] * up, own[i, PRODUCT_SHIFT]), own[i, LIMIT])


@register
@dataclass(frozen=True, eq=False)
class Gate(Counted):
    """Neuron of a programmable core that sends an activation of one sum, times another.

    ::

        g    = sat16(MS(a_in; multiplier, shift) + bias)             where t mod period = gate_at
        a    = g / (1 + 2^-z), z = slope g + cubic g^3                 see `activation`
        u    = sat16(MS(a_in; up_multiplier, up_shift) + up_bias)
        s[t] = clip(round(a u / 2^product_shift), -limit, limit)     where t mod period = at, else 0
        MS(x; m, s) = sign(x) ((|x| m + 2^(s-1)) >> s)

    a is within 1.2 units of 2^-unit_bits. A plain activation has an ``up_bias`` of
    2^product_shift, and nothing else arrives. In floats nothing is rounded or saturates but s.

    Attributes
    ----------
    multiplier, shift, bias : int or float, int, int or float
        Of the gate: 0 to 65535 (fixed); 1 to 40; 16 bits, signed. One number, or one a neuron.
    up_multiplier, up_shift, up_bias : int or float, int, int or float
        Of the other sum.
    unit_bits : int
        Bits after the point of the gate, 8 to 14.
    slope, cubic : int
        0 to 65535 and 0 to 4095, with 14 bits after the point: those of an `Activation`.
    product_shift : int
        0 to 30.
    limit : int or float
        Largest magnitude that is sent, 1 to 2^23 - 1. What is cut off counts as an overflow.
    period, gate_at, at : int
        When the gate arrives, and when the other sum does, and it sends.
    """

    multiplier: Parameter = 2
    shift: Parameter = 1
    bias: Parameter = 0
    up_multiplier: Parameter = 2
    up_shift: Parameter = 1
    up_bias: Parameter = 0
    unit_bits: int = 11
    slope: int = SILU.slope
    cubic: int = SILU.cubic
    product_shift: int = 0
    limit: float = STATE_MAX
    period: int = 2
    gate_at: int = 0
    at: int = 1

    words: ClassVar[tuple[str, ...]] = ("gate",)
    records: ClassVar[tuple[str, ...]] = ("spikes", "gate")
    by_neuron: ClassVar[tuple[str, ...]] = ("multiplier", "shift", "bias", "up_multiplier",
                                            "up_shift", "up_bias")
    whole: ClassVar[tuple[str, ...]] = ("shift", "up_shift", "unit_bits", "slope", "cubic",
                                        "product_shift", "period", "gate_at", "at")
    moments: ClassVar[tuple[str, ...]] = ("gate_at", "at")
    arrivals: ClassVar[tuple[str, ...]] = moments
    shortest: ClassVar[int] = 2
    operations: ClassVar[Mapping[str, int]] = {"multiply": 14}
    process: ClassVar[str] = "neuromorph.processes.gate.process:Gate"
    kernel = staticmethod(_kernel)

    @property
    def self_driven(self) -> bool:
        """Whether the gate has a bias."""
        return bool(np.any(self.bias))

    def limits(self, domain: str) -> dict[str, Range]:
        """What each parameter may be."""
        fixed = domain == "fixed"
        scale: Range = (0, MULTIPLIER_MAX) if fixed else (0, np.inf)
        bias: Range = (-NARROW, NARROW) if fixed else (-np.inf, np.inf)
        shift: Range = (1, PRODUCT_BITS - 8)
        return {"multiplier": scale, "shift": shift, "bias": bias, "up_multiplier": scale,
                "up_shift": shift, "up_bias": bias, "unit_bits": (UNIT_MIN, UNIT_MAX),
                "slope": (0, MULTIPLIER_MAX), "cubic": (0, (1 << 12) - 1),
                "product_shift": (0, 2 * Y_BITS), **self.moments_within(domain)}

    def _gate(self, a_in: NDArray[Any]) -> NDArray[np.int64]:
        gate: NDArray[np.int64] = (multiply_shift(saturate(a_in), self.multiplier, self.shift)
                                   + self.bias)
        return gate

    def _up(self, a_in: NDArray[Any]) -> NDArray[np.int64]:
        up: NDArray[np.int64] = (multiply_shift(saturate(a_in), self.up_multiplier, self.up_shift)
                                 + self.up_bias)
        return up

    def _product(self, gate: NDArray[Any], up: NDArray[Any]) -> NDArray[np.int64]:
        """a u / 2^product_shift, before it is clipped."""
        return round_shift(gate.astype(np.int64) * np.clip(up, -NARROW, NARROW),
                           int(self.product_shift))

    def step_fixed(self, state: State, arrived: Arrived, t: int) -> Stepped:
        """a and s as above."""
        gate = state["gate"]
        if self.is_moment(t, "gate_at"):
            gate = activation(np.clip(self._gate(arrived[A_IN]), -NARROW, NARROW),
                              int(self.unit_bits), int(self.slope), int(self.cubic))
        if not self.due(t):
            return {"gate": gate}, np.zeros_like(gate)
        sent = self._product(gate, self._up(arrived[A_IN]))
        return {"gate": gate}, np.clip(sent, -self._limit, self._limit)

    def step_float(self, state: State, arrived: Arrived, t: int) -> Stepped:
        """The same without rounding."""
        gate, a_in, unit = state["gate"], arrived[A_IN], 2.0**self.unit_bits
        shift, up_shift = (np.exp2(-np.asarray(n, np.float64)) for n in (self.shift, self.up_shift))
        if self.is_moment(t, "gate_at"):
            given = a_in * self.multiplier * shift + self.bias
            gate = activation_float(given / unit, self.slope, self.cubic) * unit
        if not self.due(t):
            return {"gate": gate}, np.zeros_like(gate)
        up = a_in * self.up_multiplier * up_shift + self.up_bias
        return {"gate": gate}, np.clip(gate * up * 2.0**-self.product_shift, -self.limit,
                                       self.limit)

    def overflows(self, before: State, after: State, arrived: Arrived, t: int) -> int:
        """Neurons whose sum, gate, other factor or payload is cut off."""
        a_in, gates = arrived[A_IN], self.is_moment(t, "gate_at")
        if not (gates or self.due(t)):
            return 0
        scaled = self._gate(a_in) if gates else self._up(a_in)
        cut = (np.abs(a_in) > STATE_MAX) | (np.abs(scaled) > NARROW)
        if not gates:
            cut |= np.abs(self._product(before["gate"], scaled)) > self._limit
        return int(np.count_nonzero(cut))

    def payloads(self, size: int, arrived: Mapping[str, Interval]) -> Interval:
        """The largest gate times the largest other factor; an activation is not beyond its x."""
        low, high = (saturate(end) for end in arrived[A_IN])
        gate, up = self._largest(np.maximum(-low, high))
        sent = np.minimum(self._product(np.minimum(gate, NARROW), up), self._limit)
        return Interval(-sent, sent)

    def _largest(self, most: NDArray[Any]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Magnitudes of both factors, of sums within +-most."""
        scaled = (multiply_shift(most, self.multiplier, self.shift) + np.abs(self.bias),
                  multiply_shift(most, self.up_multiplier, self.up_shift) + np.abs(self.up_bias))
        return scaled

    def registers(self, size: int) -> tuple[Register, ...]:
        """The sum; and the payload, which is within its limit if all that arrives is so small."""
        low, high = (0, STATE_MAX) if self._fits(0) else (-1, -1)
        while low < high:
            middle = (low + high + 1) // 2
            low, high = (middle, high) if self._fits(middle) else (low, middle - 1)
        return within("sum", STATE_MAX), within("payload", low)

    def _fits(self, most: int) -> bool:
        """Whether nothing is cut off while all that arrives is within +-most."""
        gate, up = self._largest(np.full(1, most, np.int64))
        return bool((gate <= NARROW).all() and (up <= NARROW).all()
                    and (self._product(gate, up) <= self._limit).all())
