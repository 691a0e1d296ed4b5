"""The rules that one latency-attention head keeps, as data: to prove it, and to find its numbers.

Every rule is ``found(head) <= limit(head)``; all of them together show that no accumulator can
overflow and that every neuron fires when it should.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from neuromorph.circuits.latency_attention.curve import WHOLE, farthest, rises, top
from neuromorph.circuits.latency_attention.motif import (
    FINEST_SHIFT,
    FLUSH_AGE,
    LatencyAttention,
)
from neuromorph.circuits.latency_attention.pair import largest_part, parts_of
from neuromorph.circuits.latency_attention.slope import reach_of
from neuromorph.errors import RangeProofError
from neuromorph.numerics import SIGNED_8
from neuromorph.numerics.limits import (
    DECAY_UNITY,
    EXPONENT_MIN,
    INPUT_BITS,
    INPUT_MAX,
    INPUT_SHIFT,
    NARROW_INPUT_BITS,
    VTH_MAX,
)


@dataclass(frozen=True)
class Rule:
    """One bound.

    Attributes
    ----------
    fault : str
        What is wrong where it is not kept.
    found, limit : callable
        Of a head, what must not be more than what.
    """

    fault: str
    found: Callable[[LatencyAttention], int]
    limit: Callable[[LatencyAttention], int]

    def spare(self, head: LatencyAttention) -> int:
        """How far a head is from breaking the rule; negative if it does."""
        return self.limit(head) - self.found(head)


SCORE = Rule(
    "the score bound is smaller than the largest score",
    lambda h: (2 * h.key_limit * h.query_limit * h.key_size >> h.key_shift) + 1 + h.bias_limit,
    lambda h: h.score_bound)
LIFT = Rule(
    "lift and query together wrap the current",
    lambda h: h.lift + h.score_bound + h.ahead, lambda h: h.input_max)
MASK = Rule(
    "a slot could fire in spite of its mask",
    lambda h: 2 * h.score_bound + h.ahead, lambda h: h.clear - 1)
THRESHOLD = Rule(
    "the threshold does not fit its register", lambda h: h.threshold, lambda _: VTH_MAX)
FRACTIONS = Rule(
    "a right shift is beyond the fractions that a narrow input keeps",
    lambda h: 0 if h.input_bits == INPUT_BITS else h.key_shift, lambda _: FINEST_SHIFT)
EXPONENT = Rule(
    "a right shift is beyond the weight exponent",
    lambda h: max(h.key_shift, h.value_shift), lambda _: -EXPONENT_MIN)
FLUSH = Rule(
    "the flush does not clear control and normaliser",
    lambda h: _held(h, h.control_threshold), lambda h: h.flush - 1)
WHOLE_FLUSH = Rule(
    FLUSH.fault,
    lambda h: _held(h, h.control_threshold + (_begun(h) > 0)), lambda h: h.flush - 1)
"""`FLUSH` with a begun unit counted as a whole one: calibration keeps it, the proof need not."""

CURVE = (
    Rule("a cap is less than none", lambda h: -h.cap, lambda _: 0),
    Rule("a head without a cap has no curve",
         lambda h: 0 if h.cap else max(abs(h.cap_from), abs(h.cap_step)), lambda _: 0),
    Rule("a curve is for plain spikes of one neuron a key, and its cap for no bias",
         lambda h: int(h.graded) + h.neurons_per_key - 1 + h.bias_limit if h.cap else 0,
         lambda _: 0),
    Rule("a curve does not climb", lambda h: 1 - h.cap_step if h.cap else 0, lambda _: 0),
    Rule("a curve leaves its cap",
         lambda h: farthest(h) if h.cap else 0, lambda _: WHOLE - 1),
    Rule("a curve does not climb a unit a step",
         lambda h: 1, lambda h: int(rises(h).min(initial=1)) if h.cap else 1),
    Rule("a curve ends elsewhere than at the latest score",
         lambda h: abs(h.latest - h.ramp - top(h)) if h.cap else 0, lambda _: 0),
)
"""Of a head with a soft cap, without which its threshold means nothing."""

RULES = (
    *CURVE,
    Rule("a unit's fraction has 0 to 6 bits",
         lambda h: abs(h.fine - INPUT_SHIFT // 2), lambda _: INPUT_SHIFT // 2),
    SCORE,
    LIFT,
    MASK,
    THRESHOLD,
    Rule("the go pulse wraps the current", lambda h: h.go, lambda h: h.input_max),
    Rule("the values of all slots together wrap the current",
         lambda h: 0 if h.graded else h.control_bound << h.control_shift,
         lambda h: h.input_max << INPUT_SHIFT),
    Rule("the ramp must climb", lambda _: 1, lambda h: h.ramp),
    Rule("an overshoot of one graded step saturates the potential",
         lambda h: h.threshold + h.ramp + (h.ramp >> 11) if h.graded else 0,
         lambda _: INPUT_MAX - 1),
    FRACTIONS,
    EXPONENT,
    Rule("the payload's base is no power of two",
         lambda h: h.payload_base & (h.payload_base - 1), lambda _: 0),
    Rule("graded payloads double a step, so must the control neurons' decay",
         lambda h: abs(h.control_decay - DECAY_UNITY // 2) if h.graded else 0, lambda _: 0),
    Rule("the window must have a step before the go pulse",
         lambda h: 1 + h.pause, lambda h: h.window),
    Rule("a slot has one or two match neurons",
         lambda h: abs(2 * h.neurons_per_key - 3), lambda _: 1),
    Rule("half a ramp step is no whole number",
         lambda h: h.ramp * (h.neurons_per_key - 1) % 2, lambda _: 0),
    Rule("a pause is less than none", lambda h: -h.pause, lambda _: 0),
    Rule("graded spikes carry what two neurons, a pause or fractions are for",
         lambda h: h.neurons_per_key - 1 + h.pause + h.fine if h.graded else 0, lambda _: 0),
    Rule("a bias is less than none", lambda h: -h.bias_limit, lambda _: 0),
    Rule("a slope is less than none", lambda h: -h.slope, lambda _: 0),
    Rule("a slope's block has no slot", lambda _: 1, lambda h: h.block),
    Rule("a slope's nearest block adds less than nothing", lambda h: -h.near, lambda _: 0),
    Rule("a head without a slope needs no block",
         lambda h: 0 if h.slope else h.block - 1 + h.near, lambda _: 0),
    Rule("a slope adds more than the bias's limit", reach_of, lambda h: h.bias_limit),
    Rule("the latest score lies beyond the score bound",
         lambda h: abs(h.latest), lambda h: h.score_bound),
    FLUSH,
    Rule("codes do not fit 8-bit synapses",
         lambda h: max(h.key_limit, _largest_part(h, h.value_limit)), lambda _: SIGNED_8),
    Rule("queries do not fit their payload", lambda h: h.query_limit, lambda _: SIGNED_8),
    Rule("the normaliser's unit does not fit a synapse",
         lambda h: 2 * _largest_part(h, h.unit // 2), lambda _: 2 * SIGNED_8),
    Rule("the normaliser's unit leaves one of its neurons nothing",
         lambda _: 1, lambda h: int(parts_of(
             np.array(h.unit // 2), h.control_decay, h.neurons_per_key).min())
         if h.neurons_per_key > 1 else 1),
    Rule("the normaliser's unit must be even, as the values' synapses are",
         lambda h: h.unit % 2, lambda _: 0),
    Rule("plain values are never shifted",
         lambda h: 0 if h.graded else h.value_shift, lambda _: 0),
)
"""In the order in which they are asked."""


def prove_ranges(head: LatencyAttention) -> LatencyAttention:
    """Show that no accumulator can overflow for the declared ranges; return the head.

    Raises
    ------
    RangeProofError
        Naming the first bound that fails.
    """
    widths = (INPUT_BITS,) if head.graded else (INPUT_BITS, NARROW_INPUT_BITS)
    if head.input_bits not in widths:
        raise RangeProofError(f"no head of {head.spikes} spikes has a synaptic input of this width",
                              where="latency attention", found=f"{head.input_bits} bits",
                              expected=" or ".join(f"{bits} bits" for bits in widths))
    for rule in RULES:
        found, limit = rule.found(head), rule.limit(head)
        if found > limit:
            raise RangeProofError(rule.fault, where="latency attention", found=found,
                                  expected=f"at most {limit}",
                                  hint="fewer slots, smaller code limits or a coarser key shift")
    return head


def _held(head: LatencyAttention, threshold: int) -> int:
    """Threshold, and what a control neuron just below it still holds when the flush arrives."""
    kept = (DECAY_UNITY - head.control_decay) / DECAY_UNITY
    age = min(FLUSH_AGE, head.pause) if head.pause else FLUSH_AGE
    return threshold + int(threshold * kept**age) + 1


def _largest_part(head: LatencyAttention, code: int) -> int:
    """The largest code of one synapse."""
    return largest_part(code, head.control_decay, head.neurons_per_key)


def _begun(head: LatencyAttention) -> int:
    """Fractions of a unit of the largest sum, where readers keep them."""
    return head.control_bound % (1 << INPUT_SHIFT - head.control_shift)
