"""The weights of an ONNX file as a state dict: what exporters renamed is called by its module.

::

    /blocks.0/mlp/fc1/MatMul takes onnx::MatMul_326 (in, out)  ->  blocks.0.mlp.fc1.weight (out, in)
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neuromorph.errors import TensorError, did_you_mean
from neuromorph.files.header import TensorInfo
from neuromorph.files.held_file import HeldFile
from neuromorph.files.opening import StrPath
from neuromorph.files.tensor_names import check_names, shown
from neuromorph.files.whole_file import WholeFile
from neuromorph.models.onnx_graph.file import OnnxFile
from neuromorph.models.onnx_graph.graph import attributes
from neuromorph.models.onnx_graph.scopes import scope_of

_RENAMED = re.compile(r"onnx::\w+|val_\d+\w*|const_\d+\w*|fold_\w+")
_DTYPES = {1: "F32", 10: "F16", 11: "F64", 16: "BF16", 2: "U8", 3: "I8"}
"""Of weights, and of codes of some; whole numbers are shapes and places, and left out."""

_CODES = (2, 3)

_Held = tuple[Any, bool]


class OnnxTensors:
    """Named tensors of an ONNX file.

    Parameters
    ----------
    path : path

    Raises
    ------
    MissingExtraError, InputError
    """

    def __init__(self, path: StrPath) -> None:
        self._file = OnnxFile(path)
        try:
            self._tensors = _named(self._file)
            check_names(self._tensors, self.path)
        except BaseException:
            self._file.close()
            raise

    @property
    def path(self) -> str:
        """The path as it was given."""
        return self._file.path

    @property
    def names(self) -> tuple[str, ...]:
        """Every tensor that may be a weight."""
        return tuple(self._tensors)

    @property
    def files(self) -> tuple[WholeFile, ...]:
        """The file, and those beside it that tensors were read from."""
        first: HeldFile = self._file
        return (first, *self._file.files_beside)

    @property
    def configuration(self) -> None:
        """Such files hold none."""
        return

    def info(self, name: str) -> TensorInfo:
        """Dtype and shape of a tensor, (out, in) where an exporter had turned it."""
        tensor, turned = self._held(name)
        return TensorInfo(_DTYPES[tensor.data_type], tuple(tensor.dims)[::-1 if turned else 1],
                          0, 0)

    def read(self, name: str) -> NDArray[Any]:
        """Values; floats as finite float32."""
        tensor, turned = self._held(name)
        array = self._file.array(tensor)
        if tensor.data_type in _CODES:
            return array
        with np.errstate(over="ignore"):
            floats = array.astype(np.float32)
        if not np.isfinite(floats).all():
            raise TensorError(f"tensor {shown(name)} holds values that are not finite in single "
                              "precision", where=self.path)
        return np.ascontiguousarray(floats.T) if turned else floats

    def close(self) -> None:
        """Close every file."""
        self._file.close()

    def _held(self, name: str) -> _Held:
        if name not in self._tensors:
            raise TensorError(f"there is no tensor {shown(name)}", where=self.path,
                              hint=did_you_mean(name[:80], list(self.names)[:100]))
        return self._tensors[name]


def _named(file: OnnxFile) -> dict[str, _Held]:
    """Tensors by the names of a state dict, and whether each is turned."""
    modules = _by_module(file)
    found: dict[str, _Held] = {}
    for name, tensor in [*file.initialisers.items(), *_constants(file)]:
        file.check_claim(tensor)
        if tensor.data_type not in _DTYPES:
            continue
        if _RENAMED.fullmatch(name) and math.prod(tensor.dims) <= 1:
            continue  # factors and epsilons, which the graph holds and not the model
        module = modules.get(name, "")
        found[f"{module}.weight" if module else name] = (tensor, bool(module))
    return found


def _by_module(file: OnnxFile) -> dict[str, str]:
    """The module of each renamed matrix that one product takes, where only that has its name."""
    asked = [(node.input[1], scope_of(node)) for node in file.graph.node
             if node.op_type == "MatMul" and len(node.input) == 2]
    asked = [(name, scope) for name, scope in asked
             if scope and name in file.initialisers and _RENAMED.fullmatch(name)
             and len(file.initialisers[name].dims) == 2]
    weights, scopes = (Counter(part) for part in zip(*asked, strict=True)) if asked else ({}, {})
    return {name: scope for name, scope in asked
            if weights[name] == scopes[scope] == 1
            and f"{scope}.weight" not in file.initialisers}


def _constants(file: OnnxFile) -> Iterator[tuple[str, Any]]:
    """Arrays that the graph holds in its nodes: a table may be among them."""
    for node in file.graph.node:
        if node.op_type == "Constant" and node.output:
            tensor = attributes(node).get("value")
            if tensor is not None and hasattr(tensor, "dims") and math.prod(tensor.dims) > 1:
                yield node.output[0], tensor
