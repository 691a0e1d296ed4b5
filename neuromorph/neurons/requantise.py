"""Requantising: a dense layer's sum becomes a payload by a constant of each neuron's own."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any, ClassVar

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
from neuromorph.neurons.counter import Counted, counted_limits, silent_unless
from neuromorph.neurons.registry import register
from neuromorph.numerics import multiply_shift, saturate
from neuromorph.numerics.interval import Interval, rounded_up
from neuromorph.numerics.limits import DECAY_UNITY, MULTIPLIER_MAX, PRODUCT_BITS, STATE_MAX
from neuromorph.numerics.scalar import clip_one, multiply_shift_one, saturate_one
from neuromorph.shapes import Float64, Int64, Integer, Num

MULTIPLIER, SHIFT, BIAS, LIMIT, PERIOD, AT = range(6)


def step_requantise_fixed(
    a_in: Annotated[Integer, "*shape"], *, multiplier: Parameter, shift: Parameter, bias: Parameter,
    limit: int,
) -> Annotated[Int64, "*shape"]:
    """s = clip(round(sat24(a_in) multiplier / 2^shift) + bias, -limit, limit).

    Halves are rounded away from zero.
    """
    scaled = multiply_shift(saturate(a_in), multiplier, shift)
    sent: NDArray[np.int64] = np.clip(scaled + bias, -limit, limit)
    return sent


def step_requantise_float(
    a_in: Annotated[Num, "*shape"], *, multiplier: Parameter, shift: Parameter, bias: Parameter,
    limit: float,
) -> Annotated[Float64, "*shape"]:
    """s = clip(a_in multiplier / 2^shift + bias, -limit, limit)."""
    scaled = a_in * multiplier * np.exp2(-np.asarray(shift, np.float64))
    sent: NDArray[np.float64] = np.clip(scaled + bias, -limit, limit)
    return sent


def _kernel(own: Any, state: Any, arrived: Any, i: int, last: int, t: int) -> int:
    if t % own[i, PERIOD] != own[i, AT]:
        return 0
    scaled = multiply_shift_one(saturate_one(arrived[i, 0]), own[i, MULTIPLIER], own[i, SHIFT])
    return clip_one(scaled + own[i, BIAS], own[i, LIMIT])


@register
@dataclass(frozen=True, eq=False)
class Requantise(Counted):
    """Neuron of a programmable core that scales a sum, clips it, and sends it.

    ::

        s[t] = clip(MS(a_in[t]) + bias, -limit, limit)         where t mod period = at, else 0
        MS(x) = sign(x) ((|x| multiplier + 2^(shift-1)) >> shift)

    a_in is a sum of 24 bits, saturated. In the ``float`` domain nothing is rounded.

    Attributes
    ----------
    multiplier : int or float
        0 to 65535 (fixed).
    shift : int
        1 to 40 (fixed).
    bias : int or float
        24 bits, signed (fixed).
    limit : int or float
        Largest magnitude that is sent, 1 to 2^23 - 1.
    period, at : int
        Step of a period in which it acts; every step if left out.

    All but ``limit`` and ``period`` may be arrays of one number a neuron.
    """

    multiplier: Parameter = 1
    shift: Parameter = 1
    bias: Parameter = 0
    limit: float = STATE_MAX
    period: int = 1
    at: Parameter = 0

    words: ClassVar[tuple[str, ...]] = ()
    records: ClassVar[tuple[str, ...]] = ("spikes",)
    by_neuron: ClassVar[tuple[str, ...]] = ("multiplier", "shift", "bias", "at")
    operations: ClassVar[Mapping[str, int]] = {"multiply": 1}
    at_once: ClassVar[bool] = True
    process: ClassVar[str] = "neuromorph.processes.requantise.process:Requantise"
    kernel = staticmethod(_kernel)

    @property
    def self_driven(self) -> bool:
        """Whether it has a bias."""
        return bool(np.any(self.bias))

    def limits(self, domain: str) -> dict[str, Range]:
        """What each parameter may be."""
        shared = {"shift": (1, PRODUCT_BITS - 8), **counted_limits(domain)}
        if domain == "float":
            return {**shared, "shift": (0, PRODUCT_BITS - 8)}
        return {"multiplier": (0, MULTIPLIER_MAX), "bias": (-STATE_MAX, STATE_MAX), **shared}

    def _scaled(self, a_in: NDArray[Any]) -> NDArray[np.int64]:
        return step_requantise_fixed(a_in, multiplier=self.multiplier, shift=self.shift,
                                     bias=self.bias, limit=int(self.limit))

    def step_fixed(self, state: State, arrived: Arrived, t: int) -> Stepped:
        """s as above."""
        return state, silent_unless(self.due(t), self._scaled(arrived[A_IN]))

    def step_float(self, state: State, arrived: Arrived, t: int) -> Stepped:
        """s = clip(a_in multiplier / 2^shift + bias, -limit, limit)."""
        sent = step_requantise_float(arrived[A_IN], multiplier=self.multiplier, shift=self.shift,
                                     bias=self.bias, limit=self.limit)
        return state, silent_unless(self.due(t), sent)

    def overflows(self, before: State, after: State, arrived: Arrived, t: int) -> int:
        """Neurons whose sum saturated in a step in which they act."""
        beyond = np.abs(arrived[A_IN]) > STATE_MAX
        return int(np.count_nonzero(beyond & self.due(t)))

    def payloads(self, size: int, arrived: Mapping[str, Interval]) -> Interval:
        """What arrives, scaled and clipped, which keeps its order; or silence."""
        low, high = (self._scaled(end) for end in arrived[A_IN])
        return Interval(np.minimum(low, 0), np.maximum(high, 0))

    @property
    def asked_at(self) -> tuple[str, ...]:
        """Without a bias: silence in, silence out."""
        return () if np.any(self.bias) else (A_IN,)

    def norm(self, size: int, arrived: int) -> int:
        """||s|| <= max_j (m_j / 2^shift_j) ||a_in|| + ||bias|| + sqrt(size) / 2."""
        gain = float(np.max(np.asarray(self.multiplier) * np.exp2(-np.asarray(self.shift, float))))
        added = np.broadcast_to(np.asarray(self.bias, np.float64), (size,))
        return rounded_up(gain * arrived + float(np.sqrt(added @ added)) + size**0.5 / 2)

    def registers(self, size: int) -> tuple[Register, ...]:
        """The sum."""
        return (Register("sum", DECAY_UNITY, 0, -STATE_MAX, STATE_MAX),)
