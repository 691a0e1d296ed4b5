"""The emitting normaliser: a leaky sum that sends its reciprocal when it is asked."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from neuromorph.neurons.contract import (
    A_IN,
    Arrived,
    NeuronModel,
    Range,
    Register,
    State,
    Stepped,
    decays,
)
from neuromorph.neurons.registry import register
from neuromorph.numerics import decay, saturate, scalar
from neuromorph.numerics.interval import Interval
from neuromorph.numerics.limits import INPUT_SHIFT, STATE_MAX
from neuromorph.numerics.scalar import decay_one, inverse, saturate_one
from neuromorph.shapes import Bool, Int64, Integer

SIGNAL = "signal"
"""The port at which several things may be said in one step, each by its place value."""

FLUSH, DONE, SHARE = 1, 2, 4
"""What one that flushes, asks, or divides adds to a signal: weights of projections to it."""

X_BITS, Y_BITS = scalar.X_BITS, scalar.Y_BITS
"""Fraction bits of the normalised sum, 1 <= x < 2, and of its reciprocal."""

PLACES_BITS = 5
"""Low bits of a payload, which say by how many places the sum was lifted."""

LARGEST = (1 << (Y_BITS + PLACES_BITS)) - 1
"""No payload is larger."""

DV, SHIFT = range(2)


def reciprocal_payload(value: int) -> int:
    """What a sum sends: its reciprocal with 15 bits after the point, and its lift in places.

    ::

        n = 23 - bits of the sum            x = sum 2^n / 2^22, from 1 up to 2
        y = 1 / x, see `inverse`                              payload = y << 5 | n

    ``y`` is within 8e-5 of 1 / x, relative to it. A sum of 0 or below sends nothing.
    """
    if value <= 0:
        return 0
    places = 0
    while value << places < 1 << X_BITS:
        places += 1
    payload: int = (inverse(value << places) << PLACES_BITS) | places
    return payload


def reciprocal_payloads(values: Annotated[Integer, "*shape"]) -> Annotated[Int64, "*shape"]:
    """`reciprocal_payload` of an array of sums, of any shape."""
    sums = np.maximum(values.astype(np.int64), 1)
    places = X_BITS + 1 - np.frexp(sums.astype(np.float64))[1]  # a float's exponent: its bits
    return np.where(values > 0, (inverse(sums << places) << PLACES_BITS) | places, 0)


def _kernel(own: Any, state: Any, arrived: Any, i: int, last: int, t: int) -> int:
    before = state[i, 0]
    lifted = arrived[i, 0] << own[i, SHIFT]
    state[i, 0] = saturate_one(decay_one(before, own[i, DV]) + lifted)
    if arrived[i, 1] & FLUSH:
        state[i, 0] = 0
    if not arrived[i, 1] & DONE:
        return 0
    payload: int = reciprocal_payload(before)
    return payload


@register
@dataclass(frozen=True, eq=False)
class Reciprocal(NeuronModel):
    """Leaky sum of a programmable core that sends its reciprocal when it is asked.

    ::

        v[t] = saturate(trunc(v[t-1] (4096 - dv) / 4096) + (a_in << lift));  0 at a flush
        s[t] = reciprocal_payload(v[t-1])       where done, else 0
        signal = flush + 2 done                 0 or 1 each

    It is asked for the sum as it was before the step in which the signal arrives, and flushed
    silently. See `reciprocal_payload` for what is sent; a sum of 0 or below sends nothing.

    Attributes
    ----------
    dv : int
        Decay, 0 to 4096.
    lift : int
        Bits by which the input is shifted up, 0 to 6: 6 is the alignment of stock neurons.
    """

    dv: int = 0
    lift: int = 0

    ports: ClassVar[tuple[str, ...]] = (A_IN, SIGNAL)
    domains: ClassVar[tuple[str, ...]] = ("fixed",)
    operations: ClassVar[Mapping[str, int]] = {"multiply": 1 + 2 * scalar.ROUNDS}
    at_once: ClassVar[bool] = True
    process: ClassVar[str] = "neuromorph.processes.reciprocal.process:Reciprocal"
    kernel = staticmethod(_kernel)

    @property
    def payload_bits(self) -> int:
        """Width of what is sent, with its sign."""
        return LARGEST.bit_length() + 1

    def limits(self, domain: str) -> dict[str, Range]:
        """What each parameter may be."""
        return {"dv": decays(domain), "lift": (0, INPUT_SHIFT)}

    def step_fixed(self, state: State, arrived: Arrived, t: int) -> Stepped:
        """v and s as above."""
        v, sent = step_reciprocal(state["v"], arrived[A_IN], arrived[SIGNAL], dv=int(self.dv),
                                  lift=int(self.lift))
        return {"v": v}, sent

    def overflows(self, before: State, after: State, arrived: Arrived, t: int) -> int:
        """Neurons whose sum is at its limit."""
        return int(np.count_nonzero(np.abs(after["v"]) >= STATE_MAX))

    def widest(self, size: int) -> Interval:
        """0 to the largest payload."""
        return Interval.same(size, 0, LARGEST)

    @property
    def asked_at(self) -> tuple[str, ...]:
        """It sends nothing unless it is asked."""
        return (SIGNAL,)

    def payloads(self, size: int, arrived: Mapping[str, Interval]) -> Interval:
        """Nothing, of one that may be flushed at the most."""
        return Interval(np.zeros(size, np.int64),
                        np.where(asks(arrived[SIGNAL], DONE), LARGEST, 0))

    def registers(self, size: int) -> tuple[Register, ...]:
        """The sum; at its limit it may have saturated."""
        return (Register("potential", int(self.dv), int(self.lift), -STATE_MAX + 1,
                         STATE_MAX - 1),)


def step_reciprocal(
    v: Annotated[Integer, "size"], a_in: Annotated[Integer, "size"],
    signal: Annotated[Integer, "size"], *, dv: int, lift: int,
) -> tuple[Annotated[Int64, "size"], Annotated[Int64, "size"]]:
    """New sums, and what is sent: `reciprocal_payload` of the old ones where ``signal`` asks."""
    sent = np.where(signal & DONE, reciprocal_payloads(v), 0)
    return accumulate_leaky(v, a_in, signal, dv=dv, lift=lift), sent


def accumulate_leaky(
    v: Annotated[Integer, "_"], a_in: Annotated[Integer, "_"], signal: Annotated[Integer, "_"], *,
    dv: int, lift: int,
) -> Annotated[Int64, "_"]:
    """v' = saturate(trunc(v (4096 - dv) / 4096) + (a_in << lift)); 0 where it is flushed."""
    new = saturate(decay(v, dv) + (a_in.astype(np.int64) << lift))
    return np.where(signal & FLUSH, 0, new)


def asks(signal: Interval, place: int) -> Annotated[Bool, "_"]:
    """Which signals may say what has this place value, or more; one below 0 may say anything."""
    may: NDArray[np.bool_] = (signal.high >= place) | (signal.low < 0)
    return may
