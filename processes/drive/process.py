"""The Process of a drive."""

from __future__ import annotations

from neuromorph.neurons.drive import Drive as DriveModel
from neuromorph.processes.stepped import Stepped


class Drive(Stepped):
    """Neuron of a programmable core that says a constant in some steps of every period.

    ::

        s_out[t] = payload      where (t - at) mod period < steps, else 0

    See `neuromorph.neurons.drive.Drive`, whose parameters these are. ``t`` counts from 0.

    Attributes
    ----------
    a_in, s_out : InPort, OutPort
        What starts one that waits, and graded spikes.

    Examples
    --------
    >>> ramp = Drive(shape=(1,), payload=12, steps=18, period=47, at=24)
    """

    neuron = DriveModel
