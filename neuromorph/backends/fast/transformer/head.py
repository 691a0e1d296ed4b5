"""The head: what is said of the last hidden states."""

from __future__ import annotations

from typing import Any

import numpy as np

from neuromorph.backends.fast.lanes import beyond
from neuromorph.backends.fast.transformer.calls import Stage, part
from neuromorph.backends.fast.transformer.dense import rows_of, sums_of_one, sums_of_panel
from neuromorph.backends.fast.transformer.memory import bytes_at, ints_at, longs_at, shorts_at
from neuromorph.backends.fast.transformer.passing import (
    said_by,
)
from neuromorph.backends.fast.transformer.scalars import multiply_shift, saturate
from neuromorph.backends.fast.transformer.tables import (
    ANSWER_FROM,
    ANSWER_STRIDE,
    ANSWERS,
    BIASES,
    HEAD_LAYER,
    LAYER,
    LAYERS,
    MODEL_WIDTH,
    MULTIPLIERS,
    OUTPUTS,
    PANEL,
    PANEL_STRIDE,
    PANELS,
    SAID,
    SAID_STRIDE,
    SHIFTS,
    SUMS,
    SUMS_STRIDE,
    TOKENS,
    WIDE_SAID,
)


@Stage
def answer(first: int, stride: int, _block: Any, work: Any, _counts: Any) -> None:
    """A thread's share of the answers."""
    tokens, begin = work[TOKENS], work[ANSWER_FROM]
    if work[HEAD_LAYER] < 0:
        for t in range(begin + first, tokens, stride):
            wide, answers = said_by(work, t)[0], _answers(work, t)
            for i in range(work[MODEL_WIDTH]):
                answers[i] = wide[i]
        return
    layer = beyond(longs_at(work[LAYERS]), LAYER * work[HEAD_LAYER])
    sums = beyond(ints_at(work[SUMS]), first * PANEL)
    if tokens - begin == 1:
        _answer_once(first, stride, layer, sums, work)
        return
    panel = beyond(bytes_at(work[PANELS]), first * work[PANEL_STRIDE])
    for row in range(first * PANEL, layer[OUTPUTS], stride * PANEL):
        sums_of_panel(layer, row, tokens, ints_at(work[WIDE_SAID]), shorts_at(work[SAID]),
                      work[SAID_STRIDE], panel, sums, work[SUMS_STRIDE])
        for t in range(begin, tokens):
            _scaled(layer, row, min(row + PANEL, layer[OUTPUTS]),
                    beyond(sums, t * work[SUMS_STRIDE]), _answers(work, t))


@part
def _answers(work: Any, t: int) -> Any:
    return beyond(longs_at(work[ANSWERS]), t * work[ANSWER_STRIDE])


@part
def _answer_once(first: int, stride: int, layer: Any, sums: Any, work: Any) -> None:
    """The answer to the last token, panel by panel."""
    t = work[TOKENS] - 1
    wide, narrow = said_by(work, t)
    begin, stop = rows_of(layer[OUTPUTS], first, stride)
    for row in range(begin, stop, PANEL):
        end = min(row + PANEL, stop)
        sums_of_one(layer, row, end, wide, narrow, beyond(sums, -row))
        _scaled(layer, row, end, sums, _answers(work, t))


@part
def _scaled(layer: Any, first: int, stop: int, sums: Any, answers: Any) -> None:
    """Numbers first to stop of an answer; sums[0] is the first's."""
    multipliers, shifts, biases = (ints_at(layer[MULTIPLIERS]), ints_at(layer[SHIFTS]),
                                   ints_at(layer[BIASES]))
    for i in range(first, stop):
        y = multiply_shift(np.int64(sums[i - first]), np.int64(multipliers[i]),
                           np.int64(shifts[i]))
        answers[i] = saturate(y + biases[i])
