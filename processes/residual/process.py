"""The Process of the residual stream."""

from __future__ import annotations

from neuromorph.neurons.residual import Residual as ResidualModel
from neuromorph.processes.stepped import Stepped


class Residual(Stepped):
    """Neuron of a programmable core that carries a number on, and adds scaled sums to it.

    ::

        v[t]     = sat24(MS(a_in; carry, carry_shift) + bias)        where t mod period = keep_at
        v[t]     = sat24(v[t-1] + MS(a_in; multiplier, shift))       in every step after, up to at
        s_out[t] = clip(v[t], -limit, limit)                         where t mod period = at, else 0

    See `neuromorph.neurons.residual.Residual`, whose parameters these are. ``t`` counts from 0.

    Attributes
    ----------
    a_in, s_out : InPort, OutPort
        Synaptic input, and graded spikes.

    Examples
    --------
    >>> stream = Residual(shape=(64,), multiplier=3000, shift=16, period=29, keep_at=3, at=5)
    """

    neuron = ResidualModel
