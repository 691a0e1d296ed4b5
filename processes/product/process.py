"""The Process of a product of two inputs."""

from __future__ import annotations

from typing import Any

from lava.magma.core.process.ports.ports import InPort, OutPort
from lava.magma.core.process.process import AbstractProcess
from lava.magma.core.process.variable import Var

from neuromorph.processes.by_neuron import var_of


class Product(AbstractProcess):
    """Neuron of a programmable core that multiplies what arrives at its two ports in a step.

    ::

        s_out[t] = clip((a[t] b[t]) >> shift, -limit, limit)   where t mod period = at, else 0

    Not shifted in floats. Connect each port to a `Dense`; ``t`` counts from 0.

    Parameters
    ----------
    shape : tuple of int
        Number and topology of neurons.
    shift : int, optional
        Bits that are dropped, towards minus infinity, 0 to 47; 0 in floats.
    limit : int or float, optional
        Largest magnitude that is sent.
    period, at : int, optional
        Step of a period in which it acts; ``at`` may be an array, one number a neuron.

    Attributes
    ----------
    a, b, s_out : InPort, InPort, OutPort
        Two synaptic inputs, and graded spikes.

    Examples
    --------
    >>> gate = Product(shape=(64,), shift=7, limit=32767)
    """

    def __init__(
        self, *, shape: tuple[int, ...], shift: int = 0, limit: float = 8_388_607,
        period: int = 1, at: Any = 0, **settings: Any,
    ) -> None:
        super().__init__(shape=shape, shift=shift, limit=limit, period=period, at=at, **settings)
        self.a, self.b = InPort(shape=shape), InPort(shape=shape)
        self.s_out = OutPort(shape=shape)
        self.shift = Var(shape=(1,), init=shift)
        self.limit = Var(shape=(1,), init=limit)
        self.period = Var(shape=(1,), init=period)
        self.at = var_of(at)
