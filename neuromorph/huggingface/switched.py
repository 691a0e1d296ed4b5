"""What is switched on for a while: a context manager that switches it off at its end."""

from __future__ import annotations

from abc import ABC, abstractmethod
from types import TracebackType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from typing_extensions import Self


class Switched(ABC):
    """Attached within ``with``, and detached behind it."""

    @abstractmethod
    def attach(self) -> None:
        """Switch it on."""

    @abstractmethod
    def detach(self) -> None:
        """Switch it off."""

    def __enter__(self) -> Self:
        self.attach()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.detach()
