"""The Process of a relay."""

from __future__ import annotations

from typing import Any

from lava.magma.core.process.ports.ports import InPort, OutPort
from lava.magma.core.process.process import AbstractProcess
from lava.magma.core.process.variable import Var


class Relay(AbstractProcess):
    """Neuron of a programmable core that sends on what its synapses bring, and keeps nothing.

    ::

        s_out[t] = a_in[t] >> shift      # a_in in floats; saturated to 24 bits signed

    Connect it to a `Dense` with ``num_message_bits`` > 0.

    Parameters
    ----------
    shape : tuple of int
        Number and topology of neurons.
    shift : int, optional
        Bits that are dropped, towards minus infinity; 0 in floats.

    Attributes
    ----------
    a_in, s_out : InPort, OutPort
        Synaptic input, and graded spikes of 24 bits.

    Examples
    --------
    >>> relay = Relay(shape=(64,))
    """

    def __init__(self, *, shape: tuple[int, ...], shift: int = 0, **settings: Any) -> None:
        super().__init__(shape=shape, shift=shift, **settings)
        self.a_in = InPort(shape=shape)
        self.s_out = OutPort(shape=shape)
        self.shift = Var(shape=(1,), init=shift)
