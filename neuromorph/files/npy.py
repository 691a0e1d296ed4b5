r"""The header of an ``.npy`` array, read without believing it.

::

    b"\x93NUMPY"  version (2 bytes)  length (2 or 4 bytes, little-endian)
    {'descr': '<f8', 'fortran_order': False, 'shape': (3, 4), }  spaces  newline

`numpy.lib.format` parses the dict as Python, and so fails in as many ways as Python does.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from typing import IO, Any

import numpy as np

from neuromorph.errors import TensorError
from neuromorph.files.header import COUNT_LIMIT, RANK_LIMIT
from neuromorph.shown import Shown

HINT = "write it with numpy.savez"

_MAGIC = b"\x93NUMPY"
_LENGTHS = {(1, 0): 2, (2, 0): 4, (3, 0): 4}
_LONGEST = 10_000
"""Of the dict: as NumPy reads it itself."""

_FIELD = re.compile(r"""\s*(['"])(?P<name>\w+)\1\s*:\s*(?P<value>
                    '[^']*'|"[^"]*"|True|False|\([-\d,\sL]*\)|\[[^\]]*\])\s*(?:,|$)""", re.VERBOSE)
_NUMBERS = re.compile(r"[<>|=]?(?:b1|[iu][1248]|f[248])")
_SIZE = re.compile(r"-?\d{1,19}")
_KNOWN = {"|O": "object", "<c8": "complex64", "<c16": "complex128"}
_FIELDS = {"descr", "fortran_order", "shape"}


@dataclass(frozen=True, repr=False)
class ArrayInfo(Shown):
    """What an array says of itself.

    Attributes
    ----------
    dtype : dtype
        Bool, integer or float, of at most 8 bytes.
    shape : tuple of int
    by_column : bool
    begin : int
        Bytes before the first element.
    """

    dtype: np.dtype[Any]
    shape: tuple[int, ...]
    by_column: bool
    begin: int

    @property
    def nbytes(self) -> int:
        """Bytes of all elements."""
        return math.prod(self.shape) * self.dtype.itemsize


def read_info(stream: IO[bytes], size: int, where: str) -> ArrayInfo:
    """The header at the start of a stream of ``size`` bytes; the elements are next.

    Raises
    ------
    TensorError
        If it is no header of an array of real numbers, or the rest of the bytes do not fit it.
    """
    text, begin = _text(stream, where)
    fields = _fields(text, where)
    named = fields["descr"][1:-1]
    if not fields["descr"].startswith(("'", '"')) or not _NUMBERS.fullmatch(named):
        raise TensorError("an array must hold real numbers", where=where,
                          found=_KNOWN.get(named, named),
                          expected="bool, integer or float")
    info = ArrayInfo(np.dtype(named), _shape(fields["shape"], where),
                     fields["fortran_order"] == "True", begin)
    if info.nbytes != size - begin:
        raise TensorError("an array's bytes do not fit its shape", where=where,
                          found=f"{size - begin} bytes",
                          expected=f"{info.shape} of {info.dtype}")
    return info


def _text(stream: IO[bytes], where: str) -> tuple[str, int]:
    """The dict, and where the elements begin."""
    start = stream.read(len(_MAGIC) + 2)
    version = tuple(start[len(_MAGIC):])
    if not start.startswith(_MAGIC) or version not in _LENGTHS:
        found = f"format version {version}" if start.startswith(_MAGIC) else repr(start)
        raise _no_array(where, found)
    count = stream.read(_LENGTHS[version])
    length = int.from_bytes(count, "little")
    if len(count) < _LENGTHS[version] or length > _LONGEST:
        raise _no_array(where, f"a header of {length} bytes")
    text = stream.read(length)
    if len(text) < length:
        raise _no_array(where, f"{len(text)} bytes of a header of {length}")
    return text.decode("latin-1"), len(start) + len(count) + length


def _fields(text: str, where: str) -> dict[str, str]:
    """The dict's values as they are written."""
    inside = text.strip()
    if not (inside.startswith("{") and inside.endswith("}")):
        raise _no_array(where, text.strip())
    inside, place, fields = inside[1:-1].rstrip(), 0, dict[str, str]()
    while place < len(inside):
        field = _FIELD.match(inside, place)
        if field is None or field["name"] in fields:
            raise _no_array(where, text.strip())
        fields[field["name"]], place = field["value"], field.end()
    if fields.keys() != _FIELDS or fields["fortran_order"] not in ("True", "False"):
        raise _no_array(where, text.strip())
    return fields


def _shape(text: str, where: str) -> tuple[int, ...]:
    sizes = [size.strip().removesuffix("L") for size in text[1:-1].split(",")]
    if sizes[-1] == "":  # (), (3,)
        sizes.pop()
    if not text.startswith("(") or not all(map(_SIZE.fullmatch, sizes)):
        raise _no_array(where, f"the shape {text}")
    shape = tuple(map(int, sizes))
    count = math.prod(size or 1 for size in shape)
    if len(shape) > RANK_LIMIT or min(shape, default=0) < 0 or count > COUNT_LIMIT:
        raise TensorError("an array has a shape that cannot be", where=where, found=shape)
    return shape


def _no_array(where: str, found: str) -> TensorError:
    return TensorError("this is not an array of numbers", where=where, found=found, hint=HINT)
