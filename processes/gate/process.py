"""The Process of a gated activation."""

from __future__ import annotations

from neuromorph.neurons.gate import Gate as GateModel
from neuromorph.processes.stepped import Stepped


class Gate(Stepped):
    """Neuron of a programmable core that sends an activation of one sum, times another.

    ::

        g        = sat16(MS(a_in; multiplier, shift) + bias)         where t mod period = gate_at
        a        = g / (1 + 2^-z), z = slope g + cubic g^3
        u        = sat16(MS(a_in; up_multiplier, up_shift) + up_bias)
        s_out[t] = clip(round(a u / 2^product_shift), -limit, limit) where t mod period = at, else 0

    See `neuromorph.neurons.gate.Gate`, whose parameters these are. ``t`` counts from 0.

    Attributes
    ----------
    a_in, s_out : InPort, OutPort
        Synaptic input, and graded spikes.

    Examples
    --------
    >>> hidden = Gate(shape=(64,), product_shift=11, period=29, gate_at=1, at=2)
    """

    neuron = GateModel
