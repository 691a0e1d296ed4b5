"""Neuron models as data: a small closed set, each a frozen dataclass."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import ClassVar, TypeAlias

from neuromorph.numerics.limits import INPUT_SHIFT


@dataclass(frozen=True)
class Source:
    """Axons driven from outside: they emit what the inputs say, step by step.

    Attributes
    ----------
    payload_bits : int
        0 for plain spikes; otherwise the width of a signed graded payload, 1 to 24.
    """

    payload_bits: int = 0
    kind: ClassVar[str] = "Source"


@dataclass(frozen=True)
class CubaLIF:
    """Current-based leaky integrate-and-fire neuron (Loihi's stock neuron).

    ::

        u[t] = trunc(u[t-1] * (4096 - du) / 4096) + (a_in << input_shift)
        v[t] = trunc(v[t-1] * (4096 - dv) / 4096) + u[t] + (bias_mant << bias_exp)
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
        which rounds before it aligns, has 6 only.
    """

    du: float = 4096
    dv: float = 0
    vth: float = 10
    bias_mant: float = 0
    bias_exp: int = 0
    input_shift: int = INPUT_SHIFT
    kind: ClassVar[str] = "CubaLIF"
    payload_bits: ClassVar[int] = 0


@dataclass(frozen=True)
class Readout:
    """Leaky accumulator of a programmable core; it clears when it passes its threshold.

    ::

        v[t] = trunc(v[t-1] * (4096 - dv) / 4096) + a_in
        spike when v > vth, then v = 0

    The input is not shifted, so all 24 bits of ``v`` hold signal; ``vth`` has 23 bits.
    """

    dv: float = 0
    vth: float = 8_388_606
    kind: ClassVar[str] = "Readout"
    payload_bits: ClassVar[int] = 0


@dataclass(frozen=True)
class LatencyMatch:
    """Non-leaky integrate-and-fire neuron whose spike carries how far v overshot.

    ::

        v[t] = v[t-1] + (a_in << 6)
        spike when v > vth << 6, then v = 0, with a payload of about 2 base 2^-x
        x = gain * (v - (vth << 6)) / 2^gain_shift / base, the overshoot in ramp steps

    See `neuromorph.dynamics.latency_payload` for the exact integers. ``base`` is a power of
    two; overshoots beyond ``span`` (in units of v) count as ``span``.
    """

    vth: int
    base: int
    span: int
    gain: int
    gain_shift: int
    kind: ClassVar[str] = "LatencyMatch"

    @property
    def payload_bits(self) -> int:
        """Width of the signed payload, which never exceeds ``2 * base``."""
        return (2 * self.base).bit_length() + 1


@dataclass(frozen=True)
class Astrocyte:
    """An astrocyte's process over a bundle of synapses: it divides what passes by its calcium.

    ::

        c[t] = trunc(c[t-1] * (4096 - dv) / 4096) + a_in[last]
        s_i[t] = trunc(a_in[i] * 2^gain_bits / c[t]) where c > 0

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
    kind: ClassVar[str] = "Astrocyte"
    payload_bits: ClassVar[int] = 24


@dataclass(frozen=True)
class Relay:
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
    kind: ClassVar[str] = "Relay"
    payload_bits: ClassVar[int] = 24


NeuronModel: TypeAlias = Source | CubaLIF | Readout | LatencyMatch | Astrocyte | Relay


@dataclass(frozen=True)
class Population:
    """``size`` neurons of one model under one name."""

    name: str
    size: int
    model: NeuronModel


def aligned_by(model: NeuronModel) -> int:
    """Bits by which a chip shifts synaptic input up to the potential, as exponents count them."""
    return model.input_shift if isinstance(model, CubaLIF) else INPUT_SHIFT


def parameters(model: NeuronModel) -> dict[str, float]:
    """The model's parameters by name, in declaration order."""
    return {f.name: getattr(model, f.name) for f in fields(model)}
