"""Random blocks in integers: with or without rotary positions, gates, and shared keys."""

from __future__ import annotations

from typing import Any

import numpy as np

from neuromorph.circuits.block.numbers import Block, Code, Dense, HeadNorm
from neuromorph.circuits.hebbian_attention import WRITE_STEPS
from neuromorph.circuits.latency_attention import LatencyAttention
from neuromorph.circuits.norm import norm_of
from neuromorph.neurons.gate import GELU, SILU


def a_head(slots: int, size: int, window: int = 10, ramp: int = 220) -> LatencyAttention:
    bound = (2 * 20 * 20 * size >> 1) + 1
    return LatencyAttention(
        slots=slots, key_size=size, value_size=size, spikes="graded", key_shift=1, ramp=ramp,
        window=window, score_bound=bound, latest=bound * 3 // 4, query_limit=20, key_limit=20,
        value_limit=127, value_shift=2, control_decay=2048, unit=254)


def a_layer(rng: np.random.Generator, rows: int, columns: int, gain: float, bias: int = 0) -> Dense:
    """Multipliers that differ by row and give sums about that gain."""
    multiplier = (gain * rng.uniform(.5, 1.5, rows) * 2**14).astype(np.int64)
    return Dense(rng.integers(-127, 128, (rows, columns)), np.minimum(multiplier, 65535),
                 np.full(rows, 14), rng.integers(-bias, bias + 1, rows))


def a_code(rng: np.random.Generator, rows: int, limit: int, gain: float, centre: int) -> Code:
    multiplier = (gain * rng.uniform(.7, 1.3, rows) * 2**16).astype(np.int64)
    return Code(rng.integers(-centre, centre + 1, rows), np.minimum(multiplier, 65535),
                np.full(rows, 16), limit)


def a_head_norm(seed: tuple[int, int], heads: int, size: int, period: int) -> HeadNorm:
    """Gains of both signs, of which the largest are cut off now and then."""
    rng = np.random.default_rng(seed)
    norm = norm_of(size, 2000, 2**15 - 1, period, epsilon=9000, heads=heads)
    return HeadNorm(norm, rng.choice([-1, 1], size) * rng.integers(2**12, 2**15, size),
                    rng.integers(13, 16, size))


def a_block(seed: int = 0, *, width: int = 6, size: int = 4, heads: int = 2, groups: int = 1,
            hidden: int = 9, slots: int = 4, rotary: bool = True, gated: bool = True,
            turns: int = 2, windows: tuple[int, ...] = (10, 8), layer_norm: bool = False,
            post: bool = False, head_norms: bool = False, **changed: Any) -> Block:
    rng = np.random.default_rng(seed)
    kinds = tuple(a_head(slots, size, windows[n % len(windows)]) for n in range(heads))
    period = WRITE_STEPS + max(head.period for head in kinds)
    norm = norm_of(width, 200, 8191, period, epsilon=40_000, centred=layer_norm)
    carry = np.full(width, 15 * 2**8), np.full(width, 8)
    fields: dict[str, Any] = {
        "attention_norm": norm, "mlp_norm": norm, "end_norm": norm if post else None,
        "unit_norm": norm_of(hidden, 4000 / hidden**.5, 8191, period, root=True),
        "query": a_layer(rng, heads * size, width, .1, 50),
        "key": a_layer(rng, groups * size, width, .1, 50),
        "value": a_layer(rng, groups * size, width, .1),
        "query_code": a_code(rng, heads * size, 20, .008, 0 if rotary else 30),
        "key_code": a_code(rng, groups * size, 20, .008, 60),
        "value_code": a_code(rng, groups * size, 127, .04, 0),
        "heads": kinds, "groups": groups, "rotary": rotary, "turns": turns,
        "output": a_layer(rng, width, heads * size, .02, 300),
        "gate": a_layer(rng, hidden, width, .06, 80),
        "up": a_layer(rng, hidden, width, .06, 80) if gated else None,
        "activation": SILU if gated else GELU, "unit_bits": 10, "product_shift": 9,
        "hidden_limit": 2**23 - 1,
        "down": Dense(rng.integers(-127, 128, (width, hidden)),
                      rng.integers(2**9, 2**11, width), np.full(width, 30),
                      rng.integers(-200, 201, width)),
        "carries": (carry, carry) if post else ((2, 1), (2, 1)),
    }
    if head_norms:
        fields |= {"query_norm": a_head_norm((seed, 5), heads, size, period),
                   "key_norm": a_head_norm((seed, 6), groups, size, period)}
    return Block(**{**fields, **changed})


def a_stream(seed: int, tokens: int, width: int) -> np.ndarray:
    """Usual tokens; the third is nothing, the fifth has a massive number."""
    rng = np.random.default_rng(seed)
    stream = np.rint(rng.normal(0, 3000, (tokens, width))).astype(np.int64)
    if tokens > 2:
        stream[2] = 0
    if tokens > 4:
        stream[4, 0] = 2**21
    return stream
