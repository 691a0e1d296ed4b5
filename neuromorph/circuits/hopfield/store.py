"""Patterns that a Hopfield circuit holds, checked once at the door."""

from __future__ import annotations

import math
import warnings
from dataclasses import dataclass
from typing import Annotated, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from neuromorph.errors import TensorError, UsageError, did_you_mean
from neuromorph.shapes import Float64

Floats = NDArray[np.float64]

WRITTEN = ("static", "hebbian")
"""How patterns can enter the synapses: built in, or by plasticity before the first query."""


class DuplicatePatternWarning(UserWarning):
    """A pattern is stored more than once."""


@dataclass(frozen=True, eq=False)
class HopfieldStore:
    """xi' = softmax(beta X xi) X: patterns are keys and values at once. See `store_patterns`.

    Attributes
    ----------
    patterns : float64 array, shape (slots, size)
        X, one pattern a slot, finite.
    beta : float
        Nats a unit of a product of pattern and state; positive.
    duplicates : int
        Patterns that are equal to an earlier one. Each keeps a slot of its own, and so its
        share of the weight.
    written : {"static", "hebbian"}
        How the patterns enter the synapses.
    """

    patterns: Annotated[Float64, "slots size"]
    beta: float
    duplicates: int
    written: str = "static"

    def queries(
        self, states: Annotated[Float64, "*batch size"]
    ) -> Annotated[Float64, "*batch size"]:
        """beta xi: what a state asks the attention, shape (..., size)."""
        return self.beta * states

    def corners(self) -> Annotated[Float64, "_ size"]:
        """The patterns and their mean, shape (slots + 1, size): what spans the logits.

        A step ends between the patterns. There the best match's logit, a maximum of linear
        functions and so convex, is largest at one of them. Keys lose about their mean, and the
        best match then has a logit of about 0 at the least: what it is at the mean.
        """
        return np.vstack([self.patterns, self.patterns.mean(axis=0)])


def store_patterns(patterns: ArrayLike, beta: float, *, written: str = "static") -> HopfieldStore:
    """A store of patterns, with a warning where one is there twice.

    Parameters
    ----------
    patterns : array, shape (slots, size)
        Real and finite; one at least.
    beta : float
        Inverse temperature: small retrieves the mean of all patterns, large a single one.
    written : {"static", "hebbian"}
        How the patterns enter the synapses: built in, or by plasticity.

    Raises
    ------
    TensorError
        If the patterns are no such array.
    UsageError
        If beta or ``written`` is none of the possible values.
    """
    if written not in WRITTEN:
        raise UsageError("patterns cannot be written like that", found=written,
                         hint=did_you_mean(str(written), WRITTEN))
    if isinstance(beta, bool) or not isinstance(beta, int | float) or not 0 < beta < math.inf:
        raise UsageError("beta is out of range", found=repr(beta), expected="positive and finite")
    held = _real("patterns", patterns)
    duplicates = len(held) - len(np.unique(held, axis=0))
    if duplicates:
        warnings.warn(f"{duplicates} of {len(held)} patterns are equal to an earlier one; each "
                      "keeps its slot, so what is stored twice weighs twice",
                      DuplicatePatternWarning, stacklevel=2)
    return HopfieldStore(held, float(beta), duplicates, written)


def check_cues(store: HopfieldStore, cues: ArrayLike) -> Annotated[Float64, "cues size"]:
    """Cues as float64, shape (cues, size).

    Raises
    ------
    TensorError
        If they are no such array, or their size is not the patterns'.
    """
    held = _real("cues", cues)
    if held.shape[1] != store.patterns.shape[1]:
        raise TensorError("cues and patterns differ in size", where="Hopfield store",
                          found=held.shape[1], expected=store.patterns.shape[1])
    return held


def _real(name: str, values: ArrayLike) -> Floats:
    """A copy as float64 rows, none of them NaN or infinite."""
    try:
        raw: NDArray[Any] = np.asarray(values)
    except ValueError as error:
        raise TensorError(f"the {name} are no array", where="Hopfield store",
                          found=error) from error
    if raw.dtype.kind not in "biuf":
        raise TensorError(f"the {name} are no real numbers", where="Hopfield store",
                          found=raw.dtype)
    if raw.ndim != 2 or not raw.size:
        raise TensorError(f"the {name} have the wrong shape", where="Hopfield store",
                          found=raw.shape, expected=f"({name}, size), neither of them 0")
    held = raw.astype(np.float64)
    if not np.isfinite(held).all():
        raise TensorError(f"the {name} hold NaN or infinity", where="Hopfield store")
    return held + 0.0  # -0 and 0 are the same pattern
