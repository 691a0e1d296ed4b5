"""Threads wait for each other within a compiled call.

A token passes some hundred stages in a hundredth of a second: those who wait look again and again,
and let others have the processor after a while.
"""

from __future__ import annotations

import os
from typing import Any

from llvmlite import ir
from numba import types
from numba.extending import intrinsic

from neuromorph.backends.fast.compiled import inner

WORDS = 24
"""Of a barrier: arrivals, rounds, and whether somebody failed, in cache lines of their own."""

ARRIVED, ROUND, FAILED = 0, 8, 16

PATIENCE = 2000
"""Looks before others may have the processor."""

CAN_WAIT = os.name == "posix"
"""Whether there is a `sched_yield`."""

_give_way = types.ExternalFunction("sched_yield", types.int32())


@intrinsic
def _add_one(_context: Any, _words: Any, _at: Any) -> Any:
    """What a word was before it was raised by one."""
    def write(_context: Any, builder: Any, _signature: Any, values: Any) -> Any:
        one = ir.Constant(ir.IntType(64), 1)
        return builder.atomic_rmw("add", builder.gep(values[0], [values[1]]), one, "seq_cst")

    return types.int64(types.CPointer(types.int64), types.intp), write


@intrinsic
def _read(_context: Any, _words: Any, _at: Any) -> Any:
    """A word, as others wrote it."""
    def write(_context: Any, builder: Any, _signature: Any, values: Any) -> Any:
        return builder.load_atomic(builder.gep(values[0], [values[1]]), "seq_cst", 8)

    return types.int64(types.CPointer(types.int64), types.intp), write


@intrinsic
def _write(_context: Any, _words: Any, _at: Any, _value: Any) -> Any:
    """Write a word, for others."""
    def write(context: Any, builder: Any, _signature: Any, values: Any) -> Any:
        builder.store_atomic(values[2], builder.gep(values[0], [values[1]]), "seq_cst", 8)
        return context.get_dummy_value()

    return types.void(types.CPointer(types.int64), types.intp, types.int64), write


@inner
def meet(words: Any, threads: int) -> None:
    """Wait until all threads are here."""
    if threads == 1:
        return
    now = _read(words, ROUND)
    if _add_one(words, ARRIVED) == threads - 1:
        _write(words, ARRIVED, 0)
        _write(words, ROUND, now + 1)
        return
    looks = 0
    while _read(words, ROUND) == now:
        looks += 1
        if looks > PATIENCE:
            _give_way()
            if _read(words, FAILED):  # who failed does not come
                return
