"""A gain and a threshold that follow two slow traces: a channel keeps its mean and its spread."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from neuromorph.errors import NetworkError
from neuromorph.neurons.contract import (
    Arrived,
    NeuronModel,
    Parameter,
    Range,
    Register,
    State,
    Stepped,
)
from neuromorph.neurons.counter import within
from neuromorph.neurons.registry import register
from neuromorph.numerics import saturate
from neuromorph.numerics.interval import Interval
from neuromorph.numerics.limits import STATE_MAX
from neuromorph.numerics.scalar import clip_one, saturate_one
from neuromorph.shapes import Int64, Integer

ONE_BITS = 10
"""A gain of 1 is 2^10."""

GAIN_SHIFT, DEAD_SHIFT = 5, 4
"""A step of the gain is one part in 32, where the spread is off by more than one in 16."""

GAIN_MAX = 1 << ONE_BITS + 5
"""A gain of 32."""

ADAPT = 2
"""Least payload of a go at which gain and threshold move as well."""

TRACE_MAX, FRACTION_MAX = 15, 16

MEAN, SPREAD, TRACE, FRACTION, LIMIT = range(5)
GAIN, LIFT, MEAN_TRACE, SPREAD_TRACE = range(4)
IN, GO = range(2)

Ints = NDArray[np.int64]


def turned_gain(
    gain: Annotated[Integer, "size"], wide: Annotated[Integer, "size"], spread: Parameter
) -> Annotated[Int64, "size"]:
    """G - sgn(S) max(1, G >> 5) where |S| > s / 16, 1 to 2^15; S is what the spread is beyond s."""
    step = np.maximum(1, gain >> GAIN_SHIFT)
    moved = np.where(np.abs(wide) > (spread >> DEAD_SHIFT), np.sign(wide) * step, 0)
    turned: Ints = np.clip(gain - moved, 1, GAIN_MAX)
    return turned


def moved_threshold(
    lift: Annotated[Integer, "size"], off: Annotated[Integer, "size"], unit: int
) -> Annotated[Int64, "size"]:
    """m - sgn(M) where |M| > a unit; M is what the mean is beyond t."""
    return saturate(lift - np.where(np.abs(off) > unit, np.sign(off), 0))


def _kernel(own: Any, state: Any, arrived: Any, i: int, last: int, t: int) -> int:
    go = arrived[i, GO]
    if go <= 0:
        return 0
    fraction, gain = own[i, FRACTION], state[i, GAIN] + (1 << ONE_BITS)
    raised = (gain * saturate_one(arrived[i, IN]) >> ONE_BITS) + state[i, LIFT]
    sent: int = clip_one(raised, own[i, LIMIT])
    away = sent - own[i, MEAN]
    off = saturate_one(
        state[i, MEAN_TRACE] + ((away << fraction) - state[i, MEAN_TRACE] >> own[i, TRACE]))
    wide = saturate_one(state[i, SPREAD_TRACE] + (
        (abs(away) << fraction) - own[i, SPREAD] - state[i, SPREAD_TRACE] >> own[i, TRACE]))
    state[i, MEAN_TRACE], state[i, SPREAD_TRACE] = off, wide
    if go < ADAPT:
        return sent
    if abs(off) > 1 << fraction:
        state[i, LIFT] = saturate_one(state[i, LIFT] - (1 if off > 0 else -1))
    if abs(wide) > own[i, SPREAD] >> DEAD_SHIFT:
        step = max(1, gain >> GAIN_SHIFT)
        gain = min(max(gain - (step if wide > 0 else -step), 1), GAIN_MAX)
        state[i, GAIN] = gain - (1 << ONE_BITS)
    return sent


@register
@dataclass(frozen=True, eq=False)
class Homeostatic(NeuronModel):
    """Channel of a programmable core that keeps the mean and the spread it was calibrated to.

    ::

        z = clip((G sat24(a) >> 10) + m, -limit, limit)          where go > 0; sent
        M += ((z - t) 2^f - M) >> k                              the traces, two slow means
        S += (|z - t| 2^f - s - S) >> k
        m -= sgn(M)             where |M| > 2^f                  where go > 1: a unit,
        G -= sgn(S) max(1, G >> 5)     where |S| > s >> 4        or one part in 32

    The go says when something is asked, and how often it adapts: without one nothing changes, so
    that silence is not learned. State is kept as what differs from calibration: the word ``gain``
    is G - 2^10. Shifts, additions and signs, but for one product of 39 bits; traces saturate in
    24 bits, which none of sound parameters reaches. Integers only.

    Attributes
    ----------
    mean : int
        t: mean of z on calibration data. One number, or one a neuron.
    spread : int
        s: mean of ``|z - t|`` there, in units of 2^-f. One number, or one a neuron.
    trace : int
        k, 0 to 15: traces are means over about 2^k goes.
    fraction : int
        f, 0 to 16: bits of a trace after the point; more than k - 2, or a trace stands still.
    limit : int
        Largest magnitude that is sent. What it and t are together, times 2^f, has 23 bits.
    """

    mean: Parameter = 0
    spread: Parameter = 1 << 14
    trace: int = 8
    fraction: int = 10
    limit: int = 4095

    ports: ClassVar[tuple[str, ...]] = ("a", "go")
    words: ClassVar[tuple[str, ...]] = ("gain", "lift", "mean_trace", "spread_trace")
    records: ClassVar[tuple[str, ...]] = ("spikes", *words)
    by_neuron: ClassVar[tuple[str, ...]] = ("mean", "spread")
    domains: ClassVar[tuple[str, ...]] = ("fixed",)
    operations: ClassVar[Mapping[str, int]] = {"multiply": 1}
    process: ClassVar[str] = "neuromorph.processes.homeostatic.process:Homeostatic"
    kernel = staticmethod(_kernel)

    def limits(self, domain: str) -> dict[str, Range]:
        """What each parameter may be."""
        return {"mean": (-STATE_MAX, STATE_MAX), "spread": (0, STATE_MAX), "trace": (0, TRACE_MAX),
                "fraction": (0, FRACTION_MAX), "limit": (1, STATE_MAX)}

    def check(self, where: str, size: int, domain: str) -> None:
        """Besides the limits: traces have 24 bits."""
        super().check(where, size, domain)
        most = (self.limit + int(np.abs(self.mean).max())) << self.fraction
        if most > STATE_MAX:
            raise NetworkError("a trace would leave its 24 bits", where=where, found=most,
                               expected=f"(limit + |mean|) 2^fraction of at most {STATE_MAX}",
                               hint="a smaller limit, or fewer bits of fraction")

    @property
    def payload_bits(self) -> int:
        """Width of what is sent, with its sign."""
        return int(self.limit).bit_length() + 1

    def widest(self, size: int) -> Interval:
        """Up to the limit."""
        return Interval.same(size, -int(self.limit), int(self.limit))

    @property
    def asked_at(self) -> tuple[str, ...]:
        """Without a go it is silent."""
        return ("go",)

    def step_fixed(self, state: State, arrived: Arrived, t: int) -> Stepped:
        """z, traces, threshold and gain as above."""
        asked, adapts = arrived["go"] > 0, arrived["go"] >= ADAPT
        gain = state["gain"] + (1 << ONE_BITS)
        raised = (gain * saturate(arrived["a"]) >> ONE_BITS) + state["lift"]
        sent = np.clip(raised, -self.limit, self.limit)
        away = sent - self.mean
        off = saturate(state["mean_trace"] + (
            (away << self.fraction) - state["mean_trace"] >> self.trace))
        wide = saturate(state["spread_trace"] + (
            (np.abs(away) << self.fraction) - self.spread - state["spread_trace"] >> self.trace))
        return {
            "gain": np.where(adapts, turned_gain(gain, wide, self.spread), gain) - (1 << ONE_BITS),
            "lift": np.where(adapts, moved_threshold(state["lift"], off, 1 << self.fraction),
                             state["lift"]),
            "mean_trace": np.where(asked, off, state["mean_trace"]),
            "spread_trace": np.where(asked, wide, state["spread_trace"]),
        }, np.where(asked, sent, 0)

    def overflows(self, before: State, after: State, arrived: Arrived, t: int) -> int:
        """Neurons for which a sum saturated while they were asked."""
        beyond = (np.abs(arrived["a"]) > STATE_MAX) | (np.abs(arrived["go"]) > STATE_MAX)
        return int(np.count_nonzero(beyond & (arrived["go"] > 0)))

    def registers(self, size: int) -> tuple[Register, ...]:
        """The two sums; traces fit by what `check` asks, the product always its 48 bits."""
        return tuple(within("sum", STATE_MAX)._replace(port=port) for port in self.ports)
