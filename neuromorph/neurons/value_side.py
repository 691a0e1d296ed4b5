"""One side of a signed value: rectified, in the step in which it is written."""

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
from neuromorph.numerics import multiply_shift, saturate
from neuromorph.numerics.interval import Interval
from neuromorph.numerics.limits import MULTIPLIER_MAX, PRODUCT_BITS, STATE_MAX
from neuromorph.numerics.scalar import multiply_shift_one, saturate_one

OFF, CENTRE, MULTIPLIER, SHIFT, LIMIT, PERIOD, AT = range(7)


def _kernel(own: Any, state: Any, arrived: Any, i: int, last: int, t: int) -> int:
    if t % own[i, PERIOD] != own[i, AT]:
        return 0
    centred = saturate_one(saturate_one(arrived[i, 0]) - own[i, CENTRE])
    code = multiply_shift_one(centred, own[i, MULTIPLIER], own[i, SHIFT])
    sent: int = max(0, min(-code if own[i, OFF] else code, own[i, LIMIT]))
    return sent


@register
@dataclass(frozen=True, eq=False)
class ValueSide(Counted):
    """Neuron of a programmable core that sends one side of a signed value's code.

    ::

        s[t] = min((+-MS(sat24(x - centre)))+, limit)       x = sat24(a_in[t]);  - of the OFF side
                                                            where t mod period = at, else 0
        MS(x) = sign(x) ((|x| multiplier + 2^(shift-1)) >> shift)

    In floats nothing is rounded.

    Attributes
    ----------
    off : int
        0 or 1: whether it is the OFF side. One number, or one a neuron.
    centre : int or float
        24 bits, signed (fixed). One number, or one a neuron.
    multiplier, shift : int or float, int
        0 to 65535 (fixed); 1 to 40. One number, or one a neuron.
    limit : int or float
        Largest code, 1 to 2^23 - 1; what is beyond is clipped.
    period, at : int
        When it sends; ``at`` may be an array.
    """

    off: Parameter = 0
    centre: Parameter = 0
    multiplier: Parameter = 2
    shift: Parameter = 1
    limit: float = 127
    period: int = 1
    at: Parameter = 0

    words: ClassVar[tuple[str, ...]] = ()
    records: ClassVar[tuple[str, ...]] = ("spikes",)
    by_neuron: ClassVar[tuple[str, ...]] = ("off", "centre", "multiplier", "shift", "at")
    whole: ClassVar[tuple[str, ...]] = ("off", "shift", "period", "at")
    operations: ClassVar[Mapping[str, int]] = {"multiply": 1}
    at_once: ClassVar[bool] = True
    process: ClassVar[str] = "neuromorph.processes.value_side.process:ValueSide"
    kernel = staticmethod(_kernel)

    @property
    def self_driven(self) -> bool:
        """Whether a value of 0 has a code."""
        return bool(np.any(self.centre))

    def limits(self, domain: str) -> dict[str, Range]:
        """What each parameter may be."""
        fixed = domain == "fixed"
        return {"off": (0, 1), "shift": (1, PRODUCT_BITS - 8),
                "centre": (-STATE_MAX, STATE_MAX) if fixed else (-np.inf, np.inf),
                "multiplier": (0, MULTIPLIER_MAX) if fixed else (0, np.inf),
                **self.moments_within(domain)}

    def _centred(self, a_in: NDArray[Any]) -> NDArray[np.int64]:
        """X - centre, of 24 bits or more."""
        centred: NDArray[np.int64] = saturate(a_in) - self.centre
        return centred

    def _side(self, code: NDArray[Any], limit: float) -> NDArray[Any]:
        sent: NDArray[Any] = np.maximum(np.minimum(np.where(self.off, -code, code), limit), 0)
        return sent

    def _sent(self, a_in: NDArray[Any]) -> NDArray[np.int64]:
        code = multiply_shift(saturate(self._centred(a_in)), self.multiplier, self.shift)
        return self._side(code, self._limit)

    def step_fixed(self, state: State, arrived: Arrived, t: int) -> Stepped:
        """s as above."""
        return state, silent_unless(self.due(t), self._sent(arrived[A_IN]))

    def step_float(self, state: State, arrived: Arrived, t: int) -> Stepped:
        """s as above, not rounded."""
        scale = self.multiplier * np.exp2(-np.asarray(self.shift, np.float64))
        code = (arrived[A_IN] - self.centre) * scale
        return state, silent_unless(self.due(t), self._side(code, self.limit))

    def overflows(self, before: State, after: State, arrived: Arrived, t: int) -> int:
        """Neurons whose sum, or what is left of it, saturated in a step in which they act."""
        beyond = ((np.abs(arrived[A_IN]) > STATE_MAX)
                  | (np.abs(self._centred(arrived[A_IN])) > STATE_MAX))
        return int(np.count_nonzero(beyond & self.due(t)))

    def widest(self, size: int) -> Interval:
        """0 to the limit."""
        return Interval.same(size, 0, self._limit)

    def payloads(self, size: int, arrived: Mapping[str, Interval]) -> Interval:
        """The larger side of what may arrive."""
        return Interval(np.zeros(size, np.int64),
                        np.maximum(*(self._sent(end) for end in arrived[A_IN])))

    @property
    def asked_at(self) -> tuple[str, ...]:
        """Without a centre: silence in, silence out."""
        return () if np.any(self.centre) else (A_IN,)

    def registers(self, size: int) -> tuple[Register, ...]:
        """The sum, which its centre leaves within 24 bits."""
        return (within("sum", STATE_MAX - int(np.max(np.abs(self.centre)))),)
