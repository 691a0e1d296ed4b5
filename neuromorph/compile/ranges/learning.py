"""The 15-bit accumulator of learning rules: does it ever saturate before the weight does?"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from neuromorph.compile.ranges.proof import Bound
from neuromorph.learning import Factor, LearningRule, Term
from neuromorph.learning.arithmetic import SYNAPSE_SHIFT
from neuromorph.learning.terms import ACCUMULATOR_BITS
from neuromorph.network import Projection
from neuromorph.network.model import THIRD
from neuromorph.network.promises import Promise
from neuromorph.network.sums import weight_range
from neuromorph.numerics.interval import Interval
from neuromorph.numerics.limits import TAG_MAX, TAG_MIN, TRACE_MAX

LOWEST, HIGHEST = -(1 << ACCUMULATOR_BITS) - 1, (1 << ACCUMULATOR_BITS) - 1
OVERWRITTEN_MAX = 0xFF
"""Largest x1 that a payload writes; a product clips it to 7 bits."""

MOMENTS_MAX = 1000
"""Epochs of a period in which tags are followed; of a longer one they may be anything."""

ROUNDS = 8
"""Periods after which tags that still get further may be anything."""

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


@dataclass(frozen=True, eq=False)
class _Moment:
    """An epoch's end: ranges of all factors but the tag; whether u_k holds, None if it may.

    Ends at which the same may happen are the same object.
    """

    values: Mapping[str, _Range]
    decimated: bool | None = None


def bound_learning(
    projection: Projection, promises: Mapping[str, Promise], period: int
) -> tuple[Bound, ...]:
    """One bound on all products of ``dw`` and ``dt``, and all their sums but the last.

    ::

        product = m · condition · factors >> right << left       within -2^15 - 1 .. 2^15 - 1
        sum_n   = (w << 7) + product_1 + … + product_n           n less than their number

    The last sum may saturate: the weight does there as well; so may one that no later product
    brings back. The target's own value counts exactly, every other factor by the range it may
    have: a tag by what it has gathered by that step of the period, if the rule brings it back, and
    by the signs that the rule asks it for.

    Parameters
    ----------
    projection : Projection
    promises : mapping of population name to Promise
        What may be sent.
    period : int
        Of the network.
    """
    rule = projection.rule
    if rule is None:
        return ()
    moments = _moments(projection, rule, promises, period)
    reached: dict[_Moment, _Range] = {}
    for moment, tags in zip(moments, _tags(rule, moments), strict=True):
        reached[moment] = _hull(reached.get(moment, tags), tags)
    found: list[tuple[int, int, str]] = []
    for moment, tags in reached.items():
        found += _sums("t", rule.tag_terms, {**moment.values, "t": tags}, moment.decimated)[0]
        for some in _of_one_sign(rule, tags):
            found += _sums("w", rule.weight_terms, {**moment.values, "t": some},
                           moment.decimated)[0]
    return (_worst(projection.name, found),)


def _moments(
    projection: Projection, rule: LearningRule, promises: Mapping[str, Promise], period: int
) -> list[_Moment]:
    """Epochs' ends in the order in which they come round; one for all without a tag to follow."""
    low, high = weight_range(projection)
    weights = _span(int(np.min(low)), int(np.max(high)))
    every = 1 << (rule.decimation or 0)
    count = math.lcm(period, rule.epoch * every) // rule.epoch
    if not rule.tag_terms or count > MOMENTS_MAX:
        spans = {name: promise.span for name, promise in promises.items()}
        return [_Moment({**_traces(projection, rule, spans), "w": weights})]
    senders = {name: promises[name] for name in filter(None, projection.modulators)}
    found: list[_Moment] = []
    known: dict[tuple[object, ...], _Moment] = {}
    for number in range(1, count + 1):
        step, decimated = (number * rule.epoch - 1) % period, number % every == 0
        traces = _traces(projection, rule, {
            name: _sent_in(step, promise) for name, promise in senders.items()})
        key = (decimated, *((int(one.low[0]), int(one.high[0])) for one in traces.values()))
        found.append(known.setdefault(key, _Moment({**traces, "w": weights}, decimated)))
    return found


def _sent_in(step: int, promise: Promise) -> Interval:
    """What may be sent in a step of the period."""
    if promise.turns is None:
        return promise.span
    return Interval.hull((turn.span for turn in promise.turns if step in turn.steps),
                         len(promise.span.low))


def _tags(rule: LearningRule, moments: list[_Moment]) -> list[_Range]:
    """What a tag may be at each moment: all that it gets to from 0, round after round."""
    if not rule.tag_terms:
        return [_span(0, 0)] * len(moments)
    after: dict[tuple[_Moment, int, int], _Range] = {}
    found, entering = [_span(0, 0)] * len(moments), _span(0, 0)
    for _ in range(ROUNDS):
        before = list(found)
        for number, moment in enumerate(moments):
            found[number] = _hull(found[number], entering)
            key = moment, int(found[number].low[0]), int(found[number].high[0])
            entering = after[key] = after.get(key) or _after(rule, moment, found[number])
        if all(np.array_equal(one, other) for one, other in zip(before, found, strict=True)) and (
                np.array_equal(_hull(found[0], entering), found[0])):
            return found
    return [_span(TAG_MIN, TAG_MAX)] * len(moments)


def _after(rule: LearningRule, moment: _Moment, tags: _Range) -> _Range:
    """A tag after the moment, rounded either way."""
    total = _sums("t", rule.tag_terms, {**moment.values, "t": tags}, moment.decimated)[1]
    low, high = int(total.low.min()) >> SYNAPSE_SHIFT, -(-int(total.high.max()) >> SYNAPSE_SHIFT)
    return _span(low, high).clip(TAG_MIN, TAG_MAX)


def _of_one_sign(rule: LearningRule, tags: _Range) -> Iterator[_Range]:
    """The tags in pieces on each of which every sgn(t + c) of the weight's products is one."""
    low, high = int(tags.low[0]), int(tags.high[0])
    zeros = {-factor.constant for term in rule.weight_terms for factor in term.factors
             if factor.sign and factor.variable == "t"}
    cuts = sorted({low, *(cut for zero in zeros for cut in (zero, zero + 1) if low < cut <= high)})
    for start, stop in pairwise([*cuts, high + 1]):
        yield _span(start, stop - 1)


def _hull(one: _Range, other: _Range) -> _Range:
    return _Range(np.minimum(one.low, other.low), np.maximum(one.high, other.high))


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
    target: str, terms: tuple[Term, ...], values: dict[str, _Range], decimated: bool | None
) -> tuple[list[tuple[int, int, str]], _Range]:
    """(low, high, product) of every product and of every sum but the last; and the last."""
    each = np.arange(values[target].low[0], values[target].high[0] + 1)
    values = {**values, target: _Range(each, each)}
    found, so_far = [], _Range(each << SYNAPSE_SHIFT, each << SYNAPSE_SHIFT)
    products = [_product(term, values, decimated) for term in terms]
    for n, (term, product) in enumerate(zip(terms, products, strict=True)):
        found.append((int(product.low.min()), int(product.high.max()), str(term)))
        added = product.clip(LOWEST, HIGHEST)
        so_far = _Range(so_far.low + added.low, so_far.high + added.high)
        if n < len(terms) - 1:
            told = _unless_it_stays(so_far, products[n + 1:])
            found.append((int(told.low.min()), int(told.high.max()), str(term)))
        so_far = so_far.clip(LOWEST, HIGHEST)
    return found, so_far


def _unless_it_stays(so_far: _Range, later: list[_Range]) -> _Range:
    """The sum, clipped at an end from which no later product brings it back: so ends the target."""
    falls = np.all([(product.high <= 0).all() for product in later])
    rises = np.all([(product.low >= 0).all() for product in later])
    return _Range(np.maximum(so_far.low, LOWEST) if falls else so_far.low,
                  np.minimum(so_far.high, HIGHEST) if rises else so_far.high)


def _product(term: Term, values: dict[str, _Range], decimated: bool | None) -> _Range:
    """The product's range; with 0 in it, which it is without its condition, unless that holds."""
    if term.condition == "u" and decimated is False:
        return _span(0, 0)
    product = _span(term.mantissa, term.mantissa)
    for factor in term.factors:
        limit = 1 << factor.width
        product = product.times(_factor(factor, values).clip(-limit, limit - 1))
    found = _Range(product.low >> term.right_shift << term.left_shift,
                   product.high >> term.right_shift << term.left_shift)
    if term.condition == "u" and (decimated or term.decimation == 0):  # every epoch, or this one
        return found
    return _Range(np.minimum(found.low, 0), np.maximum(found.high, 0))


def _factor(factor: Factor, values: dict[str, _Range]) -> _Range:
    base = values[factor.variable]
    shifted = _Range(base.low + factor.constant, base.high + factor.constant)
    return _Range(np.sign(shifted.low), np.sign(shifted.high)) if factor.sign else shifted
