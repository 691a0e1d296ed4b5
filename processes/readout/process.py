"""The Process of the readout neuron."""

from __future__ import annotations

from typing import Any

from lava.magma.core.process.ports.ports import InPort, OutPort
from lava.magma.core.process.process import AbstractProcess
from lava.magma.core.process.variable import Var


class Readout(AbstractProcess):
    """Leaky accumulator of a programmable core; it clears when it passes its threshold.

    ::

        v[t] = trunc(v[t-1] * (4096 - dv) / 4096) + a_in     # v[t-1] * (1 - dv) + a_in in floats
        s_out = v[t] > vth
        v[t] = 0                                             # on a spike

    The input is not shifted, so all 24 bits of ``v`` hold signal; ``v`` saturates.

    Parameters
    ----------
    shape : tuple of int
        Number and topology of neurons.
    v : int, float or array, optional
        Initial potential.
    dv : int or float, optional
        Decay of the potential, 0 to 4096 (fixed) or 0 to 1 (float).
    vth : int or float, optional
        Threshold, in units of ``v``.

    Attributes
    ----------
    a_in, s_out : InPort, OutPort
        Synaptic input and spikes, as of the stock LIF.

    Examples
    --------
    >>> readout = Readout(shape=(64,), dv=2048)  # halves every step
    """

    def __init__(
        self,
        *,
        shape: tuple[int, ...],
        v: Any = 0,
        dv: float = 0,
        vth: float = 8_388_606,
        **settings: Any,
    ) -> None:
        super().__init__(shape=shape, v=v, dv=dv, vth=vth, **settings)
        self.a_in = InPort(shape=shape)
        self.s_out = OutPort(shape=shape)
        self.v = Var(shape=shape, init=v)
        self.dv = Var(shape=(1,), init=dv)
        self.vth = Var(shape=(1,), init=vth)
