"""An ONNX file: parsed by the `onnx` package; each tensor is held to its size when it is taken."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neuromorph.errors import FileFormatError, MissingExtraError, TensorError
from neuromorph.files.held_file import HeldFile
from neuromorph.files.opening import RegularFile
from neuromorph.files.sniff import HEAD_BYTES, refuse_other
from neuromorph.files.tensor_names import shown
from neuromorph.memory import require

_LIMIT = 1 << 31
"""What a protobuf can hold; larger models keep their tensors in a file beside it."""

_RANK = 8
_A_BYTE = 8
"""Elements of a bit that a byte may hold: the smallest there could be."""

_TYPED = ("float_data", "int32_data", "int64_data", "string_data", "double_data", "uint64_data")


class OnnxFile(HeldFile):
    """A model's graph and its initialisers; close it after use.

    Attributes
    ----------
    graph : onnx.GraphProto
    initialisers : dict of str to onnx.TensorProto

    Raises
    ------
    MissingExtraError
        Without the package onnx.
    MissingFileError, FileFormatError
    """

    def _read_header(self) -> None:
        self.model = _parsed(self._file)
        self.graph = self.model.graph
        self.initialisers = {tensor.name: tensor for tensor in self.graph.initializer}
        self._check_texts()
        self._beside: dict[str, RegularFile] = {}
        if len(self.initialisers) != len(self.graph.initializer):
            raise FileFormatError("two initialisers have one name", where=self.path)

    def _check_texts(self) -> None:
        """What is no UTF-8 comes as bytes."""
        said = [part for node in self.graph.node
                for part in (node.op_type, node.name, node.domain, *node.input, *node.output,
                             *(entry.value for entry in node.metadata_props))]
        for text in (*said, *self.initialisers):
            if not isinstance(text, str):
                raise FileFormatError("a name in the graph is no text", where=self.path,
                                      found=repr(text)[:80])

    def array(self, tensor: Any) -> NDArray[Any]:
        """The values of a tensor.

        Raises
        ------
        TensorError, FileFormatError
        """
        from onnx import helper, numpy_helper

        self.check_claim(tensor)
        shape, name = tuple(tensor.dims), shown(tensor.name)
        try:
            dtype = np.dtype(helper.tensor_dtype_to_np_dtype(tensor.data_type))
        except (KeyError, ValueError) as error:
            raise TensorError(f"tensor {name} has a type that is not read here", where=self.path,
                              found=tensor.data_type) from error
        require(math.prod(shape) * dtype.itemsize, self.path)
        try:
            if tensor.data_location == tensor.EXTERNAL:
                return np.frombuffer(self._outside(tensor, math.prod(shape) * dtype.itemsize),
                                     dtype).reshape(shape)
            return np.asarray(numpy_helper.to_array(tensor))
        except (ValueError, TypeError) as error:
            raise TensorError(f"the bytes of tensor {name} do not fit its shape and type",
                              where=self.path, found=error) from error

    def check_claim(self, tensor: Any) -> None:
        """Refuse a tensor that claims more elements than the file could hold of it.

        Raises
        ------
        TensorError
        """
        shape, name = tuple(tensor.dims), shown(tensor.name)
        if len(shape) > _RANK or any(size < 0 for size in shape) or math.prod(shape) >> 40:
            raise TensorError(f"tensor {name} has a shape that cannot be", where=self.path,
                              found=list(shape))
        inside = tensor.data_location != tensor.EXTERNAL
        if inside and math.prod(shape) > _A_BYTE * len(tensor.raw_data) + 2 * sum(
                len(getattr(tensor, field)) for field in _TYPED):
            raise TensorError(f"the bytes of tensor {name} do not fit its shape and type",
                              where=self.path, found=list(shape))

    def close(self) -> None:
        """Close the file and those beside it."""
        for file in getattr(self, "_beside", {}).values():
            file.close()
        super().close()

    @property
    def files_beside(self) -> tuple[_Beside, ...]:
        """The files of tensors that were read."""
        return tuple(map(_Beside, self._beside.values()))

    def _outside(self, tensor: Any, count: int) -> bytearray:
        said = {entry.key: entry.value for entry in tensor.external_data}
        location = said.get("location", "")
        plain = location.isprintable() and not set(location) & set("/\\:") and len(location) <= 255
        if not plain or location in ("", ".", ".."):
            raise FileFormatError("a tensor is in a file that is not beside the model",
                                  where=self.path, found=shown(location),
                                  expected="a plain file name")
        try:
            offset, length = int(said.get("offset", 0)), int(said.get("length", count))
        except ValueError as error:
            raise FileFormatError(f"tensor {shown(tensor.name)} begins nowhere", where=self.path,
                                  found=error) from error
        if offset < 0 or length != count:
            raise TensorError(f"the bytes of tensor {shown(tensor.name)} do not fit its shape and "
                              "type", where=self.path, found=length, expected=count)
        if location not in self._beside:
            self._beside[location] = RegularFile(Path(self.path).parent / location)
        return self._beside[location].read(offset, count)


class _Beside:
    """Name, size and digest of a file of tensors."""

    def __init__(self, file: RegularFile) -> None:
        self.file_name, self.size, self._file = file.name, file.size, file

    @property
    def sha256(self) -> str:
        """Hexadecimal SHA-256."""
        return self._file.sha256()


def _parsed(file: RegularFile) -> Any:
    if not file.size:
        raise FileFormatError("the file is empty", where=file.path, expected="an ONNX file")
    refuse_other(bytes(file.read(0, min(file.size, HEAD_BYTES))), "an ONNX file", file.path,
                 allowed="an ONNX", hint="give the .onnx file")
    if file.size > _LIMIT:
        raise FileFormatError("the file is too large for ONNX", where=file.path,
                              found=f"{file.size} bytes", expected=f"at most {_LIMIT}")
    try:
        import onnx
    except ImportError as error:
        raise MissingExtraError("an ONNX file needs onnx", where=file.path, found=str(error),
                                hint="pip install 'neuromorph[onnx]'") from error
    require(3 * file.size, file.path)
    model = onnx.ModelProto()
    try:
        model.ParseFromString(bytes(file.read(0, file.size)))
    except Exception as error:  # protobuf's own, of which there are several makes
        raise FileFormatError("this is not an ONNX file", where=file.path, found=error) from error
    if not model.graph.node:
        raise FileFormatError("this is not an ONNX file, or its graph is empty", where=file.path)
    return model
