"""Blocks of a ``.gguf`` file to float32, in NumPy.

::

    Q8_0  x = d q                      32 numbers: d half, q int8
    Q4_0  x = d (q - 8)                32 numbers: d half, q 4 bits, the first 16 in the low halves
    Q4_1  x = d q + m                  32 numbers: d, m half, q as in Q4_0
    Q4_K  x = d s_j q - e m_j          256 numbers in 8 parts j: d, e half, s and m 6 bits
    Q6_K  x = d s_j (q - 32)           256 numbers in 16 parts j: d half, s int8, q 6 bits

Source: the layouts of ``ggml-quants.c`` in llama.cpp.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any

import ml_dtypes
import numpy as np
from numpy.typing import NDArray

from neuromorph.shapes import Float32

Bytes = NDArray[np.uint8]
Floats = NDArray[np.float32]

_NIBBLE = np.uint8(15)


def _plain(dtype: Any) -> Callable[[Bytes], Floats]:
    def read(blocks: Bytes) -> Floats:
        return np.asarray(blocks.view(dtype), np.float32)
    return read


def _half(part: Bytes) -> Floats:
    return np.asarray(np.ascontiguousarray(part).view("<f2"), np.float32)


def _nibbles(part: Bytes, run: int) -> Floats:
    """4 bits each: of every ``run`` bytes the low halves, then the high ones."""
    runs = part.reshape(len(part), -1, run)
    both = np.concatenate([runs & _NIBBLE, runs >> 4], axis=2)
    return np.asarray(both.reshape(len(part), -1), np.float32)


def _q8_0(blocks: Bytes) -> Floats:
    return _half(blocks[:, :2]) * np.ascontiguousarray(blocks[:, 2:]).view(np.int8).astype(
        np.float32)


def _q4_0(blocks: Bytes) -> Floats:
    return _half(blocks[:, :2]) * (_nibbles(blocks[:, 2:], 16) - np.float32(8))


def _q4_1(blocks: Bytes) -> Floats:
    return _half(blocks[:, :2]) * _nibbles(blocks[:, 4:], 16) + _half(blocks[:, 2:4])


def _q4_k(blocks: Bytes) -> Floats:
    packed = blocks[:, 4:16]
    first, second, third = packed[:, :4], packed[:, 4:8], packed[:, 8:]
    # Four of 6 bits each; of the other four the low 4 bits are apart from the high 2.
    scales = np.hstack([first & 63, (third & _NIBBLE) | ((first >> 6) << 4)])
    lows = np.hstack([second & 63, (third >> 4) | ((second >> 6) << 4)])
    codes = _nibbles(blocks[:, 16:], 32).reshape(len(blocks), 8, 32)
    factor = _half(blocks[:, :2]) * scales.astype(np.float32)
    offset = _half(blocks[:, 2:4]) * lows.astype(np.float32)
    return np.asarray(factor[:, :, None] * codes - offset[:, :, None]).reshape(len(blocks), -1)


def _q6_k(blocks: Bytes) -> Floats:
    count = len(blocks)
    low = blocks[:, :128].reshape(count, 2, 64)
    high = blocks[:, 128:192].reshape(count, 2, 1, 32)
    lows = np.concatenate([low & _NIBBLE, low >> 4], axis=2).reshape(count, 2, 4, 32)
    highs = (high >> np.arange(0, 8, 2, dtype=np.uint8)[:, None]) & 3
    codes = (lows | (highs << 4)).reshape(count, 16, 16).astype(np.float32) - np.float32(32)
    scales = np.ascontiguousarray(blocks[:, 192:208]).view(np.int8).astype(np.float32)
    factor = _half(blocks[:, 208:]) * scales
    return np.asarray(factor[:, :, None] * codes).reshape(count, -1)


READ: dict[str, Callable[[Bytes], Floats]] = {
    "F32": _plain("<f4"), "F16": _plain("<f2"), "BF16": _plain(ml_dtypes.bfloat16),
    "Q8_0": _q8_0, "Q4_0": _q4_0, "Q4_1": _q4_1, "Q4_K": _q4_k, "Q6_K": _q6_k}
"""Types that become numbers here, by name."""


def numbers(data: bytearray, dtype: str, block: int) -> Annotated[Float32, "count"]:
    """The numbers of blocks of ``block`` bytes each, one behind the other."""
    with np.errstate(invalid="ignore", over="ignore"):  # what is not finite is refused later
        return READ[dtype](np.frombuffer(data, np.uint8).reshape(-1, block)).reshape(-1)
