"""The integers of a whole transformer: what enters its first block, its blocks, and its head."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import Annotated, Literal, TypeAlias

import numpy as np

from neuromorph.circuits.block.numbers import Block, Dense
from neuromorph.circuits.block.numbers import check as check_block
from neuromorph.circuits.norm import Norm
from neuromorph.errors import NetworkError
from neuromorph.numerics.limits import STATE_MAX
from neuromorph.shapes import Int64, Integer
from neuromorph.shown import Shown

Read: TypeAlias = Literal["each", "first", "mean"]
"""Whose hidden states a head hears: each token's, the first one's, or the sum of all."""


@dataclass(frozen=True, eq=False, repr=False)
class Embedding(Shown):
    """What a token, or a patch of an image, is as R.

    ::

        R_i = sat24(MS(sum_j x_j weights_ji; multiplier_i, shift_i) + positions_pi)
        x_j = payload_j of the token j, 0 of all others; or what a patch sends

    Attributes
    ----------
    weights : int array, shape (inputs, width)
        -127 to 127. One row a token of the vocabulary, or a pixel of a patch.
    payload : int array, shape (inputs,), or None
        1 to 65535: what a token sends. None: inputs are patches.
    multiplier, shift : int array, shape (width,)
    positions : int array, shape (positions, width), or None
        Added to a token by its place; biases are in it.
    norm : Norm or None
        Of a post-norm model: its first block is sent what comes of it.
    """

    weights: Annotated[Integer, "inputs width"]
    payload: Annotated[Int64, "inputs"] | None
    multiplier: Annotated[Int64, "width"]
    shift: Annotated[Int64, "width"]
    positions: Annotated[Int64, "positions width"] | None = None
    norm: Norm | None = None

    @property
    def of_tokens(self) -> bool:
        """Whether inputs are numbers of tokens, and not patches."""
        return self.payload is not None


@dataclass(frozen=True, eq=False, repr=False)
class Head(Shown):
    """What becomes of the last hidden states.

    ::

        h = norm(R)                                  without a norm: R
        y = MS(W h) + bias                           without a layer: h

    Attributes
    ----------
    read : str
        ``each``: one y a token. ``first``: of the first token. ``mean``: the sum of all h.
    norm : Norm or None
    dense : Dense or None
    places : int
        Bits after the point of y, where there is a layer.
    """

    read: Read = "each"
    norm: Norm | None = None
    dense: Dense | None = None
    places: int = 0


@dataclass(frozen=True, eq=False, repr=False)
class Transformer(Shown):
    """A transformer in integers.

    Attributes
    ----------
    embedding : Embedding
    blocks : tuple of Block
        Each is sent what the one before it sends.
    head : Head
    causal : bool
        Whether a token sees those before it alone. If not, a sequence is sent `passes` times.
    angles : pair of int arrays, shape (positions, size / 2), or None
        Cosines and sines of rotary positions, with 15 bits after the point.
    """

    embedding: Embedding
    blocks: tuple[Block, ...]
    head: Head
    causal: bool
    angles: tuple[Annotated[Int64, "..."], Annotated[Int64, "..."]] | None = None

    @property
    def width(self) -> int:
        """Numbers of the residual stream."""
        return self.blocks[0].width

    @property
    def largest(self) -> int:
        """Largest number of R that its first norm takes; an embedding is cut off there."""
        return (self.embedding.norm or self.blocks[0].attention_norm).largest

    @property
    def slots(self) -> int:
        """Tokens that heads remember; of a longer sequence, the last ones."""
        return min(block.slots for block in self.blocks)

    @property
    def positions(self) -> int | None:
        """Tokens that a sequence may have; None: as many as one likes."""
        tables = [table for table in (self.embedding.positions, *(self.angles or ()))
                  if table is not None]
        return min(map(len, tables), default=None) if self.causal else min(
            [self.slots, *map(len, tables)])

    @property
    def passes(self) -> int:
        """Times that a sequence is sent: every block must have heard all tokens of its layer."""
        return 1 if self.causal else len(self.blocks) + 1


def check(model: Transformer) -> Transformer:
    """The model, if its parts fit each other.

    Raises
    ------
    NetworkError
    """
    if not model.blocks:
        raise NetworkError("a transformer has no blocks", where="transformer", found=0,
                           expected="at least 1")
    for block in model.blocks:
        check_block(block)
    _check_chain(model)
    _check_embedding(model.embedding, model.width)
    _check_angles(model)
    _check_head(model.head, model.width)
    return model


def _check_chain(model: Transformer) -> None:
    for n, (one, other) in enumerate(pairwise(model.blocks)):
        if (one.width, one.post) != (other.width, other.post):
            raise NetworkError("a block does not take what the one before it sends",
                               where=f"transformer.blocks.{n + 1}",
                               found=f"{other.width} numbers, {_kind(other)}",
                               expected=f"{one.width} numbers, {_kind(one)}")
    if model.blocks[0].post != (model.embedding.norm is not None):
        raise NetworkError("post-norm blocks are sent what comes of a norm, and others are not",
                           where="transformer.embedding.norm",
                           found="no norm" if model.embedding.norm is None else "a norm",
                           expected=f"blocks are {_kind(model.blocks[0])}")


def _kind(block: Block) -> str:
    return "post-norm" if block.post else "pre-norm"


def _check_embedding(embedding: Embedding, width: int) -> None:
    inputs = len(embedding.weights)
    wanted = {"weights": (embedding.weights, (inputs, width)),
              "multiplier": (embedding.multiplier, (width,)),
              "shift": (embedding.shift, (width,)),
              "payload": (embedding.payload, (inputs,)),
              "positions": (embedding.positions,
                            (0 if embedding.positions is None else len(embedding.positions),
                             width))}
    for name, (numbers, shape) in wanted.items():
        if numbers is not None and (np.shape(numbers) != shape or not np.size(numbers)):
            raise NetworkError("an embedding's numbers have the wrong shape",
                               where=f"transformer.embedding.{name}", found=np.shape(numbers),
                               expected=shape)
    if embedding.payload is not None and not (
            embedding.payload.min() >= 1 and 127 * int(embedding.payload.max()) <= STATE_MAX):
        raise NetworkError("a token's payload is out of range",
                           where="transformer.embedding.payload",
                           found=f"{embedding.payload.min()} to {embedding.payload.max()}",
                           expected=f"1 to {STATE_MAX // 127}")


def _check_angles(model: Transformer) -> None:
    rotary = {block.rotary for block in model.blocks}
    if rotary != {model.angles is not None}:
        raise NetworkError("rotary blocks need angles, and others none",
                           where="transformer.angles", found=f"rotary: {sorted(rotary)}",
                           expected="none" if model.angles is None else "rotary blocks")
    shape = (len(model.angles[0]), model.blocks[0].size // 2) if model.angles else None
    for table in model.angles or ():
        if table.shape != shape or any(block.size // 2 != table.shape[1]
                                       for block in model.blocks):
            raise NetworkError("angles are not one a pair of numbers",
                               where="transformer.angles", found=table.shape, expected=shape)


def _check_head(head: Head, width: int) -> None:
    if head.norm is not None and head.norm.size != width:
        raise NetworkError("a norm is of another model", where="transformer.head.norm",
                           found=head.norm.size, expected=width)
    if head.dense is not None and head.dense.weights.shape[1:] != (width,):
        raise NetworkError("a layer has the wrong shape", where="transformer.head.dense",
                           found=head.dense.weights.shape, expected=f"(outputs, {width})")
