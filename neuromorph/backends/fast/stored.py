"""Keys and values as the kernel reads them, coded from floats; while a text grows, kept.

A token that is generated adds one key to those that were there. What was there is compared with
what it was, number by number, so any kind of cache will do: one that grows, one that is written to
in place, one whose sequences change places.
"""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np
from numba import types
from numba.extending import overload
from numpy.typing import NDArray

from neuromorph.backends.fast.compiled import compiled
from neuromorph.backends.fast.encode import WRONG, encode_row, same_row
from neuromorph.backends.fast.lanes import LANES
from neuromorph.backends.fast.memory import aligned, padded
from neuromorph.backends.fast.threads import share
from neuromorph.backends.fast.vectors import STRIP
from neuromorph.circuits.latency_attention import LatencyAttention, Shared
from neuromorph.circuits.latency_attention.pair import SHARE_BITS

FLOATS = types.Array(types.float32, 4, "A", readonly=True)
"""Arrays that come from elsewhere may have any strides."""

CODE = types.UniTuple(types.float64[:, ::1], 3)
"""Centre, scale and one over it, shape (heads, size) each."""

TABLES = {"graded": types.float32[:, :, ::1], "plain": types.int16[:, :, ::1],
          "paired": types.int16[:, :, :, ::1]}
"""Tables of values by kind of heads, in the types that they add up in; see `kind_of`."""

LIMITS = types.UniTuple(types.int64, 4)
"""Largest query, key and value code, and the share of a value that the first neuron takes."""

HALF_SHARE = 1 << SHARE_BITS - 1

COUNTS = 8
"""Numbers that a thread counts in, a whole cache line: clips, what is not finite, and more."""


def kind_of(head: LatencyAttention | Shared) -> str:
    """Which kernel a head's spikes take."""
    if head.spikes == "graded":
        return "graded"
    return "paired" if head.neurons_per_key > 1 or head.pause else "plain"


@compiled(forceinline=True)
def place(array: NDArray[np.float32], b: int, head: int, token: int) -> int:
    """Where a row of numbers begins, counted in numbers from the first."""
    strides = array.strides
    return (b * strides[0] + head * strides[1] + token * strides[2]) // 4


@compiled(forceinline=True)
def _code_keys(
    keys: NDArray[np.float32], b: int, kv: int, begin: int, since: int, code: Any, limit: int,
    strip: NDArray[np.float32],
) -> int:
    """Code up to 32 keys, which stand side by side in a strip (size, 32); what was counted."""
    size, found = len(strip), 0
    codes = np.empty(size, np.float32)
    for token in range(max(begin, since), min(begin + STRIP, keys.shape[2])):
        found += encode_row(keys, place(keys, b, kv, token), np.float32(1), code, kv, limit, codes,
                            0)
        for j in range(size):
            strip[j, token - begin] = codes[j]
    return found


@compiled(forceinline=True)
def _code_values(
    values: NDArray[np.float32], b: int, kv: int, begin: int, since: int, code: Any, limit: int,
    share: int, table: NDArray[Any],
) -> int:
    """Code up to 32 values into their rows of a table (keys, columns); what was counted."""
    size, found = values.shape[3], 0
    codes = np.empty(size, np.float32)
    for token in range(max(begin, since), min(begin + STRIP, values.shape[2])):
        found += encode_row(values, place(values, b, kv, token), np.float32(1), code, kv, limit,
                            codes, 0)
        put(table, token, codes, share)
    return found


def put(*arguments: Any) -> None:
    """Write a value's codes into its row, or in parts into its rows; for compiled code only."""
    raise NotImplementedError


@overload(put)
def _put(table: Any, token: Any, codes: Any, share: Any) -> Any:  # noqa: ARG001 - what is called
    return _put_parts if table.ndim > 2 else _put_whole  # keys, neurons of a key, columns


def _put_whole(table: Any, token: Any, codes: Any, share: Any) -> Any:  # noqa: ARG001
    for j in range(len(codes)):
        table[token, j] = codes[j]


def _put_parts(table: Any, token: Any, codes: Any, share: Any) -> Any:
    """As `pair.parts_of`."""
    for j in range(len(codes)):
        whole = int(codes[j])
        first = abs(whole) * share + HALF_SHARE >> SHARE_BITS
        first = -first if whole < 0 else first
        table[token, 0, j] = first
        if table.shape[1] > 1:
            table[token, 1, j] = whole - first


@compiled(forceinline=True)
def count(counted: NDArray[np.int64], found: int) -> None:
    """Add what `encode_row` gave for some rows, before it could grow into the bits above."""
    counted[0] += found & ((1 << WRONG) - 1)
    counted[1] += found >> WRONG


def _store(
    first: int, stride: int, since: int, keys: NDArray[np.float32], values: NDArray[np.float32],
    key_code: Any, value_code: Any, limits: Any, strips: NDArray[np.float32],
    table: NDArray[Any], counted: NDArray[np.int64],
) -> None:
    """Code keys and values, one strip of a head a task, as `attend_heads` reads them.

    Parameters
    ----------
    first, stride : the first of this thread's tasks, and how far it is to the next
    since : token from which on codes are not there yet
    keys, values : see `FloatWork`
    key_code, value_code : centre, scale and one over it, shape (kv_heads, size) each
    limits : see `LIMITS`
    strips, table : see `attend_heads`; written
    counted : where this thread adds clips, and numbers that are not finite
    """
    kv_heads, skipped = keys.shape[1], since // STRIP
    pieces = (keys.shape[2] + STRIP - 1) // STRIP - skipped
    for task in range(first, len(strips) * pieces, stride):
        row, piece = task // pieces, task % pieces + skipped
        b, kv, begin = row // kv_heads, row % kv_heads, piece * STRIP
        count(counted, _code_keys(keys, b, kv, begin, since, key_code, limits[1],
                                  strips[row, piece]))
        count(counted, _code_values(values, b, kv, begin, since, value_code, limits[2], limits[3],
                                    table[row]))


def _unchanged(
    floats: NDArray[np.float32], before: NDArray[np.float32], count: int
) -> bool:
    """Whether the first tokens are those from before, number by number."""
    batch, heads, room, size = before.shape
    flat = before.ravel()
    for b in range(batch):
        for head in range(heads):
            for token in range(count):
                if not same_row(floats, place(floats, b, head, token), flat,
                                ((b * heads + head) * room + token) * size, size):
                    return False
    return True


@compiled(nogil=True)
def _sum_up(table: NDArray[np.int16], since: int, count: int, sums: NDArray[np.int32]) -> None:
    for row in range(len(table)):
        for i in range(since, count):
            for j in range(table.shape[3]):
                sums[row, i + 1, j] = sums[row, i, j]
            for s in range(table.shape[2]):
                for j in range(table.shape[3]):
                    sums[row, i + 1, j] += table[row, i, s, j]


def sum_up(table: NDArray[np.int16], since: int, count: int, sums: NDArray[np.int32]) -> None:
    """The sums of all values before each key, from one on; shape (rows, keys + 1, columns)."""
    _sum_up(table if table.ndim == 4 else table[:, :, None], since, count, sums)


@cache
def store_of(kind: str) -> Any:
    """The pass over keys and values, compiled for a kind of spikes."""
    return compiled(_store, name=f"store_{kind}", nogil=True, signature=types.void(
        types.intp, types.intp, types.intp, FLOATS, FLOATS, CODE, CODE,
        LIMITS, types.float32[:, :, :, ::1], TABLES[kind], types.int64[::1]))


@cache
def compare() -> Any:
    """`_unchanged`, compiled."""
    return compiled(_unchanged, nogil=True, signature=types.boolean(
        FLOATS, types.float32[:, :, :, ::1], types.intp))


class Stored:
    """Codes of keys and values, and of which floats, if they are kept.

    Parameters
    ----------
    kind : {"graded", "plain", "paired"}
    shape : (batch, kv_heads, key_size, value_size)
    room : int
        Tokens that there is room for.
    kept : bool
        Whether to remember the floats.
    neurons : int
        Match neurons a key.
    """

    def __init__(
        self, kind: str, shape: tuple[int, int, int, int], room: int, *, kept: bool,
        neurons: int = 1,
    ) -> None:
        batch, kv_heads, key_size, value_size = shape
        rows, columns = batch * kv_heads, padded(value_size, LANES)
        self.kind, self.room, self.kept = kind, room, kept
        self.count = self.clipped = self.wrong = 0
        self.strips = aligned((rows, padded(room, STRIP) // STRIP, key_size, STRIP), np.float32)
        parts = (neurons,) if kind == "paired" else ()
        self.table = aligned((rows, room, *parts, columns),
                             np.float32 if kind == "graded" else np.int16)
        self.sums = np.zeros((1, 0, columns) if kind == "graded" else (rows, room + 1, columns),
                             np.int32)
        kept_room = room if kept else 0
        self._keys = np.empty((batch, kv_heads, kept_room, key_size), np.float32)
        self._values = np.empty((batch, kv_heads, kept_room, value_size), np.float32)

    def follows(self, keys: NDArray[np.float32], values: NDArray[np.float32]) -> bool:
        """Whether these are what is stored, and perhaps more, for which there is room."""
        same = compare()
        return (self.count <= keys.shape[2] <= self.room
                and keys.shape[:2] == self._keys.shape[:2]
                and same(keys, self._keys, self.count) and same(values, self._values, self.count))

    def add(
        self, keys: NDArray[np.float32], values: NDArray[np.float32], codes: Any, limits: Any,
        threads: int,
    ) -> None:
        """Code what is not stored yet."""
        since, self.count = self.count, keys.shape[2]
        counted = np.zeros((threads, COUNTS), np.int64)
        share(store_of(self.kind), threads, since, keys, values, *codes, limits, self.strips,
              self.table, each=counted)
        for clipped, wrong, *_ in counted.tolist():
            self.clipped, self.wrong = self.clipped + clipped, self.wrong + wrong
        if self.kind != "graded":
            sum_up(self.table, since, self.count, self.sums)
        if self.kept:
            self._keys[:, :, since : self.count] = keys[:, :, since:]
            self._values[:, :, since : self.count] = values[:, :, since:]
