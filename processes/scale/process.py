"""The Process of a neuron that scales what it keeps."""

from __future__ import annotations

from neuromorph.neurons.scale import Scale as ScaleModel
from neuromorph.processes.stepped import Stepped


class Scale(Stepped):
    """Neuron of a programmable core that keeps a number, and sends it times a factor that follows.

    ::

        R        = sat24(a_in[t])                            where t mod period = keep_at
        s_out[t] = clip(MS(round(R Y / 2^shift)), -limit, limit)            Y = sat24(a_in[t])
                                                             where t mod period = at, else 0
        MS(x)    = sign(x) ((|x| fold + 2^(fold_shift-1)) >> fold_shift)

    See `neuromorph.neurons.scale.Scale`, whose parameters these are. ``t`` counts from 0.

    Attributes
    ----------
    a_in, s_out : InPort, OutPort
        Synaptic input, and graded spikes.

    Examples
    --------
    >>> scaled = Scale(shape=(64,), shift=22, limit=8191, period=29, keep_at=1, at=8)
    """

    neuron = ScaleModel
