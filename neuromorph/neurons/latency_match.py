"""Graded latency neuron: it integrates, fires once past threshold, and says by how much."""

from __future__ import annotations

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
)
from neuromorph.neurons.registry import register
from neuromorph.numerics import saturate, wrap
from neuromorph.numerics.interval import Interval
from neuromorph.numerics.limits import (
    DECAY_UNITY,
    INPUT_SHIFT,
    PAYLOAD_BITS,
    STATE_MAX,
    VTH_MAX,
)
from neuromorph.numerics.scalar import saturate_one, wrap_one
from neuromorph.shapes import Bool, Int64, Integer

GAIN_SHIFT_MAX = 48

THRESHOLD, BASE, SPAN, GAIN, GAIN_SHIFT = range(5)


def latency_payload(
    overshoot: Annotated[Integer, "..."], early: Annotated[Bool, "..."], *, base: int, span: int,
    gain: int, gain_shift: int,
) -> Annotated[Int64, "..."]:
    """Payload 2 base 2^-x of a spike that is x ramp steps past threshold, by straight lines.

    ::

        z = (min(overshoot, span) * gain) >> gain_shift        x in units of 1 / base
        e, f = z // base, z % base
        p = max(1, (2 base - f) >> e)    an early spike, out of a negative potential
        p = 2 base - f                   within a step of threshold (e = 0)
        p = 2 base                       else: a forced spike, which was due later

    The lines lie above the power of two by at most 6 %. A ramp never overshoots by more than
    a step, so what does is either early, and the weaker the further, or forced.

    Parameters
    ----------
    overshoot : integer array
        v - (vth << 6), positive where there is a spike.
    early : bool array
        Whether the potential was negative before the step.
    base : int
        A power of two.
    span, gain, gain_shift : int
        Overshoot beyond which the payload stays; ``gain / 2^gain_shift`` is base a step.
    """
    z = (np.minimum(overshoot.astype(np.int64), span) * gain) >> gain_shift
    whole, line = z // base, 2 * base - z % base
    faint = np.maximum(1, line >> np.clip(whole, 0, 62))
    return np.where(whole == 0, line, np.where(early, faint, 2 * base))


def step_latency(
    v: Annotated[Integer, "..."], a_in: Annotated[Integer, "..."], *, vth: int, base: int,
    span: int, gain: int, gain_shift: int,
) -> tuple[Annotated[Int64, "..."], Annotated[Int64, "..."]]:
    """v' = saturate(v + wrap(a_in << 6)); past threshold emit the payload and set v' = 0.

    Returns
    -------
    v : int64 array
    payload : int64 array
        0 where there is no spike.
    """
    before = v.astype(np.int64)
    new = saturate(before + wrap(a_in.astype(np.int64) << INPUT_SHIFT))
    overshoot = new - (vth << INPUT_SHIFT)
    spikes = overshoot > 0
    graded = latency_payload(np.where(spikes, overshoot, 0), before < 0, base=base, span=span,
                             gain=gain, gain_shift=gain_shift)
    return np.where(spikes, 0, new), np.where(spikes, graded, 0)


def payload_of(z: int, early: bool, base: int) -> int:
    """Payload of a spike that is z / base ramp steps past threshold; see `latency_payload`."""
    whole, line = z // base, 2 * base - z % base
    if whole == 0:
        return line
    return max(1, line >> min(whole, 62)) if early else 2 * base


def _kernel(own: Any, state: Any, arrived: Any, i: int, last: int, t: int) -> int:
    before = state[i, 0]
    potential = saturate_one(before + wrap_one(arrived[i, 0] << INPUT_SHIFT))
    overshoot = potential - own[i, THRESHOLD]
    if overshoot <= 0:
        state[i, 0] = potential
        return 0
    state[i, 0] = 0
    z = (min(overshoot, own[i, SPAN]) * own[i, GAIN]) >> own[i, GAIN_SHIFT]
    payload: int = payload_of(z, before < 0, own[i, BASE])
    return payload


@register
@dataclass(frozen=True, eq=False)
class LatencyMatch(NeuronModel):
    """Non-leaky integrate-and-fire neuron whose spike carries how far v overshot.

    ::

        v[t] = saturate(v[t-1] + wrap(a_in << 6))
        spike when v > vth << 6, then v = 0, with a payload of about 2 base 2^-x
        x = gain * (v - (vth << 6)) / 2^gain_shift / base, the overshoot in ramp steps

    See `latency_payload` for the exact integers. ``base`` is a power of two; overshoots beyond
    ``span`` (in units of v) count as ``span``.
    """

    vth: int
    base: int
    span: int
    gain: int
    gain_shift: int

    domains: ClassVar[tuple[str, ...]] = ("fixed",)
    operations: ClassVar[dict[str, int]] = {"multiply": 1}
    process: ClassVar[str] = "neuromorph.processes.latency_match.process:LatencyMatch"
    kernel = staticmethod(_kernel)

    @property
    def payload_bits(self) -> int:
        """Width of the signed payload, which never exceeds ``2 * base``."""
        return (2 * self.base).bit_length() + 1

    def limits(self, domain: str) -> dict[str, Range]:
        """What each parameter may be."""
        return {"vth": (0, VTH_MAX), "base": (1, 1 << (PAYLOAD_BITS - 2)),
                "span": (1, STATE_MAX), "gain": (1, STATE_MAX), "gain_shift": (0, GAIN_SHIFT_MAX)}

    def check(self, where: str, size: int, domain: str) -> None:
        """Besides the limits: base is a power of two."""
        super().check(where, size, domain)
        if self.base & (self.base - 1):
            raise NetworkError("base must be a power of two", where=where, found=self.base)

    def constants(self) -> tuple[int, ...]:
        """Aligned threshold, base, span, gain and its shift."""
        return self.vth << INPUT_SHIFT, self.base, self.span, self.gain, self.gain_shift

    def step_fixed(self, state: State, arrived: Arrived, t: int) -> Stepped:
        """v' as above; past threshold it sends the payload."""
        v, sent = step_latency(state["v"], arrived[A_IN], vth=self.vth, base=self.base,
                               span=self.span, gain=self.gain, gain_shift=self.gain_shift)
        return {"v": v}, sent

    def overflows(self, before: State, after: State, arrived: Arrived, t: int) -> int:
        """Neurons whose aligned input wrapped."""
        pushed = arrived[A_IN].astype(np.int64) << INPUT_SHIFT
        return int(np.count_nonzero(pushed != wrap(pushed)))

    def widest(self, size: int) -> Interval:
        """0 to 2 base."""
        return Interval.same(size, 0, 2 * self.base)

    def registers(self, size: int) -> tuple[Register, ...]:
        """The aligned input; the potential saturates by design."""
        return (Register("current", DECAY_UNITY, INPUT_SHIFT, -STATE_MAX, STATE_MAX + 1),)

    def needs(self) -> dict[str, int]:
        """Width of the threshold."""
        return {"threshold_bits": self.vth.bit_length()}

    @property
    def faintest_payload(self) -> int:
        """The payload one whole span past threshold: the lowest there is."""
        return 2 * self.base - ((self.span * self.gain) >> self.gain_shift)

    def why_not_lava(self) -> str:
        """A payload that would leave the port."""
        if self.faintest_payload < -(1 << (PAYLOAD_BITS - 1)):
            return (f"its payload would leave {PAYLOAD_BITS} bits, down to "
                    f"{self.faintest_payload}")
        return ""

