"""A transformer's blocks, translated one after the other: of float weights one block is held."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from neuromorph.circuits.block.closed_form import run
from neuromorph.circuits.block.numbers import Ints, with_period
from neuromorph.circuits.transformer.closed_form import embedded
from neuromorph.circuits.transformer.numbers import Embedding, Head, Transformer, check
from neuromorph.shown import Shown
from neuromorph.translate.block import BlockOptions, TranslatedBlock, prove_block, translate_block
from neuromorph.translate.block.compared import cosines, saturations
from neuromorph.translate.block.floats import Floats
from neuromorph.translate.transformer.embedding import embedding_of
from neuromorph.translate.transformer.floats import FloatTransformer
from neuromorph.translate.transformer.head import head_of

COMPARED = 256
"""Tokens on which a translation is compared with float."""


class Decoder(NamedTuple):
    """hidden_j = unit_j R_j + offset_j: how integers stand for a hidden state."""

    unit: Floats
    offset: Floats

    def __call__(self, stream: Ints) -> Floats:
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

    def __init__(self, floats: FloatTransformer, sequences: Sequence[NDArray[Any]],
                 compared: NDArray[Any], options: BlockOptions) -> None:
        self.floats, self.options = floats, options
        self.blocks: list[TranslatedBlock] = []
        self.layers: list[LayerReport] = []
        self._compared = compared[:COMPARED] if floats.causal else compared
        self._streams = [floats.embedding(sequence) for sequence in sequences]
        self._wanted = floats.embedding(self._compared)
        self._found: Ints | None = None
        self._embedding: Embedding | None = None
        self._angles: tuple[Ints, Ints] | None = None

    def add(self, n: int) -> None:
        """Translate the next block.

        Raises
        ------
        ModelStructureError, CalibrationError, RangeProofError
        """
        block = self.floats.blocks[n]
        traces = [block.run(stream) for stream in self._streams]
        translated = translate_block(block, self._streams, self.options, traces)
        if self._found is None:
            self._embed(translated)
        self._compare(translated)
        self._streams = [trace.end for trace in traces]
        self.blocks.append(translated)

    def finished(self, *, whole: bool) -> tuple[Transformer, tuple[Decoder, ...]]:
        """The model, with its head if it is whole, and what its streams stand for.

        Raises
        ------
        RangeProofError
        """
        assert self._embedding is not None
        period = max(translated.block.period for translated in self.blocks)
        places = self.blocks[-1].places[2]
        head = Head() if not whole else head_of(
            self.floats.head, self._streams, places, period, room=self.options.room,
            compensate=self.options.compensate, payload=self.options.payload)
        blocks = tuple(with_period(translated.block, period) for translated in self.blocks)
        model = check(Transformer(self._embedding, blocks, head, self.floats.causal, self._angles))
        return model, tuple(map(self._decoder, [
            *(translated.places[0] for translated in self.blocks), places]))

    def _embed(self, first: TranslatedBlock) -> None:
        self._embedding = embedding_of(self.floats.embedding, first.places[0])
        self._found = embedded(self._embedding, self._compared)
        if first.block.rotary:
            self._angles = first.angles(self.floats.positions)

    def _compare(self, translated: TranslatedBlock) -> None:
        """Send what is compared through the block, as floats and as integers."""
        block, tokens = translated.block, len(self._compared)
        angles = None if self._angles is None else (self._angles[0][:tokens],
                                                    self._angles[1][:tokens])
        assert self._found is not None
        token = run(block, self._found, angles, causal=self.floats.causal)
        cut = {name: count for name, count in saturations(block, self._found, token).items()
               if count}
        self._found, self._wanted = token.end, translated.floats.run(self._wanted).end
        near = cosines(translated.decode(self._found), self._wanted)
        worst = max(prove_block(block, translated.floats.name), key=lambda row: row.share)
        self.layers.append(LayerReport(
            translated.floats.name, float(near.mean()), float(near.min()), cut,
            f"{worst.layer} row {worst.row}", worst.share, block.window, block.turns))

    def _decoder(self, places: int) -> Decoder:
        width = self.blocks[0].block.width
        return Decoder(np.full(width, 2.0**-places), np.zeros(width))
