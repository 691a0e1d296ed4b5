"""The Process of the emitting normaliser."""

from __future__ import annotations

from typing import Any

from lava.magma.core.process.ports.ports import InPort, OutPort
from lava.magma.core.process.process import AbstractProcess
from lava.magma.core.process.variable import Var


class Reciprocal(AbstractProcess):
    """Leaky sum of a programmable core that sends its reciprocal when it is asked.

    ::

        v[t] = saturate(trunc(v[t-1] (4096 - dv) / 4096) + (a_in << lift));  0 at a flush
        s_out[t] = reciprocal_payload(v[t-1])   where done, else 0
        signal = flush + 2 done                 0 or 1 each

    See `neuromorph.neurons.reciprocal.reciprocal_payload`. Integers only.

    Parameters
    ----------
    shape : tuple of int
        Number and topology of neurons.
    v : int or array, optional
        Initial sum.
    dv : int, optional
        Decay, 0 to 4096.
    lift : int, optional
        Bits by which the input is shifted up, 0 to 6.

    Attributes
    ----------
    a_in, signal, s_out : InPort, InPort, OutPort
        What is added up; what is asked; and graded spikes of 21 bits.

    Examples
    --------
    >>> normaliser = Reciprocal(shape=(1,), dv=2048)
    """

    def __init__(
        self, *, shape: tuple[int, ...], v: Any = 0, dv: int = 0, lift: int = 0, **settings: Any
    ) -> None:
        super().__init__(shape=shape, v=v, dv=dv, lift=lift, **settings)
        self.a_in, self.signal = InPort(shape=shape), InPort(shape=shape)
        self.s_out = OutPort(shape=shape)
        self.v = Var(shape=shape, init=v)
        self.dv = Var(shape=(1,), init=dv)
        self.lift = Var(shape=(1,), init=lift)
