"""A transformer's blocks, translated one after the other: of float weights one block is held."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Annotated, NamedTuple

import numpy as np

from neuromorph.circuits.block.numbers import Block, with_period
from neuromorph.circuits.norm import Norm
from neuromorph.circuits.transformer.closed_form import embedded
from neuromorph.circuits.transformer.numbers import Head, Transformer, check
from neuromorph.shapes import Float64, Integer, Num
from neuromorph.shown import Shown
from neuromorph.translate.block import BlockOptions, prove_block, translate_block
from neuromorph.translate.block.compared import cosines, saturations
from neuromorph.translate.block.float_norm import FloatNorm, Floats
from neuromorph.translate.block.quantised import payload_of
from neuromorph.translate.block.translated import TranslatedBlock, joined
from neuromorph.translate.transformer.embedding import embedding_of
from neuromorph.translate.transformer.floats import FloatTransformer
from neuromorph.translate.transformer.head import head_of

COMPARED = 256
"""Tokens on which a translation is compared with float."""


class Decoder(NamedTuple):
    """hidden_j = unit_j R_j + offset_j: how integers stand for a hidden state."""

    unit: Annotated[Float64, "width"]
    offset: Annotated[Float64, "width"]

    @classmethod
    def before(cls, block: TranslatedBlock) -> Decoder:
        """Of what a block is sent."""
        norm = block.block.attention_norm
        return cls._of(block.floats.attention_norm if block.block.post else None, norm,
                       block.places[0], norm.size)

    @classmethod
    def behind(cls, block: TranslatedBlock) -> Decoder:
        """Of what a block sends."""
        norm = block.block.end_norm or block.block.attention_norm
        return cls._of(block.floats.end_norm, norm, block.places[2], norm.size)

    @classmethod
    def _of(cls, floats: FloatNorm | None, norm: Norm, places: int, width: int) -> Decoder:
        if floats is None:
            return cls(np.full(width, 2.0**-places), np.zeros(width))
        bias = np.zeros(width) if floats.bias is None else floats.bias
        return cls(floats.gain / payload_of(norm), bias)

    def __call__(
        self, stream: Annotated[Num, "tokens width"]
    ) -> Annotated[Float64, "tokens width"]:
        """Hidden states, shape (tokens, width)."""
        decoded: Floats = stream * self.unit + self.offset
        return decoded


@dataclass(frozen=True, repr=False)
class LayerReport(Shown):
    """How one block came out.

    Attributes
    ----------
    name : str
    cosine, worst : float
        Between the hidden states behind it, of integers and of floats, both from the embedding
        on; mean and worst token of what was held out.
    saturations : dict of str to int
        Numbers that were cut off there, by where.
    row, share : str, float
        The sum that comes closest to 24 bits, and how close.
    window, turns : int
        Steps of its longest head; parts of W_o.
    """

    name: str
    cosine: float
    worst: float
    saturations: dict[str, int]
    row: str
    share: float
    window: int
    turns: int


class Chain:
    """What is translated so far, and where calibration text has come to.

    Parameters
    ----------
    floats : FloatTransformer
    sequences : sequence of array
        Calibration text.
    compared : array
        The sequence that goes through floats and integers side by side.
    options : BlockOptions
    """

    def __init__(self, floats: FloatTransformer, sequences: Sequence[Annotated[Integer, "..."]],
                 compared: Annotated[Integer, "..."], options: BlockOptions) -> None:
        self.floats, self.options = floats, options
        self.blocks: list[Block] = []
        self.layers: list[LayerReport] = []
        compared = compared[:COMPARED] if floats.causal else compared
        self._streams = [floats.embedding(sequence) for sequence in sequences]
        self._wanted = floats.embedding(compared)
        first = self._last = self._translated(0, None)
        self._embedding = embedding_of(floats.embedding, first.places[0],
                                       first.block.attention_norm if first.block.post else None)
        self._found = embedded(self._embedding, compared,
                               limit=first.block.attention_norm.largest)
        self._angles = first.angles(floats.positions)
        self._decoders = [Decoder.before(first)]

    def add(self, n: int) -> None:
        """Translate the next block; the one before it then knows whom it is heard by.

        Raises
        ------
        ModelStructureError, CalibrationError, RangeProofError
        """
        before = self._last
        self._last = self._translated(n, before.places[2])
        self._keep(joined(before, self._last))

    def finished(self, *, whole: bool) -> tuple[Transformer, tuple[Decoder, ...]]:
        """The model, with its head if it is whole, and what its streams stand for.

        Raises
        ------
        RangeProofError
        """
        self._keep(self._last)
        period = max(block.period for block in self.blocks)
        head = Head() if not whole else head_of(
            self.floats.head, self._streams, self._last.places[2], period,
            room=self.options.room, compensate=self.options.compensate,
            payload=self.options.payload)
        norm = self._embedding.norm
        embedding = replace(self._embedding, norm=norm and replace(norm, period=period))
        model = check(Transformer(
            embedding, tuple(with_period(block, period) for block in self.blocks), head,
            self.floats.causal, self._angles))
        return model, tuple(self._decoders)

    def _translated(self, n: int, entry: int | None) -> TranslatedBlock:
        """The next block; calibration text is behind it then."""
        block = self.floats.blocks[n]
        traces = [block.run(stream) for stream in self._streams]
        found = translate_block(block, self._streams, self.options, traces, entry=entry)
        self._streams = [trace.end for trace in traces]
        return found

    def _keep(self, translated: TranslatedBlock) -> None:
        """A block that is done: what is compared goes through it, as floats and as integers."""
        block = translated.block
        token = translated.run(self._found)
        cut = {name: count for name, count in saturations(block, self._found, token).items()
               if count}
        self._found, self._wanted = token.end, translated.floats.run(self._wanted).end
        near = cosines(translated.decode(self._found), self._wanted)
        worst = max(prove_block(block, translated.floats.name), key=lambda row: row.share)
        self.blocks.append(block)
        self._decoders.append(Decoder.behind(translated))
        self.layers.append(LayerReport(
            translated.floats.name, float(near.mean()), float(near.min()), cut,
            f"{worst.layer} row {worst.row}", worst.share, block.window, block.turns))
