"""A relay: it sends on what its synapses bring, and keeps nothing."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any, ClassVar

import numpy as np

from neuromorph.neurons.contract import (
    A_IN,
    Arrived,
    NeuronModel,
    Range,
    Register,
    State,
    Stepped,
)
from neuromorph.neurons.registry import register
from neuromorph.numerics import saturate, shift
from neuromorph.numerics.interval import Interval
from neuromorph.numerics.limits import DECAY_UNITY, EXPONENT_MIN, PAYLOAD_BITS, STATE_MAX
from neuromorph.numerics.scalar import saturate_one
from neuromorph.shapes import Float64, Int64, Integer, Num


def _kernel(own: Any, state: Any, arrived: Any, i: int, last: int, t: int) -> int:
    return saturate_one(arrived[i, 0] >> own[i, 0])


def step_relay_fixed(
    a_in: Annotated[Integer, "*shape"], *, shift: int
) -> Annotated[Int64, "*shape"]:
    """s = saturate(a_in >> shift), towards minus infinity, to 24 bits signed."""
    return saturate(a_in.astype(np.int64) >> shift)


def step_relay_float(a_in: Annotated[Num, "*shape"]) -> Annotated[Float64, "*shape"]:
    """s = a_in."""
    return a_in.astype(np.float64)


@register
@dataclass(frozen=True, eq=False)
class Relay(NeuronModel):
    """Neuron of a programmable core that sends on what its synapses bring, and keeps nothing.

    ::

        s[t] = a_in[t] >> shift      towards minus infinity; 24 bits signed, saturated

    A population whose synapses exceed a core gets their sum in parts by relays
    (`neuromorph.compile.relays.insert`). In the ``float`` domain nothing is shifted.

    Attributes
    ----------
    shift : int
        0 to 8: what a projection's negative exponent does, for the sum of several projections.
    """

    shift: int = 0

    words: ClassVar[tuple[str, ...]] = ()
    whole: ClassVar[tuple[str, ...]] = ("shift",)
    records: ClassVar[tuple[str, ...]] = ("spikes",)
    at_once: ClassVar[bool] = True
    process: ClassVar[str] = "neuromorph.processes.relay.process:Relay"
    kernel = staticmethod(_kernel)

    @property
    def payload_bits(self) -> int:
        """All that a payload has."""
        return PAYLOAD_BITS

    def limits(self, domain: str) -> dict[str, Range]:
        """What each parameter may be."""
        return {"shift": (0, 0 if domain == "float" else -EXPONENT_MIN)}

    def step_fixed(self, state: State, arrived: Arrived, t: int) -> Stepped:
        """s as above."""
        return state, step_relay_fixed(arrived[A_IN], shift=int(self.shift))

    def step_float(self, state: State, arrived: Arrived, t: int) -> Stepped:
        """s = a_in."""
        return state, step_relay_float(arrived[A_IN])

    def overflows(self, before: State, after: State, arrived: Arrived, t: int) -> int:
        """Neurons whose payload saturated."""
        return int(np.count_nonzero(np.abs(shift(arrived[A_IN], -int(self.shift))) > STATE_MAX))

    def widest(self, size: int) -> Interval:
        """What a payload holds."""
        return Interval.same(size, -STATE_MAX, STATE_MAX)

    def payloads(self, size: int, arrived: Mapping[str, Interval]) -> Interval:
        """What arrives, shifted."""
        low, high = (saturate(shift(end, -int(self.shift))) for end in arrived[A_IN])
        return Interval(low, high)

    @property
    def asked_at(self) -> tuple[str, ...]:
        """Silence in, silence out."""
        return (A_IN,)

    def norm(self, size: int, arrived: int) -> int:
        """||s|| <= ||a_in|| / 2^shift + sqrt(size), of which the last is for rounding down."""
        rounding = math.isqrt(size) + 1 if self.shift else 0
        return rounding + -(-arrived >> int(self.shift))

    def registers(self, size: int) -> tuple[Register, ...]:
        """The payload, which has no room for an input beyond these."""
        return (Register("payload", DECAY_UNITY, 0, -STATE_MAX << int(self.shift),
                         ((STATE_MAX + 1) << int(self.shift)) - 1),)
