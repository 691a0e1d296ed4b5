"""The Process of a requantising neuron."""

from __future__ import annotations

from typing import Any

from lava.magma.core.process.ports.ports import InPort, OutPort
from lava.magma.core.process.process import AbstractProcess
from lava.magma.core.process.variable import Var

from neuromorph.processes.by_neuron import var_of


class Requantise(AbstractProcess):
    """Neuron of a programmable core that scales a sum by its own constant, clips it, sends it.

    ::

        s_out[t] = clip(MS(a_in[t]) + bias, -limit, limit)     where t mod period = at, else 0
        MS(x) = sign(x) ((|x| multiplier + 2^(shift-1)) >> shift)

    Not rounded in floats. ``t`` counts from 0.

    Parameters
    ----------
    shape : tuple of int
        Number and topology of neurons.
    multiplier, shift, bias : int, float or array, optional
        One number, or one a neuron.
    limit : int or float, optional
        Largest magnitude that is sent.
    period, at : int, optional
        Step of a period in which it acts; ``at`` may be an array, one number a neuron.

    Attributes
    ----------
    a_in, s_out : InPort, OutPort
        Synaptic input, and graded spikes.

    Examples
    --------
    >>> layer = Requantise(shape=(64,), multiplier=3000, shift=16, limit=127)
    """

    def __init__(
        self, *, shape: tuple[int, ...], multiplier: Any = 1, shift: Any = 1, bias: Any = 0,
        limit: float = 8_388_607, period: int = 1, at: Any = 0, **settings: Any,
    ) -> None:
        super().__init__(shape=shape, multiplier=multiplier, shift=shift, bias=bias, limit=limit,
                         period=period, at=at, **settings)
        self.a_in = InPort(shape=shape)
        self.s_out = OutPort(shape=shape)
        self.multiplier, self.shift, self.bias = map(var_of, (multiplier, shift, bias))
        self.limit = Var(shape=(1,), init=limit)
        self.period = Var(shape=(1,), init=period)
        self.at = var_of(at)
