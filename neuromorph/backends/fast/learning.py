"""Plastic projections in compiled integers: only synapses that a product can change are visited.

Weights stand by presynaptic neuron. All synapses of one are a line in memory. Those behind a
postsynaptic spike lie one in each line: see `columns`, and `pending` if there are many.
"""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np
from numba import cfunc, types

from neuromorph.backends.fast import pending
from neuromorph.backends.fast.columns import change_columns
from neuromorph.backends.fast.compiled import compiled, inner
from neuromorph.backends.fast.lanes import beyond
from neuromorph.backends.fast.learning_tables import (
    ACTIVE,
    AGAIN_DRAWS,
    AT_ONCE,
    CONDITION,
    COUNT,
    DONE,
    EPOCH,
    HEIGHT,
    HIGH,
    LOW,
    LOWEST,
    MODULATED,
    ON_TAG,
    PRODUCT,
    RATE,
    SPIKE,
    SYNAPSE_DRAWS,
    TAG_TOTAL,
    TAGS,
    TERM_COUNT,
    TOTAL,
    UNDER_X0,
    UNDER_Y0,
    VECTOR,
    WEIGHTS,
    WHO,
    WIDTH,
    X0,
    X_SIDE,
    Y0,
    Y_SIDE,
)
from neuromorph.backends.fast.pending import make_up_for, make_up_for_all, write_down
from neuromorph.backends.fast.products import add_term, begin, fill, round_into
from neuromorph.backends.fast.records import RECORD, doubles, ints, longs, shorts
from neuromorph.backends.fast.sides import OWN, fill_sides, holds, row_of, term_of
from neuromorph.backends.fast.traces import (
    forget_spikes,
    note_post,
    note_pre,
    remember,
    take_third_factors,
)
from neuromorph.learning.arithmetic import SYNAPSE_SHIFT
from neuromorph.network import Network
from neuromorph.numerics.limits import TAG_MAX, TAG_MIN

MANY = 8
"""One postsynaptic neuron in so many spiked: whole lines take less time."""


def _learn(
    one: Any, who: Any, what: Any, pre: int, behind: Any, post: int, sent: Any, t: int
) -> int:
    """One step of a plastic projection: note its spikes, learn at the end of an epoch.

    Parameters
    ----------
    one : pointer
        Its record.
    who, what, pre : presynaptic neurons that spike in this step, their payloads, and their number
    behind, post : postsynaptic neurons that do, and their number
    sent : what every neuron sends in this step
    """
    epoch, x, y = one[EPOCH], beyond(one, X_SIDE), beyond(one, Y_SIDE)
    within = t % epoch + 1
    note_pre(one, who, what, pre, within)
    note_post(one, behind, post, within, longs(one, AGAIN_DRAWS)[t])
    if within < epoch:
        return 0
    if one[MODULATED]:
        take_third_factors(one, sent)
    remember(x, epoch, t)
    remember(y, epoch, t)
    number = t // epoch + 1
    due = one[RATE] >= 0 and number % (1 << one[RATE]) == 0
    if due or (one[UNDER_X0] and x[COUNT] > 0) or (one[UNDER_Y0] and y[COUNT] > 0):
        _change(one, due, doubles(one, SYNAPSE_DRAWS)[number - 1])
    forget_spikes(x)
    forget_spikes(y)
    return 0


def addresses(network: Network) -> tuple[int, int]:
    """Where `pending` and `_learn` are compiled; 0 if nothing learns."""
    return (pending.entry().address, entry().address) if network.plastic else (0, 0)


@cache
def entry() -> Any:
    """`_learn`, compiled by itself, with its ``address``."""
    small, number = types.CPointer(types.int32), types.int64
    return compiled(_learn, signature=number(RECORD, small, RECORD, number, small, number, RECORD,
                                             number), by=cfunc, error_model="numpy")


@inner
def _change(one: Any, due: bool, draw: float) -> None:
    """Update weights and tags where a product of the rule is not 0.

    Elsewhere an update does nothing, with one exception: the lowest tag is below the accumulator's
    end, and moves whenever a tag does. While there may be one, all synapses are visited.
    """
    x, y = beyond(one, X_SIDE), beyond(one, Y_SIDE)
    limit = np.int32(draw * (1 << SYNAPSE_SHIFT))  # draw < part / 2^7, for a whole part
    on_tags = fill_sides(one, due)
    every = one[LOWEST] != 0 and on_tags
    behind = one[UNDER_Y0] and y[COUNT] > 0
    lines = every or (behind and y[COUNT] * MANY >= one[HEIGHT])
    fill(ints(one, DONE), np.int32(0), one[WIDTH])
    if lines or due:
        for j in range(one[WIDTH]):
            _change_line(one, j, lines, every, limit)
    elif one[UNDER_X0]:
        for n in range(x[COUNT]):
            _change_line(one, ints(x, WHO)[n], lines, every, limit)
    if behind and not lines:
        if one[AT_ONCE]:
            change_columns(one, limit)
        else:
            write_down(one, limit)
    if on_tags and (every or limit == (1 << SYNAPSE_SHIFT) - 1):
        make_up_for_all(one)
        one[LOWEST] = _is_lowest(shorts(one, TAGS), one[WIDTH] * one[HEIGHT])


@inner
def _is_lowest(tags: Any, count: int) -> int:
    """Whether one of the tags is as low as it can be."""
    least = np.int16(0)
    for n in range(count):
        least = min(least, tags[n])
    return int(least == TAG_MIN)


@inner
def _change_line(one: Any, j: int, lines: bool, every: bool, limit: int) -> None:
    """Update all synapses of a presynaptic neuron, if a product is not 0.

    Those under ``y0`` count only where lines are changed for them.
    """
    if not (every or _has_product(one, j, lines)):
        return
    make_up_for(one, j)
    ints(one, DONE)[j] = 1
    height = one[HEIGHT]
    weight = beyond(shorts(one, WEIGHTS), j * height)
    tag = beyond(shorts(one, TAGS), j * height)
    total, tag_total = ints(one, TOTAL), ints(one, TAG_TOTAL)
    changes = _sum(one, j, 0, weight, tag, total, False)
    tag_changes = _sum(one, j, 1, weight, tag, tag_total, every)
    if changes:
        round_into(weight, total, limit, one[LOW], one[HIGH], height)
    if tag_changes:
        round_into(tag, tag_total, limit, TAG_MIN, TAG_MAX, height)


@inner
def _has_product(one: Any, j: int, lines: bool) -> bool:
    """Whether any product is not 0 for some synapse of a presynaptic neuron."""
    x, y, active = beyond(one, X_SIDE), beyond(one, Y_SIDE), ints(one, ACTIVE)
    for s in range(one[TERM_COUNT]):
        condition = term_of(one, s)[CONDITION]
        if not active[s]:
            continue
        if condition == Y0:
            if lines:
                for when in range(1, one[EPOCH] + 1):
                    if holds(one, x, s, when) > 0 and row_of(one, x, s, when)[j] != 0:
                        return True
            continue
        own = OWN if condition == X0 else one[EPOCH]
        far = ints(x, SPIKE)[j] if condition == X0 else one[EPOCH]
        if row_of(one, x, s, own)[j] != 0 and holds(one, y, s, far) > 0:
            return True
    return False


@inner
def _sum(
    one: Any, j: int, on_tag: int, weight: Any, tag: Any, total: Any, every: bool
) -> bool:
    """The sums of one presynaptic neuron's weights, or tags; whether there is anything to add."""
    found, active, height = False, ints(one, ACTIVE), one[HEIGHT]
    x, y, epoch = beyond(one, X_SIDE), beyond(one, Y_SIDE), one[EPOCH]
    for s in range(one[TERM_COUNT]):
        term = term_of(one, s)
        if term[ON_TAG] != on_tag or not active[s]:
            continue
        own = far = epoch
        if term[CONDITION] == Y0:
            far = OWN
        elif term[CONDITION] == X0:
            own, far = OWN, ints(x, SPIKE)[j]
        scalar, vector = row_of(one, x, s, own)[j], row_of(one, y, s, far)
        some = far == OWN or holds(one, y, s, far) != 0
        if term[CONDITION] == Y0 and epoch > 1:
            scalar, vector = 1, ints(one, VECTOR)
            _at_their_spikes(one, s, j, vector)
        if every or (scalar != 0 and some):
            if not found:
                begin(total, tag if on_tag else weight, height)
                found = True
            add_term(term, scalar, vector, weight, tag, height, total, ints(one, PRODUCT))
    return found


@inner
def _at_their_spikes(one: Any, s: int, j: int, vector: Any) -> None:
    """Both sides' numbers, the presynaptic one at the spikes of those behind."""
    x, y = beyond(one, X_SIDE), beyond(one, Y_SIDE)
    who, spike, own = ints(y, WHO), ints(y, SPIKE), row_of(one, y, s, OWN)
    fill(vector, np.int32(0), one[HEIGHT])
    for n in range(y[COUNT]):
        vector[who[n]] = row_of(one, x, s, spike[who[n]])[j] * own[who[n]]
