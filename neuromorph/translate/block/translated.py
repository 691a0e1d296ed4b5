"""A translated block: its integers, and what they stand for."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Annotated

import numpy as np

from neuromorph.circuits.block import closed_form
from neuromorph.circuits.block.closed_form import Token
from neuromorph.circuits.block.numbers import Block
from neuromorph.circuits.norm import Norm
from neuromorph.errors import ModelStructureError
from neuromorph.neurons.rotary import ANGLE_BITS
from neuromorph.numerics import quantise
from neuromorph.shapes import Float64, Int64
from neuromorph.shown import Shown
from neuromorph.translate.block.float_norm import Floats
from neuromorph.translate.block.floats import FloatBlock
from neuromorph.translate.block.quantised import payload_of


@dataclass(frozen=True, eq=False, repr=False)
class TranslatedBlock(Shown):
    """A block in integers, and what they stand for.

    ::

        R   = round(2^places hidden)                            of a pre-norm block
        n_j = round(payload (hidden_j - bias_j) / gain_j)       of a post-norm block

    Attributes
    ----------
    floats : FloatBlock
    block : Block
    places : tuple of three ints
        Bits after the point of R, R' and R''; of a post-norm block, the first are those of what
        the norm before it hears.
    units : mapping
        What a step of each row of ``query``, ``key``, ``value``, ``gate`` and ``up`` stands for.
    """

    floats: FloatBlock
    block: Block
    places: tuple[int, int, int]
    units: Mapping[str, Annotated[Float64, "_"]]

    def encode(
        self, stream: Annotated[Float64, "tokens width"]
    ) -> tuple[Annotated[Int64, "tokens width"], int]:
        """What is sent of each token, and how many numbers did not fit."""
        norm = self.block.attention_norm
        if self.block.post:
            codes, cut = quantise(self.floats.attention_norm.undone(stream),
                                  1 / payload_of(norm), norm.limit)
        else:
            codes, cut = quantise(stream, 2.0 ** -self.places[0], norm.largest)
        return codes.astype(np.int64), cut

    def decode(self, end: Annotated[Int64, "tokens width"]) -> Annotated[Float64, "tokens width"]:
        """The hidden state behind the block, of each token."""
        if self.floats.end_norm is not None and self.block.end_norm is not None:
            return self.floats.end_norm.of(end / payload_of(self.block.end_norm))
        decoded: Floats = end * 2.0 ** -self.places[2]
        return decoded

    def run(self, stream: Annotated[Int64, "tokens width"]) -> Token:
        """Its closed form, of what `encode` says or the block before."""
        return closed_form.run(self.block, stream, self.angles(len(stream)),
                               causal=self.floats.causal)

    def angles(
        self, tokens: int
    ) -> tuple[Annotated[Int64, "tokens pairs"], Annotated[Int64, "tokens pairs"]] | None:
        """Cosines and sines of the first positions, with 15 bits after the point; None without."""
        rotary = self.floats.rotary
        if rotary is None:
            return None
        turns = np.outer(np.arange(tokens, dtype=np.float32),
                         rotary.frequencies(self.floats.size))
        cosines, sines = (np.rint(part(turns) * 2.0**ANGLE_BITS).astype(np.int64)
                          for part in (np.cos, np.sin))
        return cosines, sines

    def ended(self, norm: Norm) -> TranslatedBlock:
        """A post-norm block with another norm at its end: what hears it decides of its payloads.

        Raises
        ------
        ModelStructureError
            If it is a pre-norm block, or the norm is of another width or kind.
        """
        own = self.block.end_norm
        if own is None or (own.size, own.centred) != (norm.size, norm.centred):
            raise ModelStructureError("a block does not end in such a norm", where=self.floats.name,
                                      found=f"{norm.size} numbers, centred {norm.centred}",
                                      expected="none" if own is None else
                                      f"{own.size} numbers, centred {own.centred}")
        ends = replace(norm, period=self.block.period)
        return replace(self, block=replace(self.block, end_norm=ends))


def joined(one: TranslatedBlock, other: TranslatedBlock) -> TranslatedBlock:
    """The first of two blocks that follow each other, so that it sends what the other hears.

    A post-norm block ends in the norm that the other one's layers left room for; a pre-norm block
    stays as it is.
    """
    return one.ended(other.block.attention_norm) if other.block.post else one
