"""The transformer's float layers outside attention, each a pure function."""

from __future__ import annotations

import math

import numpy as np

from neuromorph.models.digits.attention import Array

# Python floats: a NumPy scalar would turn float32 into float64.
_GELU_SCALE = math.sqrt(2 / math.pi)
_GELU_CUBE = 0.044715
HALF_RANGE = 8.0
"""Of a pixel, 0 to 16."""



def linear(x: Array, weight: Array, bias: Array) -> Array:
    """y = x Wᵀ + b, with x (…, in), weight (out, in) and bias (out,)."""
    y: Array = x @ weight.T + bias
    return y


def layer_norm(x: Array, weight: Array, bias: Array, eps: float) -> Array:
    """y = w (x − mean) / √(var + eps) + b over the last axis, x (…, width)."""
    centred = x - x.mean(axis=-1, keepdims=True)
    variance = (centred * centred).mean(axis=-1, keepdims=True)
    y: Array = centred / np.sqrt(variance + eps) * weight + bias
    return y


def gelu(x: Array) -> Array:
    """y = x/2 (1 + tanh(√(2/π) (x + 0.044715 x³))), the tanh form."""
    y: Array = 0.5 * x * (1.0 + np.tanh(_GELU_SCALE * (x + _GELU_CUBE * x * x * x)))
    return y


def patches(images: Array, patch: int) -> Array:
    """token_ij = pixels of patch (i, j) / 8 − 1, row by row.

    Parameters
    ----------
    images : (n, side, side) float array
        Pixels, 0…16.
    patch : int
        Side of a patch, pixels.

    Returns
    -------
    tokens : (n, (side/patch)², patch²) float array
    """
    return pixels(images, patch) / HALF_RANGE - 1.0


def pixels(images: Array, patch: int) -> Array:
    """The pixels of each patch as they are, shape (n, (side/patch)², patch²)."""
    n, side = images.shape[:2]
    rows = side // patch
    grid = images.reshape(n, rows, patch, rows, patch).swapaxes(2, 3)
    return grid.reshape(n, rows * rows, patch * patch)
