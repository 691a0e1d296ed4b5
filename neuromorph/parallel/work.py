"""What is to be done: a function, what it needs once in each process, and its items."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from neuromorph.parallel.codecs import Codec
from neuromorph.parallel.steady import steady
from neuromorph.shown import Shown


@dataclass(frozen=True, eq=False, repr=False)
class Doing(Shown):
    """How one item is done::

        result = do(setup(), item)

    All of it is pickled when it is sent to another process: functions of modules, frozen
    dataclasses that can be called, plain values. A function that a script defines is not found
    there.

    Attributes
    ----------
    setup : callable
        Loads what items need, such as models; called once in a process, and its result kept
        until another setup comes that is not equal to it.
    do : callable
        Takes what `setup` returned, and an item. Its result depends on nothing else.
    codec : Codec
        Of its result.
    """

    setup: Callable[[], Any]
    do: Callable[[Any, Any], Any]
    codec: Codec

    def encoded(self, item: Any, kernels: int | None = None) -> bytes:
        """The result of an item as bytes; ``kernels`` are threads of compiled kernels.

        One item at a time in a process: what is set up is not made for two threads.
        """
        with _Ready.lock:
            made = _Ready.get(self.setup)
            with steady(kernels):
                return self.codec.encode(self.do(made, item))


class _Ready:
    """What this process has set up last."""

    lock = threading.RLock()
    setup: Callable[[], Any] | None = None
    made: Any = None

    @classmethod
    def get(cls, setup: Callable[[], Any]) -> Any:
        if cls.setup is None or cls.setup != setup:
            cls.forget()
            cls.made = setup()
            cls.setup = setup
        return cls.made

    @classmethod
    def forget(cls) -> None:
        cls.setup = cls.made = None


forget = _Ready.forget
"""Let go of what this process has set up."""


@dataclass(frozen=True, eq=False, repr=False)
class Work(Shown):
    """Items, and how each is done.

    Attributes
    ----------
    name : str
        What it is to people: ``evaluate out/smol``.
    doing : Doing
    items : sequence
        Each is sent to the process that does it.
    piece : str
        What people call an item: ``window``.
    known_by : mapping of str to str
        Every input and option that a result depends on, by name, as digests or short texts: a
        journal belongs to a work that is known by the same. Empty: it cannot be resumed.
    """

    name: str
    doing: Doing
    items: Sequence[Any]
    piece: str = "piece"
    known_by: Mapping[str, str] = field(default_factory=dict)

    def place(self, index: int) -> str:
        """An item, for people."""
        return f"{self.piece} {index + 1} of {len(self.items)}"
