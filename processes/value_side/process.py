"""The Process of one side of a signed value."""

from __future__ import annotations

from neuromorph.neurons.value_side import ValueSide as ValueSideModel
from neuromorph.processes.stepped import Stepped


class ValueSide(Stepped):
    """Neuron of a programmable core that sends one side of a signed value's code.

    ::

        s_out[t] = min((+-MS(sat24(x - centre)))+, limit)   x = sat24(a_in[t]);  - of the OFF side
                                                            where t mod period = at, else 0

    See `neuromorph.neurons.value_side.ValueSide`, whose parameters these are. ``t`` counts from 0.

    Attributes
    ----------
    a_in, s_out : InPort, OutPort
        Synaptic input, and graded spikes.

    Examples
    --------
    >>> value_on = ValueSide(shape=(64,), multiplier=900, shift=16, period=29, at=19)
    """

    neuron = ValueSideModel
