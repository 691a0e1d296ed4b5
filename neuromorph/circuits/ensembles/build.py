"""From integer layers to a network, one step a layer, and its closed form."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Annotated

import numpy as np
from numpy.typing import NDArray

from neuromorph.errors import RangeProofError, TensorError
from neuromorph.network import Network, Population, Port, Projection
from neuromorph.neurons.requantise import Requantise, step_requantise_fixed
from neuromorph.neurons.value_side import ValueSide
from neuromorph.numerics import multiply_shift
from neuromorph.numerics.held import held
from neuromorph.numerics.limits import STATE_MAX
from neuromorph.shapes import Int8, Int64, Integer
from neuromorph.shown import Shown

CODE_MAX = 127
"""Largest payload of an input and of a hidden neuron."""

WEIGHT_MAX = 127

Ints = NDArray[np.int64]


@dataclass(frozen=True, eq=False, repr=False)
class Layer(Shown):
    """Weights, and how each neuron scales its sum.

    Attributes
    ----------
    weights : int array, shape (outputs, inputs)
        -127 to 127; 0 is no synapse.
    bias : int array, shape (outputs,)
        Of a hidden layer in units of its sum, of the last one in those of its answers.
    multiplier, shift : int array, shape (outputs,)
        Of the sum, 0 to 65535 and 1 to 40.
    """

    weights: Annotated[Int8, "outputs inputs"]
    # Of any length here: `build` refuses those that do not fit.
    bias: Annotated[Int64, "_"]
    multiplier: Annotated[Int64, "_"]
    shift: Annotated[Int64, "_"]


def build(layers: Sequence[Layer]) -> Network:
    """A network of layers, each a step behind the one before it; an input a step.

    ::

        x' = min(max(0, round((W x + b) multiplier / 2^shift)), 127)       hidden: `ValueSide`
        y  = round(V x' multiplier / 2^shift) + c                          answer: `Requantise`

        input --(2 W, halved)--> layer 1 --> … --(2 V, halved)--> answer

    Programmable neurons, payloads of 8 bits. Where weights are masked by `network.blocks` the pass
    `compile.ensembles` lays groups on cores.

    Raises
    ------
    TensorError
        If layers do not fit each other.
    RangeProofError
        If a sum might leave its 24 bits.
    """
    _check(layers)
    sizes = [layers[0].weights.shape[1], *(len(layer.weights) for layer in layers)]
    source = Port("input", "input", sizes[0], CODE_MAX.bit_length() + 1, 0, CODE_MAX,
                  says="codes of an image, or of any vector")
    populations, projections = [source.source], list[Projection]()
    names = ["input", *(f"layer {n + 1}" for n in range(len(layers) - 1)), "answer"]
    for layer, (pre, post) in zip(layers, pairwise(names), strict=True):
        model = (Requantise(layer.multiplier, layer.shift, layer.bias) if post == "answer" else
                 ValueSide(0, -layer.bias, layer.multiplier, layer.shift, CODE_MAX))
        populations.append(Population(post, len(layer.weights), model))
        projections.append(Projection(f"into {post}", pre, post,
                                      held(2 * layer.weights.astype(np.int16)), exponent=-1,
                                      graded=True))
    return Network("ensembles", "fixed", tuple(populations), tuple(projections), None, (),
                   (source,), (Port.of(populations[-1], None, "the last layer's sums, scaled"),))


def _check(layers: Sequence[Layer]) -> None:
    if not layers:
        raise TensorError("there are no layers", where="ensembles")
    for n, layer in enumerate(layers):
        here, size = f"ensembles, layer {n + 1}", len(layer.weights)
        if layer.weights.ndim != 2 or not layer.weights.size or any(
                own.shape != (size,) for own in (layer.bias, layer.multiplier, layer.shift)):
            raise TensorError("weights and scales do not fit each other", where=here,
                              found=f"{layer.weights.shape}, {layer.bias.shape}",
                              expected="(outputs, inputs), (outputs,)")
        if n and layer.weights.shape[1] != len(layers[n - 1].weights):
            raise TensorError("a layer does not fit the one before it", where=here,
                              found=layer.weights.shape, expected=len(layers[n - 1].weights))
        largest = np.abs(layer.weights.astype(np.int64)).sum(axis=1) * CODE_MAX + (
            0 if n == len(layers) - 1 else np.abs(layer.bias))
        if int(largest.max()) > STATE_MAX:
            raise RangeProofError("a sum may leave its 24 bits", where=here,
                                  found=int(largest.max()), expected=f"at most {STATE_MAX}",
                                  hint="fewer inputs a neuron, or smaller weights")


def closed_form(
    layers: Sequence[Layer], codes: Annotated[Integer, "inputs size"]
) -> Annotated[Int64, "inputs outputs"]:
    """What the network answers, shape (inputs, outputs).

    Parameters
    ----------
    layers : sequence of Layer
    codes : int array, shape (inputs, size)
        0 to 127.
    """
    said = np.asarray(codes, np.int64)
    for layer in layers[:-1]:
        sums = said @ layer.weights.T.astype(np.int64) + layer.bias
        said = np.clip(multiply_shift(sums, layer.multiplier, layer.shift), 0, CODE_MAX)
    last = layers[-1]
    return step_requantise_fixed(
        said @ last.weights.T.astype(np.int64), multiplier=last.multiplier, shift=last.shift,
        bias=last.bias, limit=STATE_MAX)


def trains(
    layers: Sequence[Layer], codes: Annotated[Integer, "inputs size"]
) -> tuple[dict[str, Annotated[Int64, "_ size"]], int]:
    """What the input says, a vector a step, and how many steps all answers take."""
    steps = len(codes) + len(layers)
    train = np.zeros((steps, codes.shape[1]), np.int64)
    train[: len(codes)] = codes
    return {"input": train}, steps


def answers(
    layers: Sequence[Layer], said: Annotated[Integer, "steps outputs"]
) -> Annotated[Int64, "inputs outputs"]:
    """Of a recording of ``answer`` those to the vectors, shape (inputs, outputs)."""
    found: Ints = said[len(layers) :].astype(np.int64)
    return found
