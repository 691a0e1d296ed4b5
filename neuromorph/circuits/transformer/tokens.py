"""What a transformer's network is sent for a sequence, and what it says of it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

import numpy as np
from numpy.typing import NDArray

from neuromorph.circuits.block.numbers import Ints
from neuromorph.circuits.transformer.build import (
    ANGLE,
    POSITIONS,
    TOKEN,
    embedded_by,
    output_of,
    sent_by,
)
from neuromorph.circuits.transformer.closed_form import Passed, checked
from neuromorph.circuits.transformer.embedding import shares_of, widest_pixel
from neuromorph.circuits.transformer.numbers import Transformer
from neuromorph.circuits.transformer.timeline import course_of
from neuromorph.errors import UsageError
from neuromorph.shapes import Int64, Shaped

NEXT, FIRST = 1, -2
"""Pulses: the next slot's turn; the first one's again, though nothing is forgotten."""


def alone(model: Transformer) -> int:
    """Periods from a token to the next, so that the last answer is said before."""
    at = course_of(model)
    return -(-(at.said + 1) // at.period)


def stimulate(
    model: Transformer, inputs: Annotated[Int64, "tokens ..."], *, apart: int = 1,
    passes: int | None = None,
) -> tuple[dict[str, Annotated[Int64, "_ _"]], int]:
    """Trains for a sequence, and the steps until its last token's answer is said.

    A model that is not causal is sent the sequence ``model.passes`` times: block l hears the
    right R of all tokens in the pass l, and sends it in the next. Each pass begins with the first
    slot, so that a token is written where it was before.

    Parameters
    ----------
    model : Transformer
    inputs : int array, shape (tokens,) or (tokens, pixels)
    apart : int
        Periods from a token to the next: 1 is pipelined, `alone` or more is sequential.
    passes : int, optional
        How often the sequence is sent; the model's number if left out.

    Raises
    ------
    UsageError
        For inputs that the model cannot take, or fewer than one period or pass.
    """
    inputs = checked(model, inputs)
    passes = model.passes if passes is None else passes
    if apart < 1 or passes < 1:
        raise UsageError("a sequence is sent at least once, a token in a period",
                         where="transformer", found=f"{passes} passes, {apart} periods apart",
                         expected="at least 1 of both")
    at, embedding = course_of(model), model.embedding
    starts = _starts(model, len(inputs), passes, apart)
    steps = int(starts[-1, -1]) + at.said + 1

    def train(steps_: Ints, values: Ints) -> Ints:
        found = np.zeros((steps, values.shape[-1]), np.int64)
        found[steps_] = values
        return found

    spoken = _spoken(model, inputs)
    sent = {**{name: train(starts, spoken[:, rows]) for name, rows in shares_of(embedding).items()},
            TOKEN: train(starts + at.begins[0], _pulses(model, len(inputs)))}
    if embedding.positions is not None:
        sent[POSITIONS] = train(starts, embedding.positions[: len(inputs)])
    if model.angles is not None:
        cos, sine = (table[: len(inputs)] for table in model.angles)
        sent[ANGLE] = train(starts + at.begins[0], cos)
        sent[ANGLE] += train(starts + at.begins[0] + 1, sine)
    return sent, steps


def said(
    model: Transformer, spikes: Mapping[str, Annotated[Shaped, "steps _"]], tokens: int, *,
    apart: int = 1, passes: int | None = None,
) -> Passed:
    """What became of each token in the last pass, from all spikes of a run.

    Parameters
    ----------
    model : Transformer
    spikes : mapping of population to int array, shape (steps, size)
        Of those that `heard` names.
    tokens, apart, passes : int
        As they were sent.
    """
    at = course_of(model)
    last = _starts(model, tokens, model.passes if passes is None else passes, apart)[-1]
    names, stop = heard(model), len(model.blocks) + 1
    streams = tuple(_int(spikes[name][last + begin])
                    for name, begin in zip(names[:stop], at.begins, strict=True))
    if model.head.read == "first":
        last = last[:1]
    answer = _int(spikes[names[-1]][last + at.said])
    return Passed(streams, answer.sum(axis=0, keepdims=True) if model.head.read == "mean"
                  else answer)


def heard(model: Transformer) -> tuple[str, ...]:
    """Populations whose spikes `said` needs: those that send R, and the answer's."""
    return (embedded_by(model), *(sent_by(n) for n in range(len(model.blocks))), output_of(model))


def _starts(model: Transformer, tokens: int, passes: int, apart: int) -> Ints:
    """In which step each token is sent, shape (passes, tokens)."""
    nth = np.arange(passes * tokens).reshape(passes, tokens)
    return nth * apart * course_of(model).period


def _pulses(model: Transformer, tokens: int) -> Ints:
    """The first slot's turn where a pass begins; in a model of one pass slots are new."""
    pulses = np.full((tokens, 1), NEXT)
    pulses[0] = NEXT if model.causal else FIRST
    return pulses


def _spoken(model: Transformer, inputs: Ints) -> Ints:
    """One axon a token with its payload; or a patch."""
    payload, rows = model.embedding.payload, len(model.embedding.weights)
    if payload is not None:
        spoken = np.zeros((len(inputs), rows), np.int64)
        spoken[np.arange(len(inputs)), inputs] = payload[inputs]
        return spoken
    most = widest_pixel(model.embedding.weights)
    if np.abs(inputs).max() > most:
        raise UsageError("a pixel is so large that a patch's sum could overflow",
                         where="transformer", found=int(np.abs(inputs).max()),
                         expected=f"at most {most}")
    return inputs.astype(np.int64)


def _int(values: NDArray[Any]) -> Ints:
    return np.asarray(values, np.int64)
