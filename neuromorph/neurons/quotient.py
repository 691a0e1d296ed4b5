"""The emitting control neuron: a leaky sum, divided by a reciprocal that another neuron sends."""

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
    decays,
)
from neuromorph.neurons.counter import AT_ONCE, Counted, counted_limits
from neuromorph.neurons.reciprocal import (
    DONE,
    FLUSH,
    LARGEST,
    PLACES_BITS,
    SHARE,
    SIGNAL,
    X_BITS,
    accumulate_leaky,
    asks,
)
from neuromorph.neurons.registry import register
from neuromorph.numerics import multiply_shift, saturate
from neuromorph.numerics.interval import Interval
from neuromorph.numerics.limits import (
    DECAY_UNITY,
    INPUT_SHIFT,
    MULTIPLIER_MAX,
    PRODUCT_BITS,
    STATE_MAX,
)
from neuromorph.numerics.scalar import clip_one, decay_one, multiply_shift_one, saturate_one
from neuromorph.shapes import Int64, Integer

SHARE_PLACES = SHARE.bit_length() - 1
"""Places by which a reciprocal lies above what else a signal says."""

LARGEST_SIGNAL = SHARE * LARGEST + DONE + FLUSH
"""No signal is larger: a reciprocal, in a step in which it is also asked and flushed."""

DV, LIFT, MULTIPLIER, SHIFT, CENTRE, LIMIT, PERIOD, AT = range(8)
V, LATCHED, KEPT = range(3)
LOW_BITS = (1 << PLACES_BITS) - 1


def divided_one(latched: int, payload: int) -> int:
    """v / normaliser with 15 bits after the point, by the payload of a `Reciprocal`.

    ::

        (saturate(v << n) y) >> 22           payload = y << 5 | n
    """
    raised = saturate_one(latched << (payload & LOW_BITS))
    return (raised * (payload >> PLACES_BITS)) >> X_BITS


def divided(
    latched: Annotated[Integer, "*shape"], payload: Annotated[Integer, "..."]
) -> Annotated[Int64, "*shape"]:
    """`divided_one` of arrays."""
    lifted = saturate(latched.astype(np.int64) << (payload & LOW_BITS))
    quotients: NDArray[np.int64] = (lifted * (payload >> PLACES_BITS)) >> X_BITS
    return quotients


def _kernel(own: Any, state: Any, arrived: Any, i: int, last: int, t: int) -> int:
    before = state[i, V]
    if arrived[i, 1] & DONE:
        state[i, LATCHED] = before
    lifted = arrived[i, 0] << own[i, LIFT]
    state[i, V] = saturate_one(decay_one(before, own[i, DV]) + lifted)
    if arrived[i, 1] & FLUSH:
        state[i, V] = 0
    payload = arrived[i, 1] >> SHARE_PLACES
    if payload > 0:
        share = divided_one(state[i, LATCHED], payload)
        scaled = multiply_shift_one(share, own[i, MULTIPLIER], own[i, SHIFT])
        state[i, KEPT] = clip_one(scaled + own[i, CENTRE], own[i, LIMIT])
    if t % max(own[i, PERIOD], 1) != own[i, AT]:
        return 0
    sent: int = state[i, KEPT]
    state[i, KEPT] = 0
    return sent


@register
@dataclass(frozen=True, eq=False)
class Quotient(Counted):
    """Leaky sum of a programmable core that is divided, scaled and sent.

    ::

        v[t]    = saturate(trunc(v[t-1] (4096 - dv) / 4096) + (a_in << lift));  0 at a flush
        latched = v[t-1]                                                        at a done
        kept    = clip(MS(latched / normaliser) + centre, -limit, limit)        at a reciprocal
        s[t]    = kept, which is then 0                      where t mod period = at
        signal  = flush + 2 done + 4 reciprocal              the first two are 0 or 1

    latched / normaliser has 15 bits after the point (`divided`); MS is that of `Requantise`. A
    reciprocal is the payload of one `Reciprocal`. A flush clears v silently. With a period of 0 it
    sends as soon as it knows.

    Attributes
    ----------
    dv, lift : int
        As of `Reciprocal`.
    multiplier, shift, centre : int
        0 to 65535; 1 to 40; 24 bits signed. One number, or one a neuron.
    limit : int
        Largest magnitude that is sent.
    period, at : int
        When it sends; ``at`` may be an array.
    """

    dv: int = 0
    lift: int = 0
    multiplier: Parameter = 1
    shift: Parameter = 1
    centre: Parameter = 0
    limit: int = STATE_MAX
    period: int = AT_ONCE
    at: Parameter = 0

    ports: ClassVar[tuple[str, ...]] = (A_IN, SIGNAL)
    words: ClassVar[tuple[str, ...]] = ("v", "latched", "kept")
    records: ClassVar[tuple[str, ...]] = ("spikes", "v", "latched", "kept")
    by_neuron: ClassVar[tuple[str, ...]] = ("multiplier", "shift", "centre", "at")
    domains: ClassVar[tuple[str, ...]] = ("fixed",)
    operations: ClassVar[Mapping[str, int]] = {"multiply": 2}
    at_once: ClassVar[bool] = True
    process: ClassVar[str] = "neuromorph.processes.quotient.process:Quotient"
    kernel = staticmethod(_kernel)

    def limits(self, domain: str) -> dict[str, Range]:
        """What each parameter may be."""
        return {"dv": decays(domain), "lift": (0, INPUT_SHIFT), "multiplier": (0, MULTIPLIER_MAX),
                "shift": (1, PRODUCT_BITS - 8), "centre": (-STATE_MAX, STATE_MAX),
                **counted_limits(domain, AT_ONCE)}

    def step_fixed(self, state: State, arrived: Arrived, t: int) -> Stepped:
        """v, latched, kept and s as above."""
        signal = arrived[SIGNAL].astype(np.int64)
        latched = np.where(signal & DONE, state["v"], state["latched"])
        v = accumulate_leaky(state["v"], arrived[A_IN], signal, dv=int(self.dv),
                             lift=int(self.lift))
        payload = signal >> SHARE_PLACES
        kept = np.where(payload > 0, self._context(latched, payload), state["kept"])
        due = self.due(t)
        return ({"v": v, "latched": latched, "kept": np.where(due, 0, kept)},
                np.where(due, kept, 0))

    def _context(self, latched: NDArray[Any], payload: NDArray[Any]) -> NDArray[np.int64]:
        share = divided(latched, np.maximum(payload, 0))
        scaled = multiply_shift(share, self.multiplier, self.shift)
        context: NDArray[np.int64] = np.clip(scaled + self.centre, -int(self.limit),
                                             int(self.limit))
        return context

    def overflows(self, before: State, after: State, arrived: Arrived, t: int) -> int:
        """Neurons whose sum is at its limit, or to which no single `Reciprocal` can have spoken."""
        foreign = (arrived[SIGNAL] < 0) | (arrived[SIGNAL] > LARGEST_SIGNAL)
        return int(np.count_nonzero((np.abs(after["v"]) >= STATE_MAX) | foreign))

    @property
    def asked_at(self) -> tuple[str, ...]:
        """Without a counter it sends nothing unless it learns a reciprocal."""
        return (SIGNAL,) if self.counts == 1 else ()

    def payloads(self, size: int, arrived: Mapping[str, Interval]) -> Interval:
        """Up to the limit; without a counter, where a reciprocal may arrive."""
        may = np.where(asks(arrived[SIGNAL], SHARE) | (self.counts > 1), self._limit, 0)
        return Interval(-may, may)

    def registers(self, size: int) -> tuple[Register, ...]:
        """The sum, which at its limit may have saturated; and a signal of one `Reciprocal`."""
        return (Register("potential", int(self.dv), int(self.lift), -STATE_MAX + 1,
                         STATE_MAX - 1),
                Register("sum", DECAY_UNITY, 0, 0, LARGEST_SIGNAL, port=SIGNAL))
