"""The Process of the graded latency neuron."""

from __future__ import annotations

from typing import Any

from lava.magma.core.process.ports.ports import InPort, OutPort
from lava.magma.core.process.process import AbstractProcess
from lava.magma.core.process.variable import Var

from neuromorph.errors import UsageError


class LatencyMatch(AbstractProcess):
    """Non-leaky integrate-and-fire neuron whose spike carries how far v overshot.

    ::

        v[t] = v[t-1] + (a_in << 6)
        spike when v > vth << 6, then v = 0, with a payload of about 2 base 2^-x,
        x = (min(v - (vth << 6), span) * gain >> gain_shift) / base

    x counts ramp steps past threshold; `neuromorph.dynamics.latency_payload` has the exact
    integers. ``base`` is a power of two, ``gain / 2^gain_shift`` is base a ramp step, and
    ``span`` the overshoot beyond which the payload stays. Connect it to a `Dense` with
    ``num_message_bits`` > 0.

    Parameters
    ----------
    shape : tuple of int
        Number and topology of neurons.
    vth, base, span, gain, gain_shift : int
        See the equations.
    v : int or array of int, optional
        Initial potential.

    Attributes
    ----------
    a_in, s_out : InPort, OutPort
        Synaptic input and graded spikes, 0 for none.

    Examples
    --------
    >>> match = LatencyMatch(shape=(64,), vth=3000, base=128, span=6400, gain=82, gain_shift=12)
    """

    def __init__(
        self,
        *,
        shape: tuple[int, ...],
        vth: int,
        base: int,
        span: int,
        gain: int,
        gain_shift: int,
        v: Any = 0,
        **settings: Any,
    ) -> None:
        numbers = {"vth": vth, "base": base, "span": span, "gain": gain, "gain_shift": gain_shift}
        super().__init__(shape=shape, v=v, **numbers, **settings)
        _check_whole(numbers)  # not before: Lava's destructor needs what its constructor sets
        self.a_in = InPort(shape=shape)
        self.s_out = OutPort(shape=shape)
        self.v = Var(shape=shape, init=v)
        self.vth = Var(shape=(1,), init=int(vth))
        self.base = Var(shape=(1,), init=int(base))
        self.span = Var(shape=(1,), init=int(span))
        self.gain = Var(shape=(1,), init=int(gain))
        self.gain_shift = Var(shape=(1,), init=int(gain_shift))


def _check_whole(numbers: dict[str, int]) -> None:
    for name, number in numbers.items():
        if number != int(number) or number < 0:
            raise UsageError(f"{name} must be a whole number of at least 0", where="LatencyMatch",
                             found=number)
