"""The rule of all three projections: contrast times activity, in a tag that is a low byte.

::

    dt = -2^-s x0 x1 y1 + 2^-s x0 x1 y2                        the lesson
         - 2^6 u4 sgn(t-64) - 2^6 u4 sgn(t+64)                 what the weight takes over
    dw = 2^-1 u4 sgn(t+64) + 2^-1 u4 sgn(t-64)                 ... every 16 steps

    x1        activity of the presynaptic neuron at rest, 0 to 127
    y1, y2    how much more, less the neuron does when nudged away from the target

All weights of a projection are rounded by one draw a step, which moves them together where a lesson
is far below 1. So the lesson goes into the tag, whose unit is 1/128 of a weight's; a tag beyond
+-64 gives the weight 1 and loses 128: weight and tag are one number of 15 bits. Which sign is added
first matters: a weight of -256 has no room below.
"""

from __future__ import annotations

from neuromorph.circuits.equilibrium.numbers import NOISE_MAX, UNIT
from neuromorph.learning import LearningRule

CARRY = 64
"""Tag from which on a weight takes over 1, which are 128."""

DROPPED = 3
"""Bits that come off a product of two traces."""


def learn_rule(slowness: int) -> LearningRule:
    """The rule of a given slowness, 4 to 7: with 4 a tag and a lesson still fit the accumulator."""
    lesson = f"2^-{slowness}*x0*x1"
    return LearningRule(
        dt=f"-{lesson}*y1 + {lesson}*y2 - 2^6*u4*sgn(t-{CARRY}) - 2^6*u4*sgn(t+{CARRY})",
        dw=f"2^-1*u4*sgn(t+{CARRY}) + 2^-1*u4*sgn(t-{CARRY})", payload="overwrite")


def aligning_rate(slowness: int) -> float:
    """By how much of itself the strongest noise lets a weight decay: 2^-(s+3) 63^2 / 128 / 64."""
    return 2.0 ** -(slowness + DROPPED) * NOISE_MAX**2 / (2 * CARRY) / UNIT
