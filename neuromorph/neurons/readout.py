"""Leaky accumulator with a full 24-bit input, cleared when it passes its threshold."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any, ClassVar

import numpy as np

from neuromorph.neurons.contract import (
    A_IN,
    Arrived,
    LeakyFloats,
    NeuronModel,
    Range,
    Register,
    State,
    Stepped,
    decays,
)
from neuromorph.neurons.registry import register
from neuromorph.numerics import decay, saturate
from neuromorph.numerics.limits import DECAY_UNITY, STATE_MAX
from neuromorph.numerics.scalar import decay_one, saturate_one
from neuromorph.shapes import Bool, Float64, Int64, Integer, Num

DV, VTH = range(2)


def _kernel(own: Any, state: Any, arrived: Any, i: int, last: int, t: int) -> int:
    potential = saturate_one(decay_one(state[i, 0], own[i, DV]) + arrived[i, 0])
    if potential > own[i, VTH]:
        state[i, 0] = 0
        return 1
    state[i, 0] = potential
    return 0


def step_readout_fixed(
    v: Annotated[Integer, "*shape"], a_in: Annotated[Integer, "*shape"], *, dv: int, vth: int
) -> tuple[Annotated[Int64, "*shape"], Annotated[Bool, "*shape"]]:
    """v' = saturate(trunc(v * (4096 - dv) / 4096) + a_in); spike = v' > vth, then v' = 0."""
    new = saturate(decay(v, dv) + a_in.astype(np.int64))
    spikes = new > vth
    return np.where(spikes, 0, new), spikes


def step_readout_float(
    v: Annotated[Num, "*shape"], a_in: Annotated[Num, "*shape"], *, dv: float, vth: float
) -> tuple[Annotated[Float64, "*shape"], Annotated[Bool, "*shape"]]:
    """v' = v(1 - dv) + a_in; spike = v' > vth, then v' = 0."""
    new = v * (1 - dv) + a_in
    spikes = new > vth
    return np.where(spikes, 0.0, new), spikes


@register
@dataclass(frozen=True, eq=False)
class Readout(NeuronModel):
    """Leaky accumulator of a programmable core; it clears when it passes its threshold.

    ::

        v[t] = saturate(trunc(v[t-1] * (4096 - dv) / 4096) + a_in)
        spike when v > vth, then v = 0

    The input is not shifted, so all 24 bits of ``v`` hold signal; ``vth`` has 23 bits.
    """

    dv: float = 0
    vth: float = 8_388_606

    process: ClassVar[str] = "neuromorph.processes.readout.process:Readout"
    kernel = staticmethod(_kernel)

    def limits(self, domain: str) -> dict[str, Range]:
        """What each parameter may be."""
        found = {"dv": decays(domain)}
        return found if domain == "float" else {**found, "vth": (0, STATE_MAX - 1)}

    def step_fixed(self, state: State, arrived: Arrived, t: int) -> Stepped:
        """v' as above; a spike is 1."""
        v, spikes = step_readout_fixed(state["v"], arrived[A_IN], dv=int(self.dv),
                                       vth=int(self.vth))
        return {"v": v}, spikes

    def step_float(self, state: State, arrived: Arrived, t: int) -> Stepped:
        """v' = v(1 - dv) + a_in; spike = v' > vth, then v' = 0."""
        v, spikes = step_readout_float(state["v"], arrived[A_IN], dv=self.dv, vth=self.vth)
        return {"v": v}, spikes

    def overflows(self, before: State, after: State, arrived: Arrived, t: int) -> int:
        """Neurons whose potential is at its limit."""
        return int(np.count_nonzero(np.abs(after["v"]) >= STATE_MAX))

    def registers(self, size: int) -> tuple[Register, ...]:
        """The potential; at its limit it may have saturated, above the threshold it clears."""
        return (Register("potential", int(self.dv), 0, -STATE_MAX + 1, STATE_MAX - 1,
                         clears_above=int(self.vth)),)

    def leaky_floats(self, domain: str) -> LeakyFloats:
        """A neuron whose current is its input."""
        unity = DECAY_UNITY if domain == "fixed" else 1
        return LeakyFloats(1.0, self.dv / unity, float(self.vth), 0.0)
