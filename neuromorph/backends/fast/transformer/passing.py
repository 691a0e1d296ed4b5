"""Stages between dense layers: each thread takes some tokens."""

from __future__ import annotations

from typing import Any

import numpy as np

from neuromorph.backends.fast.lanes import beyond
from neuromorph.backends.fast.transformer.calls import Stage, part
from neuromorph.backends.fast.transformer.memory import ints_at, longs_at, shorts_at
from neuromorph.backends.fast.transformer.norm import normed
from neuromorph.backends.fast.transformer.stages import attended, code_token, fed_back, gated
from neuromorph.backends.fast.transformer.tables import (
    CAPACITY,
    CARRIED,
    CODE,
    CODES,
    COLUMNS,
    COSINES,
    DOWN,
    END_NORM,
    FIRST,
    FROM,
    GATE,
    HEAD_SIZE,
    IN_FRONT_OF,
    LAYER,
    LAYERS,
    MODEL_WIDTH,
    NORM,
    NORM_OF,
    NORMS,
    NUMBER,
    OUTPUT,
    QUERIES,
    QUERY,
    QUERY_STRIDE,
    RECORD,
    RINGS,
    ROOTS,
    S_END,
    S_MIDDLE,
    S_NOBODY,
    SAID,
    SAID_STRIDE,
    SINES,
    SOURCE,
    SPEAKER,
    STREAM,
    STREAM_STRIDE,
    SUMS,
    SUMS_STRIDE,
    TOKENS,
    WIDE_SAID,
)


@part
def stream_of(work: Any, t: int) -> Any:
    """R of a token."""
    return beyond(ints_at(work[STREAM]), t * work[STREAM_STRIDE])


@part
def said_by(work: Any, t: int) -> tuple[Any, Any]:
    """What is said of a token, of 32 and of 16 bits."""
    at = t * work[SAID_STRIDE]
    return beyond(ints_at(work[WIDE_SAID]), at), beyond(shorts_at(work[SAID]), at)


@part
def record(work: Any, n: int, t: int) -> None:
    """Keep R of a token in front of a block, if somebody asks for it."""
    if work[RECORD]:
        width, stream = work[MODEL_WIDTH], stream_of(work, t)
        to = beyond(ints_at(work[RECORD]), (n * work[TOKENS] + t) * width)
        for i in range(width):
            to[i] = stream[i]


@part
def _sums(work: Any, t: int) -> Any:
    return beyond(ints_at(work[SUMS]), t * work[SUMS_STRIDE])


@part
def _layer(work: Any, n: int) -> Any:
    return beyond(longs_at(work[LAYERS]), LAYER * n)


@Stage
def hear(first: int, stride: int, which: Any, work: Any, counts: Any) -> None:
    """What the next layer hears of tokens: vectors over their norms, or as they are."""
    for t in range(first, work[TOKENS], stride):
        if which[IN_FRONT_OF] >= 0:
            record(work, which[IN_FRONT_OF], t)
        if t < which[FROM]:
            continue
        wide, narrow = said_by(work, t)
        stream = stream_of(work, t)
        if which[NORM_OF] < 0:
            for i in range(work[MODEL_WIDTH]):
                wide[i] = stream[i]
                narrow[i] = np.int16(stream[i])
            continue
        norm = beyond(longs_at(work[NORMS]), NORM * which[NORM_OF])
        source = _sums(work, t) if which[SOURCE] else stream
        longs_at(work[ROOTS])[t] = normed(norm, source, wide, narrow, counts, which[SPEAKER])
        if which[CARRIED]:
            for i in range(work[MODEL_WIDTH]):
                stream[i] = wide[i]


@Stage
def encode(first: int, stride: int, block: Any, work: Any, counts: Any) -> None:
    """Codes: queries are kept, keys and values go to their slots."""
    half, n, rings = block[HEAD_SIZE] // 2, block[NUMBER], longs_at(work[RINGS])
    for t in range(first, work[TOKENS], stride):
        place = work[FIRST] + t
        code_token(block, _layer(work, block[QUERY]), beyond(longs_at(work[CODES]), 3 * CODE * n),
                   longs_at(work[NORMS]), _sums(work, t),
                   beyond(ints_at(work[COSINES]), place * half),
                   beyond(ints_at(work[SINES]), place * half),
                   beyond(shorts_at(work[QUERIES]), t * work[QUERY_STRIDE]), rings[2 * n],
                   rings[2 * n + 1], place % work[CAPACITY], work[CAPACITY], work[COLUMNS], counts)


@Stage
def remember(first: int, stride: int, block: Any, work: Any, counts: Any) -> None:
    """R' in place of R."""
    for t in range(first, work[TOKENS], stride):
        attended(block, _layer(work, block[OUTPUT]), stream_of(work, t), _sums(work, t), counts,
                 S_MIDDLE)


@Stage
def gate_hidden(first: int, stride: int, block: Any, work: Any, counts: Any) -> None:
    """The hidden vector in place of the gate's sums."""
    for t in range(first, work[TOKENS], stride):
        gated(block, _layer(work, block[GATE]), _sums(work, t), counts)


@Stage
def feed_back(first: int, stride: int, block: Any, work: Any, counts: Any) -> None:
    """R'' in place of R'."""
    speaker = S_END if block[END_NORM] < 0 else S_NOBODY
    for t in range(first, work[TOKENS], stride):
        fed_back(block, _layer(work, block[DOWN]), stream_of(work, t), _sums(work, t),
                 longs_at(work[ROOTS])[t], counts, speaker)
