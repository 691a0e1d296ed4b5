"""What every kind of workers does: items are given to it, and answers come back."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from typing import Any

from neuromorph.errors import ResourceError
from neuromorph.files.closing import Closing
from neuromorph.parallel.failure import decode, was_ours
from neuromorph.parallel.work import Doing, forget
from neuromorph.shown import Shown


@dataclass(frozen=True, eq=False, repr=False)
class Answer(Shown):
    """What became of an item: the bytes of its result, or its error.

    ``final`` says whether the error would be the same if the item were done again.
    """

    index: int
    content: bytes | None = None
    error: Exception | None = None
    final: bool = True


class Workers(Closing):
    """Workers, until they are closed; nothing of theirs is left then.

    They are given items, each with a number, and answer in any order.
    """

    def give(self, index: int, doing: Doing, item: Any) -> None:
        """Have an item done, now or when a worker is free."""
        raise NotImplementedError

    def answer(self) -> Answer:
        """The next answer; wait for it."""
        raise NotImplementedError

    def drop(self) -> None:
        """Forget what was given and not answered; be ready for other work."""
        raise NotImplementedError


def failed(index: int, report: bytes) -> Answer:
    """An answer of an error that a worker wrote down.

    What we refuse would be refused again; what ran out may be there the next time, and so may
    whatever an error of no class of ours was about.
    """
    error = decode(report)
    return Answer(index, None, error, was_ours(report) and not isinstance(error, ResourceError))


class Here(Workers):
    """The process that asks."""

    def __init__(self) -> None:
        self._waiting: deque[tuple[int, Doing, Any]] = deque()

    def drop(self) -> None:
        """Forget what waits."""
        self._waiting.clear()

    def close(self) -> None:
        """Let go of what was set up."""
        forget()

    def give(self, index: int, doing: Doing, item: Any) -> None:
        """Remember it."""
        self._waiting.append((index, doing, item))

    def answer(self) -> Answer:
        """Do the next one."""
        index, doing, item = self._waiting.popleft()
        try:
            return Answer(index, doing.encoded(item))
        except Exception as error:  # noqa: BLE001 - raised by who asked; here nothing was lost
            return Answer(index, None, error)
