"""Current-based leaky integrate-and-fire neuron: Loihi's stock neuron."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any, ClassVar, NamedTuple

import numpy as np

from neuromorph.neurons.contract import (
    A_IN,
    Arrived,
    LeakyFloats,
    NeuronModel,
    Parameter,
    Range,
    Register,
    State,
    Stepped,
    decays,
)
from neuromorph.neurons.registry import register
from neuromorph.numerics import decay, saturate, signed_bits, wrap
from neuromorph.numerics.limits import (
    BIAS_EXP_MAX,
    BIAS_MANT_MAX,
    DECAY_UNITY,
    INPUT_SHIFT,
    STATE_MAX,
    VTH_MAX,
)
from neuromorph.numerics.scalar import decay_one, saturate_one, wrap_one
from neuromorph.shapes import Bool, Integer, Num

DU, DV, THRESHOLD, BIAS, SHIFT = range(5)
"""Constants of the kernel; the threshold is aligned, the bias shifted."""

U, V = range(2)


def _kernel(own: Any, state: Any, arrived: Any, i: int, last: int, t: int) -> int:
    current = wrap_one(decay_one(state[i, U], own[i, DU]) + (arrived[i, 0] << own[i, SHIFT]))
    potential = saturate_one(decay_one(state[i, V], own[i, DV]) + current + own[i, BIAS])
    state[i, U] = current
    if potential > own[i, THRESHOLD]:
        state[i, V] = 0
        return 1
    state[i, V] = potential
    return 0


class LIFState(NamedTuple):
    """Current and potential of each neuron."""

    u: Annotated[Num, "*shape"]
    v: Annotated[Num, "*shape"]


def step_lif_fixed(
    state: LIFState, a_in: Annotated[Integer, "*shape"], *, du: int, dv: int, vth: int,
    bias: int = 0, input_shift: int = INPUT_SHIFT,
) -> tuple[LIFState, Annotated[Bool, "*shape"]]:
    """One step of Loihi's stock neuron.

    ::

        u' = wrap(trunc(u * (4096 - du) / 4096) + (a_in << input_shift))
        v' = saturate(trunc(v * (4096 - dv) / 4096) + u' + bias)
        spike = v' > vth << 6, then v' = 0

    Source: lava-nc 0.10 `PyLifModelBitAcc`, whose register ``du`` is this one minus 1.

    Parameters
    ----------
    state : LIFState of int64 arrays
    a_in : integer array, same shape
        Synaptic input.
    du, dv : int
        Effective decays, 0 to 4096.
    vth : int
        Threshold before alignment.
    bias : int
        ``bias_mant << bias_exp``.
    input_shift : int
        Alignment of the synaptic input, 0 to 6; stock Lava has 6.
    """
    u = wrap(decay(state.u, du) + (a_in.astype(np.int64) << input_shift))
    v = saturate(decay(state.v, dv) + u + bias)
    spikes = v > (vth << INPUT_SHIFT)
    return LIFState(u, np.where(spikes, 0, v)), spikes


def step_lif_float(
    state: LIFState, a_in: Annotated[Num, "*shape"], *, du: float, dv: float, vth: float,
    bias: float = 0.0,
) -> tuple[LIFState, Annotated[Bool, "*shape"]]:
    """One step in floats: u' = u(1 - du) + a_in, v' = v(1 - dv) + u' + bias, spike = v' > vth."""
    u = state.u * (1 - du) + a_in
    v = state.v * (1 - dv) + u + bias
    spikes = v > vth
    return LIFState(u, np.where(spikes, 0.0, v)), spikes


@register
@dataclass(frozen=True, eq=False)
class CubaLIF(NeuronModel):
    """Current-based leaky integrate-and-fire neuron (Loihi's stock neuron).

    ::

        u[t] = wrap(trunc(u[t-1] * (4096 - du) / 4096) + (a_in << input_shift))
        v[t] = saturate(trunc(v[t-1] * (4096 - dv) / 4096) + u[t] + (bias_mant << bias_exp))
        spike when v > vth << 6, then v = 0

    In the ``float`` domain ``du`` and ``dv`` are fractions of 1, nothing is shifted, and
    the bias is ``bias_mant``.

    Attributes
    ----------
    du, dv : int or float
        Decay of current and potential, 0 to 4096 (fixed) or 0 to 1 (float). ``du`` is the
        effective decay: a stock register of 4095 is a ``du`` of 4096.
    vth : int or float
        Threshold, 0 to 131071 (fixed).
    bias_mant, bias_exp : int or float, int
        Bias mantissa (13 bits signed) and exponent (0 to 7).
    input_shift : int
        0 to 6. With less than 6 the synaptic input keeps fractions of a threshold's unit. The
        chip says the same by weight exponents that are ``6 - input_shift`` lower; stock Lava,
        which rounds before it aligns, has 6 only, and a Process of ours runs the others.
    """

    du: float = 4096
    dv: float = 0
    vth: float = 10
    bias_mant: float = 0
    bias_exp: int = 0
    input_shift: int = INPUT_SHIFT

    words: ClassVar[tuple[str, ...]] = ("u", "v")
    records: ClassVar[tuple[str, ...]] = ("spikes", "v", "u")
    whole: ClassVar[tuple[str, ...]] = ("bias_exp", "input_shift")
    programmable: ClassVar[bool] = False
    process: ClassVar[str] = "lava.proc.lif.process:LIF"
    process_input_max: ClassVar[int | None] = 2**18 - 1
    """Stock LIF wraps its current once only, which is enough for inputs up to this one: a current
    of up to 2^23 and 64 times this stay within one and a half times the modulus."""

    kernel = staticmethod(_kernel)

    def limits(self, domain: str) -> dict[str, Range]:
        """What each parameter may be."""
        shifts: dict[str, Range] = {"bias_exp": (0, BIAS_EXP_MAX), "input_shift": (0, INPUT_SHIFT)}
        if domain == "float":
            return {"du": (0, 1), "dv": (0, 1), **shifts}
        return {"du": decays(domain), "dv": decays(domain), "vth": (0, VTH_MAX),
                "bias_mant": (-BIAS_MANT_MAX - 1, BIAS_MANT_MAX), **shifts}

    @property
    def self_driven(self) -> bool:
        """Whether it has a bias."""
        return bool(self.bias_mant)

    @property
    def bias(self) -> int:
        """What is added to v in every step, in integers."""
        return int(self.bias_mant) << int(self.bias_exp)

    def constants(self) -> tuple[Parameter, ...]:
        """Decays, aligned threshold, shifted bias, alignment."""
        return (int(self.du), int(self.dv), int(self.vth) << INPUT_SHIFT, self.bias,
                int(self.input_shift))

    def step_fixed(self, state: State, arrived: Arrived, t: int) -> Stepped:
        """u' and v' as above; a spike is 1."""
        new, spikes = step_lif_fixed(
            LIFState(state["u"], state["v"]), arrived[A_IN], du=int(self.du), dv=int(self.dv),
            vth=int(self.vth), bias=self.bias, input_shift=self.input_shift)
        return new._asdict(), spikes

    def step_float(self, state: State, arrived: Arrived, t: int) -> Stepped:
        """u' = u(1 - du) + a_in, v' = v(1 - dv) + u' + bias, spike = v' > vth, then v' = 0."""
        new, spikes = step_lif_float(
            LIFState(state["u"], state["v"]), arrived[A_IN], du=self.du, dv=self.dv,
            vth=self.vth, bias=self.bias_mant)
        return new._asdict(), spikes

    def overflows(self, before: State, after: State, arrived: Arrived, t: int) -> int:
        """Neurons whose current wrapped; circuits clear by potentials that saturate."""
        current = (decay(before["u"], int(self.du))
                   + (arrived[A_IN].astype(np.int64) << self.input_shift))
        return int(np.count_nonzero(current != wrap(current)))

    def registers(self, size: int) -> tuple[Register, ...]:
        """The current; a potential saturates by design."""
        return (Register("current", int(self.du), int(self.input_shift), -STATE_MAX,
                         STATE_MAX + 1),)

    def needs(self) -> dict[str, int]:
        """Widths of threshold and bias."""
        return {"threshold_bits": int(self.vth).bit_length(),
                "bias_bits": signed_bits(int(self.bias_mant)),
                "bias_exponent_max": int(self.bias_exp)}

    @property
    def lava_process(self) -> tuple[str, int | None]:
        """Stock LIF, unless the input keeps fractions: it always shifts by 6 bits."""
        if self.input_shift == INPUT_SHIFT:
            return self.process, self.process_input_max
        return "neuromorph.processes.cuba_lif.process:CubaLIF", None

    def process_settings(self, domain: str) -> dict[str, Any]:
        """All but the alignment for stock LIF, which has none of it."""
        settings = super().process_settings(domain)
        if self.input_shift != INPUT_SHIFT:
            return settings
        del settings["input_shift"]
        return settings if domain == "float" else {**settings, "du": settings["du"] - 1}

    def why_not_lava(self) -> str:
        """Registers that stock LIF does not have, where it is what runs."""
        if self.input_shift != INPUT_SHIFT:
            return ""
        if self.du < 1:
            return ("stock LIF has no register for du = 0: its du counts one more than it says "
                    "(1 to 4096 are possible)")
        if self.dv > DECAY_UNITY - 1:
            return "stock LIF has no register for dv = 4096 (0 to 4095 are possible)"
        return ""

    def leaky_floats(self, domain: str) -> LeakyFloats:
        """Its own equations, with integers brought to the scale of the input.

        ::

            du / 4096    dv / 4096    64 vth / 2^input_shift
            (bias_mant << bias_exp) / 2^input_shift

        Every one of these divisions is exact.
        """
        if domain == "float":
            return LeakyFloats(self.du, self.dv, float(self.vth), float(self.bias_mant))
        unit = 1 << self.input_shift
        return LeakyFloats(self.du / DECAY_UNITY, self.dv / DECAY_UNITY,
                           (int(self.vth) << INPUT_SHIFT) / unit, self.bias / unit)
