"""From a trained transformer and text to one in integers, block after block."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Any

from numpy.typing import NDArray

from neuromorph.circuits.transformer.numbers import Transformer
from neuromorph.errors import CalibrationError, NeuromorphError, UsageError
from neuromorph.progress import Progress, silent
from neuromorph.shapes import Num
from neuromorph.shown import Shown
from neuromorph.translate.block import BlockOptions
from neuromorph.translate.transformer.chain import Chain, Decoder, LayerReport
from neuromorph.translate.transformer.floats import FloatTransformer


@dataclass(frozen=True, eq=False, repr=False)
class TranslatedTransformer(Shown):
    """A transformer in integers, and what they stand for.

    Attributes
    ----------
    model : Transformer
    decoders : tuple of Decoder
        Of R in front of each block, and behind the last.
    layers : tuple of LayerReport
    held_out : bool
        Whether `layers` were compared on text that calibration did not see.
    stopped : str
        Why it ends before the trained model does, where it was allowed to; else empty.
    """

    model: Transformer
    decoders: tuple[Decoder, ...]
    layers: tuple[LayerReport, ...]
    held_out: bool
    stopped: str = ""


def translate_transformer(
    floats: FloatTransformer, sequences: Sequence[Annotated[Num, "_ ..."]],
    options: BlockOptions | None = None, *, held_out: Annotated[Num, "_ ..."] | None = None,
    partial: bool = False, progress: Progress = silent,
) -> TranslatedTransformer:
    """The integers of a trained transformer, calibrated on sequences and proved.

    Parameters
    ----------
    floats : FloatTransformer
    sequences : sequence of int array, shape (tokens,), or of float array, shape (tokens, pixels)
    options : BlockOptions, optional
    held_out : array, optional
        A sequence on which every layer is compared with float; the first of ``sequences``, if
        left out.
    partial : bool
        Whether a block that cannot be translated ends the model, without a head, and is no error.
    progress : callable, optional

    Raises
    ------
    UsageError
        If a model that is not causal has fewer slots than a sequence has tokens.
    CalibrationError
        If there are no sequences, or numbers do not fit.
    ModelStructureError
        For a block that no circuit does.
    RangeProofError
        Where a sum could leave 24 bits.
    """
    options = options or BlockOptions()
    if not len(sequences):
        raise CalibrationError("there is no calibration data", where=floats.family,
                               hint="give at least one sequence")
    _check_slots(floats, sequences, options)
    progress(f"translating block 1 of {len(floats.blocks)}")
    chain = Chain(floats, sequences, sequences[0] if held_out is None else held_out, options)
    stopped = ""
    for n in range(1, len(floats.blocks)):
        progress(f"translating block {n + 1} of {len(floats.blocks)}")
        try:
            chain.add(n)
        except NeuromorphError as error:
            if not partial:
                raise
            stopped = f"block {n}: {error.what}"
            break
    progress("translating the head")
    model, decoders = chain.finished(whole=not stopped)
    return TranslatedTransformer(model, decoders, tuple(chain.layers), held_out is not None,
                                 stopped)


def _check_slots(
    floats: FloatTransformer, sequences: Sequence[NDArray[Any]], options: BlockOptions
) -> None:
    """Where every token sees all, heads remember all."""
    slots, longest = options.attention.slots, max(map(len, sequences))
    if not floats.causal and slots is not None and slots < longest:
        raise UsageError("heads remember fewer tokens than a sequence has", where=floats.family,
                         found=f"{slots} slots", expected=f"at least {longest}",
                         hint="more slots, or leave them out")
