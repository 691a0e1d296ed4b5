"""Tokens through all blocks and the head: one compiled call, which threads share."""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neuromorph.backends.fast.compiled import compiled
from neuromorph.backends.fast.lanes import beyond, keep, start
from neuromorph.backends.fast.transformer.attention import attend
from neuromorph.backends.fast.transformer.barrier import meet
from neuromorph.backends.fast.transformer.calls import call, part
from neuromorph.backends.fast.transformer.head import answer
from neuromorph.backends.fast.transformer.layers import add_up
from neuromorph.backends.fast.transformer.memory import longs_at
from neuromorph.backends.fast.transformer.passing import (
    encode,
    feed_back,
    gate_hidden,
    hear,
    remember,
)
from neuromorph.backends.fast.transformer.tables import (
    ANSWER_FROM,
    ANSWERS,
    BARRIER,
    BLOCK,
    BLOCKS,
    CARRIED,
    DOWN,
    EMBEDDING_NORM,
    END_NORM,
    FROM,
    GATE,
    GATED,
    HEAD_NORM,
    IN_FRONT_OF,
    LAYERS_FROM,
    LAYERS_TO,
    NORM_1,
    NORM_2,
    NORM_OF,
    OUTPUT,
    QUERY,
    S_END,
    S_MLP_NORMED,
    S_NOBODY,
    S_NORMED,
    S_UNIT,
    SOURCE,
    SPEAKER,
    TURNS,
    UNIT_NORM,
)

STAGES = hear, add_up, encode, attend, remember, gate_hidden, feed_back, answer
HEAR, ADD_UP, ENCODE, ATTEND, REMEMBER, GATE_HIDDEN, FEED_BACK, ANSWER = range(len(STAGES))


@cache
def stages() -> NDArray[np.int64]:
    """Addresses of all stages, compiled now or loaded."""
    return np.array([one.address for one in STAGES])


@part
def norm(
    table: Any, which: int, source: int, carried: int, speaker: int, in_front_of: int, begin: int
) -> None:
    """Say which norm `hear` is of."""
    table[NORM_OF], table[SOURCE], table[CARRIED] = which, source, carried
    table[SPEAKER], table[IN_FRONT_OF], table[FROM] = speaker, in_front_of, begin


@part
def layers(table: Any, which: int, count: int) -> None:
    """Say which layers `add_up` is of."""
    table[LAYERS_FROM], table[LAYERS_TO] = which, which + count


@compiled(nogil=True, error_model="numpy")
def walk(first: int, stride: int, addresses: Any, blocks: Any, work: Any, counts: Any) -> None:
    """Tokens through all blocks, and the head.

    Parameters
    ----------
    first, stride : this thread, and how many there are
    addresses : `stages`
    blocks, work : int64 arrays, flat
        What there is, what to read and where to write; see `tables`.
    counts : int64 array, shape (threads, COUNTS + 1)
    """
    mine = counts[first]
    tally, job, block = start(mine), start(work), start(blocks)
    words = longs_at(job[BARRIER])
    told = np.empty(8, np.int64)
    table = start(told)
    if job[EMBEDDING_NORM] >= 0:
        norm(table, job[EMBEDDING_NORM], 0, 1, S_NOBODY, -1, 0)
        call(addresses[HEAR], first, stride, table, job, tally)
    for n in range(job[BLOCKS]):
        norm(table, block[NORM_1], 0, 0, S_NORMED, n, 0)
        call(addresses[HEAR], first, stride, table, job, tally)
        meet(words, stride)
        layers(table, block[QUERY], 3)
        call(addresses[ADD_UP], first, stride, table, job, tally)
        meet(words, stride)
        call(addresses[ENCODE], first, stride, block, job, tally)
        meet(words, stride)
        call(addresses[ATTEND], first, stride, block, job, tally)
        meet(words, stride)
        layers(table, block[OUTPUT], block[TURNS])
        call(addresses[ADD_UP], first, stride, table, job, tally)
        meet(words, stride)
        call(addresses[REMEMBER], first, stride, block, job, tally)
        norm(table, block[NORM_2], 0, block[END_NORM] >= 0, S_MLP_NORMED, -1, 0)
        call(addresses[HEAR], first, stride, table, job, tally)
        meet(words, stride)
        layers(table, block[GATE], 1 + block[GATED])
        call(addresses[ADD_UP], first, stride, table, job, tally)
        meet(words, stride)
        call(addresses[GATE_HIDDEN], first, stride, block, job, tally)
        norm(table, block[UNIT_NORM], 1, 0, S_UNIT, -1, 0)
        call(addresses[HEAR], first, stride, table, job, tally)
        meet(words, stride)
        layers(table, block[DOWN], 1)
        call(addresses[ADD_UP], first, stride, table, job, tally)
        meet(words, stride)
        call(addresses[FEED_BACK], first, stride, block, job, tally)
        if block[END_NORM] >= 0:
            norm(table, block[END_NORM], 0, 1, S_END, -1, 0)
            call(addresses[HEAR], first, stride, table, job, tally)
        block = beyond(block, BLOCK)
    norm(table, job[HEAD_NORM], 0, 0, S_NOBODY, job[BLOCKS], job[ANSWER_FROM])
    call(addresses[HEAR], first, stride, table, job, tally)
    meet(words, stride)
    if job[ANSWERS]:
        call(addresses[ANSWER], first, stride, table, job, tally)
    for held in (told, work, mine):
        keep(held)
    keep(blocks)
