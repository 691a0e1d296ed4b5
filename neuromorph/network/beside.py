"""Arrays beside a text form, which names them by their digests."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Annotated, Any

import numpy as np
from numpy.typing import NDArray

from neuromorph.network.lines import Line
from neuromorph.network.text import digest
from neuromorph.shapes import Shaped


class Beside:
    """Arrays by digest. Each digest is computed again: nothing beside a text is trusted."""

    def __init__(self, arrays: Mapping[str, Any]) -> None:
        self._arrays = arrays
        self._told: dict[int, tuple[NDArray[Any], str]] = {}

    def array(self, line: Line, name: str, shape: tuple[int, ...]) -> Annotated[Shaped, "..."]:
        """The array of a digest, in a shape.

        Raises
        ------
        FileFormatError
            Naming the line, if there is none, or another.
        """
        if name not in self._arrays:
            line.refuse("there is no array of that digest beside the text", found=name,
                        hint="arrays are named as by `arrays_of`")
        array = self._arrays[name]
        if not isinstance(array, np.ndarray) or array.dtype.kind not in "iuf":
            line.refuse("an array is no array of numbers", found=str(
                getattr(array, "dtype", type(array).__name__)), expected=f"numbers of {name}")
        if array.size != math.prod(shape) or not array.size:
            line.refuse("an array has another number of numbers", found=array.size,
                        expected="x".join(map(str, shape)))
        if self.tell(array) != name:
            line.refuse("an array is not what its name says", found=self.tell(array),
                        expected=name, hint="it was altered, or is of another network")
        shaped = array.reshape(shape)
        self._told[id(shaped)] = shaped, name
        return shaped

    def tell(self, array: Annotated[Shaped, "..."]) -> str:
        """An array's digest, computed once; the array is kept, so that its id stays its own."""
        if id(array) not in self._told:
            self._told[id(array)] = array, digest(array)
        return self._told[id(array)][1]
