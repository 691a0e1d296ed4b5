"""What may be asked of any file that weights come from, whatever its format."""

from __future__ import annotations

from typing import Protocol


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
