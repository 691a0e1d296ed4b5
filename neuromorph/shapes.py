"""Types of arrays that say what they hold; a signature adds the shape.

::

    codes: Annotated[Int64, "slots dims"]

is ``NDArray[np.int64]`` to a type checker. The second text names the axes: one name is one length
in all of a function's arguments and its result, in all fields of a class and the arguments of its
methods. ``...`` is any shape, ``*batch`` any number of axes by a name, ``3`` a fixed length, ``_``
any length, ``slots+1`` one that follows from others: the notation of jaxtyping, by which the tests
check them (``tests/shape_check.py``). Nothing is checked, nor imported for it, outside of tests.
"""

from __future__ import annotations

from typing import Annotated, Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

Bool: TypeAlias = Annotated[NDArray[np.bool_], "Bool"]
UInt8: TypeAlias = Annotated[NDArray[np.uint8], "UInt8"]
UInt64: TypeAlias = Annotated[NDArray[np.uint64], "UInt64"]
Int8: TypeAlias = Annotated[NDArray[np.int8], "Int8"]
Int16: TypeAlias = Annotated[NDArray[np.int16], "Int16"]
Int32: TypeAlias = Annotated[NDArray[np.int32], "Int32"]
Int64: TypeAlias = Annotated[NDArray[np.int64], "Int64"]
Float32: TypeAlias = Annotated[NDArray[np.float32], "Float32"]
Float64: TypeAlias = Annotated[NDArray[np.float64], "Float64"]

# Of any width: a type checker takes any array for these, the tests do not.
Integer: TypeAlias = Annotated[NDArray[Any], "Integer"]
Float: TypeAlias = Annotated[NDArray[Any], "Float"]
Num: TypeAlias = Annotated[NDArray[Any], "Num"]
"""Whole numbers or floats."""
Shaped: TypeAlias = Annotated[NDArray[Any], "Shaped"]
"""Of any dtype, booleans too."""
