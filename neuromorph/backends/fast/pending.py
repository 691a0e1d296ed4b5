"""What postsynaptic spikes change waits until somebody looks.

The synapses behind a spike lie one in each row of the weights: to visit them in every epoch takes
the whole matrix through the cache. So an epoch's spikes, numbers and rounding are written down, and
made up for row by row: before a row's weights are sent or changed as a whole, when there is no room
to write down more, and before weights are recorded. Each synapse sees the same sums in the same
order.

A record's fields: for how many epochs there is ``ROOM``, how many are ``WAITING``, and how many
rows of ``WAIT_X`` are ``TAKEN``. Then addresses: by epoch who spiked, and in which step, shape
(room, height); how many spiked, and above which fraction sums are rounded up; the row of
``WAIT_X`` for each step in which somebody spiked, shape (room, epoch + 1); what presynaptic neurons
bring, shape (room, terms, width); what those who spiked bring, one after the other, shape
(room, terms, height and some); and how many of the epochs each presynaptic neuron has seen.
"""

from __future__ import annotations

from functools import cache
from typing import Any

from numba import cfunc, types

from neuromorph.backends.fast.compiled import compiled, inner
from neuromorph.backends.fast.lanes import beyond
from neuromorph.backends.fast.learning_tables import (
    CONDITION,
    COUNT,
    DONE,
    EPOCH,
    GATHERED,
    GATHERED_TAGS,
    HEIGHT,
    HIGH,
    LOW,
    MAKE_UP,
    NOTHING,
    ON_TAG,
    PADDED,
    PRODUCT,
    ROOM,
    SINCE,
    SPIKE,
    TAG_TOTAL,
    TAGS,
    TAKEN,
    TERM_COUNT,
    TOTAL,
    VECTOR,
    WAIT_LIMIT,
    WAIT_SLOT,
    WAIT_SPIKES,
    WAIT_WHEN,
    WAIT_WHO,
    WAIT_X,
    WAIT_Y,
    WAITING,
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
from neuromorph.backends.fast.records import RECORD, enter, ints, shorts
from neuromorph.backends.fast.sides import OWN, row_of, term_of
from neuromorph.numerics.limits import TAG_MAX, TAG_MIN

NOBODY = -1
"""The row for a step in which no postsynaptic neuron spiked last."""


@inner
def write_down(one: Any, limit: int) -> None:
    """Write down what this epoch's postsynaptic spikes change in rows that are not ``DONE``."""
    if one[WAITING] == one[ROOM] or one[TAKEN] + one[EPOCH] > one[ROOM]:
        make_up_for_all(one)
    e, y, height = one[WAITING], beyond(one, Y_SIDE), one[HEIGHT]
    who, spike, slots = ints(y, WHO), ints(y, SPIKE), _slots(one, e)
    for when in range(one[EPOCH] + 1):
        slots[when] = NOBODY
    for n in range(y[COUNT]):
        when = spike[who[n]]
        ints(one, WAIT_WHO)[e * height + n] = who[n]
        ints(one, WAIT_WHEN)[e * height + n] = when
        if slots[when] == NOBODY:
            slots[when] = one[TAKEN]
            _write_x(one, when)
        for s in range(one[TERM_COUNT]):
            _far(one, e, s)[n] = row_of(one, y, s, OWN)[who[n]]
    ints(one, WAIT_SPIKES)[e], ints(one, WAIT_LIMIT)[e] = y[COUNT], limit
    one[WAITING] += 1
    _pass(ints(one, SINCE), ints(one, DONE), one[WIDTH], one[WAITING])


@inner
def _pass(since: Any, done: Any, width: int, waiting: int) -> None:
    """Rows that were changed as a whole have seen all."""
    for j in range(width):
        since[j] = waiting if done[j] else since[j]


@inner
def _slots(one: Any, e: int) -> Any:
    """The rows of what presynaptic neurons bring, for each step of an epoch."""
    return beyond(ints(one, WAIT_SLOT), e * (one[EPOCH] + 1))


@inner
def _near(one: Any, slot: int, s: int) -> Any:
    """What presynaptic neurons bring into a term."""
    return beyond(ints(one, WAIT_X), (slot * one[TERM_COUNT] + s) * one[WIDTH])


@inner
def _far(one: Any, e: int, s: int) -> Any:
    """What those who spiked in an epoch bring into a term."""
    return beyond(ints(one, WAIT_Y), (e * one[TERM_COUNT] + s) * (one[HEIGHT] + PADDED))


@inner
def _write_x(one: Any, when: int) -> None:
    """What presynaptic neurons bring at one step of the epoch, in the next row."""
    for s in range(one[TERM_COUNT]):
        if term_of(one, s)[CONDITION] == Y0:
            values, into = row_of(one, beyond(one, X_SIDE), s, when), _near(one, one[TAKEN], s)
            for j in range(one[WIDTH]):
                into[j] = values[j]
    one[TAKEN] += 1


@inner
def make_up_for_all(one: Any) -> None:
    """Bring all weights and tags of a projection up to date."""
    since = ints(one, SINCE)
    if one[WAITING] > 0:
        for j in range(one[WIDTH]):
            make_up_for(one, j)
            since[j] = 0
    one[WAITING] = one[TAKEN] = 0


@inner
def make_up_for(one: Any, j: int) -> None:
    """Bring those of one presynaptic neuron up to date."""
    if ints(one, SINCE)[j] < one[WAITING]:
        enter(one[MAKE_UP], (one, j))


def _make_up_for(one: Any, j: int) -> int:
    """What `make_up_for` enters."""
    since, waiting = ints(one, SINCE), one[WAITING]
    for e in range(since[j], waiting):
        if _concerns(one, e, j):
            _make_up(one, e, j)
    since[j] = waiting
    return 0


@cache
def entry() -> Any:
    """`_make_up_for`, compiled by itself, with its ``address``."""
    return compiled(_make_up_for, signature=types.int64(RECORD, types.int64), by=cfunc,
                    error_model="numpy")


@inner
def _concerns(one: Any, e: int, j: int) -> bool:
    """Whether a presynaptic neuron brings anything but 0 to an epoch's spikes."""
    slots = _slots(one, e)
    for when in range(1, one[EPOCH] + 1):
        if slots[when] != NOBODY:
            for s in range(one[TERM_COUNT]):
                if term_of(one, s)[CONDITION] == Y0 and _near(one, slots[when], s)[j] != 0:
                    return True
    return False


@inner
def _make_up(one: Any, e: int, j: int) -> None:
    """Change the synapses of one presynaptic neuron behind the spikes of one epoch."""
    spikes, limit = ints(one, WAIT_SPIKES)[e], ints(one, WAIT_LIMIT)[e]
    who = beyond(ints(one, WAIT_WHO), e * one[HEIGHT])
    weights = beyond(shorts(one, WEIGHTS), j * one[HEIGHT])
    tags = beyond(shorts(one, TAGS), j * one[HEIGHT])
    weight, tag = shorts(one, GATHERED), shorts(one, GATHERED_TAGS)
    total, tag_total = ints(one, TOTAL), ints(one, TAG_TOTAL)
    size = (spikes + PADDED - 1) // PADDED * PADDED
    if one[Y0_WEIGHTS] != NOTHING:
        _gather(weights, who, weight, spikes)
    if one[Y0_TAGS] != NOTHING:
        _gather(tags, who, tag, spikes)
    changes = _sum(one, e, j, 0, size, weight, tag, total)
    tag_changes = _sum(one, e, j, 1, size, weight, tag, tag_total)
    if changes:
        round_into(weight, total, limit, one[LOW], one[HIGH], size)
        _put_back(weight, who, weights, spikes)
    if tag_changes:
        round_into(tag, tag_total, limit, TAG_MIN, TAG_MAX, size)
        _put_back(tag, who, tags, spikes)


@inner
def _gather(row: Any, who: Any, into: Any, spikes: int) -> None:
    for n in range(spikes):
        into[n] = row[who[n]]


@inner
def _put_back(values: Any, who: Any, row: Any, spikes: int) -> None:
    for n in range(spikes):
        row[who[n]] = values[n]


@inner
def _sum(
    one: Any, e: int, j: int, on_tag: int, size: int, weight: Any, tag: Any, total: Any
) -> bool:
    """The sums of some gathered weights, or tags; whether there is anything to add."""
    found, product, vector = False, ints(one, PRODUCT), ints(one, VECTOR)
    for s in range(one[TERM_COUNT]):
        term, scalar, far = term_of(one, s), 1, _far(one, e, s)
        if term[ON_TAG] != on_tag or term[CONDITION] != Y0:
            continue
        if one[EPOCH] == 1:
            scalar = _near(one, _slots(one, e)[1], s)[j]
            if scalar == 0:
                continue
        else:
            _at_their_spikes(one, e, s, j, far, vector)
            far = vector
        if not found:
            begin(total, tag if on_tag else weight, size)
            found = True
        add_term(term, scalar, far, weight, tag, size, total, product)
    return found


@inner
def _at_their_spikes(one: Any, e: int, s: int, j: int, far: Any, vector: Any) -> None:
    """Both sides' numbers, the presynaptic one at the spikes of those behind."""
    slots, when = _slots(one, e), beyond(ints(one, WAIT_WHEN), e * one[HEIGHT])
    for n in range(ints(one, WAIT_SPIKES)[e]):
        vector[n] = _near(one, slots[when[n]], s)[j] * far[n]
