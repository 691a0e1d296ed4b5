"""What each neuron brings into the products of a rule, before any synapse is looked at.

A product takes its traces at the spike of its condition. Under ``x0`` a presynaptic neuron's are
those at its own spike, and the postsynaptic ones' those at the step of whoever asks: there is a
row for each step of the epoch in which somebody spiked. Under ``y0`` it is the other way round.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from neuromorph.backends.fast.compiled import inner
from neuromorph.backends.fast.lanes import beyond
from neuromorph.backends.fast.learning_tables import (
    ACTIVE,
    CODE,
    CODE_FIRST,
    CONDITION,
    CONSTANT,
    COUNT,
    EPOCH,
    FACTOR,
    FACTOR_END,
    HISTORY,
    HOLDS,
    KINDS,
    LEAST,
    MANTISSA,
    MOST,
    ON_TAG,
    SIDES_END,
    SIZE,
    SPIKE,
    TABLE,
    TERM_COUNT,
    TERM_WIDTH,
    TERMS,
    WHO,
    X0,
    X0_FACTOR,
    X_END,
    X_SIDE,
    Y0,
    Y_SIDE,
)
from neuromorph.backends.fast.products import fill, multiply
from neuromorph.backends.fast.records import ints
from neuromorph.backends.fast.traces import any_of

OWN = 0
"""Row of what neurons bring at their own spikes; 0 for those that were silent."""

UNKNOWN = -1
"""Of a row that is not filled; else 1 or 0, whether anything in it is not 0."""


@inner
def term_of(one: Any, s: int) -> Any:
    """The numbers of a term."""
    return beyond(ints(one, TERMS), s * one[TERM_WIDTH])


@inner
def row_of(one: Any, side: Any, s: int, when: int) -> Any:
    """What a side's neurons bring into a term at one step of the epoch."""
    return beyond(ints(side, TABLE), (s * (one[EPOCH] + 1) + when) * side[SIZE])


@inner
def holds(one: Any, side: Any, s: int, when: int) -> int:
    """Whether anything in such a row is not 0, if it is filled."""
    return int(ints(side, HOLDS)[s * (one[EPOCH] + 1) + when])


@inner
def fill_sides(one: Any, due: bool) -> bool:
    """Fill the rows of all terms that have a condition met; whether one of those is on tags."""
    x, y, active, on_tags = beyond(one, X_SIDE), beyond(one, Y_SIDE), ints(one, ACTIVE), False
    for s in range(one[TERM_COUNT]):
        term = term_of(one, s)
        for when in range(one[EPOCH] + 1):
            ints(x, HOLDS)[s * (one[EPOCH] + 1) + when] = UNKNOWN
            ints(y, HOLDS)[s * (one[EPOCH] + 1) + when] = UNKNOWN
        begin, middle, end, mantissa = 0, term[X_END], term[SIDES_END], term[MANTISSA]
        if term[CONDITION] == X0:
            active[s] = x[COUNT] > 0
            _fill_at_spikes(one, x, y, s, (begin, middle, mantissa), (middle, end, 1))
        elif term[CONDITION] == Y0:
            active[s] = y[COUNT] > 0
            _fill_at_spikes(one, y, x, s, (middle, end, 1), (begin, middle, mantissa))
        else:
            active[s] = due
            if due:
                _fill(one, x, s, one[EPOCH], (begin, middle, mantissa))
                _fill(one, y, s, one[EPOCH], (middle, end, 1))
        on_tags |= active[s] != 0 and term[ON_TAG] != 0
    return on_tags


@inner
def _fill_at_spikes(one: Any, near: Any, far: Any, s: int, own: Any, others: Any) -> None:
    """For a condition of the near side: its numbers at its own spikes, the far one's at the same.

    ``own`` and ``others`` say which factors belong to a side, and which constant.
    """
    row, who, spike = row_of(one, near, s, OWN), ints(near, WHO), ints(near, SPIKE)
    fill(row, np.int32(0), near[SIZE])
    for n in range(near[COUNT]):
        row[who[n]] = _number(one, near, s, spike[who[n]], who[n], own)
        _fill(one, far, s, spike[who[n]], others)


@inner
def _number(one: Any, side: Any, s: int, when: int, neuron: int, which: Any) -> int:
    """A constant times the factors of one neuron that spiked; its condition is 1."""
    begin, end, product = which
    history = beyond(ints(side, HISTORY), when * side[KINDS] * side[SIZE] + neuron)
    for f in range(begin, end):
        factor = beyond(term_of(one, s), FACTOR + FACTOR_END * f)
        if factor[CODE] < X0_FACTOR:
            value = history[(factor[CODE] - side[CODE_FIRST]) * side[SIZE]] + factor[CONSTANT]
            product *= min(max(value, factor[LEAST]), factor[MOST])
    return int(product)


@inner
def _fill(one: Any, side: Any, s: int, when: int, which: Any) -> None:
    """The same of all neurons at one step of the epoch, unless it is there."""
    if holds(one, side, s, when) != UNKNOWN:
        return
    begin, end, constant = which
    size, into = side[SIZE], row_of(one, side, s, when)
    fill(into, np.int32(constant), size)
    for f in range(begin, end):
        factor = beyond(term_of(one, s), FACTOR + FACTOR_END * f)
        if factor[CODE] >= X0_FACTOR:
            _keep_spiking(into, ints(side, SPIKE), size)
        else:
            place = (when * side[KINDS] + factor[CODE] - side[CODE_FIRST]) * size
            multiply(into, beyond(ints(side, HISTORY), place), factor, size)
    ints(side, HOLDS)[s * (one[EPOCH] + 1) + when] = int(any_of(into, size))


@inner
def _keep_spiking(into: Any, spike: Any, size: int) -> None:
    for n in range(size):
        into[n] = into[n] if spike[n] > 0 else np.int32(0)
