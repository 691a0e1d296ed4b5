"""A whole transformer in closed form: sequences through an embedding, blocks, and a head."""

from __future__ import annotations

from typing import Annotated, NamedTuple

import numpy as np

from neuromorph.circuits.block.closed_form import normed, scaled
from neuromorph.circuits.block.closed_form import run as run_block
from neuromorph.circuits.transformer.numbers import Embedding, Head, Transformer
from neuromorph.errors import UsageError
from neuromorph.numerics import multiply_shift, saturate
from neuromorph.numerics.limits import STATE_MAX
from neuromorph.shapes import Int64


class Passed(NamedTuple):
    """What a sequence becomes: R in front of each block and behind the last, and what is said.

    ``streams`` are arrays of shape (tokens, width); ``answer`` has a row a token, or one row.
    """

    streams: tuple[Annotated[Int64, "tokens width"], ...]
    answer: Annotated[Int64, "_ outputs"]


def run(model: Transformer, inputs: Annotated[Int64, "tokens ..."]) -> Passed:
    """A sequence, from its first token on.

    Parameters
    ----------
    model : Transformer
    inputs : int array, shape (tokens,) or (tokens, pixels)
        Numbers of tokens, or patches.

    Raises
    ------
    UsageError
        For a token that the model does not know, or more of them than it has positions.
    """
    inputs = checked(model, inputs)
    streams = [embedded(model.embedding, inputs, limit=model.largest)]
    angles = None if model.angles is None else (model.angles[0][: len(inputs)],
                                                model.angles[1][: len(inputs)])
    for block in model.blocks:
        streams.append(run_block(block, streams[-1], angles, causal=model.causal).end)
    return Passed(tuple(streams), answered(model.head, streams[-1]))


def checked(
    model: Transformer, inputs: Annotated[Int64, "tokens ..."], first: int = 0
) -> Annotated[Int64, "tokens ..."]:
    """The inputs, if the model can take them from that position on.

    Raises
    ------
    UsageError
    """
    embedding, pixels = model.embedding, len(model.embedding.weights)
    given = np.asarray(inputs)
    tokens = len(given) if given.ndim else 0
    shape = (tokens,) if embedding.of_tokens else (tokens, pixels)
    if given.shape != shape or not tokens:
        raise UsageError("these are no inputs of this model", where="transformer",
                         found=given.shape,
                         expected="(tokens,)" if embedding.of_tokens else f"(tokens, {pixels})")
    if given.dtype.kind not in "iu":
        raise UsageError("inputs are no integers", where="transformer", found=given.dtype,
                         expected="any type of integers")
    if embedding.of_tokens and not 0 <= given.min() <= given.max() < pixels:
        raise UsageError("the model knows no such token", where="transformer",
                         found=f"{given.min()} to {given.max()}", expected=f"0 to {pixels - 1}")
    if model.positions is not None and first + tokens > model.positions:
        raise UsageError("a sequence is longer than the model's positions", where="transformer",
                         found=f"{first + tokens} tokens", expected=f"at most {model.positions}",
                         hint="a shorter text, or begin anew")
    return given


def embedded(
    embedding: Embedding, inputs: Annotated[Int64, "tokens ..."], first: int = 0, *,
    limit: int = STATE_MAX,
) -> Annotated[Int64, "tokens width"]:
    """R of each token, as the first block is sent it; cut off at what its norm takes."""
    sums = (embedding.weights[inputs].astype(np.int64) * embedding.payload[inputs][:, None]
            if embedding.payload is not None
            else inputs.astype(np.int64) @ embedding.weights.astype(np.int64))
    stream = multiply_shift(saturate(sums), embedding.multiplier, embedding.shift)
    if embedding.positions is not None:
        stream = stream + embedding.positions[first : first + len(inputs)]
    stream = np.clip(saturate(stream), -limit, limit)
    return stream if embedding.norm is None else normed(embedding.norm, stream)[0]


def answered(
    head: Head, stream: Annotated[Int64, "tokens width"]
) -> Annotated[Int64, "_ outputs"]:
    """What a head says of the last hidden states."""
    heard = stream[:1] if head.read == "first" else stream
    if head.norm is not None:
        heard, _ = normed(head.norm, heard)
    if head.read == "mean":
        heard = heard.sum(axis=0, keepdims=True)
    return heard if head.dense is None else saturate(scaled(head.dense, heard))
