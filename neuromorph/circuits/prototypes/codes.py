"""Floats to codes of one length, and the refusal of what is not."""

from __future__ import annotations

from typing import Annotated

import numpy as np
from numpy.typing import NDArray

from neuromorph.circuits.prototypes.numbers import Prototypes
from neuromorph.errors import UsageError
from neuromorph.numerics.limits import TRACE_MAX
from neuromorph.shapes import Int64, Integer, Num


def codes_of(
    vectors: Annotated[Num, "n features"], norm: int = TRACE_MAX
) -> Annotated[Int64, "n features"]:
    """round(norm x / |x|), to even: codes of 7 bits and a sign, all of one length.

    Parameters
    ----------
    vectors : float array, shape (n, features)
    norm : int

    Raises
    ------
    UsageError
        If a vector is not finite or has no direction.
    """
    wide = np.asarray(vectors, np.float64)
    lengths = np.linalg.norm(wide, axis=1, keepdims=True)
    bad = np.flatnonzero(~(np.isfinite(lengths[:, 0]) & (lengths[:, 0] > 0)))
    if len(bad):
        raise UsageError("a vector has no direction", where=f"vector {bad[0]}",
                         found=f"length {lengths[bad[0], 0]}", expected="finite and above 0")
    codes: NDArray[np.int64] = np.rint(wide / lengths * norm).astype(np.int64)
    return codes


def check_code(numbers: Prototypes, code: Annotated[Integer, "size"]) -> Annotated[Int64, "size"]:
    """A code as the ports assume it: size, sign, 7 bits, and a length that cannot overflow.

    Raises
    ------
    UsageError
    """
    found = np.asarray(code)
    if found.shape != (numbers.features,) or not np.issubdtype(found.dtype, np.integer):
        raise UsageError("a code has the wrong shape or type",
                         found=f"{found.shape} {found.dtype}",
                         expected=f"({numbers.features},) of integers")
    wide = found.astype(np.int64)
    if not numbers.signed and wide.min() < 0:
        raise UsageError("a code is negative", found=int(wide.min()), expected="at least 0",
                         hint="signed prototypes have an axon for each side")
    if np.abs(wide).max() > TRACE_MAX:
        raise UsageError("a code exceeds 7 bits", found=int(np.abs(wide).max()),
                         expected=f"at most {TRACE_MAX}")
    if int((wide * wide).sum()) > numbers.longest**2:
        raise UsageError("a code is not normalised: its similarities could overflow",
                         found=f"2-norm {np.sqrt((wide * wide).sum()):.1f}",
                         expected=f"at most {numbers.longest}",
                         hint="scale it by `codes_of`")
    return wide
