"""An astrocyte: it gathers calcium slowly, and divides what passes its synapses by it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any, ClassVar

import numpy as np

from neuromorph.errors import NetworkError
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
from neuromorph.numerics import decay, saturate
from neuromorph.numerics.interval import Interval
from neuromorph.numerics.limits import PAYLOAD_BITS, STATE_MAX
from neuromorph.numerics.scalar import decay_one, saturate_one
from neuromorph.shapes import Float64, Int64, Integer, Num

GAIN_BITS_MAX = 16
LEAST = 2
"""Neurons: the calcium, and a unit besides."""

DV, GAIN_BITS = range(2)


def _kernel(own: Any, state: Any, arrived: Any, i: int, last: int, t: int) -> int:
    """Each unit finds the new calcium by itself; the last one, stepped last, keeps it."""
    calcium = saturate_one(decay_one(state[last, 0], own[last, DV]) + arrived[last, 0])
    if i == last:
        state[i, 0] = calcium
        return 0
    scaled = arrived[i, 0] << own[i, GAIN_BITS]
    share: int = 0 if calcium <= 0 else min(abs(scaled) // calcium, STATE_MAX)
    return share if scaled > 0 else -share


def step_astrocyte_fixed(
    calcium: Annotated[Integer, "1"], a_in: Annotated[Integer, "neurons"], *, dv: int,
    gain_bits: int,
) -> tuple[Annotated[Int64, "1"], Annotated[Int64, "neurons"]]:
    """One step in integers; the last unit is the calcium of the process, the others pass through.

    ::

        c' = saturate(trunc(c · (4096 - dv) / 4096) + a_in[last])
        out_i = trunc(a_in[i] · 2^gain_bits / c') where c' > 0, else 0

    Parameters
    ----------
    calcium : integer array, shape (1,)
    a_in : integer array, shape (units + 1,)
        Synaptic input of each unit, and last what the calcium gains.
    dv : int
        Decay of the calcium, 0 to 4096.
    gain_bits : int
        Fraction bits of the output.

    Returns
    -------
    calcium : int64 array, shape (1,)
    out : int64 array, shape (units + 1,)
        Graded spikes, saturated to 24 bits; the last is 0.
    """
    new = saturate(decay(calcium, dv) + a_in[-1:].astype(np.int64))
    scaled = a_in.astype(np.int64) << gain_bits
    out = np.sign(scaled) * (np.abs(scaled) // max(int(new[0]), 1))
    out[-1] = 0
    return new, np.clip(np.where(new[0] > 0, out, 0), -STATE_MAX, STATE_MAX)


def step_astrocyte_float(
    calcium: Annotated[Num, "1"], a_in: Annotated[Num, "neurons"], *, dv: float
) -> tuple[Annotated[Float64, "1"], Annotated[Float64, "neurons"]]:
    """One step in floats: c' = c(1 - dv) + a_in[last], out_i = a_in[i] / c' where c' > 0."""
    new = calcium * (1 - dv) + a_in[-1:]
    out = np.where(new[0] > 0, a_in / np.where(new[0] > 0, new[0], 1.0), 0.0)
    out[-1] = 0.0
    return new, out


@register
@dataclass(frozen=True, eq=False)
class Astrocyte(NeuronModel):
    """An astrocyte's process over a bundle of synapses: it divides what passes by its calcium.

    ::

        c[t] = saturate(trunc(c[t-1] * (4096 - dv) / 4096) + a_in[last])
        s_i[t] = trunc(a_in[i] * 2^gain_bits / c[t]) where c > 0, else 0; 24 bits, saturated

    The population's last unit is the calcium and sends nothing; the others send graded spikes
    of 24 bits. In the ``float`` domain nothing is shifted.

    Attributes
    ----------
    dv : int or float
        Decay of the calcium: 4096 (fixed) or 1 (float) divides by this step's input alone.
    gain_bits : int
        Fraction bits of the output, 0 to 16.
    """

    dv: float = 4096
    gain_bits: int = 8

    whole: ClassVar[tuple[str, ...]] = ("gain_bits",)
    shared_state: ClassVar[str] = "all units of an astrocyte share its calcium"
    operations: ClassVar[dict[str, int]] = {"divide": 1}
    process: ClassVar[str] = "neuromorph.processes.astrocyte.process:Astrocyte"
    kernel = staticmethod(_kernel)

    @property
    def payload_bits(self) -> int:
        """All that a payload has."""
        return PAYLOAD_BITS

    def limits(self, domain: str) -> dict[str, Range]:
        """What each parameter may be."""
        return {"dv": decays(domain), "gain_bits": (0, GAIN_BITS_MAX)}

    def check(self, where: str, size: int, domain: str) -> None:
        """Besides the limits: it has a unit."""
        super().check(where, size, domain)
        if size < LEAST:
            raise NetworkError("an astrocyte needs its calcium and a unit besides", where=where,
                               found=size, expected=f"at least {LEAST}")

    def step_fixed(self, state: State, arrived: Arrived, t: int) -> Stepped:
        """c' and s as above; the calcium is the potential of the last unit."""
        calcium, sent = step_astrocyte_fixed(state["v"][-1:], arrived[A_IN], dv=int(self.dv),
                                             gain_bits=int(self.gain_bits))
        return {"v": np.concatenate([state["v"][:-1], calcium])}, sent

    def step_float(self, state: State, arrived: Arrived, t: int) -> Stepped:
        """c' = c(1 - dv) + a_in[last], s_i = a_in[i] / c' where c' > 0."""
        calcium, sent = step_astrocyte_float(state["v"][-1:], arrived[A_IN], dv=self.dv)
        return {"v": np.concatenate([state["v"][:-1], calcium])}, sent

    def overflows(self, before: State, after: State, arrived: Arrived, t: int) -> int:
        """Whether the calcium is at its limit."""
        return int(np.count_nonzero(np.abs(after["v"]) >= STATE_MAX))

    def widest(self, size: int) -> Interval:
        """What a payload holds."""
        return Interval.same(size, -STATE_MAX, STATE_MAX)

    def payloads(self, size: int, arrived: Mapping[str, Interval]) -> Interval:
        """What arrives, divided by 1 at the least; the calcium sends nothing."""
        gain = int(self.gain_bits)
        low = np.maximum(np.maximum(arrived[A_IN].low, -STATE_MAX) << gain, -STATE_MAX)
        high = np.minimum(np.minimum(arrived[A_IN].high, STATE_MAX) << gain, STATE_MAX)
        low[-1] = high[-1] = 0
        return Interval(low, high)

    def registers(self, size: int) -> tuple[Register, ...]:
        """The calcium; at its limit it may have saturated."""
        return (Register("potential", int(self.dv), 0, -STATE_MAX + 1, STATE_MAX - 1,
                         first_unit=size - 1),)
