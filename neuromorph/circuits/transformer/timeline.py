"""When a token is where in a whole transformer: steps from that in which it is sent."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import accumulate

from neuromorph.circuits.block.numbers import with_period
from neuromorph.circuits.transformer.embedding import said_at
from neuromorph.circuits.transformer.numbers import Transformer
from neuromorph.shown import Shown


@dataclass(frozen=True, repr=False)
class TokenCourse(Shown):
    """Steps of one token through a transformer.

    Attributes
    ----------
    period : int
        Steps from a token to the next: those of the block that takes longest.
    summed : int
        Step in which the embedding's sum is sent: R, or what its norm hears.
    begins : tuple of int
        Steps in which each block is sent R, and last that in which the last one sends it.
    said : int
        Step in which the answer is sent.
    """

    period: int
    summed: int
    begins: tuple[int, ...]
    said: int


def course_of(model: Transformer) -> TokenCourse:
    """When who is sent what, if all blocks keep the pace of the slowest."""
    period = max(block.period for block in model.blocks)
    embedding, head = model.embedding, model.head
    summed = said_at(embedding)
    first = summed + (embedding.norm.h_at if embedding.norm else 0)
    lasts = (with_period(block, period).timeline.end_at for block in model.blocks)
    begins = tuple(accumulate(lasts, initial=first))
    said = begins[-1] + (head.norm.h_at if head.norm else 0) + (head.dense is not None)
    return TokenCourse(period, summed, begins, said)
