"""Axons, their relays, potentiating synapses, and one neuron for each query."""

from __future__ import annotations

import numpy as np

from neuromorph.circuits.match_and_control.ports import inputs_of, outputs_of
from neuromorph.dynamics.match_control import RELAY_STEPS, SOMA_DECAY, MatchControl
from neuromorph.errors import NetworkError
from neuromorph.network import CubaLIF, Network, Population, Projection


def build(axons: int, queries: int, neuron: MatchControl | None = None) -> Network:
    """M match-and-control neurons over N axons.

    ::

        axon --(2 steps' delay)--> relay --(baseline)--> soma
                                   relay --(spine: plastic)--> soma     query --> soma

    The soma forgets from step to step: it tells one potentiated axon from many others by the
    size of a step's input. All Processes are stock LIF, Dense and LearningDense.

    Parameters
    ----------
    axons, queries : int
        N and M.
    neuron : MatchControl, optional

    Raises
    ------
    NetworkError
        If there are no axons or queries.
    """
    if axons < 1 or queries < 1:
        raise NetworkError("there must be axons and queries", where="match and control",
                           found=f"{axons} axons, {queries} queries")
    cell = neuron or MatchControl()
    each = np.ones((queries, axons), np.int32)
    inputs = inputs_of(axons, queries)
    soma = Population("soma", queries, CubaLIF(dv=SOMA_DECAY, vth=cell.vth))
    return Network("match_and_control", "fixed", (
        *(port.source for port in inputs),
        Population("relay", axons, CubaLIF(vth=0)),
        soma,
    ), (
        Projection("lead", "axon", "relay", np.eye(axons, dtype=np.int32), delay=RELAY_STEPS),
        Projection("drive", "query", "soma",
                   cell.query_weight * np.eye(queries, dtype=np.int32),
                   exponent=cell.query_exponent),
        Projection("baseline", "relay", "soma", cell.baseline * each),
        Projection("spine", "relay", "soma", 0 * each, rule=cell.rule),
    ), inputs=inputs, outputs=outputs_of(soma))
