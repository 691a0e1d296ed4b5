"""A ramp that undoes a soft cap of logits: spikes say cap tanh(score / cap), in stock neurons.

::

    height(k) = round(cap atanh((cap_from + k cap_step) / 2^16))    units, after k steps of ramp
    n_i = min k >= 0 with height(k) - height(0) >= due_i,           due_i as on a straight ramp
    cap tanh(height(k) / cap) climbs evenly: cap cap_step / 2^16 units a step

A host sends the rises, height(k) - height(k - 1), where else it sends ``ramp``. The curve lies
where the cap does: a score is due at its own height, so keys are not centred, and what is due at
the end of the window, `LatencyAttention.latest`, is no choice any more.
"""

from __future__ import annotations

from decimal import ROUND_HALF_EVEN, Context, Decimal
from functools import lru_cache
from typing import TYPE_CHECKING, Annotated

import numpy as np
from numpy.typing import NDArray

from neuromorph.shapes import Int64

if TYPE_CHECKING:
    from neuromorph.circuits.latency_attention.motif import LatencyAttention

CAP_BITS = 16
"""Bits in which parts of a cap are counted."""

WHOLE = 1 << CAP_BITS

PRECISION = Context(prec=28)
"""Logarithms that are the same on every machine."""


def heights(head: LatencyAttention) -> Annotated[Int64, "steps"]:
    """Units above a score of 0 after each step of the ramp, the first before it: (steps + 1,)."""
    return np.array([_height(head.cap, head.cap_from + k * head.cap_step)
                     for k in range(_steps(head) + 1)], np.int64)


def rises(head: LatencyAttention) -> Annotated[Int64, "steps"]:
    """What each step of the ramp climbs, straight or curved, shape (steps,)."""
    if not head.cap:
        return np.full(_steps(head), head.ramp, np.int64)
    found: NDArray[np.int64] = np.diff(heights(head))
    return found


def farthest(head: LatencyAttention) -> int:
    """The farthest part of the cap, of 2^16, that the curve reaches on either side."""
    end = head.cap_from + _steps(head) * head.cap_step
    return max(-head.cap_from, end)


def top(head: LatencyAttention) -> int:
    """The height at the end of the curve."""
    return int(heights(head)[-1])


def _steps(head: LatencyAttention) -> int:
    return max(0, head.window - 1 - head.pause)


@lru_cache(maxsize=1 << 14)
def _height(cap: int, part: int) -> int:
    """round(cap atanh(part / 2^16)), of a part inside the cap."""
    ratio = PRECISION.divide(Decimal(WHOLE + part), Decimal(WHOLE - part))
    exact = PRECISION.multiply(Decimal(cap), PRECISION.ln(ratio)) / 2
    return int(exact.to_integral_value(ROUND_HALF_EVEN))
