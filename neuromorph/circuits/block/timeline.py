"""When who speaks: steps of one token, from the step in which its R is sent.

What is sent in a step arrives in the next one, and its delay later. Counters of neurons, and
ports, have these steps modulo the period.
"""

from __future__ import annotations

from dataclasses import dataclass

from neuromorph.circuits.latency_attention.emit import ANSWER_STEPS


@dataclass(frozen=True)
class Timeline:
    """Steps of one token through a block.

    Attributes
    ----------
    lead : int
        Step in which the vector is sent that queries, keys and values are made of: 0 where it
        comes in as it is, else a norm's.
    norm : int
        Steps of the norm before the MLP.
    busy : int
        Steps of the busiest head, from the first clear of its write to its go pulse.
    turns : int
        Parts of a context.
    unit : int
        Steps of the norm of the hidden vector, and of its root.
    root : int
    last : int
        Steps of the norm behind the MLP; 0 without one.
    """

    lead: int
    norm: int
    busy: int
    turns: int
    unit: int
    root: int
    last: int

    @property
    def x_at(self) -> int:
        """Queries, keys and values."""
        return self.lead + 1

    @property
    def cos_at(self) -> int:
        """Cosines arrive: after a query's own number and its partner's."""
        return self.lead + 4

    @property
    def code_at(self) -> int:
        """Sines arrive, and codes of queries and keys are sent."""
        return self.lead + 5

    @property
    def pulse_at(self) -> int:
        """The token's pulse arrives: a slot has its turn."""
        return self.lead + 4

    @property
    def head_at(self) -> int:
        """A head's own period begins: the first clear of a write."""
        return self.lead + 5

    @property
    def side_at(self) -> int:
        """Both sides of a key."""
        return self.lead + 6

    @property
    def context_at(self) -> int:
        """The first contexts."""
        return self.head_at + self.busy + 1 + ANSWER_STEPS

    @property
    def middle_at(self) -> int:
        """R after attention."""
        return self.context_at + self.turns

    @property
    def normed_at(self) -> int:
        """That over its norm."""
        return self.middle_at + self.norm

    @property
    def hidden_at(self) -> int:
        """The gated hidden vector."""
        return self.normed_at + 2

    @property
    def root_at(self) -> int:
        """The norm of the hidden vector."""
        return self.hidden_at + self.root

    @property
    def unit_at(self) -> int:
        """The hidden vector over its norm."""
        return self.hidden_at + self.unit

    @property
    def fed_back_at(self) -> int:
        """R after the MLP."""
        return self.unit_at + 1

    @property
    def end_at(self) -> int:
        """What the block sends: step 0 of the next one."""
        return self.fed_back_at + self.last
