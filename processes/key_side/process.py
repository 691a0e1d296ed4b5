"""The Process of one side of a signed key."""

from __future__ import annotations

from neuromorph.neurons.key_side import KeySide as KeySideModel
from neuromorph.processes.stepped import Stepped


class KeySide(Stepped):
    """Neuron of a programmable core that sends one side of a signed key, and 1 for none.

    ::

        s_out[t] = max(1, min(2 (k)+, limit))     of the OFF side 2 (-k)+;  k = sat24(a_in[t])
                                                  where t mod period = at, else 0

    See `neuromorph.neurons.key_side.KeySide`, whose parameters these are. ``t`` counts from 0.

    Attributes
    ----------
    a_in, s_out : InPort, OutPort
        Synaptic input, and graded spikes.

    Examples
    --------
    >>> key_on = KeySide(shape=(64,), period=29, at=14)
    """

    neuron = KeySideModel
