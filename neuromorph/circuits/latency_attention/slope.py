"""A bias that falls evenly with the distance (ALiBi), by block: a few axons, not one a slot.

With slot j = block b + l, and i the last slot that a query sees,

::

    bias_ij = max(0, near - far(i - block b)) + pace weight_l
    far(d) = (slope d + 2^15) >> 16         weight_l = round(slope l / (2^16 pace))

which is near - slope (i - j) / 2^16 within (1 + pace) / 2 units in all blocks whose first slot
``near`` reaches; what lies farther gains a block's descent at most. An axon a block carries the
first term, the query's part with it, and one axon of all slots the second. Blocks that ``near``
does not reach are silent, and those after i: how many speak depends neither on the slope nor on
the context.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Annotated

import numpy as np
from numpy.typing import NDArray

from neuromorph.circuits.latency_attention.motif import LatencyAttention
from neuromorph.numerics.limits import WEIGHT_MAX
from neuromorph.shapes import Bool, Int32, Int64, Integer

SLOPE_BITS = 16
"""Bits of a slope's fraction of a unit."""

Ints = NDArray[np.int64]


def takes_bias(head: LatencyAttention) -> bool:
    """Whether a host sends what a query adds to each slot's score, one by one."""
    return head.bias_limit > 0 and not head.slope


def blocks(head: LatencyAttention) -> int:
    """How many there are."""
    return -(-head.slots // head.block)


def far(
    head: LatencyAttention, distance: Annotated[Integer, "*shape"]
) -> Annotated[Int64, "*shape"]:
    """Units that so many slots weigh, rounded."""
    scaled: Ints = distance.astype(np.int64) * head.slope + (1 << SLOPE_BITS - 1)
    return scaled >> SLOPE_BITS


def pace_of(head: LatencyAttention) -> int:
    """The payload that stands for one unit of weight within a block.

    Of the least that fits 8-bit synapses and of a slot's whole units, what rounds less.
    """
    return _pace(head.slope, head.block)


def weights_of(head: LatencyAttention) -> Annotated[Int64, "block"]:
    """Weights of the slots of a block, shape (block,): 0 at its first."""
    return _weights(head.slope, head.block, pace_of(head))


def reach_of(head: LatencyAttention) -> int:
    """The largest sum of both terms, for slots that a query sees or not; 0 without a slope."""
    return head.near + pace_of(head) * int(weights_of(head)[-1]) if head.slope else 0


def near_of(
    head: LatencyAttention, mask: Annotated[Bool, "*batch keys"]
) -> Annotated[Int64, "*batch blocks"]:
    """What the axons of blocks say under masks (..., slots): shape (..., blocks).

    A block whose slots are all hidden says nothing.
    """
    count, slots = blocks(head), mask.shape[-1]
    padded = np.zeros((*mask.shape[:-1], count * head.block), bool)
    padded[..., :slots] = mask
    seen = padded.reshape(*mask.shape[:-1], count, head.block).any(axis=-1)
    distance = last_seen(mask)[..., None] - head.block * np.arange(count)
    near: Ints = np.where(seen, np.maximum(0, head.near - far(head, distance)), 0)
    return near


def bias_of(
    head: LatencyAttention, mask: Annotated[Bool, "*batch queries keys"]
) -> Annotated[Int64, "*_ queries keys"]:
    """What both terms add to the slots' scores, shape of the mask; 0 where it hides."""
    each = np.arange(mask.shape[-1])
    near = near_of(head, mask)[..., each // head.block]
    found: Ints = np.where(mask, near + (pace_of(head) * weights_of(head))[each % head.block], 0)
    return found


def blocks_of(
    head: LatencyAttention, held: Annotated[Bool, "keys"]
) -> Annotated[Int32, "neurons blocks"]:
    """-1 from a block's axon to the match neurons of its slots that hold a key."""
    here = np.arange(head.slots) // head.block
    rows = np.where(here[:, None] == np.arange(blocks(head)), -1, 0) * held[:, None]
    return np.tile(rows.astype(np.int32), (head.neurons_per_key, 1))


def descent_of(
    head: LatencyAttention, held: Annotated[Bool, "keys"]
) -> Annotated[Int32, "neurons _"]:
    """Weights within a block from the axon of all slots to those that hold a key, negative."""
    rows = -weights_of(head)[np.arange(head.slots) % head.block] * held
    return np.tile(rows[:, None].astype(np.int32), (head.neurons_per_key, 1))


def last_seen(mask: Annotated[Bool, "*batch keys"]) -> Annotated[Int64, "*batch"]:
    """The last slot that each query sees; any where it sees none."""
    last: Ints = mask.shape[-1] - 1 - mask[..., ::-1].argmax(axis=-1).astype(np.int64)
    return last


@lru_cache
def _pace(slope: int, block: int) -> int:
    least = max(1, -(-(slope * (block - 1)) // (WEIGHT_MAX << SLOPE_BITS)))
    whole = max(least, slope + (1 << SLOPE_BITS - 1) >> SLOPE_BITS)
    exact = slope * np.arange(block)
    return min((least, whole), key=lambda pace: int(
        np.abs((pace * _weights(slope, block, pace) << SLOPE_BITS) - exact).max()))


def _weights(slope: int, block: int, pace: int) -> Ints:
    unit = pace << SLOPE_BITS
    weights: Ints = (slope * np.arange(block, dtype=np.int64) + unit // 2) // unit
    return weights
