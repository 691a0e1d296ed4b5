"""A tiny Llama block of random integers: scaled as a trained one is, so that few of them clip."""

from __future__ import annotations

from dataclasses import replace
from math import sqrt
from typing import Annotated

import numpy as np
from numpy.typing import NDArray

from neuromorph.circuits.block.numbers import X_LIMIT, Block, Code, Dense, HeadNorm, Ints
from neuromorph.circuits.hebbian_attention import WRITE_STEPS
from neuromorph.circuits.latency_attention import LatencyAttention
from neuromorph.circuits.latency_attention.emit import emission_of
from neuromorph.circuits.norm import Norm, norm_of
from neuromorph.neurons.gate import GELU, SILU
from neuromorph.neurons.unit_residual import PART_BITS
from neuromorph.numerics import SIGNED_8
from neuromorph.numerics.limits import MULTIPLIER_MAX, STATE_MAX
from neuromorph.shapes import Int64

STREAM = 3000
"""Root mean square of R; what attention and the MLP each add has about half of that."""

MASSIVE = 2**21
"""The one number of a massive token."""

NORMED, NORMED_LIMIT, EPSILON = 200, 8191, 40
"""Root mean square and limit of h, and a norm's epsilon."""

UNIT = 4000
"""Length of the unit vector's payloads."""

X, CODE_LIMIT, VALUE_LIMIT, ROOM = 2000, 20, 127, 4
"""Root mean square of x; limits of codes, which are so many times their root mean square."""

WIDE_X = 64 * X
"""That of an x that is normed."""

UNIT_BITS, PRODUCT_SHIFT, GATED = 10, 9, 1500
"""1 of the gate is 2^10; root mean square of both its sums."""

RMS_WEIGHT = SIGNED_8 / sqrt(3)
"""Of a weight drawn from -127 to 127."""

LONG_ROW = 1.15
"""The longest of many rows of weights, in root mean squares."""


def tiny_block(
    seed: int = 0, *, width: int = 8, heads: int = 2, groups: int = 1, size: int = 4,
    hidden: int = 12, slots: int = 4, window: int = 10, turns: int = 2, rotary: bool = True,
    gated: bool = True, layer_norm: bool = False, head_norms: bool = False,
) -> Block:
    """A block with int8 weights drawn evenly, and constants that follow from their spread.

    ::

        w ~ -127 .. 127;      MS(sum_j w_ij x_j; m_i, s_i) has the root mean square that it should
                              for independent x, times 0.7 to 1.3, drawn for each neuron

    Parameters
    ----------
    seed : int
    width, hidden : int
        Numbers of the residual stream; neurons of the MLP.
    heads, groups : int
        Query heads, and the key and value heads that they share.
    size : int
        Numbers of a head's query; even, if ``rotary``.
    slots : int
        Tokens that a head remembers: the ring begins anew after them.
    window : int
        Steps of the first head's; every second one has two less.
    turns : int
        Parts of W_o.
    rotary, gated : bool
        Rotary positions; SiLU with a second sum, or GELU without.
    layer_norm : bool
        Whether norms take the mean away.
    head_norms : bool
        Whether each head's queries and keys have norms.

    Raises
    ------
    NetworkError, RangeProofError
        As `build`, for numbers that do not fit each other.
    """
    rng = np.random.default_rng(seed)
    kinds = tuple(_head(slots, size, window - 2 * (n % 2)) for n in range(heads))
    period = WRITE_STEPS + max(head.period for head in kinds)
    heard, length = (min(most, STATE_MAX / (LONG_ROW * RMS_WEIGHT * rows)) for most, rows in (
        (NORMED, width), (UNIT, sqrt(hidden))))
    norm = norm_of(width, heard, NORMED_LIMIT, period, epsilon=EPSILON, centred=layer_norm)
    unit = norm_of(hidden, length / sqrt(hidden), NORMED_LIMIT, period, root=True)
    asked, kept = heads * size, groups * size
    context = emission_of(kinds[0]).limit / ROOM
    sent = WIDE_X if head_norms else X
    block = Block(
        attention_norm=norm, mlp_norm=norm, unit_norm=unit,
        query=_layer(rng, asked, width, heard, sent), key=_layer(rng, kept, width, heard, sent),
        value=_layer(rng, kept, width, heard, X),
        query_code=_code(rng, asked, CODE_LIMIT), key_code=_code(rng, kept, CODE_LIMIT),
        value_code=_code(rng, kept, VALUE_LIMIT), heads=kinds, groups=groups, rotary=rotary,
        turns=turns, output=_layer(rng, width, asked, context, STREAM / 2),
        gate=_layer(rng, hidden, width, heard, GATED),
        up=_layer(rng, hidden, width, heard, GATED) if gated else None,
        activation=SILU if gated else GELU, unit_bits=UNIT_BITS, product_shift=PRODUCT_SHIFT,
        hidden_limit=STATE_MAX, down=_down(rng, width, unit, length, gated=gated),
        carries=((2, 1), (2, 1)))
    return block if not head_norms else replace(
        block, query_norm=_head_norm(rng, heads, size, period),
        key_norm=_head_norm(rng, groups, size, period))


def tiny_stream(
    seed: int, tokens: int, width: int, *, massive: bool = False
) -> Annotated[Int64, "tokens width"]:
    """R of a sequence, drawn evenly about 0; shape (tokens, width).

    With ``massive`` the first number of the last token is 2^21, as trained models have such.
    """
    rng = np.random.default_rng((seed, 1))
    stream: Ints = np.rint(rng.normal(0, STREAM, (tokens, width))).astype(np.int64)
    if massive:
        stream[-1, 0] = MASSIVE
    return stream


def _head(slots: int, size: int, window: int) -> LatencyAttention:
    """Five standard deviations of a score in a window: 0.35 nats in each tenth of it."""
    spread = (CODE_LIMIT / ROOM) ** 2 * sqrt(size)
    bound = CODE_LIMIT**2 * size + 1
    return LatencyAttention(
        slots=slots, key_size=size, value_size=size, spikes="graded", key_shift=1,
        ramp=max(1, round(5 * spread / window)), window=window, score_bound=bound,
        latest=min(bound, round(2.5 * spread)), query_limit=CODE_LIMIT, key_limit=CODE_LIMIT,
        value_limit=VALUE_LIMIT, value_shift=2, control_decay=2048, unit=2 * VALUE_LIMIT)


def _layer(rng: np.random.Generator, rows: int, columns: int, heard: float, sent: float) -> Dense:
    """From payloads of one root mean square to sums of another."""
    gain = sent / (RMS_WEIGHT * heard * sqrt(columns)) * _uneven(rng, rows)
    bias = round(sent / 10)
    return Dense(_weights(rng, rows, columns), *_constants(gain),
                 rng.integers(-bias, bias + 1, rows))


def _code(rng: np.random.Generator, rows: int, limit: int) -> Code:
    return Code(np.zeros(rows, np.int64), *_constants(limit / ROOM / X * _uneven(rng, rows)), limit)


def _head_norm(rng: np.random.Generator, heads: int, size: int, period: int) -> HeadNorm:
    """Gains of 0.7 to 1.3, and of both signs."""
    multiplier, shift = _constants(_uneven(rng, size))
    norm = norm_of(size, X, X_LIMIT, period, epsilon=EPSILON, heads=heads)
    return HeadNorm(norm, rng.choice([-1, 1], size) * multiplier, shift)


def _down(
    rng: np.random.Generator, rows: int, unit: Norm, length: float, *, gated: bool
) -> Dense:
    """What is added is W a (length / 2^15) multiplier 2^(30 - ladder / 2 - shift)."""
    a = GATED / 2 * (GATED / 2**PRODUCT_SHIFT if gated else 1)
    gain = STREAM / 2 / (RMS_WEIGHT * a * sqrt(unit.size)) * _uneven(rng, rows)
    places = 15 - unit.ladder.shift / 2
    multiplier, shift = _constants(gain / length / 2**places, 2**PART_BITS)
    return Dense(_weights(rng, rows, unit.size), multiplier, shift,
                 rng.integers(-STREAM // 20, STREAM // 20 + 1, rows))


def _weights(rng: np.random.Generator, rows: int, columns: int) -> Ints:
    found: Ints = rng.integers(-SIGNED_8, SIGNED_8 + 1, (rows, columns))
    return found


def _uneven(rng: np.random.Generator, rows: int) -> NDArray[np.float64]:
    return rng.uniform(.7, 1.3, rows)


def _constants(gain: NDArray[np.float64], largest: int = MULTIPLIER_MAX) -> tuple[Ints, Ints]:
    """The multipliers and shifts nearest to gains, with as many bits as there are."""
    shift = np.floor(np.log2(largest / gain)).astype(np.int64)
    return np.rint(gain * 2.0**shift).astype(np.int64), shift
