"""When who speaks: steps of one token, from the step in which its R is sent.

What is sent in a step arrives in the next one, and its delay later. Counters of neurons, and
ports, have these steps modulo the period.
"""

from __future__ import annotations

from dataclasses import dataclass

from neuromorph.circuits.latency_attention.emit import ANSWER_STEPS
from neuromorph.circuits.norm import H_AT, Y_AT

X_AT = H_AT + 1
"""Queries, keys and values."""

COS_AT, SINE_AT = 12, 13
"""Arrivals of the angles, after a query's own number and its partner's."""

CODE_AT = SINE_AT
"""Codes of queries and keys."""

PULSE_AT = 12
"""The token's pulse arrives: a slot has its turn."""

HEAD_AT = 13
"""A head's own period begins: the first clear of a write."""

SIDE_AT = CODE_AT + 1
"""Both sides of a key."""

UP_DELAY = 1
"""The gate's other sum arrives a step after the gate."""


@dataclass(frozen=True)
class Timeline:
    """Steps of one token that depend on the longest window and on W_o's turns.

    Attributes
    ----------
    busy : int
        Steps of the busiest head, from the first clear of its write to its go pulse.
    turns : int
    """

    busy: int
    turns: int

    @property
    def context_at(self) -> int:
        """The first contexts."""
        return HEAD_AT + self.busy + 1 + ANSWER_STEPS

    @property
    def middle_at(self) -> int:
        """R after attention."""
        return self.context_at + self.turns

    @property
    def hidden_at(self) -> int:
        """The gated hidden vector."""
        return self.middle_at + H_AT + 1 + UP_DELAY

    @property
    def root_at(self) -> int:
        """The norm of the hidden vector."""
        return self.hidden_at + Y_AT

    @property
    def unit_at(self) -> int:
        """The hidden vector over its norm."""
        return self.hidden_at + H_AT

    @property
    def end_at(self) -> int:
        """R after the MLP: step 0 of the next block."""
        return self.unit_at + 1
