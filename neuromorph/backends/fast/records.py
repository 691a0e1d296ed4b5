"""Rows of numbers and addresses, for code that runs thousands of times a step.

Numba counts references of every array that goes into a call or out of a tuple, which takes longer
than a short loop. A pointer has none. Whoever made a record keeps what it points to.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from llvmlite import ir
from numba import types
from numba.extending import intrinsic
from numpy.typing import NDArray

RECORD = types.CPointer(types.int64)


def address(array: NDArray[Any]) -> int:
    """Of the first element of an array, which must be in one piece."""
    if not array.flags.c_contiguous:
        raise ValueError("an address needs an array in one piece")
    return int(array.ctypes.data)


def _reader(element: Any) -> Callable[..., Any]:
    @intrinsic
    def read(_context: Any, _record: Any, _field: Any) -> Any:
        def write(context: Any, builder: Any, signature: Any, values: Any) -> Any:
            place = builder.gep(values[0], [values[1]])
            kind = context.get_value_type(signature.return_type)
            return builder.inttoptr(builder.load(place), kind)

        pointer = types.CPointer(element)
        return pointer(RECORD, types.intp), write

    result: Callable[..., Any] = read
    return result


ints = _reader(types.int32)
shorts = _reader(types.int16)
longs = _reader(types.int64)
doubles = _reader(types.float64)
"""What the address in a field of a record points to: numbers of 32, 16 and 64 bits, and floats."""



@intrinsic
def enter(_context: Any, _address: Any, given: Any) -> Any:
    """Call the function at an address with what a tuple holds; it gives back a whole number.

    What is compiled by itself is not compiled again with everyone who calls it.
    """
    def write(context: Any, builder: Any, _signature: Any, values: Any) -> Any:
        kinds = [context.get_value_type(kind) for kind in given]
        function = ir.FunctionType(ir.IntType(64), kinds).as_pointer()
        arguments = [builder.extract_value(values[1], n) for n in range(len(kinds))]
        return builder.call(builder.inttoptr(values[0], function), arguments)

    return types.int64(types.int64, given), write
