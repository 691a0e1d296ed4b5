"""The inverse root of a sum of squares that arrives from coarse to fine, and the root itself."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from neuromorph.errors import NetworkError
from neuromorph.neurons.contract import A_IN, Arrived, Parameter, Range, Register, State, Stepped
from neuromorph.neurons.counter import Counted, within
from neuromorph.neurons.ladder import LEAST_SHIFT_MAX
from neuromorph.neurons.registry import register
from neuromorph.neurons.square import RUNG_BITS, RUNGS
from neuromorph.numerics import round_shift, saturate
from neuromorph.numerics.interval import Interval
from neuromorph.numerics.limits import (
    DECAY_UNITY,
    MULTIPLIER_MAX,
    PRODUCT_BITS,
    STATE_MAX,
)
from neuromorph.numerics.scalar import (
    ROOT_ROUNDS,
    X_BITS,
    Y_BITS,
    inverse_root,
    round_shift_one,
    saturate_one,
)
from neuromorph.shapes import Int64, Integer

RUNG_LIFT = RUNG_BITS // 2
"""Places by which the root of a finer rung is larger."""

LIFT_MAX = X_BITS // 2 + RUNG_LIFT * (RUNGS - 1)
"""Places by which a root is lifted at most: that of a sum of 1, in the finest rung."""

PLACES_BITS = 5
"""Low bits of the payload of a `Root`, which are its exponent."""

ROOT_UNIT_BITS = Y_BITS - X_BITS // 2 + LIFT_MAX
"""root 2^E = 2^30 root(S / 64^k)."""

ROOT_LARGEST = (1 << (Y_BITS + 1 + PLACES_BITS)) - 1
"""No payload of a `Root` is larger: a root is below 1.42."""

THRESHOLD, LEAST, LEAST_SHIFT, MULTIPLIER, SHIFT, LIMIT, PERIOD, AT = range(8)
ROOT_PERIOD, ROOT_AT = 3, 4
V, RUNG = range(2)


def lift_one(value: int) -> int:
    """Places, half of them, by which a sum is lifted to 1/2 up to 2 with 22 bits after it."""
    half = 0
    while value << (2 * half) < 1 << (X_BITS - 1):
        half += 1
    return half


def lift(values: Annotated[Integer, "_"]) -> Annotated[Int64, "_"]:
    """`lift_one` of an array of sums, all of at least 1."""
    bits = np.frexp(values.astype(np.float64))[1].astype(np.int64)  # a float's exponent
    return (X_BITS + 1 - bits) // 2


def _keep(state: Any, i: int, arrived: int, k: int, threshold: int, least: int) -> None:
    if k == 0 or state[i, V] < threshold:
        state[i, V] = saturate_one(max(arrived, 0) + least)
        state[i, RUNG] = k if state[i, V] != 0 else 0  # nothing arrives: it stays at rest


def least_one(least: int, least_shift: int, k: int) -> int:
    """What is added to the sum of a rung."""
    return saturate_one(round_shift_one(least, least_shift - RUNG_BITS * k))


def _climbed(own: Any, state: Any, arrived: Any, i: int, since: int, period: int) -> int:
    """Take the rung that arrives in a step; the sum that is kept, once all have, and else 0."""
    k = (since + RUNGS - 1) % period
    if k >= RUNGS:
        return 0
    _keep(state, i, arrived[i, 0], k, own[i, THRESHOLD],
          least_one(own[i, LEAST], own[i, LEAST_SHIFT], k))
    if k < RUNGS - 1:
        return 0
    kept: int = state[i, V]
    return kept


def _kernel(own: Any, state: Any, arrived: Any, i: int, last: int, t: int) -> int:
    kept = _climbed(own, state, arrived, i, t - own[i, AT], own[i, PERIOD])
    scaled = inverse_root_payload_one(kept, state[i, RUNG], own[i, MULTIPLIER], own[i, SHIFT])
    sent: int = min(scaled, own[i, LIMIT])
    return sent


def _root_kernel(own: Any, state: Any, arrived: Any, i: int, last: int, t: int) -> int:
    kept = _climbed(own, state, arrived, i, t - own[i, ROOT_AT], own[i, ROOT_PERIOD])
    return root_payload_one(kept, state[i, RUNG])


def inverse_root_payload_one(kept: int, rung: int, multiplier: int, shift: int) -> int:
    """Y of `Rsqrt`, before it is clipped; 0 of a sum of 0 or below."""
    if kept <= 0:
        return 0
    half = lift_one(kept)
    y = inverse_root(kept << (2 * half)) * multiplier
    return round_shift_one(y, shift - half - RUNG_LIFT * rung)


def root_payload_one(kept: int, rung: int) -> int:
    """What a `Root` sends: root << 5 | E; 0 of a sum of 0 or below."""
    if kept <= 0:
        return 0
    half = lift_one(kept)
    x = kept << (2 * half)
    root = round_shift_one(x * inverse_root(x), X_BITS)
    return (root << PLACES_BITS) | (LIFT_MAX - half - RUNG_LIFT * rung)


def inverse_root_payload(
    kept: Annotated[Integer, "_"], rung: Annotated[Integer, "_"], multiplier: Parameter,
    shift: Parameter,
) -> Annotated[Int64, "_"]:
    """`inverse_root_payload_one` of arrays."""
    sums = np.maximum(kept.astype(np.int64), 1)
    half = lift(sums)
    y = round_shift(inverse_root(sums << (2 * half)) * multiplier, shift - half - RUNG_LIFT * rung)
    return np.where(kept > 0, y, 0)


def root_payload(
    kept: Annotated[Integer, "_"], rung: Annotated[Integer, "_"]
) -> Annotated[Int64, "_"]:
    """`root_payload_one` of arrays."""
    sums = np.maximum(kept.astype(np.int64), 1)
    half = lift(sums)
    x = sums << (2 * half)
    root = round_shift(x * inverse_root(x), X_BITS)
    return np.where(kept > 0, (root << PLACES_BITS) | (LIFT_MAX - half - RUNG_LIFT * rung), 0)


@dataclass(frozen=True, eq=False)
class _Climbing(Counted):
    """Base of neurons that keep the finest rung of a ladder of sums."""

    words: ClassVar[tuple[str, ...]] = ("v", "rung")
    records: ClassVar[tuple[str, ...]] = ("spikes", "v", "rung")
    whole: ClassVar[tuple[str, ...]] = ("least_shift", "shift", "period", "at")
    shortest: ClassVar[int] = RUNGS

    @property
    def _own(self) -> tuple[Any, Any, int]:
        numbers = self.parameters()
        return numbers["threshold"], numbers["least"], int(numbers["least_shift"])

    @property
    def self_driven(self) -> bool:
        """Whether something is added to a sum of nothing."""
        return bool(self._own[1])

    @property
    def _added(self) -> dict[int, int]:
        """What is added to the sums of those rungs that may be kept."""
        threshold, least, least_shift = self._own
        added = [least_one(int(least), least_shift, k) for k in range(RUNGS)]
        return {k: added[k] for k in range(RUNGS) if k == 0 or added[k - 1] < threshold}

    @property
    def _room(self) -> int:
        """The largest sum that fits 24 bits with what is added to it."""
        return STATE_MAX - max(self._added.values())

    def check(self, where: str, size: int, domain: str) -> None:
        """Besides the limits: what is added leaves room for a sum."""
        super().check(where, size, domain)
        if domain == "fixed" and self._room < 1:
            raise NetworkError("what is added to a sum leaves no room for it", where=where,
                               found=f"{self._own[1]} / 2^{self._own[2]}",
                               expected=f"less than {STATE_MAX}",
                               hint="a larger shift of the squares; see `ladder.ladder`")

    def limits(self, domain: str) -> dict[str, Range]:
        """What each parameter may be."""
        most = STATE_MAX // 2**RUNG_BITS
        return {"threshold": (1, most), "least": (0, STATE_MAX),
                "least_shift": (0, LEAST_SHIFT_MAX), **self.moments_within(domain)}

    def _arriving(self, t: int) -> int:
        """Which rung arrives in a step: 0 to 5, or none of them."""
        return (int(self.since(t)) + RUNGS - 1) % self._period

    def _takes(self, state: State, k: int) -> NDArray[np.bool_]:
        """Which neurons keep a rung."""
        taken: NDArray[np.bool_] = np.full(len(state["v"]), k == 0) | (state["v"] < self._own[0])
        return taken

    def _total(self, a_in: NDArray[Any], k: int) -> NDArray[np.int64]:
        """A rung's sum and what is added to it; beyond 24 bits where it does not fit."""
        _, least, least_shift = self._own
        return np.maximum(a_in.astype(np.int64), 0) + least_one(int(least), least_shift, k)

    def _kept(self, state: State, v: NDArray[Any], k: int) -> State:
        takes = self._takes(state, k)
        return {"v": np.where(takes, v, state["v"]),
                "rung": np.where(takes, np.where(v != 0, k, 0), state["rung"])}

    @abstractmethod
    def _unclipped(self, state: State) -> NDArray[np.int64]:
        """What is sent of a sum, before it is cut off."""

    @abstractmethod
    def _payload_float(self, norm: NDArray[np.float64]) -> NDArray[np.float64]:
        """What is sent in floats of a norm, in units of 2^(shift / 2) of the `Square`."""

    def step_fixed(self, state: State, arrived: Arrived, t: int) -> Stepped:
        """S and s as above."""
        k, silence = self._arriving(t), np.zeros_like(state["v"])
        if k >= RUNGS:
            return state, silence
        after = self._kept(state, saturate(self._total(arrived[A_IN], k)), k)
        if k < RUNGS - 1:
            return after, silence
        return after, np.minimum(self._unclipped(after), self._limit)

    def step_float(self, state: State, arrived: Arrived, t: int) -> Stepped:
        """The same without rounding."""
        k, silence = self._arriving(t), np.zeros_like(state["v"])
        if k >= RUNGS:
            return state, silence
        _, least, least_shift = self._own
        added = least * 2.0**(RUNG_BITS * k - least_shift)
        after = self._kept(state, np.maximum(arrived[A_IN], 0) + added, k)
        if k < RUNGS - 1:
            return after, silence
        norm = np.sqrt(after["v"]) * np.exp2(-RUNG_LIFT * after["rung"])
        return after, self._payload_float(norm)

    def overflows(self, before: State, after: State, arrived: Arrived, t: int) -> int:
        """Neurons that keep a sum that saturated, or whose payload is cut off."""
        k = self._arriving(t)
        if k >= RUNGS:
            return 0
        beyond = self._takes(before, k) & (self._total(arrived[A_IN], k) > STATE_MAX)
        cut = (self._unclipped(after) > self._limit) & (k == RUNGS - 1)
        return int(np.count_nonzero(beyond | cut))

    def widest(self, size: int) -> Interval:
        """0 to the limit."""
        return Interval.same(size, 0, self._limit)

    def registers(self, size: int) -> tuple[Register, ...]:
        """The sum: if none of a ladder leaves 24 bits, no kept one does.

        A finer rung than the kept one may leave them: it is ignored. A bound on what arrives in
        any step does not know that.
        """
        return (Register("sum", DECAY_UNITY, 0, -STATE_MAX, self._room),)


@register
@dataclass(frozen=True, eq=False)
class Rsqrt(_Climbing):
    """Neuron of a programmable core that sends the inverse root of a sum of squares.

    ::

        S_k = max(a_in, 0) + round(least 2^(6 k - least_shift))     k = 0 ... 5, the last where
                                                                    t mod period = at
        S   = S_0, then each S_k that comes while S < threshold
        s   = min(round(y multiplier 2^(h + 3 k - shift)), limit)  where t mod period = at, else 0
        y   = x^-1/2, see `inverse_root`;  x = S 4^h / 2^22, from 1/2 up to 2;  k of S
            = multiplier 2^(26 - shift) / root(S / 64^k)     within -2.5e-5 and +4.6e-5 of it,
                                                             and half a unit

    What comes after the kept sum is ignored, whether it wraps, saturates, or stays exact. A sum
    of 0 sends nothing. In floats nothing is rounded.

    Attributes
    ----------
    threshold : int
        1 to 2^17 - 1; `ladder.ladder` finds it.
    least, least_shift : int
        What is added to a sum: 0 to 2^23 - 1, and 0 to 53; `ladder.ladder` finds them.
    multiplier : int or float
        0 to 65535 (fixed).
    shift : int
        1 to 47. The product of y and the multiplier has 32 bits, and is shifted up by up to 26.
    limit : int or float
        Largest payload, 1 to 2^23 - 1: vectors that are shorter are scaled as if they were not,
        and counted.
    period, at : int
        When it sends, in a period of at least 6 steps.
    """

    threshold: int = STATE_MAX // 2**RUNG_BITS
    least: int = 0
    least_shift: int = 0
    multiplier: float = 1
    shift: int = 1
    limit: float = STATE_MAX
    period: int = RUNGS
    at: int = 0

    operations: ClassVar[Mapping[str, int]] = {"multiply": 4 + 3 * ROOT_ROUNDS}
    process: ClassVar[str] = "neuromorph.processes.rsqrt.process:Rsqrt"
    kernel = staticmethod(_kernel)

    def limits(self, domain: str) -> dict[str, Range]:
        """What each parameter may be."""
        scale = (0, MULTIPLIER_MAX) if domain == "fixed" else (0, np.inf)
        return {**super().limits(domain), "multiplier": scale, "shift": (1, PRODUCT_BITS - 1)}

    def _unclipped(self, state: State) -> NDArray[np.int64]:
        return inverse_root_payload(state["v"], state["rung"], self.multiplier, self.shift)

    def _payload_float(self, norm: NDArray[np.float64]) -> NDArray[np.float64]:
        scale = self.multiplier * np.exp2(X_BITS / 2 + Y_BITS - self.shift)
        inverse = np.divide(scale, norm, out=np.zeros_like(norm), where=norm > 0)
        return np.minimum(inverse, self.limit)

    @property
    def largest(self) -> int:
        """What it would send of the least sum that there can be."""
        sums = {k: max(added, 1 if k == RUNGS - 1 else int(self.threshold))
                for k, added in self._added.items()}
        sent = inverse_root_payload(np.array([*sums.values()]), np.array([*sums]),
                                    int(self.multiplier), int(self.shift))
        return int(sent.max())

    def widest(self, size: int) -> Interval:
        """Up to the limit, or what the least sum makes of it."""
        return Interval.same(size, 0, min(self.largest, self._limit))

    def registers(self, size: int) -> tuple[Register, ...]:
        """The sum; and the payload, which vectors that are too short may exceed."""
        own = super().registers(size)
        return own if self.largest <= self._limit else (*own, within("payload", -1))


@register
@dataclass(frozen=True, eq=False)
class Root(_Climbing):
    """Neuron of a programmable core that sends the root of a sum of squares: a norm.

    ::

        s = root << 5 | E             where t mod period = at, else 0
        root 2^E = 2^30 root(S / 64^k);  root has 15 bits after the point, from 0.7 up to 1.42;
                                      E = 26 - h - 3 k

    S and k are those of `Rsqrt`, and so is root = x y, within -2.5e-5 and +4.6e-5 of the true one,
    and half a unit. In floats it sends root 2^E itself.

    Attributes
    ----------
    threshold, least, least_shift : int
        As of `Rsqrt`.
    period, at : int
        When it sends, in a period of at least 6 steps.
    """

    threshold: int = STATE_MAX // 2**RUNG_BITS
    least: int = 0
    least_shift: int = 0
    period: int = RUNGS
    at: int = 0

    operations: ClassVar[Mapping[str, int]] = {"multiply": 4 + 3 * ROOT_ROUNDS}
    process: ClassVar[str] = "neuromorph.processes.rsqrt.process:Root"
    kernel = staticmethod(_root_kernel)

    @property
    def _limit(self) -> int:
        return ROOT_LARGEST

    def limits(self, domain: str) -> dict[str, Range]:
        """What each parameter may be."""
        found = super().limits(domain)
        del found["limit"]
        return found

    def _unclipped(self, state: State) -> NDArray[np.int64]:
        return root_payload(state["v"], state["rung"])

    def _payload_float(self, norm: NDArray[np.float64]) -> NDArray[np.float64]:
        return norm * 2.0**ROOT_UNIT_BITS
