"""The Process of the emitting control neuron."""

from __future__ import annotations

from typing import Any

from lava.magma.core.process.ports.ports import InPort, OutPort
from lava.magma.core.process.process import AbstractProcess
from lava.magma.core.process.variable import Var

from neuromorph.processes.by_neuron import var_of


class Quotient(AbstractProcess):
    """Leaky sum of a programmable core that is divided by a normaliser, scaled and sent.

    ::

        v[t]     = saturate(trunc(v[t-1] (4096 - dv) / 4096) + (a_in << lift));  0 at a flush
        latched  = v[t-1]                                                        at a done
        kept     = clip(MS(latched / normaliser) + centre, -limit, limit)        at a reciprocal
        s_out[t] = kept, which is then 0                      where t mod period = at
        signal   = flush + 2 done + 4 reciprocal              the first two are 0 or 1

    See `neuromorph.neurons.quotient.Quotient`, whose parameters these are. Integers only.

    Parameters
    ----------
    shape : tuple of int
        Number and topology of neurons.
    dv, lift, limit, period : int, optional
    multiplier, shift, centre, at : int or array, optional
        One number, or one a neuron.

    Attributes
    ----------
    a_in, signal, s_out : InPort, InPort, OutPort
        What is added up; what is asked, or the payload of one `Reciprocal`; graded spikes.

    Examples
    --------
    >>> control = Quotient(shape=(64,), dv=2048, multiplier=127, shift=15, limit=127)
    """

    def __init__(
        self, *, shape: tuple[int, ...], dv: int = 0, lift: int = 0, multiplier: Any = 1,
        shift: Any = 1, centre: Any = 0, limit: int = 8_388_607, period: int = 0, at: Any = 0,
        **settings: Any,
    ) -> None:
        super().__init__(shape=shape, dv=dv, lift=lift, multiplier=multiplier, shift=shift,
                         centre=centre, limit=limit, period=period, at=at, **settings)
        self.a_in, self.signal = InPort(shape=shape), InPort(shape=shape)
        self.s_out = OutPort(shape=shape)
        self.v, self.latched, self.kept = (Var(shape=shape, init=0) for _ in range(3))
        self.dv, self.lift = Var(shape=(1,), init=dv), Var(shape=(1,), init=lift)
        self.multiplier, self.shift, self.centre = map(var_of, (multiplier, shift, centre))
        self.limit, self.period = Var(shape=(1,), init=limit), Var(shape=(1,), init=period)
        self.at = var_of(at)
