"""One ``.safetensors`` file, read tensor by tensor.

::

    8 bytes  n, little-endian   |   n bytes  JSON header   |   tensors, back to back
"""

from __future__ import annotations

from typing import Annotated

from neuromorph.errors import FileFormatError, MemoryBudgetError, TensorError, did_you_mean
from neuromorph.files.dtypes import decode
from neuromorph.files.header import Header, TensorInfo, parse_header
from neuromorph.files.held_file import HeldFile
from neuromorph.files.opening import RegularFile
from neuromorph.files.sniff import HEAD_BYTES, refuse_other
from neuromorph.files.strict_json import JSON_LIMIT
from neuromorph.files.tensor_names import shown
from neuromorph.shapes import Shaped

_LENGTH_BYTES = 8
_CUT = "the file is cut short; download it again"


class SafetensorsFile(HeldFile):
    """The tensors of a file; only the header is read until one is asked for.

    Parameters
    ----------
    path : str or path-like
        A regular file, or a symbolic link to one. It is opened once and held open.

    Raises
    ------
    MissingFileError, FileFormatError
        When there is no such file, or it breaks any rule of the format.
    """

    def _read_header(self) -> None:
        self._data_start, self._header = _read_header(self._file)

    @property
    def names(self) -> tuple[str, ...]:
        """Tensor names, in the header's order."""
        return tuple(self._header.tensors)

    @property
    def metadata(self) -> dict[str, str]:
        """Free text that the writer left; a copy."""
        return dict(self._header.metadata)

    @property
    def configuration(self) -> str | None:
        """The model's configuration, where the writer left one under ``config``."""
        return self._header.metadata.get("config")

    def holds(self, name: str) -> bool:
        """Whether there is a tensor of this name."""
        return name in self._header.tensors

    def info(self, name: str) -> TensorInfo:
        """Dtype and shape of a tensor.

        Raises
        ------
        TensorError
            If there is no such tensor.
        """
        if name not in self._header.tensors:
            raise TensorError(f"there is no tensor {shown(name)}", where=self.path,
                              hint=did_you_mean(name[:80], list(self.names)[:100]))
        return self._header.tensors[name]

    def read(self, name: str) -> Annotated[Shaped, "..."]:
        """A tensor's values: float32 for every float dtype, else its own integer type.

        Raises
        ------
        TensorError
            When a value is NaN or infinite, or the dtype cannot be read.
        """
        info = self.info(name)
        try:
            data = self._file.read(self._data_start + info.begin, info.end - info.begin)
            return decode(data, info.dtype, info.shape, shown(name), self.path)
        except MemoryError as error:
            raise MemoryBudgetError(f"not enough memory to read tensor {shown(name)}",
                                    where=self.path,
                                    found=f"{info.end - info.begin} bytes") from error


def _read_header(file: RegularFile) -> tuple[int, Header]:
    head = bytes(file.read(0, min(file.size, HEAD_BYTES)))
    length = int.from_bytes(head[:_LENGTH_BYTES], "little")
    _check_start(file, head, length)
    start = _LENGTH_BYTES + length
    header = parse_header(file.read(_LENGTH_BYTES, length), file.size - start, file.path)
    return start, header


def _check_start(file: RegularFile, head: bytes, length: int) -> None:
    """Only a file that does not begin as safetensors is searched for what else it may be."""
    where = file.path
    if file.size == 0:
        raise FileFormatError("the file is empty", where=where, expected="a safetensors file")
    begins = head[_LENGTH_BYTES:_LENGTH_BYTES + 1]
    fits = 0 < length <= min(file.size - _LENGTH_BYTES, JSON_LIMIT)
    if fits and begins == b"{":
        return
    refuse_other(head, "a safetensors file", where)
    if file.size <= _LENGTH_BYTES:
        raise FileFormatError("the file is too short for a safetensors file", where=where,
                              found=f"{file.size} bytes", hint=_CUT)
    if not fits:
        raise _bad_length(file, length, begins)


def _bad_length(file: RegularFile, length: int, begins: bytes) -> FileFormatError:
    """The error for a header length that is 0, beyond the file, or beyond our limit."""
    room = file.size - _LENGTH_BYTES
    if length == 0:
        return FileFormatError("the header length is 0", where=file.path)
    if length > room:
        return FileFormatError("the header length is larger than the file", where=file.path,
                               found=f"{length} bytes", expected=f"at most {room}",
                               hint=_CUT if begins == b"{" and length <= JSON_LIMIT else None)
    return FileFormatError("the header is longer than our limit", where=file.path,
                           found=f"{length} bytes", expected=f"at most {JSON_LIMIT}")
