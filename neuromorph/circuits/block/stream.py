"""The residual stream of a block: W_o and W_d add to it; and the gated hidden vector between."""

from __future__ import annotations

import numpy as np

from neuromorph.circuits.block.layers import (
    dense,
    input_of,
    one_to_one,
    phase,
    source,
    to_all,
    waiting,
)
from neuromorph.circuits.block.numbers import Block
from neuromorph.circuits.latency_attention.emit import emission_of
from neuromorph.network import Network, Population, Port, Projection, Relay, Schedule
from neuromorph.neurons.gate import Gate
from neuromorph.neurons.residual import Residual
from neuromorph.neurons.rsqrt import ROOT_LARGEST
from neuromorph.neurons.unit_residual import UnitResidual
from neuromorph.numerics.limits import STATE_MAX


def attended(block: Block) -> Network:
    """R' = carry R + W_o c, a part of the contexts at a time."""
    period, size, times = block.period, block.size, block.timeline
    steps = [(times.context_at + turn) % period for turn in range(block.turns)]
    carry, carry_shift = block.carries[0]
    out = Population("out", block.width, Residual(
        carry, carry_shift, block.output.multiplier, block.output.shift, block.output.bias,
        limit=block.mlp_norm.largest, period=period, keep_at=times.context_at % period,
        at=times.middle_at % period))
    names = [f"context{n}" for n in range(len(block.heads))]
    limits = [emission_of(head).limit for head in block.heads]
    inputs = [input_of("r", block.width, -STATE_MAX, STATE_MAX, (0,), "the stream before"),
              *(input_of(name, size, -limit, limit, tuple(steps))
                for name, limit in zip(names, limits, strict=True))]
    weights = np.split(block.output.weights, len(names), axis=1)
    waits, carries = waiting("carry", "r", "out", block.width, times.context_at, "wait")
    return Network(
        "attended", "fixed",
        (source("r", block.width), *(source(n, size) for n in names), *waits, out),
        (*carries,
         *(dense(f"w_{name}", name, "out", some)
           for name, some in zip(names, weights, strict=True))),
        Schedule(period, phase("attended", times.context_at, block.turns, period)),
        inputs=tuple(inputs), outputs=(Port.of(out, (times.middle_at % period,)),))


def gated(block: Block) -> Network:
    """a = activation(W_g h) * (W_u h), or of W_g h alone.

    W_u hears h a step later, from relays: a delay would take 6 bits of every synapse.
    """
    period, limit, times = block.period, block.mlp_norm.limit, block.timeline
    heard = times.normed_at % period
    up = block.up
    scales = ({"up_multiplier": up.multiplier, "up_shift": up.shift, "up_bias": up.bias}
              if up is not None else
              {"up_multiplier": 0, "up_shift": 1, "up_bias": 1 << block.product_shift})
    a = Population("a", block.hidden, Gate(
        block.gate.multiplier, block.gate.shift, block.gate.bias, **scales,
        unit_bits=block.unit_bits, slope=block.activation.slope, cubic=block.activation.cubic,
        product_shift=block.product_shift, limit=block.hidden_limit, period=period,
        gate_at=(heard + 1) % period, at=times.hidden_at % period))
    populations: list[Population] = [source("h", block.width), a]
    ways: list[Projection] = [dense("gate", "h", "a", block.gate.weights)]
    if up is not None:
        populations.append(Population("again", block.width, Relay()))
        ways += [one_to_one("repeat", "h", "again", block.width),
                 dense("up", "again", "a", up.weights)]
    return Network(
        "gated", "fixed", tuple(populations), tuple(ways),
        Schedule(period, phase("gated", times.hidden_at - 1, 2, period)),
        inputs=(input_of("h", block.width, -limit, limit, (heard,), "a vector over its norm",
                         block.mlp_norm.longest),),
        outputs=(Port.of(a, (times.hidden_at % period,)),))


def fed_back(block: Block) -> Network:
    """R'' = carry R' + ||a|| W_d (a / ||a||)."""
    period, limit, times = block.period, block.unit_norm.limit, block.timeline
    carry, carry_shift = block.carries[1]
    out = Population("out", block.width, UnitResidual(
        carry, carry_shift, block.down.multiplier, block.down.shift, block.down.bias,
        limit=(block.end_norm or block.attention_norm).largest, period=period,
        keep_at=times.root_at % period, root_at=(times.root_at + 1) % period,
        at=times.fed_back_at % period))
    carried_at = times.normed_at if block.post else times.middle_at
    inputs = (
        input_of("r", block.width, -STATE_MAX, STATE_MAX, (carried_at % period,)),
        input_of("root", 1, 0, ROOT_LARGEST, (times.root_at % period,)),
        input_of("h", block.hidden, -limit, limit, (times.unit_at % period,), "a unit vector",
                 block.unit_norm.longest))
    return Network(
        "fed_back", "fixed",
        (source("r", block.width), source("root", 1), source("h", block.hidden), out),
        (one_to_one("carry", "r", "out", block.width, times.root_at - carried_at - 1),
         to_all("norm", "root", "out", block.width),
         dense("down", "h", "out", block.down.weights)),
        Schedule(period, phase("fed_back", times.fed_back_at, 1, period)), inputs=inputs,
        outputs=(Port.of(out, (times.fed_back_at % period,)),))
