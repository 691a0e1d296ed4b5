"""Results as bytes and back, to the bit: between processes, and in a journal."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from neuromorph.errors import FileFormatError, brief
from neuromorph.files.strict_json import parse_json


class Codec(Protocol):
    """What turns results into bytes. It is sent to other processes, and holds nothing."""

    def encode(self, result: Any) -> bytes:
        """The bytes of a result."""

    def decode(self, content: bytes) -> Any:
        """The result of some bytes.

        Raises
        ------
        InputError
            If they are none.
        """


class Json:
    """Plain values; floats keep all their bits, and are finite."""

    def encode(self, result: Any) -> bytes:
        """UTF-8, on one line."""
        return json.dumps(result, allow_nan=False).encode()

    def decode(self, content: bytes) -> Any:
        """Numbers, texts, lists and dicts."""
        return parse_json(content, "a journal", "a result")


class Arrays:
    """Named arrays of numbers, as safetensors: of any values, NaN and infinity too."""

    def encode(self, result: Mapping[str, NDArray[Any]]) -> bytes:
        """As they are."""
        from safetensors.numpy import save

        return bytes(save({name: np.ascontiguousarray(one) for name, one in result.items()}))

    def decode(self, content: bytes) -> dict[str, NDArray[Any]]:
        """The arrays, by name."""
        from safetensors import SafetensorError
        from safetensors.numpy import load

        try:
            return dict(load(content))
        except SafetensorError as error:
            raise FileFormatError("arrays cannot be read", where="a result",
                                  found=brief(error)) from error


ARRAYS, JSON = Arrays(), Json()
