"""A GGUF file is read once while transformers loads it.

It asks for configuration, words and weights one after the other, and would parse the whole
header, with every word, each time.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from threading import RLock
from typing import Any

import numpy as np
from numpy.typing import NDArray

_one_at_a_time = RLock()


@contextmanager
def read_once() -> Iterator[None]:
    """What transformers takes from `gguf` gives the same answer again without the work.

    One thread at a time; inside of another it changes nothing.
    """
    import gguf
    from transformers import modeling_gguf_pytorch_utils as utils

    with _one_at_a_time:
        if not isinstance(gguf.GGUFReader, type):  # further out it is read once already
            yield
            return
        own = gguf.GGUFReader, gguf.get_tensor_name_map, utils._gguf_parse_value
        gguf.GGUFReader = cache(_reader(gguf.GGUFReader))
        gguf.get_tensor_name_map = cache(gguf.get_tensor_name_map)
        utils._gguf_parse_value = _remembered(utils._gguf_parse_value)
        try:
            yield
        finally:
            gguf.GGUFReader, gguf.get_tensor_name_map, utils._gguf_parse_value = own


def _remembered(parse: Callable[[Any, Any], Any]) -> Callable[[Any, Any], Any]:
    """Parses a part of the one reader's file once; parts are arrays, known by being the same."""
    known: dict[int, tuple[Any, Any]] = {}

    def remembered(part: Any, kinds: Any) -> Any:
        if id(part) not in known:  # kept beside its value, so that its id stays its own
            known[id(part)] = part, parse(part, kinds)
        return known[id(part)][1]

    return remembered


def _reader(own: Any) -> Any:
    class Reader(own):
        """Reads from a plain view: each slice of a memory map costs many times as much."""

        data: NDArray[Any]

        def _get(self, *args: Any, **kwargs: Any) -> Any:
            if isinstance(self.data, np.memmap):
                self.data = self.data.view(np.ndarray)
            return super()._get(*args, **kwargs)

    return Reader
