"""One step of match-and-control neurons: in integers, and in floats with the paper's synapse."""

from __future__ import annotations

from typing import Annotated, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from neuromorph.dynamics.coincidence import (
    GATE_SLOPE,
    MatchState,
    pooled_gate,
    potentiation_gain,
    potentiation_gate,
    step_match,
)
from neuromorph.dynamics.coincidence import rest as rest_match
from neuromorph.dynamics.match_control import (
    RELAY_STEPS,
    SCORE_UNIT,
    SOMA_DECAY,
    MatchControl,
)
from neuromorph.learning import Draws, Plastic, step_plastic_fixed
from neuromorph.neurons.cuba_lif import LIFState, step_lif_fixed, step_lif_float
from neuromorph.numerics.limits import DECAY_UNITY
from neuromorph.numerics.synapse import accumulate_fixed, accumulate_float
from neuromorph.shapes import Bool, Float64, Int64, Num, Shaped

Array = NDArray[Any]

class Cells(NamedTuple):
    """What M neurons and their N axons remember, their synapses apart.

    Attributes
    ----------
    relayed : int array, shape (RELAY_STEPS + 1, N)
        Axonal spikes on their way; the first row reaches the synapses in the coming step.
    soma : LIFState, shape (M,)
    spikes : array, shape (M,)
        What the somata send in the coming step.
    """

    relayed: Annotated[Int64, "_ n"]
    soma: LIFState
    spikes: Annotated[Shaped, "m"]


def rest_cells(queries: int, axons: int, *, kind: type[np.generic]) -> Cells:
    """Silent cells, with potentials of type ``kind``."""
    return Cells(np.zeros((RELAY_STEPS + 1, axons), np.int64),
                 LIFState(np.zeros(queries, kind), np.zeros(queries, kind)),
                 np.zeros(queries, np.bool_))


def rest_scores(queries: int, axons: int) -> MatchState:
    """Float synapses without a match: traces of shape (N,), score and copy of (M, N)."""
    traces, scores = rest_match((axons,)), rest_match((queries, axons))
    return MatchState(traces.slow, traces.fast, scores.score, scores.copy)


def step_match_control_fixed(
    neuron: MatchControl, cells: Cells, synapses: Plastic, axons: Annotated[Shaped, "n"],
    queries: Annotated[Shaped, "m"], *, step: int, draws: Draws,
) -> tuple[Cells, Plastic]:
    """One step of `neuromorph.circuits.match_and_control`; its spikes are one step ahead.

    ::

        relayed[t]    = axons[t - 3]
        a_in[t + 1]   = sum (baseline + W[t]) relayed[t] + (query_weight << exponent) queries[t]
        spikes[t + 1] = a_in[t + 1] + what 1/4096 of the potential adds > vth
        W[t + 1], T[t + 1] = learn(W[t], T[t], relayed[t], spikes[t])

    A spike depends on the inputs of earlier steps only: it can be sent before any of its own
    step has arrived.

    Parameters
    ----------
    neuron : MatchControl
    cells : Cells
    synapses : Plastic, shape (M, N)
    axons, queries : array, shape (N,) and (M,)
        Spikes of this step; anything but 0 is one.
    step : int
        From 0.
    draws : Draws
        Of ``neuron.rule``.
    """
    relayed = cells.relayed[0]
    a_in = (accumulate_fixed(neuron.baseline + synapses.weights, relayed, exponent=0, graded=False)
            + _drive(neuron, queries))
    soma, spikes = step_lif_fixed(cells.soma, a_in, du=DECAY_UNITY, dv=SOMA_DECAY, vth=neuron.vth)
    learned = step_plastic_fixed(neuron.rule, synapses, relayed, cells.spikes, None, step=step,
                                 draws=draws)
    return Cells(_moved_on(cells.relayed, axons), soma, spikes), learned


def step_match_control_float(
    neuron: MatchControl, cells: Cells, synapses: MatchState, axons: Annotated[Shaped, "n"],
    queries: Annotated[Shaped, "m"], *, pooled: bool = False,
    noise: Annotated[Num, "..."] | float = 1.0,
) -> tuple[Cells, MatchState]:
    """One step with the paper's own synapse, of 1 ms, on the same axons and soma.

    ::

        a_in[t + 1]   = sum (baseline + w[t]) relayed[t] + query_weight 2^exponent queries[t]
        spikes[t + 1] = a_in[t + 1] > vth
        traces, score, copy = `step_match`(relayed[t], spikes[t])      w: `gate_weights`

    Parameters
    ----------
    neuron, cells, axons, queries
        As for `step_match_control_fixed`.
    synapses : MatchState
        As of `rest_scores`.
    pooled : bool
        See `gate_weights`.
    noise : array that broadcasts to (M, N)
        Factor of the coincidences of this step.
    """
    relayed = cells.relayed[0]
    weights = neuron.baseline + gate_weights(neuron, synapses, pooled=pooled)
    a_in = accumulate_float(weights, relayed, graded=False) + _drive(neuron, queries)
    soma, spikes = step_lif_float(cells.soma, a_in, du=1.0, dv=1.0, vth=neuron.vth)
    learned = step_match(synapses, relayed, cells.spikes[:, None] * noise)
    return Cells(_moved_on(cells.relayed, axons), soma, spikes), learned


def gate_weights(
    neuron: MatchControl, synapses: MatchState, *, pooled: bool
) -> Annotated[Float64, "m n"]:
    """w = baseline 7 alpha: what the gates add to the baseline, shape (M, N).

    alpha is `potentiation_gate` of the score's delayed copy; where thresholds are pooled it is
    `pooled_gate` with the same slope, a softmax over the neuron's axons.
    """
    threshold = neuron.threshold / SCORE_UNIT
    opening = (pooled_gate(synapses.copy / threshold, GATE_SLOPE) if pooled
               else potentiation_gate(synapses.copy, threshold))
    return neuron.baseline * (potentiation_gain(opening) - 1)


def coincidence_noise(
    rng: np.random.Generator, fired: Annotated[Bool, "m"], axons: int, sigma: float
) -> Annotated[Float64, "m n"]:
    """LogNormal of mean 1, drawn for each synapse of the neurons that fired; 1 elsewhere.

    Parameters
    ----------
    rng : numpy Generator
    fired : bool array, shape (M,)
    axons : int
        N.
    sigma : float
        Standard deviation of the logarithm.

    Returns
    -------
    float64 array, shape (M, N)
    """
    noise = np.ones((len(fired), axons))
    noise[fired] = rng.lognormal(-(sigma**2) / 2, sigma, (int(fired.sum()), axons))
    return noise


def _drive(neuron: MatchControl, queries: Array) -> NDArray[np.int64]:
    """What makes a soma fire with its query."""
    drive: NDArray[np.int64] = (queries != 0) * np.int64(
        neuron.query_weight << neuron.query_exponent)
    return drive


def _moved_on(relayed: NDArray[np.int64], axons: Array) -> NDArray[np.int64]:
    """The spikes under way, one step later."""
    return np.concatenate([relayed[1:], (axons != 0).astype(np.int64)[None]])
