"""Room that a call works in."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from neuromorph.backends.fast.lanes import LANES
from neuromorph.backends.fast.memory import aligned, padded
from neuromorph.backends.fast.transformer import tables as of
from neuromorph.backends.fast.transformer.barrier import WORDS
from neuromorph.backends.fast.transformer.prepared import Prepared
from neuromorph.backends.fast.transformer.tables import PANEL
from neuromorph.backends.fast.transformer.tiles import ROWS
from neuromorph.circuits.transformer.numbers import Transformer


class Room:
    """Arrays for so many tokens and threads, and the table of where they are.

    Parameters
    ----------
    model : Transformer
    tables : Prepared
    rings : int64 array
        Addresses of keys and values of each block.
    tokens : int
        One, or as many as whole tiles are made for.
    capacity, columns : int
        Of rings of keys and values.
    threads : int
    """

    def __init__(
        self, model: Transformer, tables: Prepared, rings: NDArray[np.int64], tokens: int,
        capacity: int, columns: int, threads: int,
    ) -> None:
        rows = 1 if tokens == 1 else ROWS
        whole, blocks = padded(tokens, rows), model.blocks
        wide = padded(max(model.width, tables.contexts, *(b.hidden for b in blocks)), PANEL)
        sums = max(threads * PANEL, *(
            max(_whole(b.query.outputs) + 2 * _whole(b.key.outputs), b.turns * _whole(b.width),
                2 * _whole(b.hidden)) for b in blocks))
        asked = max(len(b.heads) * padded(b.size, 2) for b in blocks)
        longest = max(b.window for b in blocks)
        late = 2 * rows * (capacity + LANES)
        self.threads, self.answers = threads, np.empty((0, 0), np.int64)
        self.stream = aligned((whole, padded(model.width, LANES)), np.int32)
        self.barrier = aligned((WORDS,), np.int64)
        self.record = np.empty(0, np.int32)
        arrays = {
            of.STREAM: self.stream, of.WIDE_SAID: aligned((whole, wide), np.int32),
            of.SAID: aligned((whole, wide), np.int16), of.SUMS: aligned((whole, sums), np.int32),
            of.QUERIES: aligned((whole, padded(asked, PANEL)), np.int16),
            of.ROOTS: np.zeros(whole, np.int64), of.BARRIER: self.barrier,
            of.PANELS: aligned((threads, PANEL * wide if tokens > 1 else 0), np.int8),
            of.SCORES: aligned((threads, rows * capacity), np.int32),
            of.SPOKEN: aligned((threads, rows * capacity), np.int16),
            of.LATE: aligned((threads, padded(late, LANES)), np.int32),
            of.PARTS: aligned((threads, (longest + 1 + 2 * ROWS) * columns), np.int32),
            of.MASS: aligned((threads, padded(longest + 1 + 2 * ROWS, 8)), np.int64)}
        self.kept = [*arrays.values(), rings]
        self.work = np.zeros(of.WORK, np.int64)
        for place, array in arrays.items():
            self.work[place] = array.ctypes.data
        strides = {of.STREAM_STRIDE: of.STREAM, of.SAID_STRIDE: of.SAID, of.SUMS_STRIDE: of.SUMS,
                   of.QUERY_STRIDE: of.QUERIES, of.PANEL_STRIDE: of.PANELS,
                   of.SCORE_STRIDE: of.SCORES, of.LATE_STRIDE: of.LATE, of.PARTS_STRIDE: of.PARTS,
                   of.MASS_STRIDE: of.MASS}
        for place, strided in strides.items():
            self.work[place] = arrays[strided].shape[1]
        self.work[of.CAUSAL], self.work[of.CAPACITY] = model.causal, capacity
        self.work[of.COLUMNS], self.work[of.LONGEST] = columns, longest
        self.work[of.COSINES], self.work[of.SINES] = tables.angles
        self.work[of.EMBEDDING_NORM] = tables.embedding_norm
        self.work[of.HEAD_NORM], self.work[of.HEAD_LAYER] = tables.head_norm, tables.head_layer
        for place, table in ((of.LAYERS, tables.layers), (of.NORMS, tables.norms),
                             (of.CODES, tables.codes), (of.KINDS, tables.heads),
                             (of.RINGS, rings)):
            self.work[place] = table.ctypes.data
        self.work[of.KINDS_STRIDE] = tables.most_heads * of.HEAD
        self.work[of.BLOCKS], self.work[of.MODEL_WIDTH] = len(blocks), model.width

    def set_call(
        self, first: int, tokens: int, answers: NDArray[np.int64], record: NDArray[np.int32]
    ) -> None:
        """Where the sequence stands, and where answers and streams go, if there are any."""
        begin, stride = tokens - len(answers), answers.shape[1]
        self.answers, self.record = answers, record
        self.work[of.FIRST], self.work[of.TOKENS] = first, tokens
        self.work[of.ANSWER_FROM], self.work[of.ANSWER_STRIDE] = begin, stride
        self.work[of.ANSWERS] = (answers.ctypes.data - begin * stride * answers.itemsize
                                 if len(answers) else 0)
        self.work[of.RECORD] = record.ctypes.data if len(record) else 0


def _whole(rows: int) -> int:
    return padded(rows, PANEL)
