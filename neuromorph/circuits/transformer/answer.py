"""A transformer's head as spikes: a dense layer behind the last norm."""

from __future__ import annotations

from neuromorph.circuits.block.layers import dense, input_of, phase, source
from neuromorph.circuits.block.numbers import Dense
from neuromorph.network import Network, Population, Port, Schedule
from neuromorph.neurons.requantise import Requantise
from neuromorph.numerics.limits import STATE_MAX


def answer(layer: Dense, limit: int, longest: int | None, period: int) -> Network:
    """y = MS(W h) + bias, a step after h.

    Parameters
    ----------
    layer : Dense
    limit : int
        Largest number of h.
    longest : int or None
        Bound on the 2-norm of h.
    period : int
    """
    width = layer.weights.shape[1]
    out = Population("out", layer.outputs, Requantise(
        layer.multiplier, layer.shift, layer.bias, STATE_MAX, period, 1 % period))
    return Network(
        "answer", "fixed", (source("h", width), out), (dense("logits", "h", "out", layer.weights),),
        Schedule(period, phase("answer", 0, 2, period)),
        inputs=(input_of("h", width, -limit, limit, (0,), "the last hidden states", longest),),
        outputs=(Port.of(out, (1 % period,)),))
