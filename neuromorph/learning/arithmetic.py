"""What a trace, a payload and a synapse do in integers and in floats: the same four verbs."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from typing import Annotated, Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from neuromorph.learning.rule import Sign
from neuromorph.learning.terms import ACCUMULATOR_BITS, Factor, Term
from neuromorph.numerics.limits import TAG_MAX, TAG_MIN, TRACE_MAX, WEIGHT_MAX, WEIGHT_MIN
from neuromorph.shapes import Bool, Integer, Num

Array = NDArray[Any]
Lookup = Callable[[Term, Factor], Annotated[Num, "..."]]

FRACTION_BITS = 8
"""Bits of a trace impulse's fraction."""

SYNAPSE_SHIFT = 7
"""Weights and tags stand this many bits up in the accumulator."""

WEIGHT_BOUNDS: dict[Sign, tuple[int, int]] = {
    "mixed": (WEIGHT_MIN, WEIGHT_MAX), "excitatory": (0, WEIGHT_MAX),
    "inhibitory": (-WEIGHT_MAX, 0),
}


class Arithmetic(ABC):
    """One domain's way to decay, add, receive and sum up."""

    dtype: ClassVar[type[np.generic]]

    @abstractmethod
    def decay(
        self, trace: Annotated[Num, "*shape"], keep: float, draw: float
    ) -> Annotated[Num, "*shape"]:
        """Trace times ``keep``."""

    @abstractmethod
    def add(
        self, trace: Annotated[Num, "*shape"], impulse: float, draw: int
    ) -> Annotated[Num, "*shape"]:
        """Trace plus impulse."""

    @abstractmethod
    def receive(self, payload: Annotated[Num, "*shape"]) -> Annotated[Num, "*shape"]:
        """What a graded spike writes into x1: half its payload."""

    @abstractmethod
    def apply(
        self, target: Annotated[Num, "*shape"], terms: Sequence[Term],
        conditions: Callable[[Term], Annotated[Bool, "..."]], lookup: Lookup, draw: float,
    ) -> Annotated[Num, "*shape"]:
        """Target plus the sum of its products."""

    @abstractmethod
    def bound(self, weights: Annotated[Num, "*shape"], sign: Sign) -> Annotated[Num, "*shape"]:
        """Weights within what a synapse of that sign can hold."""

    @abstractmethod
    def bound_tags(self, tags: Annotated[Num, "*shape"]) -> Annotated[Num, "*shape"]:
        """Tags within what a synapse can hold."""


class Fixed(Arithmetic):
    """Loihi's integers as lava-nc's `LearningDense` computes them: 7-bit traces, 15-bit sums.

    ::

        decay     floor(keep x) + (draw < fraction)
        product   (m · condition · factors >> right) << left, clipped to 15 bits
        w'        floor(sum / 2^7) + (draw < fraction), clipped to 8 bits
    """

    dtype = np.int64

    def decay(
        self, trace: Annotated[Integer, "*shape"], keep: float, draw: float
    ) -> Annotated[Integer, "*shape"]:
        """floor(keep · trace), and one more where the fraction exceeds the draw."""
        exact = keep * trace
        whole = np.floor(exact)
        result: Array = (whole + (draw < exact - whole)).astype(np.int64)
        return result

    def add(
        self, trace: Annotated[Integer, "*shape"], impulse: float, draw: int
    ) -> Annotated[Integer, "*shape"]:
        """Trace + impulse within 0..127; the impulse's fraction has 8 bits."""
        whole = math.floor(impulse)
        fraction = round((impulse - whole) * (1 << FRACTION_BITS))
        return np.clip(trace + whole + int(draw < fraction), 0, TRACE_MAX)

    def receive(self, payload: Annotated[Num, "*shape"]) -> Annotated[Integer, "*shape"]:
        """round(payload / 2), to even, in 8 bits without sign."""
        result: Array = np.rint(payload / 2).astype(np.int64) & 0xFF
        return result

    def apply(
        self, target: Annotated[Integer, "*shape"], terms: Sequence[Term],
        conditions: Callable[[Term], Annotated[Bool, "..."]], lookup: Lookup, draw: float,
    ) -> Annotated[Integer, "*shape"]:
        """Products and their sum clipped to 15 bits; the sum rounded at random."""
        total = target.astype(np.int64) << SYNAPSE_SHIFT
        for term in terms:
            product = conditions(term) * np.int64(term.mantissa)
            for factor in term.factors:
                limit = 1 << factor.width
                product = product * np.clip(lookup(term, factor), -limit, limit - 1)
            total = _clip((_clip((product >> term.right_shift) << term.left_shift)) + total)
        whole = total >> SYNAPSE_SHIFT
        fraction = (total & ((1 << SYNAPSE_SHIFT) - 1)) / (1 << SYNAPSE_SHIFT)
        return whole + (draw < fraction)

    def bound(
        self, weights: Annotated[Integer, "*shape"], sign: Sign
    ) -> Annotated[Integer, "*shape"]:
        """Clip to the 8 bits of a weight, and to its sign."""
        return np.clip(weights, *WEIGHT_BOUNDS[sign])

    def bound_tags(self, tags: Annotated[Integer, "*shape"]) -> Annotated[Integer, "*shape"]:
        """Clip to the bits of a tag."""
        return np.clip(tags, TAG_MIN, TAG_MAX)


class Float(Arithmetic):
    """The same in floats: nothing is rounded, and only Dale's law clips."""

    dtype = np.float64

    def decay(
        self, trace: Annotated[Num, "*shape"], keep: float, draw: float
    ) -> Annotated[Num, "*shape"]:
        """keep · trace."""
        return keep * trace

    def add(
        self, trace: Annotated[Num, "*shape"], impulse: float, draw: int
    ) -> Annotated[Num, "*shape"]:
        """Trace + impulse."""
        return trace + impulse

    def receive(self, payload: Annotated[Num, "*shape"]) -> Annotated[Num, "*shape"]:
        """Payload / 2."""
        return payload / 2

    def apply(
        self, target: Annotated[Num, "*shape"], terms: Sequence[Term],
        conditions: Callable[[Term], Annotated[Bool, "..."]], lookup: Lookup, draw: float,
    ) -> Annotated[Num, "*shape"]:
        """Target + sum of m 2^e · condition · factors."""
        total = target.astype(np.float64)
        for term in terms:
            product = conditions(term) * (term.mantissa * 2.0**term.exponent)
            for factor in term.factors:
                product = product * lookup(term, factor)
            total = total + product
        return total

    def bound(self, weights: Annotated[Num, "*shape"], sign: Sign) -> Annotated[Num, "*shape"]:
        """Weights that may not change sign stop at zero."""
        if sign == "mixed":
            return weights
        return np.maximum(weights, 0) if sign == "excitatory" else np.minimum(weights, 0)

    def bound_tags(self, tags: Annotated[Num, "*shape"]) -> Annotated[Num, "*shape"]:
        """Tags are free."""
        return tags


def _clip(value: Array) -> Array:
    """To the accumulator; lava-nc lets it reach one below its negative end."""
    limit = 1 << ACCUMULATOR_BITS
    return np.clip(value, -limit - 1, limit - 1)


FIXED, FLOAT = Fixed(), Float()
