"""Addresses in tables: compiled code finds a model's arrays by them, and is compiled once for all.

Whoever makes a table keeps the arrays alive.
"""

from __future__ import annotations

from typing import Any

from numba import types
from numba.extending import intrinsic

PAIR = 32
"""Numbers that are multiplied at once, as sixteen pairs."""


def _at(kind: Any) -> Any:
    @intrinsic
    def at(_context: Any, _address: Any) -> Any:
        """A pointer to the numbers at an address."""
        def write(context: Any, builder: Any, signature: Any, values: Any) -> Any:
            return builder.inttoptr(values[0], context.get_value_type(signature.return_type))

        return types.CPointer(kind)(types.int64), write

    return at


bytes_at, shorts_at, ints_at, longs_at = map(_at, (types.int8, types.int16, types.int32,
                                                   types.int64))
