"""The Process of the residual stream behind a layer that was sent a unit vector."""

from __future__ import annotations

from neuromorph.neurons.unit_residual import UnitResidual as UnitResidualModel
from neuromorph.processes.stepped import Stepped


class UnitResidual(Stepped):
    """A `Residual` behind a layer that is sent a vector over its norm, which arrives as well.

    ::

        v[t]     = sat24(MS(a_in; carry, carry_shift) + bias)    where t mod period = keep_at
        N        = a_in, a payload root << 5 | E of a `Root`     where t mod period = root_at
        v[t]     = sat24(v[t-1] + round(p root / 2^(shift - E))) in every step after, up to at
                   p = sat24(MS(a_in; multiplier, 15))
        s_out[t] = clip(v[t], -limit, limit)                     where t mod period = at, else 0

    See `neuromorph.neurons.unit_residual.UnitResidual`, whose parameters these are. ``t`` counts
    from 0.

    Attributes
    ----------
    a_in, s_out : InPort, OutPort
        Synaptic input, and graded spikes.

    Examples
    --------
    >>> stream = UnitResidual(shape=(64,), shift=30, period=29, root_at=4, at=5)
    """

    neuron = UnitResidualModel
