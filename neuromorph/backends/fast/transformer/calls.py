"""Stages of a call, each compiled by itself and called by its address.

Compiled into each other they would be optimised again with each that calls them: a minute and more.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property
from typing import Any

from llvmlite import ir
from numba import cfunc, njit, types
from numba.extending import intrinsic

from neuromorph.backends.fast.compiled import compiled

_NUMBERS = types.CPointer(types.int64)
_INT = ir.IntType(64)
_STAGE = ir.FunctionType(ir.VoidType(), [_INT, _INT, *[_INT.as_pointer()] * 3])


def part(function: Callable[..., Any]) -> Any:
    """A function that is written into those of its stage that call it, before they are compiled."""
    return njit(inline="always", error_model="numpy")(function)


class Stage:
    """A function of the first task, the stride to the next, a table, the work, and counts.

    It is compiled, or loaded, when its address is asked for.
    """

    def __init__(self, function: Callable[..., None], *, cache: bool = True) -> None:
        self.function, self.cache = function, cache

    @cached_property
    def made(self) -> Any:
        """What was compiled; it lives as long as the stage."""
        return compiled(self.function, by=cfunc, error_model="numpy", cache=self.cache,
                        signature=types.void(types.int64, types.int64, *[_NUMBERS] * 3))

    @property
    def address(self) -> int:
        """Where the compiled function is."""
        return int(self.made.address)


@intrinsic
def call(
    _context: Any, _address: Any, _first: Any, _stride: Any, _table: Any, _work: Any, _counts: Any
) -> Any:
    """Call the stage at an address."""
    def write(context: Any, builder: Any, _signature: Any, values: Any) -> Any:
        builder.call(builder.inttoptr(values[0], _STAGE.as_pointer()), values[1:])
        return context.get_dummy_value()

    return types.void(types.int64, types.int64, types.int64, *[_NUMBERS] * 3), write
