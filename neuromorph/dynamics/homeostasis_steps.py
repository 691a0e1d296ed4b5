"""Homeostasis of channels in integers: steps of one unit and of one part in 32, by two slow traces.

::

    z = (g u >> 10) + m
    M += (16 mean(z) - M) >> 3,    S += (16 mean|z - t| - S) >> 3          traces
    m += sgn(16 t - M)   where they differ by more than a unit
    g += sgn(s - S) max(1, g >> 5)   where they differ by more than s / 16

Shifts, additions and signs only. Spread is the mean distance from t, which needs no root. These
are steps of whole images at once; `neurons.homeostatic` is the same as a chip's neuron.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Annotated, Any

import numpy as np
from numpy.typing import NDArray

from neuromorph.errors import TensorError
from neuromorph.neurons.homeostatic import ONE_BITS, moved_threshold, turned_gain
from neuromorph.numerics.limits import STATE_MAX
from neuromorph.shapes import Int64, Integer, Num
from neuromorph.shown import Shown

Ints = NDArray[np.int64]

UNIT = 16
"""Of a trace, in which a unit of z counts so often."""

TRACE_SHIFT = 3

CODE_MAX = STATE_MAX >> ONE_BITS + 5
"""Of a channel's code: its product with the largest gain has 24 bits."""


@dataclass(frozen=True, eq=False, repr=False)
class HomeostasisSteps(Shown):
    """State of all channels.

    Attributes
    ----------
    mean, spread : int64 array, shape (channels,)
        t in units of z, and s in units of a trace: what channels aim at.
    gain, shift : int64 array, shape (channels,)
        g in 2^-10, and m.
    mean_trace, spread_trace : int64 array, shape (channels,)
        M and S.
    """

    mean: Annotated[Int64, "channels"]
    spread: Annotated[Int64, "channels"]
    gain: Annotated[Int64, "channels"]
    shift: Annotated[Int64, "channels"]
    mean_trace: Annotated[Int64, "channels"]
    spread_trace: Annotated[Int64, "channels"]

    @classmethod
    def of(cls, codes: Annotated[Num, "... channels"]) -> HomeostasisSteps:
        """What channels (…, channels) of calibration data show.

        Raises
        ------
        TensorError
            If they are no codes, or too large.
        """
        rows = _rows(codes, codes.shape[-1])
        mean = np.rint(rows.mean(axis=0)).astype(np.int64)
        spread = _parts(np.abs(rows - mean))
        one = np.full(len(mean), 1 << ONE_BITS, np.int64)
        return cls(mean, spread, one, 0 * one, UNIT * mean, spread)

    def apply(
        self, codes: Annotated[Integer, "*batch channels"]
    ) -> Annotated[Int64, "*batch channels"]:
        """z, shape of the codes."""
        found: Ints = (self.gain * np.asarray(codes, np.int64) >> ONE_BITS) + self.shift
        return found

    def follow(self, codes: Annotated[Integer, "*batch channels"]) -> HomeostasisSteps:
        """One step by some rows (…, channels).

        Raises
        ------
        TensorError
            If they do not fit, are no codes, or too large.
        """
        z = self.apply(_rows(codes, len(self.mean)))
        mean = self.mean_trace + (_parts(z) - self.mean_trace >> TRACE_SHIFT)
        spread = self.spread_trace + (
            _parts(np.abs(z - self.mean)) - self.spread_trace >> TRACE_SHIFT)
        return replace(self, gain=turned_gain(self.gain, spread - self.spread, self.spread),
                       shift=moved_threshold(self.shift, mean - UNIT * self.mean, UNIT),
                       mean_trace=mean, spread_trace=spread)


def _parts(z: Ints) -> Ints:
    """Means over rows, in units of a trace."""
    found: Ints = UNIT * z.sum(axis=0) // len(z)
    return found


def _rows(codes: NDArray[Any], channels: int) -> Ints:
    if not codes.size or codes.shape[-1] != channels or codes.dtype.kind not in "iu":
        raise TensorError("codes do not fit the channels", where="homeostasis",
                          found=f"{codes.dtype}, shape {codes.shape}",
                          expected=f"whole numbers, (…, {channels})")
    most = int(np.abs(codes.astype(np.int64)).max())
    if most > CODE_MAX:
        raise TensorError("a code is too large to be amplified", where="homeostasis", found=most,
                          expected=f"at most {CODE_MAX}")
    return codes.astype(np.int64).reshape(-1, channels)
