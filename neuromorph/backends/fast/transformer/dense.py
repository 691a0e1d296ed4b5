"""Dense layers: the sums of one token, row by row; of many, by panels of rows."""

from __future__ import annotations

from typing import Any

import numpy as np

from neuromorph.backends.fast.lanes import LANES, beyond
from neuromorph.backends.fast.transformer.calls import part
from neuromorph.backends.fast.transformer.memory import PAIR, bytes_at
from neuromorph.backends.fast.transformer.tables import (
    INPUTS,
    OUTPUTS,
    PANEL,
    WEIGHTS,
    WIDE,
    X_AT,
)
from neuromorph.backends.fast.transformer.tiles import (
    ROWS,
    TOGETHER,
    dots_one,
    dots_together,
    layer_rows,
    turn_over,
)


@part
def sums_of_one(layer: Any, first: int, stop: int, said: Any, narrow: Any, sums: Any) -> None:
    """Sums first to stop of a layer, of one token; the first goes to sums[first]."""
    columns, weights = layer[INPUTS], bytes_at(layer[WEIGHTS])
    at = layer[X_AT]
    if layer[WIDE]:
        for row in range(first, stop):
            sums[row] = _dot(beyond(weights, row * columns), beyond(said, at), columns)
        return
    whole = columns // PAIR
    row = first
    while row + TOGETHER <= stop:
        dots_together(weights, row * columns, columns, narrow, at, whole, sums, row)
        row += TOGETHER
    while row < stop:
        dots_one(weights, row * columns, columns, narrow, at, whole, sums, row)
        row += 1
    done = whole * PAIR
    if done < columns:
        for row in range(first, stop):
            sums[row] += _dot(beyond(weights, row * columns + done), beyond(narrow, at + done),
                              columns - done)


@part
def _dot(weights: Any, said: Any, columns: int) -> Any:
    total = np.int32(0)
    for j in range(columns):
        total = np.int32(total + np.int32(weights[j]) * np.int32(said[j]))
    return total


@part
def rows_of(rows: int, first: int, stride: int) -> Any:
    """A thread's share of so many rows, in whole groups."""
    groups = (rows + TOGETHER - 1) // TOGETHER
    return (min(rows, groups * first // stride * TOGETHER),
            min(rows, groups * (first + 1) // stride * TOGETHER))


@part
def sums_of_panel(
    layer: Any, row: int, tokens: int, said: Any, narrow: Any, said_stride: int, panel: Any,
    sums: Any, sums_stride: int,
) -> None:
    """Sums of some rows from `row` on, of all tokens; sums[t, 0] is the first. Of whole tiles."""
    columns, at = layer[INPUTS], layer[X_AT]
    rows = min(PANEL, layer[OUTPUTS] - row)
    weights = beyond(bytes_at(layer[WEIGHTS]), row * columns)
    if layer[WIDE]:
        for t in range(tokens):
            for r in range(rows):
                sums[t * sums_stride + r] = _dot(beyond(weights, r * columns),
                                                 beyond(said, t * said_stride + at), columns)
        return
    pairs = (columns + 1) // 2
    _pack(weights, rows, columns, pairs, panel)
    for t in range(0, tokens, ROWS):
        layer_rows(narrow, t * said_stride + at, said_stride, panel, 0, pairs * PAIR, pairs, sums,
                   t * sums_stride, sums_stride, 0)


@part
def _pack(weights: Any, rows: int, columns: int, pairs: int, panel: Any) -> None:
    """Rows as pairs of columns, sixteen rows together; what is not there is 0."""
    whole = columns // PAIR * PAIR
    for strip in range(0, PANEL, LANES):
        to = beyond(panel, strip * 2 * pairs)
        begin = 0
        if strip + LANES <= rows:
            begin = whole
            for column in range(0, whole, PAIR):
                turn_over(weights, strip * columns + column, columns, to, column * LANES)
        for r in range(LANES):
            for column in range(begin, 2 * pairs):
                there = strip + r < rows and column < columns
                to[column // 2 * PAIR + 2 * r + column % 2] = (
                    weights[(strip + r) * columns + column] if there else 0)
