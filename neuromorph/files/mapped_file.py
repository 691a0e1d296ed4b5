"""A ``.safetensors`` file whose tensors stay on disk until they are looked at."""

from __future__ import annotations

import math
import mmap
from typing import Annotated

import numpy as np

from neuromorph.errors import TensorError
from neuromorph.files.dtypes import DTYPES
from neuromorph.files.safetensors_file import SafetensorsFile
from neuromorph.files.tensor_names import shown
from neuromorph.shapes import Shaped


class MappedSafetensors(SafetensorsFile):
    """As `SafetensorsFile`, with tensors as views of the file: memory grows by what is touched.

    The file must not be cut while views of it are in use; a bundle's is replaced, not changed.
    Views outlive `close`.
    """

    def _read_header(self) -> None:
        super()._read_header()
        self._map = self._file.mapped()

    def view(self, name: str, dtype: str) -> Annotated[Shaped, "..."]:
        """A tensor as it is in the file, read-only.

        Raises
        ------
        TensorError
            If there is none, or it is of another dtype than ``dtype``, by its name in the format.
        """
        info = self.info(name)
        kind = DTYPES[dtype].numpy
        if info.dtype != dtype or kind is None:
            raise TensorError(f"tensor {shown(name)} has the wrong dtype", where=self.path,
                              found=info.dtype, expected=dtype)
        flat = np.frombuffer(self._map, kind, math.prod(info.shape),
                             self._data_start + info.begin)
        return flat.reshape(info.shape)

    def forget(self) -> None:
        """Give the memory of what was looked at back; it is read again when it is looked at."""
        if hasattr(mmap, "MADV_DONTNEED"):
            self._map.madvise(mmap.MADV_DONTNEED)
