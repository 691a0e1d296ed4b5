"""The Process of a channel that keeps its mean and its spread."""

from __future__ import annotations

from neuromorph.neurons.homeostatic import Homeostatic as HomeostaticModel
from neuromorph.processes.stepped import Stepped


class Homeostatic(Stepped):
    """Channel of a programmable core whose gain and threshold follow two slow traces.

    ::

        s_out = clip((G a >> 10) + m, -limit, limit)     where go > 0
        M, S  : slow means of z - t and |z - t| - s      where go > 0
        m, G  : a unit, or one part in 32, against them  where go > 1

    See `neuromorph.neurons.homeostatic.Homeostatic`, whose parameters these are.

    Attributes
    ----------
    a, go, s_out : InPort, InPort, OutPort
        What the layer says, when it is asked, and graded spikes.

    Examples
    --------
    >>> channels = Homeostatic(shape=(16,), mean=12, spread=9000, trace=8)
    """

    neuron = HomeostaticModel
