"""The Processes of the inverse root of a sum of squares, and of the root itself."""

from __future__ import annotations

from neuromorph.neurons.rsqrt import Root as RootModel
from neuromorph.neurons.rsqrt import Rsqrt as RsqrtModel
from neuromorph.processes.stepped import Stepped


class Rsqrt(Stepped):
    """Neuron of a programmable core that sends the inverse root of a sum of squares.

    ::

        S        = S_0, then each S_k that comes while S < threshold        k = 0 ... 5
        s_out[t] = min(round(multiplier 2^(26 - shift) / root(S / 64^k)), limit)
                                                      where t mod period = at, else 0

    See `neuromorph.neurons.rsqrt.Rsqrt`, whose parameters these are. ``t`` counts from 0.

    Attributes
    ----------
    a_in, s_out : InPort, OutPort
        Synaptic input, and graded spikes.

    Examples
    --------
    >>> norm = Rsqrt(shape=(1,), multiplier=40000, shift=24, period=29, at=7)
    """

    neuron = RsqrtModel


class Root(Stepped):
    """Neuron of a programmable core that sends the root of a sum of squares: a norm.

    ::

        s_out[t] = root << 5 | E                      where t mod period = at, else 0
        root 2^E = 2^30 root(S / 64^k)                S and k as of `Rsqrt`

    See `neuromorph.neurons.rsqrt.Root`, whose parameters these are. ``t`` counts from 0.

    Attributes
    ----------
    a_in, s_out : InPort, OutPort
        Synaptic input, and graded spikes.

    Examples
    --------
    >>> norm = Root(shape=(1,), period=29, at=7)
    """

    neuron = RootModel
