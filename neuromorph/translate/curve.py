"""The curved ramp of a head whose logits are softly capped: where it begins, ends, and how far.

    logit = cap tanh(q.k / cap)            window: from a weak query's best logit down, as without

Parts of the cap are counted in 2^-16.
"""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Annotated

import numpy as np

from neuromorph.circuits.latency_attention import LatencyAttention
from neuromorph.circuits.latency_attention.curve import WHOLE, top
from neuromorph.circuits.latency_attention.rules import THRESHOLD
from neuromorph.shapes import Float64
from neuromorph.translate.feasible import THRESHOLD_SPARE
from neuromorph.translate.options import TranslateOptions

INSIDE = WHOLE - 64
"""Farthest part of a cap that a curve reaches: 3.8 caps of score on either side."""


def takes(cap: float, options: TranslateOptions) -> bool:
    """Whether a curve has room for one step of a ramp under a soft cap, in nats."""
    return WHOLE * options.exact_step_nats <= 2 * INSIDE * cap


def with_cap(
    head: LatencyAttention, best: Annotated[Float64, "queries"], cap: float,
    options: TranslateOptions,
) -> LatencyAttention:
    """A head with the steps of ramp that its queries need under a soft cap.

    Parameters
    ----------
    head : LatencyAttention
        With its ramp, of a logit near 0.
    best : float64 array, shape (queries,)
        Each query's largest q.k, in nats.
    cap : float
        In nats; one that the options' step has room in, see `takes`.
    options : TranslateOptions
    """
    step = options.exact_step_nats
    a_nat = head.ramp / step
    room = (head.score_bound - head.ramp - 1) / a_nat  # the last score is due a step later
    high = cap * math.tanh(min(float(best.max()) + options.margin_nats, room) / cap)
    low = float(np.quantile(cap * np.tanh(best / cap), options.low_quantile))
    low += options.free_steps * step - options.window_nats
    climb = max(1, round(WHOLE * step / cap))
    end = max(min(math.floor(WHOLE * high / cap), INSIDE), climb - INSIDE)
    steps = max(1, min(math.ceil((high - low) / step), (end + INSIDE) // climb))
    curved = replace(head, cap=max(1, round(cap * a_nat)), cap_step=climb)
    while steps > 1 and THRESHOLD.spare(_ending(curved, end, steps)) < THRESHOLD_SPARE:
        steps -= 1
    return _ending(curved, end, steps)


def _ending(head: LatencyAttention, end: int, steps: int) -> LatencyAttention:
    """The curve of so many steps that ends at this part of the cap."""
    found = replace(head, window=steps + 1 + head.pause, cap_from=end - steps * head.cap_step)
    return replace(found, latest=top(found) + head.ramp)
