"""The Process of slots in turn."""

from __future__ import annotations

from neuromorph.neurons.slot import Slot as SlotModel
from neuromorph.processes.stepped import Stepped


class Slot(Stepped):
    """Neuron of a programmable core that knows when it is its slot's turn, and says so.

    ::

        turn     = turn mod slots + 1               at a pulse, 0 before the first; 1 at one of -2
        hot      = a pulse came, and turn = place + 1
        written  = written or hot
        s_out[t] = payload where hot                of one for the empty slots: where not written
                                                    while (t - at) mod period < steps, else 0

    See `neuromorph.neurons.slot.Slot`, whose parameters these are. ``t`` counts from 0.

    Attributes
    ----------
    a_in, s_out : InPort, OutPort
        Pulses: above 0 the next slot's turn, -1 all are empty, -2 the first one's turn; and graded
        spikes.

    Examples
    --------
    >>> hot = Slot(shape=(4,), place=range(4), slots=4, period=29, pulse_at=1, at=3)
    """

    neuron = SlotModel
