"""Export: trained weights and calibration data in, a bundle of spiking attention out."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from statistics import median
from typing import Any

from neuromorph.api.budget import attention_bytes, require
from neuromorph.api.collect import Collected, collect
from neuromorph.api.compile import unfit
from neuromorph.api.seed import check_seed
from neuromorph.backends import Attended, AttentionBatch
from neuromorph.bundle import BUNDLE_FOLDER, Bundle, save_bundle
from neuromorph.deploy.boards import named
from neuromorph.errors import UsageError
from neuromorph.files.atomic import check_target
from neuromorph.models import Naming
from neuromorph.progress import Progress, silent
from neuromorph.runtime import SpikingLayer, calibrated, of_run
from neuromorph.shown import Shown
from neuromorph.translate import (
    Caution,
    HeadFidelity,
    HeadWindow,
    LayerCode,
    Outliers,
    Sample,
    TranslateOptions,
    cautions,
    compare,
    kept_samples,
    windows_kept,
    with_slots,
)
from neuromorph.translate.preference import Choice
from neuromorph.translate.samples import evenly_spread
from neuromorph.translate.softcap import of_soft_caps

MEASURED = 16
"""Most samples that fidelity is measured on."""

COMPARED = 512
"""Most queries of a sample that fidelity is measured on, evenly spread."""

BLOCK = 128
"""Queries whose spike times are held at a time."""


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
    windows : list of HeadWindow
        What windows keep on the samples of ``fidelity``, where a mass to keep set them.
    """

    bundle: Bundle
    path: Path
    fidelity: list[HeadFidelity]
    held_out: bool
    notes: tuple[str, ...]
    cautions: tuple[Caution, ...] = ()
    windows: list[HeadWindow] = field(default_factory=list)

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
            **({"windows": [w.as_dict() for w in self.windows]} if self.windows else {}),
            "notes": [*self.notes, *map(str, self.cautions)],
            "warnings": [caution.as_dict() for caution in self.cautions],
        }


def export(
    model: str | os.PathLike[str],
    output: str | os.PathLike[str],
    *,
    calibrate: str | os.PathLike[str] | None = None,
    options: TranslateOptions | Choice | None = None,
    naming: Naming | None = None,
    profile: str | None = None,
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
    options : TranslateOptions or Choice, optional
        A choice says why, and what is taken in its place where a board has too few cores.
    naming : Naming, optional
        Which tensor is what, of a model with names of its own.
    profile : str, optional
        A chip or board that heads of plain spikes must fit on.
    seed : int
        Chooses the samples that are held out to measure fidelity.
    force : bool
        Replace a bundle that stands there.
    progress : callable, optional

    Raises
    ------
    NeuromorphError
        Before anything is written, if an input or option is not sound, or the heads do not fit.
    """
    choice = options if isinstance(options, Choice) else Choice(options or TranslateOptions())
    chosen = choice.options
    _check_profile(profile, chosen)
    check_seed(seed)
    check_apart(model, output)
    check_target(output, ours=BUNDLE_FOLDER, force=force)
    collected = collect(model, calibrate, progress, chosen.slots, naming)
    kept, tried = collected.divide(seed)
    held_out = bool(tried)
    fitted, measured = collected.chosen(kept), collected.chosen(tried or kept)
    found = [*collected.cautions, *cautions.of_data(fitted, chosen.slots),
             *cautions.of_held_out(held_out)]
    made, choice = _fitting(
        choice, profile, lambda one: _made(collected, fitted, measured, one, progress), progress)
    codes = made.bundle.codes
    found += [*cautions.of_outliers(made.outliers, kept, collected.count),
              *cautions.of_periods(codes), *cautions.of_fidelity(made.fidelity),
              *of_soft_caps(fitted, codes),
              *of_run({name: layer.tally for name, layer in made.layers.items()})]
    bundle = replace(made.bundle, provenance=cautions.noted(collected.provenance, found))
    progress("writing the bundle")
    path = save_bundle(bundle, output, force=force)
    cautions.warn(found)
    said = (choice.says,) if choice.says else ()
    return ExportReport(replace(bundle, path=path), path, made.fidelity, held_out,
                        (*collected.notes, *said, *_some_only(measured)), tuple(found),
                        made.windows)


@dataclass(frozen=True, eq=False, repr=False)
class _Made(Shown):
    """All layers translated with some options, how faithful they are, and what windows keep."""

    bundle: Bundle
    layers: Mapping[str, SpikingLayer]
    outliers: Mapping[str, Outliers]
    fidelity: list[HeadFidelity]
    windows: list[HeadWindow]


def _check_profile(profile: str | None, options: TranslateOptions) -> None:
    """A board decides between kinds of plain spikes; it is said before minutes of work."""
    if profile is None:
        return
    if options.spikes == "graded":
        raise UsageError("graded spikes have no choice that a board decides", where="profile",
                         found=profile, hint="leave --profile out, and compile the bundle for it; "
                         "or use --spikes binary")
    named(profile)


def _fitting(
    choice: Choice, profile: str | None, make: Callable[[TranslateOptions], _Made],
    progress: Progress,
) -> tuple[_Made, Choice]:
    """What was chosen, or what is taken instead if it does not fit the board.

    Raises
    ------
    FitError
        If neither does, or a person asked for what does not.
    """
    made = make(choice.options)
    why = None if profile is None else unfit(made.bundle, profile, progress)
    if why is not None and choice.instead is not None:
        progress("it does not fit: one match neuron a key")
        choice = choice.fallen_back(f"{profile}: {why.what}")
        made = make(choice.options)
        why = unfit(made.bundle, str(profile), progress)
    if why is not None:
        raise why
    return made, choice


def _made(
    collected: Collected, fitted: Mapping[str, Sequence[Sample]],
    measured: Mapping[str, Sequence[Sample]], options: TranslateOptions, progress: Progress,
) -> _Made:
    if collected.any_length:
        options = with_slots(options, collected.samples, most=collected.positions)
    layers: dict[str, SpikingLayer] = {}
    outliers: dict[str, Outliers] = {}
    fidelity: list[HeadFidelity] = []
    windows: list[HeadWindow] = []
    for name, samples in fitted.items():
        progress(f"translating {name}")
        _require_memory(name, measured[name][:MEASURED])
        code, outliers[name] = calibrated(samples, options, name)
        layers[name] = SpikingLayer(code)
        fidelity += layer_fidelity(name, layers[name], measured[name][:MEASURED])
        if options.keep_mass is not None:
            windows += windows_kept(name, code, measured[name][:MEASURED], options.keep_mass)
    codes: dict[str, LayerCode] = {name: layer.code for name, layer in layers.items()}
    bundle = Bundle(collected.family, collected.causal, codes, kept_samples(measured),
                    asdict(options), collected.provenance, collected.model)
    return _Made(bundle, layers, outliers, fidelity, windows)


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


def _require_memory(name: str, samples: Sequence[Sample]) -> None:
    """One block of queries is run and compared after the other."""
    require(max(attention_bytes(1, s.queries.shape[0], min(BLOCK, s.queries.shape[1]),
                                s.keys.shape[1], s.values.shape[2]) for s in samples), name)


def _some_only(measured: Mapping[str, Sequence[Sample]]) -> list[str]:
    """Whether some queries only were compared."""
    longest = max(s.queries.shape[1] for seen in measured.values() for s in seen[:MEASURED])
    return [f"fidelity is measured on {COMPARED} queries of each longer sequence, evenly spread"
            ] if longest > COMPARED else []


def layer_fidelity(name: str, layer: SpikingLayer, samples: Sequence[Sample]) -> list[HeadFidelity]:
    """Fidelity of every head of one layer on some samples, at most `COMPARED` queries of each."""
    return compare(name, layer.code, _runs(layer, samples))


def _runs(layer: SpikingLayer, samples: Sequence[Sample]) -> Iterator[tuple[Sample, Attended]]:
    """Blocks of queries, and what they gave; a sample is encoded, and its codes counted, once."""
    for sample in samples:
        asked = sample.asking(evenly_spread(COMPARED, sample.queries.shape[1]))
        work = layer.encode(asked.queries[None], asked.keys[None], asked.values[None],
                            asked.mask[None],
                            None if asked.bias is None else asked.bias[None])
        for start in range(0, asked.queries.shape[1], BLOCK):
            rows = slice(start, start + BLOCK)
            block = asked.asking(rows)
            keys = block.keys.shape[1]
            yield block, layer.run(AttentionBatch(
                work.heads, work.queries[:, :, rows], work.keys[:, :, :keys],
                work.values[:, :, :keys], block.mask[None],
                bias=None if work.bias is None else work.bias[:, :, rows, :keys]), times=True)
