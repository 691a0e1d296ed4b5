"""The numbers of a head that the circuit's own rules allow, found by asking them.

::

    most:   the largest x for which rule.limit - rule.found >= spare, of the head with x
    least:  the smallest

What is left spare is the only number here that the rules do not say.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable
from dataclasses import replace

from neuromorph.circuits.latency_attention import LatencyAttention
from neuromorph.circuits.latency_attention.pair import largest_code
from neuromorph.circuits.latency_attention.rules import (
    EXPONENT,
    FRACTIONS,
    LIFT,
    MASK,
    SCORE,
    THRESHOLD,
    WHOLE_FLUSH,
    Rule,
)
from neuromorph.numerics.limits import EXPONENT_MIN, INPUT_SHIFT, VTH_MAX
from neuromorph.translate.options import TranslateOptions

THRESHOLD_SPARE = 2049
"""Units of the threshold's register that stay free: what a window is never squeezed below."""

STEPS_SPARE = 2
"""Steps by which a window could grow before it took from those units."""

SCORE_SPARE = 1
"""Units by which a score bound is larger than it must be while query codes and shift are chosen."""

PAIRED_RAMP = 512
"""A ramp whose half there is always room for, where the first of two neurons is so far ahead."""

FLUSH_SPARE = 3
"""Units by which the flush is larger than it must be."""


def most(
    top: int, head_with: Callable[[int], LatencyAttention], *rules: Rule, spare: int = 0
) -> int:
    """The largest number from 1 to ``top`` with which a head keeps the rules; 1 if none does.

    Parameters
    ----------
    top : int
    head_with : callable
        The head with that number.
    rules : Rule
        None of which a larger number keeps if a smaller one does not.
    spare : int
        What each must have to spare.
    """
    def breaks(number: int) -> bool:
        head = head_with(number)
        return any(rule.spare(head) < spare for rule in rules)

    return max(1, bisect_left(range(1, top + 1), True, key=breaks))


def least(
    top: int, head_with: Callable[[int], LatencyAttention], rule: Rule, spare: int
) -> int:
    """The smallest number from 0 to ``top`` with which a head keeps a rule; ``top`` if none does.

    The parameters are those of `most`, for a rule that larger numbers keep.
    """
    return bisect_left(range(top), True, key=lambda n: rule.spare(head_with(n)) >= spare)


def draft_head(
    slots: int, key_size: int, value_size: int, options: TranslateOptions
) -> LatencyAttention:
    """A head with all that a layer's heads share; ramp, window and latest score are for each.

    Codes are as large as the rules allow, right shifts as small.
    """
    head = LatencyAttention(
        slots=slots, key_size=key_size, value_size=value_size, spikes=options.spikes,
        key_shift=0, ramp=PAIRED_RAMP if options.neurons_per_key > 1 else 1, window=1,
        score_bound=1, latest=0, query_limit=1, key_limit=options.key_limit, value_limit=1,
        value_shift=0, control_decay=options.control_decay,
        unit=2, input_bits=options.input_bits, neurons_per_key=options.neurons_per_key,
        pause=options.pause, fine=INPUT_SHIFT if options.fractions else 0)
    return _with_values(_with_scores(head, options.query_limit), options.part_limit)


def widest_window(head: LatencyAttention, wanted: int) -> int:
    """As many steps of ramp as wanted, or as the threshold has room for, behind the pause."""
    return head.pause + most(
        wanted, lambda steps: replace(head, window=head.pause + steps + STEPS_SPARE), THRESHOLD,
        spare=THRESHOLD_SPARE)


def steepest_ramp(head: LatencyAttention, top: int) -> int:
    """The steepest ramp up to this one for which half a step ahead fits the input."""
    return most(top, lambda ramp: replace(head, ramp=ramp), LIFT, MASK)


def largest_bound(head: LatencyAttention) -> int:
    """The largest score bound for which lift, mask and threshold fit, though all be due at once."""
    def due_at_once(bound: int) -> LatencyAttention:
        return replace(head, score_bound=bound, latest=-bound, window=head.pause)

    bound = most(VTH_MAX, due_at_once, LIFT, MASK)
    return most(bound, due_at_once, THRESHOLD, spare=THRESHOLD_SPARE)


def key_shifts(head: LatencyAttention) -> range:
    """Right shifts of scores from the head's own to the coarsest that the rules allow."""
    coarsest = most(-EXPONENT_MIN, lambda shift: replace(head, key_shift=shift), FRACTIONS,
                    EXPONENT)
    return range(head.key_shift, coarsest + 1)


def _with_scores(head: LatencyAttention, query_limit: int) -> LatencyAttention:
    """The head with its query codes, and the shift and bound of its scores."""
    roomy = replace(head, score_bound=largest_bound(head))
    coarsest = key_shifts(head)[-1]
    limit = most(query_limit, lambda code: replace(roomy, query_limit=code, key_shift=coarsest),
                 SCORE, spare=SCORE_SPARE)
    coded = replace(roomy, query_limit=limit)
    shift = least(coarsest, lambda shift: replace(coded, key_shift=shift), SCORE, SCORE_SPARE)
    shifted = replace(coded, key_shift=shift)
    return replace(shifted, score_bound=SCORE.found(shifted))


def _with_values(head: LatencyAttention, part_limit: int) -> LatencyAttention:
    """The head with its value codes, and the shift of their sum; plain ones are never shifted.

    Of the fractions that readers may keep, they keep as many bits as the values need.
    """
    def valued(limit: int, shift: int) -> LatencyAttention:
        return replace(head, value_limit=limit, unit=2 * limit, value_shift=shift)

    coarsest = -EXPONENT_MIN if head.graded else 0
    top = largest_code(head.control_decay, head.neurons_per_key, part_limit)
    limit = most(top, lambda code: valued(code, coarsest), WHOLE_FLUSH, spare=FLUSH_SPARE)
    found = valued(limit, least(coarsest, lambda shift: valued(limit, shift),
                                WHOLE_FLUSH, FLUSH_SPARE))
    return replace(found, fine=least(head.fine, lambda bits: replace(found, fine=bits),
                                     WHOLE_FLUSH, FLUSH_SPARE))
