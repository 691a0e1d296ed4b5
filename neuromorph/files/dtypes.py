"""The safetensors dtypes, and the finite float32 or integer arrays they become."""

from __future__ import annotations

from typing import Annotated, Any, NamedTuple

import ml_dtypes
import numpy as np
from numpy.typing import NDArray

from neuromorph.errors import FileFormatError, TensorError, did_you_mean
from neuromorph.files.tensor_names import shown
from neuromorph.shapes import Float, Float32, Shaped


class Dtype(NamedTuple):
    """Width of one element, and its NumPy type (``None``: known, but nothing here reads it)."""

    bits: int
    numpy: np.dtype[Any] | None

    @property
    def is_float(self) -> bool:
        """Whether the elements are real numbers rather than integers or flags."""
        return self.numpy is not None and self.numpy.kind not in "iub"


DTYPES: dict[str, Dtype] = {
    "F64": Dtype(64, np.dtype("<f8")),
    "F32": Dtype(32, np.dtype("<f4")),
    "F16": Dtype(16, np.dtype("<f2")),
    "BF16": Dtype(16, np.dtype(ml_dtypes.bfloat16)),
    "F8_E4M3": Dtype(8, np.dtype(ml_dtypes.float8_e4m3fn)),
    "F8_E5M2": Dtype(8, np.dtype(ml_dtypes.float8_e5m2)),
    "I64": Dtype(64, np.dtype("<i8")),
    "I32": Dtype(32, np.dtype("<i4")),
    "I16": Dtype(16, np.dtype("<i2")),
    "I8": Dtype(8, np.dtype("i1")),
    "U64": Dtype(64, np.dtype("<u8")),
    "U32": Dtype(32, np.dtype("<u4")),
    "U16": Dtype(16, np.dtype("<u2")),
    "U8": Dtype(8, np.dtype("u1")),
    "BOOL": Dtype(8, np.dtype("?")),
    # Legal in a file beside the weights that we want, so their sizes must be known.
    "C64": Dtype(64, None),
    "F8_E8M0": Dtype(8, None),
    "F8_E4M3FNUZ": Dtype(8, None),
    "F8_E5M2FNUZ": Dtype(8, None),
    "F6_E2M3": Dtype(6, None),
    "F6_E3M2": Dtype(6, None),
    "F4": Dtype(4, None),
}


def dtype_named(name: object, tensor: str, where: object) -> Dtype:
    """The dtype that a header names for ``tensor``.

    Raises
    ------
    FileFormatError
        If it is none, or one that is not known.
    """
    if not isinstance(name, str):
        raise FileFormatError(f"tensor {tensor} has a dtype that is not a text", where=where,
                              expected="for instance 'F32'")
    if name not in DTYPES:
        raise FileFormatError(f"tensor {tensor} has an unknown dtype", where=where,
                              found=shown(name), hint=did_you_mean(name[:20], DTYPES))
    return DTYPES[name]


def decode(data: bytearray, name: str, shape: tuple[int, ...], tensor: str,
           where: object) -> Annotated[Shaped, "..."]:
    """Bytes to an array: floats become finite float32, integers keep their type.

    Raises
    ------
    TensorError
        When the dtype cannot be read, or a value is not finite or not finite in float32.
    """
    numpy_type = DTYPES[name].numpy
    if numpy_type is None:
        raise TensorError(f"tensor {tensor} has dtype {name}, which is not read here", where=where,
                          expected=", ".join(k for k, v in DTYPES.items() if v.numpy is not None))
    if name == "BOOL":
        return _flags(data, shape, tensor, where)
    array = np.frombuffer(data, dtype=numpy_type).reshape(shape)
    if not DTYPES[name].is_float:
        return array.astype(numpy_type.newbyteorder("="), copy=False)
    return finite32(array, tensor, where)


def _flags(data: bytearray, shape: tuple[int, ...], tensor: str,
           where: object) -> NDArray[np.bool_]:
    flags = np.frombuffer(data, dtype=np.uint8).reshape(shape)
    if flags.size and int(flags.max()) > 1:
        raise TensorError(f"tensor {tensor} has truth values that are neither 0 nor 1",
                          where=where, found=int(flags.max()))
    return flags.astype(np.bool_)


def finite32(
    array: Annotated[Float, "*shape"], tensor: str, where: object
) -> Annotated[Float32, "*shape"]:
    """Floats of any width as float32, all of them finite.

    Raises
    ------
    TensorError
    """
    if array.dtype.itemsize > 4:
        _refuse_nonfinite(array, tensor, where)
        with np.errstate(over="ignore"):
            single = array.astype(np.float32)
        _refuse_nonfinite(single, tensor, where, " in float32")
        return single
    # Every narrower float fits in float32, so the check can follow the conversion.
    single = array.astype(np.float32, copy=False)
    _refuse_nonfinite(single, tensor, where)
    return single


def _refuse_nonfinite(array: NDArray[Any], tensor: str, where: object, kind: str = "") -> None:
    finite = np.isfinite(array)
    if finite.all():
        return
    first = np.unravel_index(int(np.argmin(finite)), array.shape)
    index = [int(i) for i in first]
    count = int(array.size - np.count_nonzero(finite))
    verb = "value that is" if count == 1 else "values that are"
    raise TensorError(f"tensor {tensor} holds {count} {verb} not finite{kind}", where=where,
                      found=f"{array[first]} at {index}", expected="finite numbers")
