"""Export a whole model: trained weights and text in, a bundle of integers out."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from neuromorph.api.export import check_apart
from neuromorph.api.seed import check_seed
from neuromorph.api.whole_source import Source, read_source
from neuromorph.bundle.whole import WHOLE_FOLDER, Streams, WholeBundle, save_whole
from neuromorph.files.atomic import check_target
from neuromorph.models import Naming
from neuromorph.progress import Progress, silent
from neuromorph.shown import Shown
from neuromorph.translate import Caution, cautions
from neuromorph.translate.block import BlockOptions
from neuromorph.translate.slots import slots_for
from neuromorph.translate.transformer import (
    LayerReport,
    TranslatedTransformer,
    translate_transformer,
)


@dataclass(frozen=True, eq=False, repr=False)
class WholeReport(Shown):
    """What an export of a whole model made.

    Attributes
    ----------
    bundle : WholeBundle
    path : Path
    layers : tuple of LayerReport
        How each block came out, in the model's order.
    held_out : bool
        Whether blocks were compared on text that calibration did not see.
    stopped : str
        Why the bundle ends before the model does; empty for a whole one.
    notes : tuple of str
    cautions : tuple of Caution
        Reasons to trust the bundle less; it holds them too.
    """

    bundle: WholeBundle
    path: Path
    layers: tuple[LayerReport, ...]
    held_out: bool
    stopped: str = ""
    notes: tuple[str, ...] = ()
    cautions: tuple[Caution, ...] = ()

    def as_dict(self) -> dict[str, Any]:
        """Plain values, for JSON."""
        model = self.bundle.model
        cosines = [layer.cosine for layer in self.layers]
        data = "text" if model.embedding.of_tokens else "images"
        return {
            "bundle": str(self.path), "kind": "whole", **self.bundle.report(),
            "period": max(block.period for block in model.blocks),
            "options": dict(self.bundle.options), "last_cosine": cosines[-1],
            "mean_cosine": sum(cosines) / len(cosines),
            "fidelity_on": f"held-out {data}" if self.held_out else f"the calibration {data}",
            "stopped": self.stopped, "licence": self.bundle.provenance.get("licence"),
            "by_layer": [asdict(layer) for layer in self.layers],
            "notes": [*self.notes, *map(str, self.cautions)],
            "warnings": [caution.as_dict() for caution in self.cautions]}


def export_whole(
    model: str | os.PathLike[str],
    output: str | os.PathLike[str],
    *,
    calibrate: str | os.PathLike[str] | None = None,
    options: BlockOptions | None = None,
    naming: Naming | None = None,
    seed: int = 0,
    partial: bool = False,
    force: bool = False,
    progress: Progress = silent,
) -> WholeReport:
    """Translate a whole trained model into integers, prove it, and save it as a bundle.

    Parameters
    ----------
    model : path
        A Hugging Face folder or ``.gguf`` file of a language model, which needs the ``hf``
        extra; or the digits model.
    output : path
        Folder to write; must not exist unless ``force``.
    calibrate : path
        What sets all scales: UTF-8 text, one passage a line. The digits model brings its own
        images, or takes an ``.npz`` of them.
    options : BlockOptions, optional
        Without slots in them, heads remember as many tokens as the longest passage has, rounded
        up to a power of two.
    naming : Naming, optional
        Which tensor is what, of a model with names of its own, with the fields of a whole one.
    seed : int
        Chooses the passage that is held out to compare blocks on.
    partial : bool
        Whether a block that cannot be translated ends the bundle, and is no error.
    force : bool
        Replace a bundle of a whole model that stands there.
    progress : callable, optional

    Raises
    ------
    NeuromorphError
        Before anything is written: if an input or option is not sound, a layer is of no circuit,
        or a sum could leave 24 bits.
    """
    check_seed(seed)
    check_apart(model, output)
    check_target(output, ours=WHOLE_FOLDER, force=force)
    chosen = options or BlockOptions(correct=False)
    source = read_source(Path(model), None if calibrate is None else Path(calibrate),
                         chosen.attention.slots, progress, naming)
    chosen = _with_slots(chosen, source)
    kept, tried = source.divide(seed)
    made = translate_transformer(source.floats, kept, chosen, held_out=tried, partial=partial,
                                 progress=progress)
    found = [*source.cautions, *_of_text(kept, chosen), *cautions.of_held_out(made.held_out),
             *_of_layers(made)]
    bundle = WholeBundle(
        made.model, source.floats.family, source.text, streams_of(made), asdict(chosen),
        cautions.noted(source.provenance, found))
    progress("writing the bundle")
    path = save_whole(bundle, output, force=force)
    cautions.warn(found)
    return WholeReport(replace(bundle, path=path), path, made.layers, made.held_out, made.stopped,
                       source.notes, tuple(found))


def streams_of(made: TranslatedTransformer) -> Streams:
    """What the hidden states of a translated model stand for, as a bundle keeps it."""
    return Streams(np.stack([decoder.unit for decoder in made.decoders]),
                   np.stack([decoder.offset for decoder in made.decoders]))


def _with_slots(options: BlockOptions, source: Source) -> BlockOptions:
    """As many as the longest sequence needs, rounded up; but no more than the model takes."""
    if options.attention.slots is not None:
        return options
    slots = slots_for(source.longest, most=source.floats.positions)
    return replace(options, attention=replace(options.attention, slots=slots))


def _of_text(sequences: Sequence[Any], options: BlockOptions) -> list[Caution]:
    lengths = list(map(len, sequences))
    return [*cautions.of_lengths(lengths, options.attention.slots, sum(lengths)),
            *cautions.of_sameness({"what goes in": [
                np.reshape(np.asarray(one, float), (1, len(one), -1)) for one in sequences]})]


def _of_layers(made: TranslatedTransformer) -> list[Caution]:
    found = []
    worst = min(made.layers, key=lambda layer: layer.cosine)
    if worst.cosine < cautions.LOW_COSINE:
        found.append(Caution(
            "low-cosine", worst.name,
            f"behind {worst.name} the hidden states have a cosine of {worst.cosine:.3f} to those "
            "of the float model. Calibrate on more text like that which will run"))
    if made.stopped:
        found.append(Caution(
            "partial", "model", f"the bundle ends before the model does, at {made.stopped}: it "
            "has hidden states, but no answer"))
    return found
