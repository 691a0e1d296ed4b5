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
from neuromorph.dynamics.learning.arithmetic import SYNAPSE_SHIFT
from neuromorph.dynamics.learning.terms import ACCUMULATOR_BITS
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
def _clipped(value: int) -> int:
    limit = 1 << ACCUMULATOR_BITS
    return min(max(value, -limit - 1), limit - 1)


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
    traces: NDArray[np.int64], history: NDArray[np.int64], spiked_at: NDArray[np.int64], first: int,
    count: int, epoch: int, keeps: NDArray[np.float64], whole: NDArray[np.int64],
    fraction: NDArray[np.int64], decay_draw: float, impulse_draw: int,
) -> None:
    """Traces at the epoch's start and after each of its steps; the last becomes the trace."""
    for n in range(first, first + count):
        for m in range(len(traces)):
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
    code: int, condition: int, epoch: int, j: int, column: Any, traces: Any, row: Any,
    value: NDArray[np.int64],
) -> None:
    """Values of one factor at the synapses of a column; traces as at the condition's spike.

    ``column`` holds the postsynaptic indices of the synapses, their weights and their tags.
    """
    posts, weights, tags = column
    nx = row[X_FIRST] + j
    for n in range(len(posts)):
        ny = row[Y_FIRST] + posts[n]
        when = epoch
        if condition == X0:
            when = traces.x_spike[nx]
        elif condition == Y0:
            when = traces.y_spike[ny]
        if code == WEIGHT:
            value[n] = weights[n]
        elif code == TAG:
            value[n] = tags[n]
        elif code == X0_FACTOR:
            value[n] = 1 if traces.x_spike[nx] > 0 else 0
        elif code == Y0_FACTOR:
            value[n] = 1 if traces.y_spike[ny] > 0 else 0
        elif code <= X2:
            value[n] = traces.x_history[when, code, nx]
        else:
            value[n] = traces.y_history[when, code - Y1, ny]


@compiled
def _multiply(
    product: NDArray[np.int64], value: NDArray[np.int64], constant: int, sgn: int, limit: int
) -> None:
    """Product times clip(value + constant), or times the sign of that."""
    for n in range(len(product)):
        factor = value[n] + constant
        if sgn:
            factor = (1 if factor > 0 else 0) - (1 if factor < 0 else 0)
        product[n] *= min(max(factor, -limit), limit - 1)


@compiled
def _add_series(
    rules: Any, k: int, on_tag: int, due: bool, j: int, column: Any, traces: Any,
    total: NDArray[np.int64],
) -> None:
    """Add to ``total``, in units of 2^-7, all products of one target, term by term."""
    row = rules.table[k]
    product, value = np.empty_like(total), np.empty_like(total)
    for t in range(row[TERM], row[TERM_END]):
        term = rules.terms[t]
        condition = term[CONDITION]
        off = (condition == U and not due) or (
            condition == X0 and traces.x_spike[row[X_FIRST] + j] == 0)
        if term[ON_TAG] != on_tag or off:
            continue
        for n in range(len(product)):
            here = condition != Y0 or traces.y_spike[row[Y_FIRST] + column[0][n]] > 0
            product[n] = term[MANTISSA] if here else 0
        for f in range(term[FACTORS]):
            at = FACTOR + 4 * f
            _read(term[at + CODE], condition, row[EPOCH], j, column, traces, row, value)
            _multiply(product, value, term[at + CONSTANT], term[at + SGN], term[at + LIMIT])
        for n in range(len(product)):
            total[n] = _clipped(total[n] + _clipped((product[n] >> term[RIGHT]) << term[LEFT]))


@compiled
def _rounded(total: NDArray[np.int64], draw: float, low: int, high: int) -> None:
    """From units of 2^-7 to whole ones, rounded at random, within bounds."""
    for n in range(len(total)):
        part = (total[n] & ((1 << SYNAPSE_SHIFT) - 1)) / (1 << SYNAPSE_SHIFT)
        whole = (total[n] >> SYNAPSE_SHIFT) + (1 if draw < part else 0)
        total[n] = min(max(whole, low), high)


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
    _remember(traces.x, traces.x_history, traces.x_spike, row[X_FIRST], pre, epoch,
              rules.keeps[k, :2], rules.whole[k, :2], rules.fraction[k, :2], dice.x_decay[k, t],
              dice.x_impulse[k, t])
    _remember(traces.y, traces.y_history, traces.y_spike, row[Y_FIRST], post, epoch,
              rules.keeps[k, 2:], rules.whole[k, 2:], rules.fraction[k, 2:], dice.y_decay[k, t],
              dice.y_impulse[k, t])
    number = t // epoch + 1
    due = row[RATE] >= 0 and number % (1 << row[RATE]) == 0
    if not due and not traces.x_spike[row[X_FIRST] : row[X_FIRST] + pre].any() and (
            not traces.y_spike[row[Y_FIRST] : row[Y_FIRST] + post].any()):
        return
    _change(rules, k, traces, due, wire, weights, tags, dice.synapse[k, number - 1])
    traces.x_spike[row[X_FIRST] : row[X_FIRST] + pre] = 0
    traces.y_spike[row[Y_FIRST] : row[Y_FIRST] + post] = 0


@compiled
def _change(
    rules: Any, k: int, traces: Any, due: bool, wire: NDArray[np.int64],
    weights: NDArray[np.int32], tags: NDArray[np.int32], draw: float,
) -> None:
    """Update the synapses for which a term of the rule has its condition met, by column."""
    row = rules.table[k]
    changes, under = np.zeros(2, np.bool_), np.zeros(3, np.bool_)
    for n in range(row[TERM], row[TERM_END]):
        changes[rules.terms[n, ON_TAG]] = True
        under[rules.terms[n, CONDITION]] = True
    height, first = wire[3], row[Y_FIRST]
    everyone = np.arange(height)
    fired = everyone[:0]
    if under[Y0]:
        fired = np.flatnonzero(traces.y_spike[first : first + height])
    for j in range(wire[1]):
        whole = (due and under[U]) or (under[X0] and traces.x_spike[row[X_FIRST] + j] > 0)
        posts = everyone if whole else fired
        if len(posts) == 0:
            continue
        at = wire[4] + j * height + posts
        old_weights, old_tags = weights[at].astype(np.int64), tags[at].astype(np.int64)
        column = (posts, old_weights, old_tags)
        if changes[0]:
            total = old_weights << SYNAPSE_SHIFT
            _add_series(rules, k, 0, due, j, column, traces, total)
            _rounded(total, draw, row[LOW], row[HIGH])
            weights[at] = total
        if changes[1]:
            total = old_tags << SYNAPSE_SHIFT
            _add_series(rules, k, 1, due, j, column, traces, total)
            _rounded(total, draw, TAG_MIN, TAG_MAX)
            tags[at] = total
