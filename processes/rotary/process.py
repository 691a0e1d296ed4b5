"""The Process of a rotary position."""

from __future__ import annotations

from neuromorph.neurons.rotary import Rotary as RotaryModel
from neuromorph.processes.stepped import Stepped


class Rotary(Stepped):
    """Neuron of a programmable core that turns a pair of numbers by an angle, and sends a code.

    ::

        x, p, c  = sat24(a_in[t])       where t mod period = own_at, partner_at, cos_at
        y        = (x c - p s) >> 15    of the first of a pair; of the second (x c + p s) >> 15
        s_out[t] = clip(MS(sat24(y - centre)), -limit, limit)      s = sat24(a_in[t])
                                        where t mod period = at, else 0

    See `neuromorph.neurons.rotary.Rotary`, whose parameters these are. ``t`` counts from 0.

    Attributes
    ----------
    a_in, s_out : InPort, OutPort
        Synaptic input, and graded spikes.

    Examples
    --------
    >>> code = Rotary(shape=(2,), second=[0, 1], limit=126, period=29, at=3)
    """

    neuron = RotaryModel
