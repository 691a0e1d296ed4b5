"""What a family needs of the file or files that hold a model's tensors."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Protocol

from numpy.typing import NDArray

from neuromorph.files.header import TensorInfo
from neuromorph.files.safetensors_file import SafetensorsFile


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


class WholeFile(Protocol):
    """A file that weights come from."""

    @property
    def file_name(self) -> str:
        """Last part of the path."""

    @property
    def size(self) -> int:
        """Bytes."""

    @property
    def sha256(self) -> str:
        """Hexadecimal SHA-256."""


def digests(files: Iterable[WholeFile]) -> dict[str, Any]:
    """Size and SHA-256 of files by name: they let a reader check where weights came from."""
    return {file.file_name: {"bytes": file.size, "sha256": file.sha256} for file in files}
