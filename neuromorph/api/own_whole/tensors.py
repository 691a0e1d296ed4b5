"""Tensors of a file by the roles of a map; what is taken, and what is left."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from neuromorph.errors import ModelStructureError
from neuromorph.files.tensor_names import shown
from neuromorph.models.families.build import check_float
from neuromorph.models.guard import is_buffer
from neuromorph.models.head_checks import check_bias_shape
from neuromorph.models.own import Naming
from neuromorph.models.own.assemble import not_there
from neuromorph.models.own.parts import Parts
from neuromorph.models.own.templates import layers_of, name_of
from neuromorph.models.own.torch_order import bias_beside
from neuromorph.models.source import TensorSource
from neuromorph.translate.block import FloatNorm

Array = NDArray[np.float32]


class Tensors:
    """What the roles of a map stand for.

    Parameters
    ----------
    source : TensorSource
    naming : Naming
    parts : Parts
    used : iterable of str
        Names that have a role already.
    """

    def __init__(self, source: TensorSource, naming: Naming, parts: Parts,
                 used: Iterable[str]) -> None:
        self._source, self._naming, self._parts = source, naming, parts
        self._names, self._used = set(source.names), set(used)

    @property
    def where(self) -> str:
        """The file, for messages."""
        return self._source.path

    def table(self, role: str, width: int) -> NDArray[np.float64]:
        """Rows of ``width``; axes of one element are left out."""
        name = self._name(role, self._parts.tensors[role])
        shape = tuple(size for size in self._source.info(name).shape if size != 1)
        if len(shape) != 2 or shape[1] != width or not shape[0]:
            raise self._wrong(role, name, f"[rows, {width}]")
        return self._read(name).reshape(shape).astype(np.float64)

    def norm(self, role: str, width: int, number: int | None = None) -> FloatNorm:
        """A norm with a gain, and the bias that stands beside it."""
        name = self._name(role, self._parts.tensors[role], number)
        if self._source.info(name).shape != (width,):
            raise self._wrong(role, name, f"[{width}]")
        layer = self._parts.norm == "layer"
        bias = self._bias(name, width) if layer else None
        return FloatNorm(self._read(name).astype(np.float64), self._parts.epsilon,
                         None if bias is None else bias.astype(np.float64), centred=layer)

    def linear(self, role: str, number: int | None, columns: int, rows: int | None = None,
               template: str = "") -> tuple[Array, Array | None]:
        """A weight (out, in), and the bias that stands beside it."""
        name = self._name(role, template or self._parts.tensors[role], number)
        turned = bool(self._naming.transposed) and number is not None
        shape = self._source.info(name).shape[::-1 if turned else 1]
        if len(shape) != 2 or shape[1] != columns or shape[0] != (rows or shape[0]):
            raise self._wrong(role, name, f"[{rows or 'rows'}, {columns}]"
                              + (" when it is turned" if turned else ""))
        weight = self._read(name)
        return (np.ascontiguousarray(weight.T) if turned else weight,
                self._bias(name, shape[0]))

    def check_all_used(self) -> None:
        """Refuse a tensor that has no role and is not named under ignore.

        Raises
        ------
        ModelStructureError
        """
        ignored = {name_of(template, number) for template in self._naming.ignore
                   for number in layers_of(template, self._names)}
        for name in sorted(self._names - self._used - ignored):
            if not is_buffer(name, self._source.info(name).dtype):
                raise ModelStructureError(
                    "a tensor of the model has no role", where=self.where, found=shown(name),
                    hint="say in the map what it is, or name it under ignore if the answer does "
                    "not depend on it")

    def _name(self, role: str, template: str, number: int | None = None) -> str:
        name = template if number is None else name_of(template, number)
        if name not in self._names:
            raise not_there(role, name, self._source, self._naming)
        check_float(self._source, name)
        return name

    def _bias(self, weight: str, rows: int) -> Array | None:
        name = bias_beside(weight)
        if name not in self._names:
            return None
        check_float(self._source, name)
        check_bias_shape(self._source.info(name).shape, rows, f"{self.where}: {shown(name)}")
        return self._read(name)

    def _read(self, name: str) -> Array:
        self._used.add(name)
        return np.asarray(self._source.read(name), np.float32)

    def _wrong(self, role: str, name: str, expected: str) -> ModelStructureError:
        return ModelStructureError(f"the {role} weight has the wrong shape",
                                   where=f"{self.where}: {shown(name)}",
                                   found=list(self._source.info(name).shape), expected=expected)
