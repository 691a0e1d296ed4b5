"""The 15-bit accumulator of learning rules: does it ever saturate before the weight does?"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from neuromorph.compile.ranges.proof import Bound
from neuromorph.learning import Factor, LearningRule, Term
from neuromorph.learning.arithmetic import SYNAPSE_SHIFT
from neuromorph.learning.terms import ACCUMULATOR_BITS
from neuromorph.network import Projection
from neuromorph.network.model import THIRD
from neuromorph.network.sums import weight_range
from neuromorph.numerics.interval import Interval
from neuromorph.numerics.limits import TAG_MAX, TAG_MIN, TRACE_MAX

LOWEST, HIGHEST = -(1 << ACCUMULATOR_BITS) - 1, (1 << ACCUMULATOR_BITS) - 1
OVERWRITTEN_MAX = 0xFF
"""Largest x1 that a payload writes; a product clips it to 7 bits."""

Array = NDArray[np.int64]


class _Range(NamedTuple):
    """Lowest and highest of a quantity, for each value that the target may have."""

    low: Array
    high: Array

    def times(self, other: _Range) -> _Range:
        """The range of the product."""
        corners = [a * b for a in self for b in other]
        return _Range(np.minimum.reduce(corners), np.maximum.reduce(corners))

    def clip(self, low: int, high: int) -> _Range:
        """The range of the clipped value."""
        return _Range(np.clip(self.low, low, high), np.clip(self.high, low, high))


def bound_learning(projection: Projection, ranges: Mapping[str, Interval]) -> tuple[Bound, ...]:
    """One bound on all products of ``dw`` and ``dt``, and all their sums but the last.

    ::

        product = m · condition · factors >> right << left       within -2^15 - 1 .. 2^15 - 1
        sum_n   = (w << 7) + product_1 + … + product_n           n less than their number

    The last sum may saturate: the weight does there as well. The target's own value counts
    exactly, every other factor by the range it may have.
    """
    rule = projection.rule
    if rule is None:
        return ()
    traces = _traces(projection, rule, ranges)
    low, high = weight_range(projection)
    weights = _span(int(np.min(low)), int(np.max(high)))
    tags = _span(TAG_MIN, TAG_MAX) if rule.tag_terms else _span(0, 0)
    found: list[tuple[int, int, str]] = []
    for name, terms in (("w", rule.weight_terms), ("t", rule.tag_terms)):
        found += _sums(name, terms, {**traces, "w": weights, "t": tags})
    return (_worst(projection.name, found),)


def _worst(where: str, found: list[tuple[int, int, str]]) -> Bound:
    low, high = min(low for low, _, _ in found), max(high for _, high, _ in found)
    if low >= LOWEST and high <= HIGHEST:
        return Bound(where, "learning", low, high, LOWEST, HIGHEST)
    worst = max(found, key=lambda one: max(LOWEST - one[0], one[1] - HIGHEST))[2]
    return Bound(where, "learning", low, high, LOWEST, HIGHEST, "saturates", worst,
                 "give that product a smaller constant or its factors narrower ranges, or take "
                 "away before you add")


def _span(low: int, high: int) -> _Range:
    return _Range(np.array([low], np.int64), np.array([high], np.int64))


def _traces(
    projection: Projection, rule: LearningRule, ranges: Mapping[str, Interval]
) -> dict[str, _Range]:
    """Ranges of conditions and traces; a third factor is what its population sends."""
    found = {name: _span(0, TRACE_MAX if rule.impulse(name) else 0)
             for name in ("x1", "x2", *THIRD)}
    if rule.payload == "overwrite":
        found["x1"] = _span(0, OVERWRITTEN_MAX)
    if projection.modulated:
        for name, population in zip(THIRD, projection.modulators, strict=True):
            sent = None if population is None else ranges[population]
            found[name] = _span(0, 0) if sent is None else _span(int(sent.low.min()),
                                                                 int(sent.high.max()))
    return {**found, "x0": _span(0, 1), "y0": _span(0, 1)}


def _sums(
    target: str, terms: tuple[Term, ...], values: dict[str, _Range]
) -> list[tuple[int, int, str]]:
    """(low, high, product) of every product and of every sum but the last."""
    each = np.arange(values[target].low[0], values[target].high[0] + 1)
    values = {**values, target: _Range(each, each)}
    found, so_far = [], _Range(each << SYNAPSE_SHIFT, each << SYNAPSE_SHIFT)
    for n, term in enumerate(terms):
        product = _product(term, values)
        found.append((int(product.low.min()), int(product.high.max()), str(term)))
        product = product.clip(LOWEST, HIGHEST)
        so_far = _Range(so_far.low + product.low, so_far.high + product.high)
        if n < len(terms) - 1:
            found.append((int(so_far.low.min()), int(so_far.high.max()), str(term)))
            so_far = so_far.clip(LOWEST, HIGHEST)
    return found


def _product(term: Term, values: dict[str, _Range]) -> _Range:
    """The product's range; with 0 in it, which it is without its condition, unless that is u0."""
    product = _span(term.mantissa, term.mantissa)
    for factor in term.factors:
        limit = 1 << factor.width
        product = product.times(_factor(factor, values).clip(-limit, limit - 1))
    found = _Range(product.low >> term.right_shift << term.left_shift,
                   product.high >> term.right_shift << term.left_shift)
    if term.decimation == 0:  # at the end of every epoch
        return found
    return _Range(np.minimum(found.low, 0), np.maximum(found.high, 0))


def _factor(factor: Factor, values: dict[str, _Range]) -> _Range:
    base = values[factor.variable]
    shifted = _Range(base.low + factor.constant, base.high + factor.constant)
    return _Range(np.sign(shifted.low), np.sign(shifted.high)) if factor.sign else shifted
