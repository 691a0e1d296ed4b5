"""A graded axon as several plain ones: which of them spike for which payload."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated

import numpy as np

from neuromorph.errors import UsageError
from neuromorph.shapes import Int64, Integer
from neuromorph.shown import Shown


@dataclass(frozen=True, repr=False)
class Letters(Shown):
    """What a plain spike on each of a graded axon's stand-ins counts.

    ::

        payload = sum_k values[k] s_k        s_k in {0, 1}

    Attributes
    ----------
    values : tuple of int
    one_hot : bool
        One stand-in for every payload there is; if not, one for every bit of two's complement.
    """

    values: tuple[int, ...]
    one_hot: bool

    @classmethod
    def of_bits(cls, bits: int) -> Letters:
        """For any payload of so many bits, its sign's included."""
        return cls((*(1 << k for k in range(bits - 1)), -(1 << bits - 1)), one_hot=False)

    @classmethod
    def of_payloads(cls, payloads: tuple[int, ...]) -> Letters:
        """For payloads of which there are a few only."""
        return cls(tuple(sorted(set(payloads) - {0})), one_hot=True)

    def names(self, source: str) -> list[str]:
        """Of the plain populations that stand for a graded source."""
        return [f"{source}.{k}" for k in range(len(self.values))]

    def encode(
        self, train: Annotated[Integer, "steps size"], where: str
    ) -> list[Annotated[Int64, "_ _"]]:
        """The trains of the stand-ins, each of the shape of the payloads' (steps, size).

        Raises
        ------
        UsageError
            If a payload cannot be said.
        """
        if self.one_hot:
            said = [np.asarray(train == value, np.int64) for value in self.values]
        else:
            said = [(train >> k) & 1 for k in range(len(self.values))]
        total = self.decode(said, np.zeros_like(train))
        if not np.array_equal(total, train):
            wrong = train[total != train]
            raise UsageError("a payload is none of those that plain spikes stand for", where=where,
                             found=int(wrong[0]), expected=_told(self))
        return said

    def decode(
        self, said: Sequence[Annotated[Integer, "_ _"]], silence: Annotated[Integer, "steps size"]
    ) -> Annotated[Int64, "steps size"]:
        """What the trains of the stand-ins add up to, from a train of zeros (steps, size) on."""
        return sum((value * plain.astype(np.int64)
                    for value, plain in zip(self.values, said, strict=True)),
                   silence.astype(np.int64))


def _told(letters: Letters) -> str:
    if letters.one_hot:
        return f"0 or one of {', '.join(map(str, letters.values))}"
    return f"{letters.values[-1]} to {-letters.values[-1] - 1}"
