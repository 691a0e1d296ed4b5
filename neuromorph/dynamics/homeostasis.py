"""Channels that keep their mean and spread: a gain and a threshold follow two slow traces.

::

    z_k = g_k u_k + m_k
    g_k *= 1 + alpha (s_k / std(z_k) - 1),    m_k -= alpha (mean(z_k) - t_k)

t and s are mean and spread of a channel on calibration data: two numbers a channel. It is what
re-estimating a norm layer on each batch does, but slow and local.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Annotated, Any

import numpy as np
from numpy.typing import NDArray

from neuromorph.errors import TensorError, UsageError
from neuromorph.shapes import Float64, Num
from neuromorph.shown import Shown

Floats = NDArray[np.float64]

ALPHA = 0.3
"""Of a batch of 50 to 100 rows."""

LEAST_STD = 1e-9
"""A channel that does not vary has no spread to follow."""


@dataclass(frozen=True, eq=False, repr=False)
class Homeostasis(Shown):
    """Gains and thresholds of channels, and what they aim at.

    Attributes
    ----------
    mean, std : float64 array, shape (channels,)
        Of z on calibration data.
    gain, shift : float64 array, shape (channels,)
        g and m; 1 and 0 to begin with.
    alpha : float
        Share of what is missing that a batch makes up for, in (0, 1].
    """

    mean: Annotated[Float64, "channels"]
    std: Annotated[Float64, "channels"]
    gain: Annotated[Float64, "channels"]
    shift: Annotated[Float64, "channels"]
    alpha: float = field(default=ALPHA)

    @classmethod
    def of(cls, data: Annotated[Num, "... channels"], alpha: float = ALPHA) -> Homeostasis:
        """What channels u (…, channels) of calibration data show.

        Raises
        ------
        TensorError
            If they are not finite.
        UsageError
            If alpha is not in (0, 1].
        """
        check_alpha(alpha)
        rows = _rows(data, data.shape[-1])
        ones = np.ones(rows.shape[1])
        return cls(rows.mean(axis=0), rows.std(axis=0), ones, 0 * ones, alpha)

    def apply(
        self, data: Annotated[Num, "*batch channels"]
    ) -> Annotated[Float64, "*batch channels"]:
        """z = g u + m, shape of u."""
        found: Floats = self.gain * data + self.shift
        return found

    def follow(self, data: Annotated[Num, "*batch channels"]) -> Homeostasis:
        """One update by a batch of channels u (…, channels).

        Raises
        ------
        TensorError
            If they do not fit, or are not finite: a stream with NaN changes nothing.
        """
        z = self.apply(_rows(data, len(self.mean)))
        spread = z.std(axis=0)
        moves = (spread > LEAST_STD) & (self.std > LEAST_STD)
        ratio = np.where(moves, self.std / np.where(moves, spread, 1), 1)
        gain = self.gain * (1 + self.alpha * (ratio - 1))
        shift = self.shift - self.alpha * (z.mean(axis=0) - self.mean)
        return replace(self, gain=gain, shift=shift)


def _rows(data: NDArray[Any], channels: int) -> Floats:
    if not data.size or data.shape[-1] != channels:
        raise TensorError("activity does not fit the channels", where="homeostasis",
                          found=data.shape, expected=f"(…, {channels})")
    check_finite(data, "homeostasis")
    return np.asarray(data, np.float64).reshape(-1, channels)


def check_alpha(alpha: float) -> None:
    """Refuse a share that a batch cannot make up for.

    Raises
    ------
    UsageError
    """
    if isinstance(alpha, bool) or not isinstance(alpha, int | float) or not 0 < alpha <= 1:
        raise UsageError("no such share", where="homeostasis", found=alpha,
                         expected="more than 0, at most 1")


def check_finite(data: Annotated[Num, "..."], where: str) -> None:
    """Refuse a batch that holds NaN or infinity.

    Raises
    ------
    TensorError
    """
    wrong = int(data.size - np.isfinite(data).sum())
    if wrong:
        raise TensorError("a batch holds NaN or infinity", where=where,
                          found=f"{wrong} of {data.size} numbers", expected="finite ones",
                          hint="leave such batches out of the stream")
