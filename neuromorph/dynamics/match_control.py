"""Ellwood's match-and-control neuron in integers: its parameters and its learning rule.

Source: Ellwood 2024, PLoS Comput Biol 20(1): e1011843, through the kernel of
`neuromorph.dynamics.coincidence`.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property

from neuromorph.dynamics.coincidence import ELLWOOD_KERNEL, POTENTIATION, THRESHOLDS
from neuromorph.errors import UsageError
from neuromorph.learning import LearningRule
from neuromorph.learning.match_and_control import short_term_potentiation
from neuromorph.numerics.limits import DECAY_UNITY, TAG_MAX, TRACE_MAX, WEIGHT_MAX

SCORE_UNIT = 80
"""Tag that a match score of 1 stands for: the threshold of a 1 s window. A matched axon's score
after 2 s, about 3, still fits the tag."""

GATE_PERIOD = 7
"""Tags are forgotten and weights move every 2^7 steps."""

GATE_STEP = 64
"""A weight moves so far at once: four of these, 512 steps, open or shut the gate."""

RELAY_STEPS = 2
"""Axons are delayed so much more than the query: the kernel is 0 up to there."""

SOMA_DECAY = DECAY_UNITY - 1
"""The most that a stock LIF forgets of its potential in a step."""


@dataclass(frozen=True)
class MatchControl:
    """Integer parameters of match-and-control neurons, one step a millisecond.

    ::

        t  <-  t + (x1 - x2) / 2 at a somatic spike,   t - t / 128 every 128 steps
        w  <-  w + 64 sgn(t - threshold) every 128 steps, within 0..255
        a_in = sum over axons of (baseline + w) s,     spike = a_in > vth

    x1 and x2 are presynaptic traces of equal impulse that decay with 8.36 and 2.72 steps, so
    their difference is the paper's coincidence kernel. The gate opens by a ramp of 512 steps
    where the paper's opens by a copy of the score with a time constant of 500 ms, and tags
    are forgotten with 16.4 s instead of 20: 2^-7 is the smallest constant of a rule.

    Attributes
    ----------
    threshold : int
        Of the match score, in tags; `SCORE_UNIT` is the paper's 1.
    impulse : int
        Of both traces.
    baseline : int
        Weight of a synapse whose gate is shut; 255 more when it is open, 8 times in all.
    vth : int
        Somatic threshold: above what the baseline of many axons gives in one step, below what
        one potentiated axon gives.
    query_weight : int
        What makes the soma fire with its query.
    """

    threshold: int = SCORE_UNIT
    impulse: int = round(2 * ELLWOOD_KERNEL.scale * SCORE_UNIT)
    baseline: int = round(WEIGHT_MAX / (POTENTIATION - 1))
    vth: int = 270
    query_weight: int = WEIGHT_MAX
    query_exponent: int = 1
    seed: int = 0

    def __post_init__(self) -> None:
        for name, value, low, high in (
            ("threshold", self.threshold, 1, TAG_MAX - 1),
            ("impulse", self.impulse, 1, TRACE_MAX),
            ("baseline", self.baseline, 0, WEIGHT_MAX),
            ("vth", self.vth, self.baseline, self.baseline + WEIGHT_MAX - 1),
            ("query_weight", self.query_weight << self.query_exponent, self.vth + 1, 1 << 16),
        ):
            if not low <= value <= high:
                raise UsageError("the parameter is out of range", where=name, found=value,
                                 expected=f"{low} to {high}")

    @cached_property
    def rule(self) -> LearningRule:
        """Short-term potentiation of one spine: the tag is its match score."""
        rule = short_term_potentiation(
            rate=2**-1, theta=self.threshold, step=GATE_STEP, forget=2**-7, every=GATE_PERIOD,
            impulse=self.impulse, slow_tau=ELLWOOD_KERNEL.slow, fast_tau=ELLWOOD_KERNEL.fast)
        return replace(rule, seed=self.seed)


def for_window(seconds: float, seed: int = 0) -> MatchControl:
    """Parameters for a match window of 0.5, 1 or 2 s.

    Raises
    ------
    UsageError
        For another window: the paper has no threshold for it.
    """
    if seconds not in THRESHOLDS:
        raise UsageError("there is no threshold for this match window", found=f"{seconds} s",
                         expected=", ".join(f"{w} s" for w in THRESHOLDS))
    return MatchControl(threshold=round(SCORE_UNIT * THRESHOLDS[seconds]), seed=seed)
