"""The integer numbers of a memory that learns by the gated delta rule."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias

from neuromorph.errors import UsageError
from neuromorph.numerics.limits import MULTIPLIER_MAX, STATE_MAX, TRACE_MAX, WEIGHT_MIN

Rounding: TypeAlias = Literal["random", "whole"]

KEY_ZERO = (TRACE_MAX + 1) // 2
"""Trace of a key's code 0: a trace has no sign, so codes lie around the middle of its 7 bits."""

KEY_LIMIT = KEY_ZERO - 1
"""Largest code of a key that is written."""

WHOLE_KEY = 8
"""Of a memory without draws, codes of written keys are multiples of this: the engine drops 3 bits
of a key times an error, and so drops nothing."""

ANSWER_SHIFT = 2
"""An answer is a quarter of the memory's sum: that leaves room for the value to compare with."""

KEYS_MAX = STATE_MAX // (-WEIGHT_MIN * 2 * TRACE_MAX)
"""Most key axons whose sum, a quarter of it, and the wanted value fit 24 bits."""

FORGET_BITS = range(5, 13)
SHIFTS = range(1, 41)


@dataclass(frozen=True)
class GatedDelta:
    """Sizes and constants of one memory W, value_size x key_size, empty at first.

    With codes r (the key that is read), x (the key that is written), v, q and a gate f::

        p = (W r) >> 2                                       what the key brings back
        e = clip(round((v - p) multiplier / 2^shift), -127, 127)
        W <- W - f W / 2^forget_bits + (mantissa 2^exponent / 8) e x^T
        answer = (W q) >> 2

    W is rounded as `rounding` says, and stays within -256 to 255.

    Attributes
    ----------
    key_size, value_size : int
        1 to `KEYS_MAX`, and at least 1.
    mantissa, exponent : int
        Of the write, 1 to 7, and -7 to 0 (with rounding "whole" 0 to 7).
    forget_bits : int
        5 to 12 (with rounding "whole" 5): f = 1 takes away 2^-forget_bits of each weight.
    multiplier, shift : int
        Of the error, 1 to 65535 and 1 to 40.
    rounding : {"random", "whole"}
        Products are rounded down to 1/128 of a weight or a few of them, their sum up or down at
        random with the right mean. Or all are whole and nothing is drawn: writes are exact, since
        codes of keys are multiples of `WHOLE_KEY`, and what fades is rounded down.

    Raises
    ------
    UsageError
        If a number is out of range.
    """

    key_size: int
    value_size: int
    mantissa: int
    exponent: int
    forget_bits: int
    multiplier: int
    shift: int
    rounding: Rounding = "random"

    def __post_init__(self) -> None:
        if self.rounding not in ("random", "whole"):
            raise UsageError("unknown rounding", where="gated delta", found=repr(self.rounding),
                             expected="random or whole")
        whole = self.rounding == "whole"
        for name, allowed in (
            ("key_size", range(1, KEYS_MAX + 1)), ("value_size", range(1, STATE_MAX)),
            ("mantissa", range(1, 8)), ("exponent", range(8) if whole else range(-7, 1)),
            ("forget_bits", range(5, 6) if whole else FORGET_BITS),
            ("multiplier", range(1, MULTIPLIER_MAX + 1)), ("shift", SHIFTS),
        ):
            value = getattr(self, name)
            if value not in allowed:
                raise UsageError("a number of the gated delta rule is out of range", where=name,
                                 found=value, expected=f"{allowed.start} to {allowed.stop - 1}")

    @property
    def write_gain(self) -> float:
        """What e = x = 1 adds to a weight before it is rounded."""
        return self.mantissa * 2.0 ** (self.exponent - 3)

    @property
    def forget_unit(self) -> float:
        """Share of a weight that f = 1 takes."""
        return 2.0**-self.forget_bits

    @property
    def forget_product(self) -> tuple[int, int]:
        """Mantissa and exponent of the forgetting: the finest that the engine has.

        A weight and a gate have 16 bits, of which the engine drops 5.
        """
        if self.rounding == "whole":
            return 1, 0
        mantissa = min(4, 1 << 12 - self.forget_bits)
        return mantissa, 5 - self.forget_bits - (mantissa.bit_length() - 1)
