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
    CODE,
    CODES,
    COLUMNS,
    COSINES,
    DOWN,
    EMBEDDING_NORM,
    END_NORM,
    FIRST,
    GATE,
    HEAD_SIZE,
    LAYER,
    LAYERS,
    MODEL_WIDTH,
    NORM,
    NORM_1,
    NORM_2,
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
    S_MLP_NORMED,
    S_NOBODY,
    S_NORMED,
    S_UNIT,
    SAID,
    SAID_STRIDE,
    SINES,
    STREAM,
    STREAM_STRIDE,
    SUMS,
    SUMS_STRIDE,
    TOKENS,
    UNIT_NORM,
    WIDE_SAID,
    WIDTH,
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
def copied(source: Any, size: int, wide: Any, narrow: Any) -> None:
    """Said as it is."""
    for i in range(size):
        wide[i] = source[i]
        narrow[i] = np.int16(source[i])


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


@part
def norm_at(work: Any, n: int) -> Any:
    """A norm's constants."""
    return beyond(longs_at(work[NORMS]), NORM * n)


@Stage
def embed(first: int, stride: int, _block: Any, work: Any, counts: Any) -> None:
    """The norm of a post-norm model's embedding."""
    for t in range(first, work[TOKENS], stride):
        stream = stream_of(work, t)
        normed(norm_at(work, work[EMBEDDING_NORM]), stream, stream, said_by(work, t)[1], counts,
               S_NOBODY)


@Stage
def begin(first: int, stride: int, block: Any, work: Any, counts: Any) -> None:
    """What attention hears: h, or in a post-norm block R."""
    for t in range(first, work[TOKENS], stride):
        wide, narrow = said_by(work, t)
        record(work, block[NUMBER], t)
        if block[NORM_1] < 0:
            copied(stream_of(work, t), block[WIDTH], wide, narrow)
        else:
            normed(norm_at(work, block[NORM_1]), stream_of(work, t), wide, narrow, counts, S_NORMED)


@Stage
def encode(first: int, stride: int, block: Any, work: Any, counts: Any) -> None:
    """Codes: queries are kept, keys and values go to their slots."""
    half, n, rings = block[HEAD_SIZE] // 2, block[NUMBER], longs_at(work[RINGS])
    for t in range(first, work[TOKENS], stride):
        place = work[FIRST] + t
        code_token(block, _layer(work, block[QUERY]), beyond(longs_at(work[CODES]), 3 * CODE * n),
                   _sums(work, t), beyond(ints_at(work[COSINES]), place * half),
                   beyond(ints_at(work[SINES]), place * half),
                   beyond(shorts_at(work[QUERIES]), t * work[QUERY_STRIDE]), rings[2 * n],
                   rings[2 * n + 1], place % work[CAPACITY], work[CAPACITY], work[COLUMNS], counts)


@Stage
def remember(first: int, stride: int, block: Any, work: Any, counts: Any) -> None:
    """R', and what the MLP hears."""
    for t in range(first, work[TOKENS], stride):
        wide, narrow = said_by(work, t)
        stream = stream_of(work, t)
        attended(block, _layer(work, block[OUTPUT]), stream, _sums(work, t), counts, S_MIDDLE)
        normed(norm_at(work, block[NORM_2]), stream, wide, narrow, counts, S_MLP_NORMED)
        if block[END_NORM] >= 0:
            for i in range(block[WIDTH]):
                stream[i] = wide[i]


@Stage
def gate_hidden(first: int, stride: int, block: Any, work: Any, counts: Any) -> None:
    """The hidden vector over its norm, and the norm."""
    for t in range(first, work[TOKENS], stride):
        wide, narrow = said_by(work, t)
        gated(block, _layer(work, block[GATE]), _sums(work, t), counts)
        longs_at(work[ROOTS])[t] = normed(norm_at(work, block[UNIT_NORM]), _sums(work, t), wide,
                                          narrow, counts, S_UNIT)


@Stage
def feed_back(first: int, stride: int, block: Any, work: Any, counts: Any) -> None:
    """R'', or its norm."""
    ends = block[END_NORM]
    for t in range(first, work[TOKENS], stride):
        stream = stream_of(work, t)
        fed_back(block, _layer(work, block[DOWN]), stream, _sums(work, t),
                 longs_at(work[ROOTS])[t], counts, S_END if ends < 0 else S_NOBODY)
        if ends >= 0:
            normed(norm_at(work, ends), stream, stream, said_by(work, t)[1], counts, S_END)
