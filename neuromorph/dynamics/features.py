"""Positive random features: e^(q.k) as the scalar product of two non-negative vectors."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Annotated

import numpy as np
from numpy.typing import NDArray

from neuromorph.errors import InputError, TensorError
from neuromorph.shapes import Float64, Num

Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class FeatureMap:
    """φ(x) = exp(W y + b - ½ ‖y‖²) with y = A (x - c); m features of a vector of d elements.

    Attributes
    ----------
    weights : float array, shape (m, d)
        W.
    offset : float array, shape (m,)
        b.
    transform : float array, shape (d, d)
        A.
    centre : float array, shape (d,)
        c.

    Raises
    ------
    TensorError
        If the shapes do not go together.
    """

    weights: Annotated[Float64, "m d"]
    offset: Annotated[Float64, "m"]
    transform: Annotated[Float64, "d d"]
    centre: Annotated[Float64, "d"]

    def __post_init__(self) -> None:
        count, size = np.shape(self.weights) if np.ndim(self.weights) == 2 else (-1, -1)
        expected = ((count, size), (count,), (size, size), (size,))
        found = tuple(np.shape(a) for a in (self.weights, self.offset, self.transform,
                                            self.centre))
        if found != expected or count < 1 or size < 1:
            raise TensorError("the shapes of a feature map do not go together",
                              where="FeatureMap", found=found, expected="(m, d), (m), (d, d), (d)")

    @property
    def count(self) -> int:
        """m."""
        return len(self.weights)

    def place(self, vectors: Annotated[Num, "*batch d"]) -> Annotated[Float64, "*batch d"]:
        """y = A (x - c); shape (..., d) as the vectors'.

        Raises
        ------
        TensorError
            If the vectors are of another size.
        """
        if vectors.shape[-1:] != self.centre.shape:
            raise TensorError("the vectors do not fit the feature map", where="FeatureMap",
                              found=vectors.shape, expected=f"(..., {self.centre.size})")
        placed: Floats = (vectors - self.centre) @ self.transform.T
        return placed

    def __call__(self, vectors: Annotated[Num, "*batch d"]) -> Annotated[Float64, "*batch m"]:
        """φ of each vector, shape (..., m), from vectors of shape (..., d)."""
        y = self.place(vectors)
        length = 0.5 * (y * y).sum(axis=-1, keepdims=True)
        result: Floats = np.exp(y @ self.weights.T + self.offset - length)
        return result


def random_features(
    size: int, count: int, rng: np.random.Generator, *, scale: float | None = None,
    orthogonal: bool = False,
) -> FeatureMap:
    """W ~ N(0, 1), A = √scale: the mean over features of φ(q) φ(k) tends to exp(scale q.k).

    Parameters
    ----------
    size, count : int
        d and m, at least 1.
    rng : numpy.random.Generator
    scale : float, optional
        Of the logits; 1 / √d if left out.
    orthogonal : bool
        Whether each d rows of W stand at right angles to each other; each row alone is as before.

    Raises
    ------
    InputError
        If a size or the scale is not positive.

    Source: Kozachkov, Kastanenka and Krotov, PNAS 2023 (e2219150120); Choromanski et al.,
    ICLR 2021 (2009.14794), for orthogonal rows.
    """
    scale = 1 / math.sqrt(max(size, 1)) if scale is None else scale
    if size < 1 or count < 1 or not (math.isfinite(scale) and scale > 0):
        raise InputError("a feature map needs positive sizes and a positive scale",
                         where="random_features", found=f"d {size}, m {count}, scale {scale}")
    weights = rng.standard_normal((count, size))
    if orthogonal:
        lengths = np.linalg.norm(weights, axis=1, keepdims=True)
        blocks = [_right_angles(size, rng) for _ in range(-(-count // size))]
        weights = np.concatenate(blocks)[:count] * lengths
    return FeatureMap(weights, np.zeros(count), math.sqrt(scale) * np.eye(size), np.zeros(size))


def _right_angles(size: int, rng: np.random.Generator) -> Floats:
    """A random rotation, all equally likely: the signs of the diagonal must not be QR's own."""
    q, r = np.linalg.qr(rng.standard_normal((size, size)))
    rows: Floats = q * np.sign(np.diag(r))
    return rows


def kernel_deviation(squared_norm: float, count: int) -> float:
    """√((exp(‖q + k‖²) - 1) / m), the relative standard deviation of one kernel estimate.

    Parameters
    ----------
    squared_norm : float
        ‖q + k‖² of the placed vectors.
    count : int
        m, features drawn independently.
    """
    return math.sqrt(math.expm1(squared_norm) / count)


def align_features(
    base: FeatureMap, queries: Annotated[Num, "tokens d"], keys: Annotated[Num, "tokens d"]
) -> tuple[FeatureMap, FeatureMap]:
    """The same attention out of shorter vectors, fitted to data in closed form.

    ::

        exp(q.k) = f(q) exp(r.k) exp((B (q - a)).(B⁻ᵀ (k - c)))

    f(q) cancels in the attention's output, exp(r.k) goes into the keys' features, and the
    variance grows with exp(‖q + k‖²), so a and c are means, and B makes the mean of
    ‖B (q - a)‖² + ‖B⁻ᵀ (k - c)‖² least: with covariances Q and K,
    BᵀB = Q^(-½) (Q^½ K Q^½)^½ Q^(-½). The normaliser is that of softmax divided by f(q).

    Parameters
    ----------
    base : FeatureMap
        From `random_features`.
    queries, keys : float array, shape (tokens, d)
        What the head sees on calibration data.

    Returns
    -------
    for_queries, for_keys : FeatureMap
    """
    placed_q, placed_k = base.place(queries), base.place(keys)
    mean_q, mean_k = placed_q.mean(axis=0), placed_k.mean(axis=0)
    root = _balance(np.cov(placed_q.T), np.cov(placed_k.T))
    inverse = np.linalg.inv(root)
    # r.k = mean_q.k, as the keys' features see k: through B⁻ᵀ, so by B.
    tilted = base.weights + root @ mean_q
    back = np.linalg.inv(base.transform)
    return (FeatureMap(base.weights, base.offset, root @ base.transform,
                       base.centre + back @ mean_q),
            FeatureMap(tilted, base.offset, inverse.T @ base.transform,
                       base.centre + back @ mean_k))


def _balance(spread_q: Floats, spread_k: Floats, floor: float = 1e-3) -> Floats:
    """B, symmetric; directions with next to no spread count as having a little."""
    size = len(spread_q)
    spread_q = spread_q + floor * np.trace(spread_q) / size * np.eye(size)
    spread_k = spread_k + floor * np.trace(spread_k) / size * np.eye(size)
    half = _power(spread_q, 0.5)
    back = _power(spread_q, -0.5)
    return _power(back @ _power(half @ spread_k @ half, 0.5) @ back, 0.5)


def _power(matrix: Floats, exponent: float) -> Floats:
    """A power of a symmetric, positive matrix."""
    values, vectors = np.linalg.eigh((matrix + matrix.T) / 2)
    result: Floats = (vectors * values**exponent) @ vectors.T
    return result
