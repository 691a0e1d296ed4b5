"""Plastic projections in compiled integers: untouched synapses cost nothing."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from neuromorph.backends.fast.compiled import compiled
from neuromorph.backends.fast.learning_tables import (
    CODE,
    CONDITION,
    CONSTANT,
    EPOCH,
    FACTOR,
    FACTORS,
    HIGH,
    LEFT,
    LIMIT,
    LOW,
    MANTISSA,
    MODULATED,
    ON_TAG,
    OVERWRITE,
    RATE,
    RIGHT,
    SGN,
    TAG,
    TERM,
    TERM_END,
    THIRD_FACTOR,
    UNDER_X0,
    UNDER_Y0,
    WEIGHT,
    X0,
    X0_FACTOR,
    X1,
    X2,
    X_FIRST,
    Y0,
    Y0_FACTOR,
    Y1,
    Y_FIRST,
    U,
)
from neuromorph.learning.arithmetic import SYNAPSE_SHIFT
from neuromorph.learning.terms import ACCUMULATOR_BITS
from neuromorph.numerics.limits import TAG_MAX, TAG_MIN, TRACE_MAX


@compiled
def _add(trace: int, whole: int, fraction: int, draw: int) -> int:
    """Trace + impulse within 0..127, its fraction rounded at random."""
    return min(max(trace + whole + (1 if draw < fraction else 0), 0), TRACE_MAX)


@compiled
def _decayed(trace: int, keep: float, draw: float) -> int:
    if trace == 0 or keep == 1.0:
        return trace
    exact = keep * trace
    whole = np.floor(exact)
    return int(whole) + (1 if draw < exact - whole else 0)


@compiled
def _note_pre(
    rules: Any, k: int, traces: Any, wire: NDArray[np.int64], sent: NDArray[np.int64], within: int
) -> None:
    """Presynaptic spikes of one step; wire is (first, count, graded)."""
    row = rules.table[k]
    for j in range(wire[1]):
        payload = sent[wire[0] + j]
        if payload == 0:
            continue
        n = row[X_FIRST] + j
        if row[OVERWRITE]:  # half of it, rounded to even
            traces.x[0, n] = ((payload + ((payload >> 1) & 1)) >> 1) & 0xFF
        elif traces.x_spike[n] > 0:
            traces.x[0, n] = _add(traces.x[0, n], rules.whole[k, X1], rules.fraction[k, X1], 0)
        if traces.x_spike[n] > 0:
            traces.x[1, n] = _add(traces.x[1, n], rules.whole[k, X2], rules.fraction[k, X2], 0)
        traces.x_spike[n] = within


@compiled
def _note_post(
    rules: Any, k: int, traces: Any, first: int, count: int, sent: NDArray[np.int64], within: int,
    draw: int,
) -> None:
    """Postsynaptic spikes of one step, and third factors where there are some."""
    row = rules.table[k]
    for i in range(count):
        n = row[Y_FIRST] + i
        if sent[first + i] != 0:
            if traces.y_spike[n] > 0:
                for m in range(3):
                    traces.y[m, n] = _add(traces.y[m, n], rules.whole[k, Y1 + m],
                                          rules.fraction[k, Y1 + m], draw)
            traces.y_spike[n] = within
        if row[MODULATED]:
            for m in range(3):
                third = row[THIRD_FACTOR + m]
                traces.y[m, n] = sent[third + i] if third >= 0 else 0


@compiled
def _remember(
    traces: NDArray[np.int64], history: NDArray[np.int64], quiet: NDArray[np.bool_],
    spiked_at: NDArray[np.int64], first: int, count: int, epoch: int, keeps: NDArray[np.float64],
    whole: NDArray[np.int64], fraction: NDArray[np.int64], decay_draw: float, impulse_draw: int,
) -> None:
    """Traces at the epoch's start and after each of its steps; the last becomes the trace.

    A neuron is quiet if its history is all zeros: as long as nothing happens it stays so.
    """
    kinds = len(traces)
    for n in range(first, first + count):
        silent = spiked_at[n] == 0
        for m in range(kinds):
            silent = silent and traces[m, n] == 0
        if silent and quiet[n]:
            continue
        quiet[n] = silent
        for m in range(kinds):
            value = traces[m, n]
            history[0, m, n] = value
            for within in range(1, epoch + 1):
                value = _decayed(value, keeps[m], decay_draw)
                if spiked_at[n] == within:
                    value = _add(value, whole[m], fraction[m], impulse_draw)
                history[within, m, n] = value
            traces[m, n] = value


@compiled
def _read(
    code: int, condition: int, epoch: int, pre: NDArray[np.int64], post: NDArray[np.int64],
    weights: NDArray[np.int32], tags: NDArray[np.int32], traces: Any, value: NDArray[np.int32],
) -> None:
    """Values of one factor at a list of synapses; a trace's is that at the condition's spike."""
    if code == WEIGHT:
        value[:] = weights
    elif code == TAG:
        value[:] = tags
    elif code == X0_FACTOR:
        for n in range(len(pre)):
            value[n] = 1 if traces.x_spike[pre[n]] > 0 else 0
    elif code == Y0_FACTOR:
        for n in range(len(post)):
            value[n] = 1 if traces.y_spike[post[n]] > 0 else 0
    else:
        when = epoch
        for n in range(len(pre)):
            if condition == X0:
                when = traces.x_spike[pre[n]]
            elif condition == Y0:
                when = traces.y_spike[post[n]]
            value[n] = (traces.x_history[when, code, pre[n]] if code <= X2
                        else traces.y_history[when, code - Y1, post[n]])


@compiled
def _multiply(
    product: NDArray[np.int32], value: NDArray[np.int32], constant: int, sgn: int, limit: int
) -> None:
    """Product times clip(value + constant), or times the sign of that."""
    low, high, add = np.int32(-limit), np.int32(limit - 1), np.int32(constant)
    if sgn:
        for n in range(len(product)):
            product[n] *= np.int32(value[n] + add > 0) - np.int32(value[n] + add < 0)
        return
    for n in range(len(product)):
        product[n] *= min(max(np.int32(value[n] + add), low), high)


@compiled
def _accumulate(
    total: NDArray[np.int32], product: NDArray[np.int32], right: int, left: int
) -> None:
    """Total plus the product in the accumulator's scale, both clipped to its bits."""
    low, high = np.int32(-(1 << ACCUMULATOR_BITS) - 1), np.int32((1 << ACCUMULATOR_BITS) - 1)
    down, up = np.int32(right), np.int32(left)
    for n in range(len(total)):
        scaled = np.int32(np.int32(product[n] >> down) << up)
        total[n] = min(max(np.int32(total[n] + min(max(scaled, low), high)), low), high)


@compiled
def _round(total: NDArray[np.int32], draw: float, low: int, high: int) -> None:
    """From units of 2^-7 to whole ones, rounded at random, within bounds."""
    bits, mask = np.int32(SYNAPSE_SHIFT), np.int32((1 << SYNAPSE_SHIFT) - 1)
    limit = np.int32(draw * (1 << SYNAPSE_SHIFT))  # draw < part / 2^7, for a whole part
    least, most = np.int32(low), np.int32(high)
    for n in range(len(total)):
        whole = np.int32((total[n] >> bits) + np.int32((total[n] & mask) > limit))
        total[n] = min(max(whole, least), most)


@compiled
def _start_product(
    product: NDArray[np.int32], mantissa: int, condition: int, due: bool,
    pre: NDArray[np.int64], post: NDArray[np.int64], traces: Any,
) -> None:
    """The mantissa where the term's condition is met, 0 elsewhere."""
    if condition == U:
        product[:] = mantissa if due else 0
        return
    for n in range(len(product)):
        met = (traces.x_spike[pre[n]] if condition == X0 else traces.y_spike[post[n]]) > 0
        product[n] = mantissa if met else 0


@compiled
def _new_values(
    row: NDArray[np.int64], terms: NDArray[np.int64], on_tag: int, due: bool,
    pre: NDArray[np.int64], post: NDArray[np.int64], weights: NDArray[np.int32],
    tags: NDArray[np.int32], traces: Any, draw: float,
) -> NDArray[np.int32]:
    """New weights, or tags, of a list of synapses, from the values before."""
    total = (tags if on_tag else weights) << np.int32(SYNAPSE_SHIFT)
    product, value = np.empty_like(total), np.empty_like(total)
    for t in range(row[TERM], row[TERM_END]):
        condition = terms[t, CONDITION]
        if terms[t, ON_TAG] != on_tag or (condition == U and not due):
            continue
        _start_product(product, terms[t, MANTISSA], condition, due, pre, post, traces)
        for f in range(terms[t, FACTORS]):
            at = FACTOR + 4 * f
            _read(terms[t, at + CODE], condition, row[EPOCH], pre, post, weights, tags, traces,
                  value)
            _multiply(product, value, terms[t, at + CONSTANT], terms[t, at + SGN],
                      terms[t, at + LIMIT])
        _accumulate(total, product, terms[t, RIGHT], terms[t, LEFT])
    _round(total, draw, TAG_MIN if on_tag else row[LOW], TAG_MAX if on_tag else row[HIGH])
    return total


@compiled
def learn(
    rules: Any, dice: Any, traces: Any, k: int, wire: NDArray[np.int64],
    sent: NDArray[np.int64], t: int, weights: NDArray[np.int32], tags: NDArray[np.int32],
) -> None:
    """One step of plastic projection k: note its spikes, learn at the end of an epoch.

    Parameters
    ----------
    wire : int array
        First presynaptic neuron and their number, first postsynaptic one and their number, and
        the offset of the projection's weights.
    sent : int array
        What every neuron sends in this step.
    """
    row = rules.table[k]
    pre, post, epoch = wire[1], wire[3], row[EPOCH]
    within = t % epoch + 1
    _note_pre(rules, k, traces, wire, sent, within)
    _note_post(rules, k, traces, wire[2], post, sent, within, dice.y_again[k, t])
    if within < epoch:
        return
    _remember(traces.x, traces.x_history, traces.x_quiet, traces.x_spike, row[X_FIRST], pre, epoch,
              rules.keeps[k, :2], rules.whole[k, :2], rules.fraction[k, :2], dice.x_decay[k, t],
              dice.x_impulse[k, t])
    _remember(traces.y, traces.y_history, traces.y_quiet, traces.y_spike, row[Y_FIRST], post, epoch,
              rules.keeps[k, 2:], rules.whole[k, 2:], rules.fraction[k, 2:], dice.y_decay[k, t],
              dice.y_impulse[k, t])
    number = t // epoch + 1
    due = row[RATE] >= 0 and number % (1 << row[RATE]) == 0
    x_spike = traces.x_spike[row[X_FIRST] : row[X_FIRST] + pre]
    y_spike = traces.y_spike[row[Y_FIRST] : row[Y_FIRST] + post]
    if due or (row[UNDER_X0] and x_spike.any()) or (row[UNDER_Y0] and y_spike.any()):
        _change(rules, k, traces, due, wire, weights, tags, dice.synapse[k, number - 1])
    x_spike[:] = 0
    y_spike[:] = 0


@compiled
def _has_due_term(row: NDArray[np.int64], terms: NDArray[np.int64], on_tag: int, due: bool) -> bool:
    """Whether a weight, or a tag, could change at all in this epoch."""
    for t in range(row[TERM], row[TERM_END]):
        if terms[t, ON_TAG] == on_tag and (due or terms[t, CONDITION] != U):
            return True
    return False


@compiled
def _due_synapses(
    row: NDArray[np.int64], width: int, height: int, due: bool, x_spike: NDArray[np.int64],
    y_spike: NDArray[np.int64],
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Pre- and postsynaptic indices of the synapses for which a term has its condition met."""
    fired = np.empty(height, np.int64)
    rows = 0
    for i in range(height):
        if row[UNDER_Y0] and y_spike[i] > 0:
            fired[rows] = i
            rows += 1
    room = width * (height if due or row[UNDER_X0] else rows)
    pre, post = np.empty(room, np.int64), np.empty(room, np.int64)
    count = 0
    for j in range(width):
        whole = due or (row[UNDER_X0] and x_spike[j] > 0)
        for n in range(height if whole else rows):
            pre[count], post[count] = j, n if whole else fired[n]
            count += 1
    return pre[:count], post[:count]


@compiled
def _change(
    rules: Any, k: int, traces: Any, due: bool, wire: NDArray[np.int64],
    weights: NDArray[np.int32], tags: NDArray[np.int32], draw: float,
) -> None:
    """Update weights and tags where a term of the rule has its condition met."""
    row, terms = rules.table[k], rules.terms
    width, height, x, y = wire[1], wire[3], row[X_FIRST], row[Y_FIRST]
    pre, post = _due_synapses(row, width, height, due, traces.x_spike[x : x + width],
                              traces.y_spike[y : y + height])
    count = len(pre)
    old, old_tags = np.empty(count, np.int32), np.empty(count, np.int32)
    for n in range(count):
        at = wire[4] + pre[n] * height + post[n]
        old[n], old_tags[n] = weights[at], tags[at]
        pre[n] += x
        post[n] += y
    new, new_tags = old, old_tags
    if _has_due_term(row, terms, 0, due):
        new = _new_values(row, terms, 0, due, pre, post, old, old_tags, traces, draw)
    if _has_due_term(row, terms, 1, due):
        new_tags = _new_values(row, terms, 1, due, pre, post, old, old_tags, traces, draw)
    for n in range(count):
        at = wire[4] + (pre[n] - x) * height + post[n] - y
        weights[at], tags[at] = new[n], new_tags[n]
