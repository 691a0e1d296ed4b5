"""The Process of stock neurons whose input keeps fractions of a unit."""

from __future__ import annotations

from neuromorph.neurons.cuba_lif import CubaLIF as CubaLIFModel
from neuromorph.processes.stepped import Stepped


class CubaLIF(Stepped):
    """Loihi's stock neuron behind synapses with a weight exponent that is 6 - input_shift lower.

    ::

        u[t] = wrap(trunc(u[t-1] * (4096 - du) / 4096) + (a_in << input_shift))
        v[t] = saturate(trunc(v[t-1] * (4096 - dv) / 4096) + u[t] + (bias_mant << bias_exp))
        s_out[t] = v[t] > vth << 6, then v = 0

    See `neuromorph.neurons.cuba_lif.CubaLIF`, whose parameters these are. Stock Lava rounds what
    arrives to whole units before it shifts by 6 bits; a chip does not.

    Attributes
    ----------
    a_in, s_out : InPort, OutPort
        Synaptic input and spikes, as of the stock LIF.

    Examples
    --------
    >>> readers = CubaLIF(shape=(64,), dv=2048, vth=9000, input_shift=0)
    """

    neuron = CubaLIFModel
