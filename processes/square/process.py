"""The Process of a squaring neuron."""

from __future__ import annotations

from neuromorph.neurons.square import Square as SquareModel
from neuromorph.processes.stepped import Stepped


class Square(Stepped):
    """Neuron of a programmable core that keeps what arrives in its step, and sends its square.

    ::

        R        = sat24(a_in[t])                               where t mod period = at
        s_out[t] = min(round(R^2 / 2^(shift - 6 k)), limit)     k steps later, k = 0 ... 5

    See `neuromorph.neurons.square.Square`, whose parameters these are. ``t`` counts from 0.

    Attributes
    ----------
    a_in, s_out : InPort, OutPort
        Synaptic input, and graded spikes.

    Examples
    --------
    >>> squares = Square(shape=(64,), shift=33, period=29, at=1)
    """

    neuron = SquareModel
