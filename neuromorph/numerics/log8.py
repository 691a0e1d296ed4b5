"""Weights as logarithms: 8 bits of magnitude, 16 codes an octave, and a sign that never changes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

import numpy as np
from numpy.typing import NDArray

from neuromorph.errors import TensorError
from neuromorph.shapes import Float64, Int8, Int64, Num
from neuromorph.shown import Shown

OCTAVE = 16
"""Codes of a factor of 2."""

CODE_MIN, CODE_MAX = -128, 127


@dataclass(frozen=True, eq=False, repr=False)
class LogWeights(Shown):
    """w = sign unit 2^(code / 16).

    Attributes
    ----------
    codes : int array
        -128 to 127: magnitudes of unit / 256 to 245 units.
    signs : int8 array of -1, 0 and 1, shape of ``codes``
        0 is no synapse; it stays none.
    unit : float
        Magnitude of the code 0.
    clipped : int
        How many codes have been cut to their 8 bits.
    """

    codes: Annotated[Int64, "*shape"]
    signs: Annotated[Int8, "*shape"]
    unit: float = 1.0
    clipped: int = 0

    @property
    def weights(self) -> Annotated[Float64, "*shape"]:
        """The weights that the codes stand for."""
        found: NDArray[np.float64] = self.signs * self.unit * np.exp2(self.codes / OCTAVE)
        return found

    def learned(self, tags: Annotated[Num, "*shape"]) -> LogWeights:
        """w 2^(tag / 16): what was added to the tags multiplies the weights.

        Parameters
        ----------
        tags : int array, shape of ``codes``

        Raises
        ------
        TensorError
            If the tags are no such whole numbers.
        """
        found = np.asarray(tags)
        if found.shape != self.codes.shape or not np.array_equal(found, np.rint(found)):
            raise TensorError("tags of logarithmic weights are whole numbers, one a synapse",
                              where="log8", found=f"{found.dtype}, shape {found.shape}",
                              expected=f"shape {self.codes.shape}")
        return _cut(self.codes + found.astype(np.int64), self.signs, self.unit)


def quantise_log8(weights: Annotated[Num, "..."], unit: float = 1.0) -> LogWeights:
    """code = round(16 log2(|w| / unit)) within 8 bits; the worst relative error is 2.2 %.

    Parameters
    ----------
    weights : array
        Finite.
    unit : float
        Magnitude of the code 0, above 0.

    Raises
    ------
    TensorError
        If a weight is NaN or infinite, or the unit not above 0.
    """
    held = np.asarray(weights, np.float64)
    if not np.isfinite(held).all():
        raise TensorError("weights hold NaN or infinity", where="log8")
    if not (np.isfinite(unit) and unit > 0):
        raise TensorError("the unit of logarithmic weights is a number above 0", where="log8",
                          found=unit)
    signs = np.sign(held).astype(np.int8)
    magnitudes = np.where(signs == 0, unit, np.abs(held))
    codes = np.rint(OCTAVE * (np.log2(magnitudes) - np.log2(unit))).astype(np.int64)
    return _cut(codes, signs, unit)


def _cut(codes: NDArray[np.int64], signs: NDArray[np.int8], unit: float) -> LogWeights:
    clipped = int(np.count_nonzero((codes < CODE_MIN) | (codes > CODE_MAX)))
    return LogWeights(np.clip(codes, CODE_MIN, CODE_MAX), signs, unit, clipped)
