"""Synapses behind postsynaptic spikes, changed at once: where all weights fit the cache."""

from __future__ import annotations

from typing import Any

from neuromorph.backends.fast.compiled import inner
from neuromorph.backends.fast.lanes import beyond
from neuromorph.backends.fast.learning_tables import (
    CONDITION,
    COUNT,
    DONE,
    GATHERED,
    GATHERED_TAGS,
    HEIGHT,
    HIGH,
    LOW,
    NOTHING,
    ON_TAG,
    PRODUCT,
    SPIKE,
    TAG_TOTAL,
    TAGS,
    TERM_COUNT,
    TOTAL,
    WEIGHTS,
    WHO,
    WIDTH,
    X_SIDE,
    Y0,
    Y0_TAGS,
    Y0_WEIGHTS,
    Y_SIDE,
)
from neuromorph.backends.fast.products import add_term, begin, round_into
from neuromorph.backends.fast.records import ints, shorts
from neuromorph.backends.fast.sides import OWN, holds, row_of, term_of
from neuromorph.numerics.limits import TAG_MAX, TAG_MIN


@inner
def change_columns(one: Any, limit: int) -> None:
    """Change the synapses behind this epoch's spikes, but for rows that are ``DONE``."""
    y, width, height, done = beyond(one, Y_SIDE), one[WIDTH], one[HEIGHT], ints(one, DONE)
    who, spike = ints(y, WHO), ints(y, SPIKE)
    weight, tag = shorts(one, GATHERED), shorts(one, GATHERED_TAGS)
    total, tag_total = ints(one, TOTAL), ints(one, TAG_TOTAL)
    for n in range(y[COUNT]):
        weights, tags = beyond(shorts(one, WEIGHTS), who[n]), beyond(shorts(one, TAGS), who[n])
        if one[Y0_WEIGHTS] != NOTHING:
            _gather(weights, weight, width, height)
        if one[Y0_TAGS] != NOTHING:
            _gather(tags, tag, width, height)
        changes = _sum(one, who[n], spike[who[n]], 0, weight, tag, total)
        tag_changes = _sum(one, who[n], spike[who[n]], 1, weight, tag, tag_total)
        if changes:
            round_into(weight, total, limit, one[LOW], one[HIGH], width)
            _put_back(weight, weights, width, height, done)
        if tag_changes:
            round_into(tag, tag_total, limit, TAG_MIN, TAG_MAX, width)
            _put_back(tag, tags, width, height, done)


@inner
def _gather(column: Any, into: Any, width: int, height: int) -> None:
    for j in range(width):
        into[j] = column[j * height]


@inner
def _put_back(values: Any, column: Any, width: int, height: int, done: Any) -> None:
    for j in range(width):
        if not done[j]:
            column[j * height] = values[j]


@inner
def _sum(
    one: Any, i: int, when: int, on_tag: int, weight: Any, tag: Any, total: Any
) -> bool:
    """The sums of one postsynaptic neuron's weights, or tags; whether there is anything to add."""
    found, x, y = False, beyond(one, X_SIDE), beyond(one, Y_SIDE)
    for s in range(one[TERM_COUNT]):
        term, scalar = term_of(one, s), row_of(one, y, s, OWN)[i]
        if term[ON_TAG] != on_tag or term[CONDITION] != Y0:
            continue
        if scalar == 0 or holds(one, x, s, when) == 0:
            continue
        if not found:
            begin(total, tag if on_tag else weight, one[WIDTH])
            found = True
        add_term(term, scalar, row_of(one, x, s, when), weight, tag, one[WIDTH], total,
                 ints(one, PRODUCT))
    return found
