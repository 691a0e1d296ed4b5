"""Export memories: a trained model with such layers and text in, a bundle of circuits out."""

from __future__ import annotations

import os
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from neuromorph.api.collect import divided
from neuromorph.api.export import check_apart
from neuromorph.api.seed import check_seed
from neuromorph.bundle.memories import MEMORIES_FOLDER, MemoriesBundle, save_memories
from neuromorph.circuits.gated_delta import PERIOD, Rounding
from neuromorph.errors import CalibrationError
from neuromorph.files.atomic import check_target
from neuromorph.progress import Progress, silent
from neuromorph.runtime import memory_fidelity
from neuromorph.shown import Shown
from neuromorph.translate import Caution, cautions
from neuromorph.translate.delta_fidelity import MemoryFidelity, of_memories

KEPT = 64
"""Tokens of a bundle's sample."""


@dataclass(frozen=True, eq=False, repr=False)
class MemoriesReport(Shown):
    """What an export of memories made.

    Attributes
    ----------
    bundle : MemoriesBundle
    path : Path
    fidelity : list of MemoryFidelity
    held_out : bool
        Whether fidelity was measured on samples that calibration did not see.
    notes : tuple of str
    cautions : tuple of Caution
        Reasons to trust the bundle less; it holds them too.
    """

    bundle: MemoriesBundle
    path: Path
    fidelity: list[MemoryFidelity]
    held_out: bool
    notes: tuple[str, ...] = ()
    cautions: tuple[Caution, ...] = ()

    def as_dict(self) -> dict[str, Any]:
        """Plain values, for JSON."""
        return {
            "bundle": str(self.path), "kind": "memories", "family": self.bundle.family,
            "layers": len(self.bundle.codes), "memories": len(self.fidelity),
            "steps_a_token": PERIOD, "options": dict(self.bundle.options),
            "mean_cosine": sum(f.cosine for f in self.fidelity) / len(self.fidelity),
            "fidelity_on": "held-out samples" if self.held_out else "the calibration samples",
            "fidelity": [f.as_dict() for f in self.fidelity],
            "notes": [*self.notes, *map(str, self.cautions)],
            "warnings": [caution.as_dict() for caution in self.cautions]}


def export_memories(
    model: str | os.PathLike[str],
    output: str | os.PathLike[str],
    *,
    calibrate: str | os.PathLike[str] | None = None,
    rounding: Rounding = "random",
    seed: int = 0,
    force: bool = False,
    progress: Progress = silent,
) -> MemoriesReport:
    """Translate a model's gated delta or linear attention layers, and save them as a bundle.

    Parameters
    ----------
    model : path
        A Hugging Face folder, which needs the ``hf`` extra.
    output : path
        Folder to write; must not exist unless ``force``.
    calibrate : path
        UTF-8 text, one passage a line, as long as what will run.
    rounding : {"random", "whole"}
        Of the memories; see `neuromorph.circuits.gated_delta.GatedDelta`.
    seed : int
        Chooses the samples that are held out to measure fidelity.
    force : bool
        Replace a bundle of memories that stands there.
    progress : callable, optional

    Raises
    ------
    NeuromorphError
        Before anything is written, if an input or option is not sound.
    """
    check_seed(seed)
    check_apart(model, output)
    check_target(output, ours=MEMORIES_FOLDER, force=force)
    if calibrate is None:
        raise CalibrationError("memories are calibrated on text", where=model,
                               hint="give --calibrate FILE.txt, one passage a line")
    from neuromorph.huggingface.delta_spikes import codes_of
    from neuromorph.huggingface.delta_texts import collect_memory_text

    progress("running the text through the model")
    source = collect_memory_text(Path(model), Path(calibrate))
    kept, tried = divided(min(map(len, source.samples.values())), seed)
    codes, fidelity = {}, []
    for name, seen in source.samples.items():
        progress(f"translating {name}")
        codes[name] = codes_of(name, [seen[i] for i in kept], rounding)
        fidelity += memory_fidelity(name, codes[name], [seen[i].part(0) for i in tried or kept])
    found = [*source.cautions, *cautions.of_held_out(bool(tried)), *of_memories(fidelity)]
    samples = {name: seen[(tried or kept)[0]].part((0, slice(None), slice(KEPT)))
               for name, seen in source.samples.items()}
    bundle = MemoriesBundle(source.family, codes, samples, {"rounding": rounding},
                            cautions.noted(source.provenance, found))
    progress("writing the bundle")
    path = save_memories(bundle, output, force=force)
    cautions.warn(found)
    return MemoriesReport(replace(bundle, path=path), path, fidelity, bool(tried), source.notes,
                          tuple(found))
