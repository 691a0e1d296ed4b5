"""Queries, keys and values of a token: dense layers behind a norm, and rotary positions."""

from __future__ import annotations

import numpy as np

from neuromorph.circuits.block.layers import dense, input_of, one_to_one, phase, source
from neuromorph.circuits.block.numbers import Block, Code, Dense, Ints
from neuromorph.circuits.block.timeline import Timeline
from neuromorph.network import Network, Population, Port, Projection, Schedule
from neuromorph.neurons.requantise import Requantise
from neuromorph.neurons.rotary import ANGLE_BITS, Rotary
from neuromorph.numerics import multiply_shift
from neuromorph.numerics.held import identity

X_LIMIT = 2**15 - 1
"""Queries, keys and values before they are codes have 16 bits."""

ANGLE_LIMIT = 1 << ANGLE_BITS
"""A cosine of 1."""


def project(block: Block) -> Network:
    """From h to codes of queries and keys, and values.

    ::

        h --W--> query_x, key_x, value_x        query_x --> query (own, partner, cos, sine)
    """
    period, size, times = block.period, block.size, block.timeline
    populations = [source("h", block.width)]
    projections: list[Projection] = []
    for name, layer in (("query", block.query), ("key", block.key), ("value", block.value)):
        populations.append(_layer(f"{name}_x", layer, period, times))
        projections.append(dense(f"{name}_w", "h", f"{name}_x", layer.weights))
    norm = block.attention_norm
    inputs = [input_of("h", block.width, -norm.limit, norm.limit, (times.lead % period,),
                       "a vector over its norm", norm.longest)]
    if block.rotary:
        populations.append(source("angle", size // 2))
        inputs.append(input_of("angle", size // 2, -ANGLE_LIMIT, ANGLE_LIMIT, (0, 1),
                               "the token's cosines, and a step later its sines"))
    for name, layer, code in (("query", block.query, block.query_code),
                              ("key", block.key, block.key_code)):
        rows = layer.outputs
        if block.rotary:
            turned = _rotary(code, rows, size, period, times)
            populations.append(Population(name, rows, turned))
            projections += _turned(name, rows, size, times)
        else:
            populations.append(Population(name, rows, _plain(code, period, times)))
            projections.append(one_to_one(f"{name}_own", f"{name}_x", name, rows,
                                          times.code_at - times.x_at - 1))
    at = {p.name: p for p in populations}
    outputs = [Port.of(at[name], (step % period,)) for name, step in (
        ("query", times.code_at), ("key", times.code_at), ("value_x", times.x_at))]
    return Network("project", "fixed", tuple(populations), tuple(projections),
                   Schedule(period, phase("project", times.lead, times.code_at - times.lead + 1,
                                          period)),
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


def _layer(name: str, layer: Dense, period: int, times: Timeline) -> Population:
    return Population(name, layer.outputs, Requantise(
        layer.multiplier, layer.shift, layer.bias, X_LIMIT, period, times.x_at % period))


def _plain(code: Code, period: int, times: Timeline) -> Requantise:
    return Requantise(code.multiplier, code.shift, centred_bias(code), code.limit, period,
                      times.code_at % period)


def _rotary(code: Code, rows: int, size: int, period: int, times: Timeline) -> Rotary:
    own = times.x_at + 1
    return Rotary(second_of(rows, size), code.centre, code.multiplier, code.shift, code.limit,
                  period, own % period, (own + 1) % period, times.cos_at % period,
                  times.code_at % period)


def _turned(name: str, rows: int, size: int, times: Timeline) -> list[Projection]:
    """Its own number, its partner's a step later, then cosine and sine."""
    across = identity(rows)[partner_of(rows, size)]
    angles = identity(size // 2)[pair_of(rows, size)]
    return [one_to_one(f"{name}_own", f"{name}_x", name, rows),
            Projection(f"{name}_partner", f"{name}_x", name, across, 1, graded=True),
            Projection(f"{name}_angle", "angle", name, angles, times.cos_at - 1,
                       graded=True)]
