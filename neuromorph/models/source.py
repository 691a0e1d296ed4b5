"""What a family needs of the file or files that hold a model's tensors."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Protocol

from numpy.typing import NDArray

from neuromorph.files.header import TensorInfo
from neuromorph.files.whole_file import WholeFile


class TensorSource(Protocol):
    """Named tensors; one file, or several that act as one."""

    @property
    def path(self) -> str:
        """What the user named; for messages."""

    @property
    def names(self) -> tuple[str, ...]:
        """Every tensor."""

    @property
    def files(self) -> tuple[WholeFile, ...]:
        """The files that are behind it."""

    @property
    def configuration(self) -> str | None:
        """The configuration that the file holds itself, as JSON text."""

    def info(self, name: str) -> TensorInfo:
        """Dtype and shape."""

    def read(self, name: str) -> NDArray[Any]:
        """Values; floats as finite float32."""

    def close(self) -> None:
        """Close every file."""


def digests(files: Iterable[WholeFile]) -> dict[str, Any]:
    """Size and SHA-256 of files by name: they let a reader check where weights came from."""
    return {file.file_name: {"bytes": file.size, "sha256": file.sha256} for file in files}


def provenance(source: TensorSource, names: Iterable[str]) -> dict[str, Any]:
    """Names, sizes and digests that let a reader check where the weights came from."""
    infos = {name: source.info(name) for name in sorted(names)}
    return {
        "files": digests(source.files),
        "tensors": {name: {"dtype": info.dtype, "shape": list(info.shape)}
                    for name, info in infos.items()},
    }
