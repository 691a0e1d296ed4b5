"""Queries, keys and values of a token: dense layers behind a norm, and rotary positions."""

from __future__ import annotations

from typing import Annotated

import numpy as np

from neuromorph.circuits.block.layers import dense, input_of, one_to_one, phase, source
from neuromorph.circuits.block.numbers import X_LIMIT, Block, Code, HeadNorm, Ints
from neuromorph.circuits.block.timeline import Timeline
from neuromorph.network import Network, Population, Port, Projection, Schedule
from neuromorph.neurons.requantise import Requantise
from neuromorph.neurons.rotary import ANGLE_BITS, Rotary
from neuromorph.numerics import multiply_shift
from neuromorph.numerics.held import identity
from neuromorph.shapes import Int64

ANGLE_LIMIT = 1 << ANGLE_BITS
"""A cosine of 1."""


def project(block: Block) -> Network:
    """From h to codes of queries and keys, and values.

    ::

        h --W--> query_x, key_x, value_x        query_x --> query (own, partner, cos, sine)
        query_x --> norm --> query_n --(+-1)--> query_gained --> query     where heads have norms
    """
    period, size, times = block.period, block.size, block.timeline
    populations = [source("h", block.width)]
    projections: list[Projection] = []
    for name, layer in (("query", block.query), ("key", block.key), ("value", block.value)):
        populations.append(Population(f"{name}_x", layer.outputs, Requantise(
            layer.multiplier, layer.shift, layer.bias, block.x_limit(name), period,
            times.x_at % period)))
        projections.append(dense(f"{name}_w", "h", f"{name}_x", layer.weights))
    norm = block.attention_norm
    inputs = [input_of("h", block.width, -norm.limit, norm.limit, (times.lead % period,),
                       "a vector over its norm", norm.longest)]
    if block.rotary:
        populations.append(source("angle", size // 2))
        inputs.append(input_of("angle", size // 2, -ANGLE_LIMIT, ANGLE_LIMIT, (0, 1),
                               "the token's cosines, and a step later its sines"))
    for name, code in (("query", block.query_code), ("key", block.key_code)):
        own = block.head_norms.get(name)
        if own is not None:
            populations += [source(f"{name}_n", own.norm.width), _gained(name, own, block)]
            projections.append(_gain(name, own))
            inputs.append(_normed(name, own, block))
        codes, ways = _coded(name, f"{name}_x" if own is None else f"{name}_gained", code, block)
        populations.append(codes)
        projections += ways
    at = {p.name: p for p in populations}
    outputs = [Port.of(at[name], (step % period,)) for name, step in (
        ("query", times.code_at), ("key", times.code_at), ("value_x", times.x_at),
        *((f"{name}_x", times.x_at) for name in block.head_norms))]
    return Network("project", "fixed", tuple(populations), tuple(projections),
                   Schedule(period, phase("project", times.lead, times.code_at - times.lead + 1,
                                          period)),
                   inputs=tuple(inputs), outputs=tuple(outputs))


def partner_of(rows: int, size: int) -> Annotated[Int64, "_"]:
    """Whom each number is paired with: the first half of a head's with the second."""
    row = np.arange(rows)
    found: Ints = row - row % size + (row % size + size // 2) % size
    return found


def second_of(rows: int, size: int) -> Annotated[Int64, "_"]:
    """1 for the second of a pair."""
    return (np.arange(rows) % size >= size // 2).astype(np.int64)


def pair_of(rows: int, size: int) -> Annotated[Int64, "_"]:
    """Which angle turns a number."""
    found: Ints = np.arange(rows) % (size // 2)
    return found


def centred_bias(code: Code) -> Annotated[Int64, "_"]:
    """What stands for the centre, where a code has no neuron that takes it away first."""
    found: Ints = np.negative(multiply_shift(code.centre, code.multiplier, code.shift))
    return found


def _coded(
    name: str, heard: str, code: Code, block: Block
) -> tuple[Population, list[Projection]]:
    """Codes of what a population says, turned or not."""
    rows, period, times = len(code.shift), block.period, block.timeline
    if block.rotary:
        turned = _rotary(code, rows, block.size, period, times)
        return Population(name, rows, turned), _turned(name, heard, rows, block.size, times)
    wait = times.code_at - times.heard_at - 1
    return (Population(name, rows, _plain(code, period, times)),
            [one_to_one(f"{name}_own", heard, name, rows, wait)])


def _gained(name: str, own: HeadNorm, block: Block) -> Population:
    gain, shift = (np.tile(one, own.norm.heads) for one in (np.abs(own.gain), own.shift))
    return Population(f"{name}_gained", own.norm.width, Requantise(
        gain, shift, 0, X_LIMIT, block.period, block.timeline.heard_at % block.period))


def _gain(name: str, own: HeadNorm) -> Projection:
    """Synapses have the signs of gains, which no multiplier has."""
    signs = np.where(np.tile(own.gain, own.norm.heads) < 0, -1, 1)
    return dense(f"{name}_gain", f"{name}_n", f"{name}_gained", np.diag(signs))


def _normed(name: str, own: HeadNorm, block: Block) -> Port:
    at = (block.timeline.x_at + own.norm.h_at) % block.period
    return input_of(f"{name}_n", own.norm.width, -own.norm.limit, own.norm.limit, (at,),
                    "each head's numbers over their norm")


def _plain(code: Code, period: int, times: Timeline) -> Requantise:
    return Requantise(code.multiplier, code.shift, centred_bias(code), code.limit, period,
                      times.code_at % period)


def _rotary(code: Code, rows: int, size: int, period: int, times: Timeline) -> Rotary:
    own = times.heard_at + 1
    return Rotary(second_of(rows, size), code.centre, code.multiplier, code.shift, code.limit,
                  period, own % period, (own + 1) % period, times.cos_at % period,
                  times.code_at % period)


def _turned(
    name: str, heard: str, rows: int, size: int, times: Timeline
) -> list[Projection]:
    """Its own number, its partner's a step later, then cosine and sine."""
    across = identity(rows)[partner_of(rows, size)]
    angles = identity(size // 2)[pair_of(rows, size)]
    return [one_to_one(f"{name}_own", heard, name, rows),
            Projection(f"{name}_partner", heard, name, across, 1, graded=True),
            Projection(f"{name}_angle", "angle", name, angles, times.cos_at - 1,
                       graded=True)]
