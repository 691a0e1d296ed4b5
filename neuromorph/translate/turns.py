"""Rotations that spread what is large over all dimensions before it becomes codes."""

from __future__ import annotations

from typing import Annotated

import numpy as np
from numpy.typing import NDArray

from neuromorph.shapes import Float64

Floats = NDArray[np.float64]
SEED = 20260


def turn(size: int) -> Annotated[Float64, "size size"]:
    """A rotation, shape (size, size), always the same one."""
    return _orthonormal(np.random.default_rng(SEED).normal(size=(size, size)))


def balanced_turn(size: int) -> Annotated[Float64, "_ size"]:
    """Orthonormal columns that all sum to 0, shape (size + 1, size), always the same ones.

    What is the same for all axons is orthogonal to whatever is sent through them.
    """
    drawn = np.random.default_rng(SEED + 1).normal(size=(size + 1, size))
    return _orthonormal(np.column_stack([np.ones(size + 1), drawn]))[:, 1:]


def _orthonormal(columns: Floats) -> Floats:
    """Gram and Schmidt by QR, signs so that a library's choice of them does not matter."""
    q, r = np.linalg.qr(columns)
    found: Floats = q * np.sign(np.diag(r))
    return found
