"""What is sent for a sequence of tokens, as whole numbers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any

import numpy as np
from numpy.typing import NDArray

from neuromorph.circuits.gated_delta.numbers import KEY_LIMIT, WHOLE_KEY, GatedDelta
from neuromorph.circuits.gated_delta.ports import READ_LIMIT, VALUE_LIMIT
from neuromorph.errors import UsageError
from neuromorph.numerics.limits import TRACE_MAX
from neuromorph.shapes import Int64
from neuromorph.shown import Shown

Ints = NDArray[np.int64]


@dataclass(frozen=True, eq=False, repr=False)
class Codes(Shown):
    """Tokens of one memory; leading axes are memories side by side.

    Attributes
    ----------
    reads, writes, queries : int array, shape (…, tokens, key_size)
        alpha k and q, -254 to 254; beta k, -63 to 63, or multiples of 8 where nothing is drawn.
        Reads of zeros forget along no key.
    values : int array, shape (…, tokens, value_size)
        -(2^22 - 1) to 2^22 - 1, in units of an answer.
    forgets : int array, shape (…, tokens)
        0 to 127, in units of the memory's `GatedDelta.forget_unit`.
    """

    reads: Annotated[Int64, "*batch tokens key_size"]
    writes: Annotated[Int64, "*batch tokens key_size"]
    queries: Annotated[Int64, "*batch tokens key_size"]
    values: Annotated[Int64, "*batch tokens value_size"]
    forgets: Annotated[Int64, "*batch tokens"]

    @property
    def tokens(self) -> int:
        """Length of the sequence."""
        return self.reads.shape[-2]

    def check(self, numbers: GatedDelta) -> None:
        """Refuse codes that the memory of these numbers cannot take.

        Raises
        ------
        UsageError
        """
        shape = self.reads.shape[:-1]
        keys, values = (*shape, numbers.key_size), (*shape, numbers.value_size)
        for name, codes, wanted, low, high in (
            ("reads", self.reads, keys, -READ_LIMIT, READ_LIMIT),
            ("writes", self.writes, keys, -KEY_LIMIT, KEY_LIMIT),
            ("queries", self.queries, keys, -READ_LIMIT, READ_LIMIT),
            ("values", self.values, values, -VALUE_LIMIT, VALUE_LIMIT),
            ("forgets", self.forgets, shape, 0, TRACE_MAX),
        ):
            _check(name, codes, wanted, low, high)
        if numbers.rounding == "whole" and (self.writes % WHOLE_KEY).any():
            raise UsageError("a memory without draws takes whole products only", where="writes",
                             found=int(self.writes[self.writes % WHOLE_KEY != 0][0]),
                             expected=f"multiples of {WHOLE_KEY}")


def _check(name: str, codes: NDArray[Any], shape: tuple[int, ...], low: int, high: int) -> None:
    if not np.issubdtype(codes.dtype, np.integer) or codes.shape != shape or not codes.size:
        raise UsageError("codes of the gated delta rule have another shape or are not whole",
                         where=name, found=f"{codes.shape} {codes.dtype}",
                         expected=f"{shape} integers, one token at least")
    if codes.min() < low or codes.max() > high:
        raise UsageError("codes of the gated delta rule are out of range", where=name,
                         found=f"{codes.min()} to {codes.max()}", expected=f"{low} to {high}")
