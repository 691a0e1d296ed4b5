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
from neuromorph.backends.fast.transformer.calls import call
from neuromorph.backends.fast.transformer.head import answer, say_last
from neuromorph.backends.fast.transformer.layers import add_up
from neuromorph.backends.fast.transformer.memory import longs_at
from neuromorph.backends.fast.transformer.passing import (
    begin,
    embed,
    encode,
    feed_back,
    gate_hidden,
    remember,
)
from neuromorph.backends.fast.transformer.tables import (
    ANSWERS,
    BARRIER,
    BLOCK,
    BLOCKS,
    DOWN,
    EMBEDDING_NORM,
    GATE,
    GATED,
    OUTPUT,
    QUERY,
    TURNS,
)

(EMBED, BEGIN, ADD_UP, ENCODE, ATTEND, REMEMBER, GATE_HIDDEN, FEED_BACK, SAY_LAST,
 ANSWER) = range(10)


STAGES = (embed, begin, add_up, encode, attend, remember, gate_hidden, feed_back, say_last, answer)


@cache
def stages() -> NDArray[np.int64]:
    """Addresses of all stages, compiled now or loaded."""
    return np.array([one.address for one in STAGES])


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
    of_layers = np.empty(2, np.int64)
    layers = start(of_layers)
    if job[EMBEDDING_NORM] >= 0:
        call(addresses[EMBED], first, stride, block, job, tally)
    for _ in range(job[BLOCKS]):
        call(addresses[BEGIN], first, stride, block, job, tally)
        meet(words, stride)
        layers[0], layers[1] = block[QUERY], block[QUERY] + 3
        call(addresses[ADD_UP], first, stride, layers, job, tally)
        meet(words, stride)
        call(addresses[ENCODE], first, stride, block, job, tally)
        meet(words, stride)
        call(addresses[ATTEND], first, stride, block, job, tally)
        meet(words, stride)
        layers[0], layers[1] = block[OUTPUT], block[OUTPUT] + block[TURNS]
        call(addresses[ADD_UP], first, stride, layers, job, tally)
        meet(words, stride)
        call(addresses[REMEMBER], first, stride, block, job, tally)
        meet(words, stride)
        layers[0], layers[1] = block[GATE], block[GATE] + 1 + block[GATED]
        call(addresses[ADD_UP], first, stride, layers, job, tally)
        meet(words, stride)
        call(addresses[GATE_HIDDEN], first, stride, block, job, tally)
        meet(words, stride)
        layers[0], layers[1] = block[DOWN], block[DOWN] + 1
        call(addresses[ADD_UP], first, stride, layers, job, tally)
        meet(words, stride)
        call(addresses[FEED_BACK], first, stride, block, job, tally)
        block = beyond(block, BLOCK)
    call(addresses[SAY_LAST], first, stride, block, job, tally)
    meet(words, stride)
    if job[ANSWERS]:
        call(addresses[ANSWER], first, stride, block, job, tally)
    keep(of_layers)
    keep(blocks)
    keep(work)
    keep(mine)
