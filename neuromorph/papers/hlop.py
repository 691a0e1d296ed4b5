"""Hebbian orthogonal projection: what was learned first keeps the directions that it uses.

::

    y = H x      x' = H^T y      e = x - x'           lateral weights find the inputs' subspace
    dH = rate clip(<y e^T>, -10, 10)                  Hebb on y x^T, anti-Hebb on y x'^T (Oja)
    dW = -rate delta (x - H^T H x)^T                  later tasks learn outside of it

H has a row a dimension, shape (rows, inputs); activity is a batch of rows, shape (batch, inputs).
Source: Xiao et al., ICLR 2024 (arXiv 2402.11984).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neuromorph.errors import UsageError
from neuromorph.shown import Shown

Floats = NDArray[np.float64]

CLIP = 10.0
MOMENTUM = 0.9
ITERATIONS = 5
"""Steps of H a batch."""

ROW_LIMIT = 0.6
"""Largest weight of H that its 8 bits hold; rows of norm 1 hardly have larger ones."""

ROW_MAX = 127


@dataclass(eq=False, repr=False)
class Subspace(Shown):
    """The directions that a layer's inputs have taken, task by task.

    Attributes
    ----------
    rows : float array, shape (rows, inputs)
        H.
    frozen : int
        Rows of earlier tasks, which no longer learn.
    """

    rows: Floats
    frozen: int = 0

    def __post_init__(self) -> None:
        self._momentum = np.zeros_like(self.rows)

    @classmethod
    def empty(cls, inputs: int) -> Subspace:
        """No direction is taken."""
        return cls(np.zeros((0, inputs)))

    @property
    def taken(self) -> Floats:
        """Rows of earlier tasks, shape (frozen, inputs)."""
        return self.rows[: self.frozen]

    def grow(self, count: int, rng: np.random.Generator) -> None:
        """Freeze all rows, and add random ones, orthonormal among themselves.

        Raises
        ------
        UsageError
            If no direction would be left to learn in.
        """
        had, inputs = self.rows.shape
        if isinstance(count, bool) or not isinstance(count, int) or count < 1:
            raise UsageError("no such number of rows", found=repr(count), expected="at least 1")
        if had + count >= inputs:
            raise UsageError("the rows run out: nothing could be learned any more",
                             where="Hebbian orthogonal projection",
                             found=f"{had + count} rows of {inputs} inputs",
                             expected=f"at most {inputs - 1}",
                             hint="fewer rows a task, fewer tasks, or wider layers")
        new = np.linalg.qr(rng.standard_normal((inputs, count)))[0].T
        self.rows, self.frozen = np.vstack([self.rows, new]), had
        self._momentum = np.zeros_like(self.rows)

    def learn(self, activity: NDArray[Any], rate: float, iterations: int = ITERATIONS) -> None:
        """dH = rate clip(<y e^T>) of the rows that are new, with momentum, as often.

        Parameters
        ----------
        activity : float array, shape (batch, inputs)
        rate : float
        iterations : int
        """
        for _ in range(iterations):
            outputs = activity @ self.rows.T
            error = activity - outputs @ self.rows
            step = np.clip(outputs[:, self.frozen :].T @ error / len(activity), -CLIP, CLIP)
            kept = self._momentum[self.frozen :]
            kept[:] = MOMENTUM * kept + (1 - MOMENTUM) * step
            self.rows[self.frozen :] += rate * kept


def residual(rows: NDArray[Any], activity: NDArray[Any]) -> Floats:
    """e = x - H^T H x: what of the activity lies outside the subspace, shape (batch, inputs)."""
    found: Floats = activity - (activity @ rows.T) @ rows
    return found


def leading_rows(activity: NDArray[Any], count: int, taken: NDArray[Any]) -> Floats:
    """The directions that hold most of what is outside of ``taken``: what H is to find.

    Right singular vectors of the residual, shape (count, inputs).
    """
    found: Floats = np.linalg.svd(residual(taken, activity), full_matrices=False)[2][:count]
    return found


def held_in_8_bits(rows: NDArray[Any]) -> Floats:
    """H as 8-bit weights of one unit of .6 / 127, in floats again."""
    unit = ROW_LIMIT / ROW_MAX
    found: Floats = np.clip(np.rint(rows / unit), -ROW_MAX, ROW_MAX) * unit
    return found


def projected_delta(
    weights: NDArray[Any], key: NDArray[Any], value: NDArray[Any], rows: NDArray[Any],
    *, most_gain: float = 1e3,
) -> Floats:
    """S' = S + (v - S k) e^T / (e.k), e = k - H^T H k: what H holds is answered as before.

    Parameters
    ----------
    weights : float array, shape (value_size, key_size)
    key : float array, shape (key_size,)
    value : float array, shape (value_size,)
    rows : float array, shape (rows, key_size)
        H; without rows it is `fast_weights.delta` for keys of norm 1.
    most_gain : float
        Largest 1 / (e.k): of a key that lies in the subspace nothing can be learned.
    """
    outside = residual(rows, key[None])[0]
    gain = min(1 / max(float(outside @ key), 1e-300), most_gain)
    learned: Floats = weights + gain * np.outer(value - weights @ key, outside)
    return learned
