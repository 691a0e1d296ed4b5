"""Queries, keys and values of a token: dense layers behind a norm, and rotary positions."""

from __future__ import annotations

import numpy as np

from neuromorph.circuits.block.layers import dense, input_of, one_to_one, source
from neuromorph.circuits.block.numbers import Block, Code, Dense, Ints
from neuromorph.circuits.block.timeline import CODE_AT, COS_AT, SINE_AT, X_AT
from neuromorph.circuits.norm import H_AT
from neuromorph.network import Network, Phase, Population, Port, Projection, Schedule
from neuromorph.neurons.requantise import Requantise
from neuromorph.neurons.rotary import ANGLE_BITS, Rotary
from neuromorph.numerics import multiply_shift

X_LIMIT = 2**15 - 1
"""Queries, keys and values before they are codes have 16 bits."""

ANGLE_LIMIT = 1 << ANGLE_BITS
"""A cosine of 1."""


def project(block: Block) -> Network:
    """From h to codes of queries and keys, and values.

    ::

        h --W--> query_x, key_x, value_x        query_x --> query (own, partner, cos, sine)
    """
    period, size = block.period, block.size
    populations = [source("h", block.width)]
    projections: list[Projection] = []
    for name, layer in (("query", block.query), ("key", block.key), ("value", block.value)):
        populations.append(_layer(f"{name}_x", layer, period))
        projections.append(dense(f"{name}_w", "h", f"{name}_x", layer.weights))
    inputs = [input_of("h", block.width, -block.attention_norm.limit, block.attention_norm.limit,
                       (H_AT % period,), "a vector over its norm", block.attention_norm.longest)]
    if block.rotary:
        populations.append(source("angle", size // 2))
        inputs.append(input_of("angle", size // 2, -ANGLE_LIMIT, ANGLE_LIMIT, (0, 1),
                               "the token's cosines, and a step later its sines"))
    for name, layer, code in (("query", block.query, block.query_code),
                              ("key", block.key, block.key_code)):
        rows = layer.outputs
        if block.rotary:
            populations.append(Population(name, rows, _rotary(code, rows, size, period)))
            projections += _turned(name, rows, size)
        else:
            populations.append(Population(name, rows, _plain(code, period)))
            projections.append(one_to_one(f"{name}_own", f"{name}_x", name, rows,
                                          CODE_AT - X_AT - 1))
    at = {p.name: p for p in populations}
    outputs = [Port.of(at[name], (step % period,)) for name, step in (
        ("query", CODE_AT), ("key", CODE_AT), ("value_x", X_AT))]
    return Network("project", "fixed", tuple(populations), tuple(projections),
                   Schedule(period, (Phase("project", H_AT % period, H_AT % period + 1),)),
                   inputs=tuple(inputs), outputs=tuple(outputs))


def partner_of(rows: int, size: int) -> Ints:
    """Whom each number is paired with: the first half of a head's with the second."""
    row = np.arange(rows)
    found: Ints = row - row % size + (row % size + size // 2) % size
    return found


def second_of(rows: int, size: int) -> Ints:
    """1 for the second of a pair."""
    return (np.arange(rows) % size >= size // 2).astype(np.int64)


def pair_of(rows: int, size: int) -> Ints:
    """Which angle turns a number."""
    found: Ints = np.arange(rows) % (size // 2)
    return found


def centred_bias(code: Code) -> Ints:
    """What stands for the centre, where a code has no neuron that takes it away first."""
    found: Ints = np.negative(multiply_shift(code.centre, code.multiplier, code.shift))
    return found


def _layer(name: str, layer: Dense, period: int) -> Population:
    return Population(name, layer.outputs, Requantise(
        layer.multiplier, layer.shift, layer.bias, X_LIMIT, period, X_AT % period))


def _plain(code: Code, period: int) -> Requantise:
    return Requantise(code.multiplier, code.shift, centred_bias(code), code.limit, period,
                      CODE_AT % period)


def _rotary(code: Code, rows: int, size: int, period: int) -> Rotary:
    own = X_AT + 1
    return Rotary(second_of(rows, size), code.centre, code.multiplier, code.shift, code.limit,
                  period, own % period, (own + 1) % period, COS_AT % period, SINE_AT % period)


def _turned(name: str, rows: int, size: int) -> list[Projection]:
    """Its own number, its partner's a step later, then cosine and sine."""
    across = np.eye(rows, dtype=np.int32)[partner_of(rows, size)]
    angles = np.eye(size // 2, dtype=np.int32)[pair_of(rows, size)]
    return [one_to_one(f"{name}_own", f"{name}_x", name, rows),
            Projection(f"{name}_partner", f"{name}_x", name, across, 1, graded=True),
            Projection(f"{name}_angle", "angle", name, angles, COS_AT - 1, graded=True)]
