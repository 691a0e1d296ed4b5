"""What a block is sent for a sequence of tokens, and what it says of each."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated

import numpy as np

from neuromorph.circuits.block.build import ANGLE, OUT, TOKEN, R
from neuromorph.circuits.block.closed_form import Token
from neuromorph.circuits.block.numbers import Block
from neuromorph.circuits.hebbian_attention.writing import LEARN_AT
from neuromorph.errors import UsageError
from neuromorph.shapes import Int64, Shaped


def alone(block: Block) -> int:
    """Periods from a token to the next, so that the block is done with one before the next."""
    return -(-(block.timeline.end_at + 1) // block.period)


def stimulate(
    block: Block, stream: Annotated[Int64, "tokens width"],
    angles: tuple[Annotated[Int64, "tokens pairs"], Annotated[Int64, "tokens pairs"]] | None = None,
    *, apart: int = 1,
) -> tuple[dict[str, Annotated[Int64, "_ _"]], int]:
    """Trains for a sequence, and the steps until the last token has left the block.

    Parameters
    ----------
    block : Block
    stream : int array, shape (tokens, width)
        R of each token.
    angles : pair of int arrays, shape (tokens, size / 2), optional
        Cosines and sines (`closed_form.angles_of`) of a block that is rotary.
    apart : int
        Periods from a token to the next: 1 is pipelined, `alone` or more is sequential.

    Raises
    ------
    UsageError
        If there is no token, or angles are missing, or there are some for nothing.
    """
    if len(stream) < 1 or apart < 1 or block.rotary != (angles is not None):
        raise UsageError("these are no tokens for this block", where="block",
                         found=f"{len(stream)} tokens, {apart} periods apart, "
                               f"{'no ' if angles is None else ''}angles",
                         expected="at least 1 token and 1 period, and angles if it is rotary")
    starts = block.period * apart * np.arange(len(stream))
    steps = int(starts[-1]) + block.timeline.end_at + 1
    sent = {R: np.zeros((steps, block.width), np.int64), TOKEN: np.zeros((steps, 1), np.int64)}
    sent[R][starts], sent[TOKEN][starts] = stream, 1
    if angles is not None:
        sent[ANGLE] = np.zeros((steps, block.size // 2), np.int64)
        sent[ANGLE][starts], sent[ANGLE][starts + 1] = angles
    return sent, steps


def said(
    block: Block, spikes: Mapping[str, Annotated[Shaped, "steps _"]], tokens: int, *, apart: int = 1
) -> Token:
    """What became of each token, from all spikes of a run.

    Parameters
    ----------
    block : Block
    spikes : mapping of population to int array, shape (steps, size)
        Of queries, keys, sides of values, contexts, both residuals and the hidden vector.
    tokens : int
    apart : int
        As they were sent.
    """
    times, groups = block.timeline, range(block.groups)
    starts = block.period * apart * np.arange(tokens)
    learnt = starts + times.head_at + LEARN_AT
    value = [spikes[f"clock.value_on{g}"][learnt] - spikes[f"clock.value_off{g}"][learnt]
             for g in groups]
    context = [sum(spikes[f"head{n}.control"][starts + times.context_at + turn]
                   for turn in range(block.turns)) for n in range(len(block.heads))]
    coded = starts + times.code_at
    return Token(*(np.asarray(part, np.int64) for part in (
        spikes["project.query"][coded], spikes["project.key"][coded],
        np.concatenate(value, axis=1), np.concatenate(context, axis=1),
        spikes["attended.out"][starts + times.middle_at],
        spikes["gated.a"][starts + times.hidden_at], spikes[OUT][starts + times.end_at])))
