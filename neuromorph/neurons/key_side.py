"""One side of a signed key: both sides speak for every key."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
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
from neuromorph.neurons.counter import Counted, silent_unless, within
from neuromorph.neurons.registry import register
from neuromorph.numerics import saturate
from neuromorph.numerics.interval import Interval
from neuromorph.numerics.limits import STATE_MAX
from neuromorph.numerics.scalar import saturate_one

ZERO = 1
"""What stands for a zero: who is silent would leave an old code where it is."""

OFF, LIMIT, PERIOD, AT = range(4)


def _kernel(own: Any, state: Any, arrived: Any, i: int, last: int, t: int) -> int:
    if t % own[i, PERIOD] != own[i, AT]:
        return 0
    key = saturate_one(arrived[i, 0])
    side = -key if own[i, OFF] else key
    sent: int = max(ZERO, min(side << 1, own[i, LIMIT]))
    return sent


@register
@dataclass(frozen=True, eq=False)
class KeySide(Counted):
    """Neuron of a programmable core that sends one side of a signed key, and 1 for none.

    ::

        s[t] = max(1, min(2 (k)+, limit))     of the OFF side 2 (-k)+;  k = sat24(a_in[t])
                                              where t mod period = at, else 0

    It speaks whether or not a key arrives. The same in floats, where nothing saturates.

    Attributes
    ----------
    off : int
        0 or 1: whether it is the OFF side. One number, or one a neuron.
    limit : int or float
        Largest payload, 1 to 2^23 - 1; what is beyond is clipped.
    period, at : int
        When it sends; ``at`` may be an array.
    """

    off: Parameter = 0
    limit: float = 254
    period: int = 1
    at: Parameter = 0

    words: ClassVar[tuple[str, ...]] = ()
    records: ClassVar[tuple[str, ...]] = ("spikes",)
    by_neuron: ClassVar[tuple[str, ...]] = ("off", "at")
    whole: ClassVar[tuple[str, ...]] = ("off", "period", "at")
    self_driven: ClassVar[bool] = True
    at_once: ClassVar[bool] = True
    process: ClassVar[str] = "neuromorph.processes.key_side.process:KeySide"
    kernel = staticmethod(_kernel)

    def limits(self, domain: str) -> dict[str, Range]:
        """What each parameter may be."""
        return {"off": (0, 1), **self.moments_within(domain)}

    def _side(self, key: NDArray[Any], limit: float) -> NDArray[Any]:
        sides = 2 * np.where(self.off, -key, key)
        sent: NDArray[Any] = np.maximum(np.minimum(sides, limit), ZERO)
        return sent

    def step_fixed(self, state: State, arrived: Arrived, t: int) -> Stepped:
        """s as above."""
        return state, silent_unless(self.due(t), self._side(saturate(arrived[A_IN]), self._limit))

    def step_float(self, state: State, arrived: Arrived, t: int) -> Stepped:
        """s as above."""
        return state, silent_unless(self.due(t), self._side(arrived[A_IN], self.limit))

    def overflows(self, before: State, after: State, arrived: Arrived, t: int) -> int:
        """Neurons whose sum saturated in a step in which they act."""
        return int(np.count_nonzero((np.abs(arrived[A_IN]) > STATE_MAX) & self.due(t)))

    def widest(self, size: int) -> Interval:
        """0 to the limit."""
        return Interval.same(size, 0, self._limit)

    def payloads(self, size: int, arrived: Mapping[str, Interval]) -> Interval:
        """The larger side of what may arrive."""
        ends = [self._side(saturate(end), self._limit) for end in arrived[A_IN]]
        return Interval(np.zeros(size, np.int64), np.maximum(*ends))

    def registers(self, size: int) -> tuple[Register, ...]:
        """The sum."""
        return (within("sum", STATE_MAX),)
