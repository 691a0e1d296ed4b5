"""A model's file that is held open while its tensors are asked for."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

from neuromorph.files.closing import Closing
from neuromorph.files.opening import RegularFile, StrPath

if TYPE_CHECKING:
    from typing_extensions import Self


class HeldFile(Closing):
    """What readers of all formats say of the file behind them; close it after use.

    Parameters
    ----------
    path : str or path-like
        A regular file, or a symbolic link to one. It is opened once and held open.
    shown : str, optional
        What messages call it, where it stands for another file.
    """

    def __init__(self, path: StrPath, shown: str | None = None) -> None:
        self._file = RegularFile(path)
        self._file.path = self._file.path if shown is None else shown
        try:
            self._read_header()
        except BaseException:
            self._file.close()
            raise

    def _read_header(self) -> None:
        """Read what is needed to find the tensors, or raise."""
        raise NotImplementedError

    @property
    def path(self) -> str:
        """The path as it was given."""
        return self._file.path

    @property
    def file_name(self) -> str:
        """Last part of the path."""
        return self._file.name

    @property
    def size(self) -> int:
        """Bytes of the file."""
        return self._file.size

    @property
    def files(self) -> tuple[Self, ...]:
        """One file alone; models in several files have more."""
        return (self,)

    @cached_property
    def sha256(self) -> str:
        """Hexadecimal SHA-256 of the whole file; computed when first asked for."""
        return self._file.sha256()

    def close(self) -> None:
        """Close the file; harmless when called twice."""
        self._file.close()
