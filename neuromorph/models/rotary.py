"""Rotary position embedding, as Llama and its relatives use it.

::

    q'[i]       = q[i] cos(p w_i)       - q[i + d/2] sin(p w_i)
    q'[i + d/2] = q[i + d/2] cos(p w_i) + q[i] sin(p w_i)          0 <= i < d/2

    w_i = theta^(-2 i / d)

with p the token's position and d the head size. Queries and keys are turned by the same
rule, so their dot product depends on the distance between the two tokens only.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neuromorph.errors import ModelStructureError, TensorError

FloatArray = NDArray[np.float32]


@dataclass(frozen=True)
class LinearScaling:
    """w_i / factor: every position counts ``factor`` times less."""

    factor: float

    def apply(self, frequencies: FloatArray) -> FloatArray:
        """Scaled frequencies (d/2,)."""
        return frequencies / np.float32(self.factor)


@dataclass(frozen=True)
class Llama3Scaling:
    """w_i, w_i / factor, or a blend, by the wavelength 2 pi / w_i.

    ::

        s_i  = clip((context w_i / (2 pi) - low) / (high - low), 0, 1)
        w'_i = s_i w_i + (1 - s_i) w_i / factor

    Attributes
    ----------
    factor : float
    low, high : float
        Turns within ``context`` below which a frequency is scaled, above which it is kept.
    context : float
        Tokens that the model was first trained with.
    """

    factor: float
    low: float
    high: float
    context: float

    def apply(self, frequencies: FloatArray) -> FloatArray:
        """Scaled frequencies (d/2,)."""
        turns = self.context * frequencies / np.float32(2 * math.pi)
        kept = np.clip((turns - self.low) / (self.high - self.low), 0, 1)
        scaled = kept * frequencies + (1 - kept) * frequencies / self.factor
        return scaled.astype(np.float32)


@dataclass(frozen=True)
class Rotary:
    """The rule by which a model turns queries and keys; equations above.

    Attributes
    ----------
    theta : float
        Base of the frequencies.
    scaling : LinearScaling, Llama3Scaling or None
        How the frequencies were changed for a longer context.
    """

    theta: float = 10000.0
    scaling: LinearScaling | Llama3Scaling | None = None

    def __post_init__(self) -> None:
        if not (math.isfinite(self.theta) and self.theta >= 1):
            raise ModelStructureError("the rotary base theta must be a number ≥ 1",
                                      found=self.theta)

    def frequencies(self, head_size: int) -> FloatArray:
        """w_i, radians a token: float32 (head_size / 2,)."""
        if head_size % 2:
            raise ModelStructureError("rotary position embedding needs an even head size",
                                      found=head_size)
        # float32 on purpose: models are trained with these roundings. Only the power itself is
        # taken in float64: in float32 it is off by a unit on some processors, and far from the
        # start that unit is thousands of times as large.
        powers = np.arange(0, head_size, 2, dtype=np.float32) / np.float32(head_size)
        plain = np.float32(1) / (self.theta ** powers.astype(np.float64)).astype(np.float32)
        return plain if self.scaling is None else self.scaling.apply(plain)

    def turn(self, vectors: FloatArray, positions: NDArray[Any]) -> FloatArray:
        """Turn queries or keys (heads, tokens, head_size) by their ``positions`` (tokens,)."""
        if positions.shape != vectors.shape[-2:-1]:
            raise TensorError("there must be one position a token", found=positions.shape,
                              expected=vectors.shape[-2:-1])
        half = vectors.shape[-1] // 2
        angles = np.outer(positions.astype(np.float32), self.frequencies(vectors.shape[-1]))
        cosines, sines = np.cos(angles), np.sin(angles)
        first, second = vectors[..., :half], vectors[..., half:]
        turned = (first * cosines - second * sines, second * cosines + first * sines)
        return np.concatenate(turned, axis=-1)
