"""The Process of match-and-control neurons."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from lava.magma.core.process.ports.ports import InPort, OutPort
from lava.magma.core.process.process import AbstractProcess
from lava.magma.core.process.variable import Var

from neuromorph.dynamics.match_control import MatchControl
from neuromorph.errors import UsageError

WHERE = "MatchAndControl"


class MatchAndControl(AbstractProcess):
    """M neurons over N axons that potentiate the axon in step with their query, and follow it.

    ::

        a_in[t]  = sum over axons of (baseline + w) s_in[t-4] + query_weight q_in[t-1]
        s_out[t] = a_in[t] > vth
        tags    <- tags + K(lag) at a somatic spike, and slowly forgotten
        w        rises where tags exceed the threshold, and falls where they do not

    A key is what an axon fires in step with the query, a value what it fires afterwards; one
    step is a millisecond. `neuromorph.dynamics.match_control.MatchControl` has the integers.

    The fixed model equals the circuit `neuromorph.circuits.match_and_control` to the bit, and
    so does, with ``select_sub_proc_model=True``, the same made of stock LIF, Dense, DelayDense
    and LearningDense, which is what hardware can map. The float model has the paper's own
    synapse: a delayed copy of the score opens a smooth gate, and w = baseline · 7 alpha, so
    that a spike by itself makes the soma fire above alpha = .93 with the standard parameters.

    Parameters
    ----------
    shape : (int, int)
        M neurons, N axons.
    neuron : MatchControl, optional
    noise : float, optional
        Biological noise, floats only: each coincidence is scaled by LogNormal(mean 1, sigma =
        noise), seeded by ``neuron.seed``. .43 fits the paper.
    pooled : bool, optional
        Floats only: the axons' pooled score in place of the fixed threshold, which makes the
        gates of a neuron a softmax over its axons: of two that match, each has half a gate.

    Attributes
    ----------
    s_in : InPort, shape (N,)
        Spikes of the axons.
    q_in : InPort, shape (M,)
        Spikes of the queries.
    s_out : OutPort, shape (M,)
        Spikes of the somata.
    weights : Var, shape (M, N)
        w, 0 where a gate is shut.
    tag_1 : Var, shape (M, N)
        Lava's name of the tags: match scores, `SCORE_UNIT` being the paper's 1 in both models.

    Both Vars are to be read; a neuron goes by its own state.

    Raises
    ------
    UsageError
        When it is built, for a shape or noise that makes no sense.
    UnsupportedError
        When it runs, for a model that cannot do what was asked of it.

    Source: Ellwood 2024, PLoS Comput Biol 20(1): e1011843.

    Examples
    --------
    >>> neurons = MatchAndControl(shape=(64, 150))  # 64 queries over 150 axons
    """

    def __init__(
        self,
        *,
        shape: tuple[int, int],
        neuron: MatchControl | None = None,
        noise: float = 0.0,
        pooled: bool = False,
        **settings: Any,
    ) -> None:
        super().__init__(shape=shape, neuron=neuron or MatchControl(), noise=noise, pooled=pooled,
                         **settings)
        # Not before: Lava's destructor needs what its constructor sets.
        queries, axons = _checked(shape)
        if not 0 <= noise < math.inf:
            raise UsageError("noise must be a number of at least 0", where=WHERE, found=noise)
        self.s_in, self.q_in = InPort(shape=(axons,)), InPort(shape=(queries,))
        self.s_out = OutPort(shape=(queries,))
        self.weights = Var(shape=(queries, axons), init=np.zeros((queries, axons), int))
        self.tag_1 = Var(shape=(queries, axons), init=np.zeros((queries, axons), int))


def _checked(shape: tuple[int, int]) -> tuple[int, int]:
    whole = all(isinstance(size, int | np.integer) and size >= 1 for size in shape)
    if len(shape) != 2 or not whole:
        raise UsageError("there must be neurons and axons", where=WHERE, found=shape,
                         expected="(neurons, axons)")
    return shape
