"""What a family needs of the file or files that hold a model's tensors."""

from __future__ import annotations

from typing import Any, Protocol

from numpy.typing import NDArray

from neuromorph.models.header import TensorInfo
from neuromorph.models.safetensors_file import SafetensorsFile


class TensorSource(Protocol):
    """Named tensors; one file, or several that act as one."""

    @property
    def path(self) -> str:
        """What the user named; for messages."""

    @property
    def names(self) -> tuple[str, ...]:
        """Every tensor."""

    @property
    def files(self) -> tuple[SafetensorsFile, ...]:
        """The files that are behind it."""

    def info(self, name: str) -> TensorInfo:
        """Dtype and shape."""

    def read(self, name: str) -> NDArray[Any]:
        """Values; floats as finite float32."""

    def close(self) -> None:
        """Close every file."""
