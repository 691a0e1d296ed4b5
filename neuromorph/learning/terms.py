"""One product of a learning rule, and the widths it is computed in."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias

from neuromorph.numerics.registers import LOIHI
from neuromorph.shown import Shown

Condition: TypeAlias = Literal["x0", "y0", "u"]

WIDTHS = {"x0": 1, "y0": 1, "x1": 7, "x2": 7, "y1": 7, "y2": 7, "y3": 7, "w": 9, "t": 9}
"""Bits of each factor, without sign."""

ACCUMULATOR_BITS = LOIHI.accumulator_bits - 1
MANTISSA_BITS = 4
WIDEST_PRODUCT = 27
"""Bits that the factors of one product may have together: a 32-bit product holds them."""


@dataclass(frozen=True)
class Factor:
    """``variable + constant``, or the sign of it."""

    variable: str
    constant: int = 0
    sign: bool = False

    @property
    def width(self) -> int:
        """Bits that the factor is clipped to."""
        return WIDTHS[self.variable]

    def __str__(self) -> str:
        body = f"{self.variable}{self.constant:+d}" if self.constant else self.variable
        if self.sign:
            return f"sgn({body})"
        return f"({body})" if self.constant else body


@dataclass(frozen=True, repr=False)
class Term(Shown):
    """mantissa 2^exponent, under a condition, times factors.

    Attributes
    ----------
    mantissa, exponent : int
        -8 to 7 and -7 to 8.
    condition : {"x0", "y0", "u"}
    decimation : int or None
        k of ``u_k``.
    factors : tuple of Factor
    """

    mantissa: int
    exponent: int
    condition: Condition
    decimation: int | None
    factors: tuple[Factor, ...]

    @property
    def decimations(self) -> tuple[int, ...]:
        """The k of ``u_k``, if the condition is one."""
        return () if self.decimation is None else (self.decimation,)

    @property
    def width(self) -> int:
        """Bits of all factors together."""
        return sum(factor.width for factor in self.factors)

    @property
    def right_shift(self) -> int:
        """Shift that brings the product back into the accumulator."""
        return max(0, self.width + MANTISSA_BITS - ACCUMULATOR_BITS)

    @property
    def left_shift(self) -> int:
        """Shift into the accumulator's scale, in which a weight of 1 is 2^7."""
        return self.exponent + 7

    def __str__(self) -> str:
        condition = self.condition if self.decimation is None else f"u{self.decimation}"
        parts = [f"{self.mantissa}*2^{self.exponent}", condition, *map(str, self.factors)]
        return "*".join(parts)


def series_text(terms: tuple[Term, ...]) -> str:
    """The terms in the one spelling that lava-nc reads as we do; empty for none."""
    return "+".join(map(str, terms)).replace("+-", "-")
