"""Export: trained weights and calibration data in, a bundle of spiking attention out."""

from __future__ import annotations

import os
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from statistics import median
from typing import Any

from neuromorph.api.budget import attention_bytes, require
from neuromorph.api.collect import collect
from neuromorph.api.progress import Progress, silent
from neuromorph.api.seed import check_seed
from neuromorph.bundle import BUNDLE_FOLDER, Bundle, check_target, save_bundle
from neuromorph.errors import UsageError
from neuromorph.runtime import SpikingLayer, of_run
from neuromorph.shown import Shown
from neuromorph.translate import (
    Caution,
    HeadFidelity,
    Sample,
    TranslateOptions,
    calibrate_layer,
    cautions,
    kept_samples,
    measure_fidelity,
    with_slots,
)

MEASURED = 16
"""Most samples that fidelity is measured on."""


@dataclass(frozen=True, eq=False, repr=False)
class ExportReport(Shown):
    """What an export made.

    Attributes
    ----------
    bundle : Bundle
    path : Path
    fidelity : list of HeadFidelity
    held_out : bool
        Whether fidelity was measured on samples that calibration did not see.
    notes : tuple of str
        Worth knowing.
    cautions : tuple of Caution
        Reasons to trust the bundle less; it holds them too.
    """

    bundle: Bundle
    path: Path
    fidelity: list[HeadFidelity]
    held_out: bool
    notes: tuple[str, ...]
    cautions: tuple[Caution, ...] = ()

    def as_dict(self) -> dict[str, Any]:
        """Plain values, for JSON."""
        return {
            "bundle": str(self.path), "family": self.bundle.family,
            "layers": len(self.bundle.codes), "heads": len(self.fidelity),
            "options": dict(self.bundle.options),
            "slots": max(h.slots for code in self.bundle.codes.values() for h in code.heads),
            "median_steps": median(f.steps for f in self.fidelity),
            "mean_cosine": sum(f.cosine for f in self.fidelity) / len(self.fidelity),
            "forced_spikes": (forced := sum(f.forced for f in self.fidelity)),
            "forced_a_query": forced / max(1, sum(f.queries for f in self.fidelity)),
            "fidelity_on": "held-out samples" if self.held_out else "the calibration samples",
            "fidelity": [f.as_dict() for f in self.fidelity],
            "notes": [*self.notes, *map(str, self.cautions)],
            "warnings": [caution.as_dict() for caution in self.cautions],
        }


def export(
    model: str | os.PathLike[str],
    output: str | os.PathLike[str],
    *,
    calibrate: str | os.PathLike[str] | None = None,
    options: TranslateOptions | None = None,
    seed: int = 0,
    force: bool = False,
    progress: Progress = silent,
) -> ExportReport:
    """Translate a model's attention into spiking circuits and save them as a bundle.

    Parameters
    ----------
    model : path
        See `neuromorph.api.collect.collect`.
    output : path
        Folder to write; must not exist unless ``force``.
    calibrate : path, optional
        Text or arrays that set the scales and windows.
    options : TranslateOptions, optional
    seed : int
        Chooses the samples that are held out to measure fidelity.
    force : bool
        Replace a bundle that stands there.
    progress : callable, optional

    Raises
    ------
    NeuromorphError
        Before anything is written, if an input or option is not sound.
    """
    chosen = options or TranslateOptions()
    check_seed(seed)
    check_apart(model, output)
    check_target(output, ours=BUNDLE_FOLDER, force=force)
    collected = collect(model, calibrate, progress, chosen.slots)
    kept, tried = collected.divide(seed)
    held_out = bool(tried)
    fitted, measured = collected.chosen(kept), collected.chosen(tried or kept)
    found = [*collected.cautions, *cautions.of_data(fitted, chosen.slots),
             *cautions.of_held_out(held_out),
             *cautions.of_outliers(fitted, kept, collected.count)]
    if collected.any_length:
        chosen = with_slots(chosen, collected.samples, most=collected.positions)
    layers: dict[str, SpikingLayer] = {}
    fidelity: list[HeadFidelity] = []
    for name, samples in fitted.items():
        progress(f"translating {name}")
        _require_memory(name, measured[name][:MEASURED])
        layers[name] = SpikingLayer(calibrate_layer(samples, chosen, name))
        fidelity += layer_fidelity(name, layers[name], measured[name][:MEASURED])
    codes = {name: layer.code for name, layer in layers.items()}
    found += [*cautions.of_periods(codes), *cautions.of_fidelity(fidelity),
              *of_run({name: layer.tally for name, layer in layers.items()})]
    bundle = Bundle(
        collected.family, collected.causal, codes, kept_samples(measured), asdict(chosen),
        cautions.noted(collected.provenance, found), collected.model)
    progress("writing the bundle")
    path = save_bundle(bundle, output, force=force)
    cautions.warn(found)
    return ExportReport(replace(bundle, path=path), path, fidelity, held_out, collected.notes,
                        tuple(found))


def check_apart(model: str | os.PathLike[str], output: str | os.PathLike[str]) -> None:
    """Refuse an output that is the input, or a folder that the input lies in.

    Raises
    ------
    UsageError
    """
    try:
        source, target = (Path(os.path.realpath(path)) for path in (model, output))
    except (OSError, ValueError):  # no working directory, or a NUL: whoever opens them says so
        return
    if target in (source, *source.parents):
        raise UsageError("the output would replace the model that it is made from", where=output,
                         found=str(model), hint="choose another folder")


def _require_memory(name: str, samples: list[Sample]) -> None:
    """One sample is run and compared after the other; what they gave stays until the end."""
    needed = [attention_bytes(1, s.queries.shape[0], s.queries.shape[1], s.keys.shape[1],
                              s.values.shape[2]) for s in samples]
    require(sum(needed), name)


def layer_fidelity(name: str, layer: SpikingLayer, samples: list[Sample]) -> list[HeadFidelity]:
    """Fidelity of every head of one layer on some samples."""
    return measure_fidelity(name, layer.code, samples, [layer.run_sample(s) for s in samples])
