"""The Process of a regulator."""

from __future__ import annotations

from neuromorph.neurons.regulator import Regulator as RegulatorModel
from neuromorph.processes.stepped import Stepped


class Regulator(Stepped):
    """Neuron of a programmable core that sends a learning rate, by a leaky trace of errors.

    ::

        v[t]     = clip(trunc(v[t-1] (4096 - dv) / 4096) + a_in[t], 0, 2^23 - 1)
        s_out[t] = min(base + floor(v[t]^2 / 2^shift), limit)

    It leaks and sends where t mod period = at. See `neuromorph.neurons.regulator.Regulator`, whose
    parameters these are. ``t`` counts from 0.

    Attributes
    ----------
    a_in, s_out : InPort, OutPort
        Errors, and graded spikes.

    Examples
    --------
    >>> rates = Regulator(shape=(10,), dv=410, base=4, shift=20, limit=127)
    """

    neuron = RegulatorModel
