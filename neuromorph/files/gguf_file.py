"""A ``.gguf`` file, whose header is bounded before anything in it is believed.

::

    GGUF | version | counts | fields: name, type, value | tensors: name, shape, type, offset

Every count and length is held against the bytes that are left, so that the libraries which read
the weights later meet only what is there. Values of arrays are skipped.
"""

from __future__ import annotations

import math
import struct
from typing import Annotated, NamedTuple

from neuromorph.errors import FileFormatError, TensorError
from neuromorph.files.dtypes import finite32
from neuromorph.files.gguf_blocks import READ, numbers
from neuromorph.files.held_file import HeldFile
from neuromorph.files.opening import RegularFile
from neuromorph.files.sniff import HEAD_BYTES, refuse_other
from neuromorph.files.tensor_names import check_names, shown
from neuromorph.memory import require
from neuromorph.shapes import Float32

Scalar = int | float | bool | str

MAGIC = b"GGUF"
_VERSIONS = (2, 3)
_WINDOW = 1 << 20
_ENTRIES = 1 << 16
_ELEMENTS = 1 << 22
"""Most fields and tensors, and most elements of all arrays: the largest vocabularies have some
hundred thousand tokens, and as many merges."""
_TEXT_BYTES = 1 << 24
_RANK = 4
_ALIGNMENT = 32
_ALIGNMENT_LIMIT = 1 << 20

_TEXT, _ARRAY = 8, 9
_SCALARS = {0: "<B", 1: "<b", 2: "<H", 3: "<h", 4: "<I", 5: "<i", 6: "<f", 7: "<?", 10: "<Q",
            11: "<q", 12: "<d"}

TYPES = {
    0: ("F32", 1, 4), 1: ("F16", 1, 2), 2: ("Q4_0", 32, 18), 3: ("Q4_1", 32, 20),
    6: ("Q5_0", 32, 22), 7: ("Q5_1", 32, 24), 8: ("Q8_0", 32, 34), 10: ("Q2_K", 256, 84),
    11: ("Q3_K", 256, 110), 12: ("Q4_K", 256, 144), 13: ("Q5_K", 256, 176), 14: ("Q6_K", 256, 210),
    16: ("IQ2_XXS", 256, 66), 17: ("IQ2_XS", 256, 74), 18: ("IQ3_XXS", 256, 98),
    19: ("IQ1_S", 256, 50), 20: ("IQ4_NL", 32, 18), 21: ("IQ3_S", 256, 110),
    22: ("IQ2_S", 256, 82), 23: ("IQ4_XS", 256, 136), 24: ("I8", 1, 1), 25: ("I16", 1, 2),
    26: ("I32", 1, 4), 27: ("I64", 1, 8), 28: ("F64", 1, 8), 29: ("IQ1_M", 256, 56),
    30: ("BF16", 1, 2), 34: ("TQ1_0", 256, 54), 35: ("TQ2_0", 256, 66), 39: ("MXFP4", 32, 17),
}
"""Number of a tensor type → name, elements of a block, bytes of a block."""


class GgufTensor(NamedTuple):
    """One tensor: the name of its type, its shape as torch has it, its bytes from the data on."""

    dtype: str
    shape: tuple[int, ...]
    begin: int
    end: int


class GgufFile(HeldFile):
    """Fields and tensors of a file; it stays open until it is closed.

    Attributes
    ----------
    metadata : dict
        Fields by name; of an array, the number of its elements.
    lists : set of str
        The fields that are arrays.
    tensors : dict of str to GgufTensor

    Raises
    ------
    MissingFileError, FileFormatError
    """

    def _read_header(self) -> None:
        cursor = _Cursor(self._file)
        _check_start(self._file)
        tensors, fields = cursor.counts()
        self.metadata = cursor.fields(fields)
        self.lists = frozenset(cursor.lists)
        self.tensors = cursor.tensors(tensors)
        alignment = _alignment(self.metadata, self.path)
        self._data_start = -(-cursor.at // alignment) * alignment
        _check_layout(self.tensors, self._data_start, alignment, self._file)

    def read(self, name: str) -> Annotated[Float32, "..."]:
        """A tensor's numbers, finite.

        Raises
        ------
        TensorError
            If its type is not read here, or a number is not finite.
        MemoryBudgetError
        """
        tensor = self.tensors[name]
        if tensor.dtype not in READ:
            raise TensorError(f"tensor {shown(name)} is of a type that is not read here",
                              where=self.path, found=tensor.dtype, expected=", ".join(READ),
                              hint="give a file of one of these types; or text to calibrate on "
                              "(.txt), for which transformers reads the file (extra hf)")
        require(5 * math.prod(tensor.shape), self.path)
        block = next(size for kind, _, size in TYPES.values() if kind == tensor.dtype)
        data = self._file.read(self._data_start + tensor.begin, tensor.end - tensor.begin)
        return finite32(numbers(data, tensor.dtype, block).reshape(tensor.shape), shown(name),
                        self.path)


class _Cursor:
    """Reads a file from its beginning on, never beyond its end."""

    def __init__(self, file: RegularFile) -> None:
        self.at = 0
        self._file = file
        self._window, self._begin = b"", 0
        self._elements = 0
        self.lists: set[str] = set()

    def counts(self) -> tuple[int, int]:
        """Numbers of tensors and of fields."""
        _, version, tensors, fields = struct.unpack("<4sIQQ", self._take(24))
        if version not in _VERSIONS:
            swapped = int.from_bytes(version.to_bytes(4, "big"), "little") in _VERSIONS
            raise self._bad("the version is not read here",
                            "a big-endian file" if swapped else version,
                            " or ".join(map(str, _VERSIONS)))
        for count, what in ((tensors, "tensors"), (fields, "fields")):
            if count > _ENTRIES:
                raise self._bad(f"the file says that it has too many {what}", count,
                                f"at most {_ENTRIES}")
        return tensors, fields

    def fields(self, count: int) -> dict[str, Scalar]:
        """Every field, each name once."""
        found: dict[str, Scalar] = {}
        for _ in range(count):
            name = self._text("a field's name")
            if name in found:
                raise self._bad("two fields have one name", shown(name))
            kind = self._number("<I")
            found[name] = self._value(kind, name)
            if kind == _ARRAY:
                self.lists.add(name)
        return found

    def tensors(self, count: int) -> dict[str, GgufTensor]:
        """Every tensor's entry, each name once; offsets count from the end of the header."""
        found: dict[str, GgufTensor] = {}
        for _ in range(count):
            name = self._text("a tensor's name")
            if name in found:
                raise self._bad("two tensors have one name", shown(name))
            found[name] = self._tensor(name)
        check_names(found, self._file.path)
        return found

    def _tensor(self, name: str) -> GgufTensor:
        rank = self._number("<I")
        if not 1 <= rank <= _RANK:
            raise self._bad(f"tensor {shown(name)} has a rank that cannot be", rank,
                            f"1 to {_RANK}")
        shape = struct.unpack(f"<{rank}Q", self._take(8 * rank))[::-1]
        kind, begin = struct.unpack("<IQ", self._take(12))
        if kind not in TYPES:
            raise self._bad(f"tensor {shown(name)} has a type that is not known here", kind)
        dtype, elements, size = TYPES[kind]
        if 0 in shape or math.prod(shape) >> 63 or shape[-1] % elements:
            raise self._bad(f"tensor {shown(name)} has a shape that cannot be", list(shape))
        return GgufTensor(dtype, shape, begin, begin + math.prod(shape) // elements * size)

    def _value(self, kind: int, name: str) -> Scalar:
        if kind in _SCALARS:
            return self._scalar(_SCALARS[kind])
        if kind == _TEXT:
            return self._text(f"field {shown(name)}")
        if kind == _ARRAY:
            return self._skipped(name)
        raise self._bad(f"field {shown(name)} has a type that is not known here", kind)

    def _skipped(self, name: str) -> int:
        """The number of an array's elements, once they are passed over."""
        kind, count = struct.unpack("<IQ", self._take(12))
        width = struct.calcsize(_SCALARS[kind]) if kind in _SCALARS else 8
        if kind != _TEXT and kind not in _SCALARS:
            raise self._bad(f"field {shown(name)} is an array of what is not read here",
                            f"type {kind}")
        self._elements += count
        if self._elements > _ELEMENTS or count * width > self._file.size - self.at:
            raise self._bad(f"field {shown(name)} says that it has too many elements", count)
        if kind == _TEXT:
            for _ in range(count):
                self._skip(self._number("<Q"))
        else:
            self._skip(count * width)
        return int(count)

    def _text(self, what: str) -> str:
        length = self._number("<Q")
        if length > _TEXT_BYTES:
            raise self._bad(f"{what} is too long", f"{length} bytes",
                            f"at most {min(_TEXT_BYTES, self._file.size)}")
        try:
            return self._take(length).decode("utf-8")
        except UnicodeDecodeError as error:
            raise self._bad(f"{what} is not UTF-8", error.reason) from error

    def _number(self, code: str) -> int:
        return int(struct.unpack(code, self._take(struct.calcsize(code)))[0])

    def _scalar(self, code: str) -> Scalar:
        value: Scalar = struct.unpack(code, self._take(struct.calcsize(code)))[0]
        return value

    def _skip(self, count: int) -> None:
        if count > self._file.size - self.at:
            raise self._cut()
        self.at += count

    def _take(self, count: int) -> bytes:
        begin = self.at
        self._skip(count)
        if begin < self._begin or self.at > self._begin + len(self._window):
            size = min(max(count, _WINDOW), self._file.size - begin)
            self._window, self._begin = bytes(self._file.read(begin, size)), begin
        return self._window[begin - self._begin:self.at - self._begin]

    def _cut(self) -> FileFormatError:
        return FileFormatError("the file ends within its header", where=self._file.path,
                               found=f"{self._file.size} bytes",
                               hint="the file is cut short; download it again")

    def _bad(self, what: str, found: object, expected: str | None = None) -> FileFormatError:
        return FileFormatError(what, where=self._file.path, found=found, expected=expected)


def _check_start(file: RegularFile) -> None:
    if not file.size:
        raise FileFormatError("the file is empty", where=file.path, expected="a GGUF file")
    head = bytes(file.read(0, min(file.size, HEAD_BYTES)))
    refuse_other(head, "a GGUF file", file.path, allowed="a GGUF",
                 hint="give the .gguf file, or the model's folder")
    if not head.startswith(MAGIC):
        raise FileFormatError("this is not a GGUF file", where=file.path,
                              found=f"{head[:4]!r} at its beginning", expected="GGUF")


def _alignment(metadata: dict[str, Scalar], where: object) -> int:
    value = metadata.get("general.alignment", _ALIGNMENT)
    if type(value) is not int or not 0 < value <= _ALIGNMENT_LIMIT or value & (value - 1):
        raise FileFormatError("general.alignment is not usable", where=where, found=value,
                              expected="a power of two")
    return value


def _check_layout(tensors: dict[str, GgufTensor], start: int, alignment: int,
                  file: RegularFile) -> None:
    """Tensors lie in the file, behind each other."""
    end = 0
    for name, tensor in sorted(tensors.items(), key=lambda item: item[1].begin):
        if start + tensor.end > file.size:
            raise FileFormatError(f"tensor {shown(name)} lies outside the file", where=file.path,
                                  found=f"bytes {start + tensor.begin} to {start + tensor.end}",
                                  expected=f"at most {file.size}",
                                  hint="the file is cut short; download it again")
        if tensor.begin % alignment or tensor.begin < end:
            raise FileFormatError(f"tensor {shown(name)} begins where it cannot", where=file.path,
                                  found=tensor.begin,
                                  expected=f"a multiple of {alignment} from {end} on")
        end = tensor.end
