"""Twice what arrives: a neuron model that is there for a test."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from neuromorph.neurons.contract import A_IN, Arrived, NeuronModel, Range, State, Stepped
from neuromorph.neurons.registry import register
from neuromorph.numerics import saturate
from neuromorph.numerics.interval import Interval
from neuromorph.numerics.limits import PAYLOAD_BITS, STATE_MAX
from neuromorph.numerics.scalar import saturate_one


def step_doubled_fixed(a_in: NDArray[Any], *, times: int) -> NDArray[np.int64]:
    """s = saturate(2 times a_in), to 24 bits signed."""
    return saturate(a_in.astype(np.int64) * 2 * times)


def step_doubled_float(a_in: NDArray[Any], *, times: float) -> NDArray[np.float64]:
    """s = 2 times a_in."""
    return a_in.astype(np.float64) * 2 * times


def _kernel(own: Any, state: Any, arrived: Any, i: int, last: int, t: int) -> int:
    return saturate_one(arrived[i, 0] * 2 * own[i, 0])


@register
@dataclass(frozen=True, eq=False)
class Doubled(NeuronModel):
    """s[t] = 2 times a_in[t], in 24 bits signed, saturated.

    Attributes
    ----------
    times : int
        1 to 100.
    """

    times: int = 1

    words: ClassVar[tuple[str, ...]] = ()
    records: ClassVar[tuple[str, ...]] = ("spikes",)
    process: ClassVar[str] = "neuromorph.processes.doubled.process:Doubled"
    kernel = staticmethod(_kernel)

    @property
    def payload_bits(self) -> int:
        """All that a payload has."""
        return PAYLOAD_BITS

    def limits(self, domain: str) -> dict[str, Range]:
        """What each parameter may be."""
        return {"times": (1, 100)}

    def step_fixed(self, state: State, arrived: Arrived, t: int) -> Stepped:
        """s as above."""
        return state, step_doubled_fixed(arrived[A_IN], times=int(self.times))

    def step_float(self, state: State, arrived: Arrived, t: int) -> Stepped:
        """s as above, in floats."""
        return state, step_doubled_float(arrived[A_IN], times=float(self.times))

    def widest(self, size: int) -> Interval:
        """What a payload holds."""
        return Interval.same(size, -STATE_MAX, STATE_MAX)

    def payloads(self, size: int, arrived: Mapping[str, Interval]) -> Interval:
        """What arrives, multiplied."""
        low, high = (step_doubled_fixed(end, times=int(self.times)) for end in arrived[A_IN])
        return Interval(low, high)
