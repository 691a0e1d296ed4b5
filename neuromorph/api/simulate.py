"""Simulate: a bundle and inputs in, context, spikes, counts and fidelity out."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neuromorph import backends
from neuromorph.api.collect import DIGITS
from neuromorph.api.progress import Progress, silent
from neuromorph.backends import Attended
from neuromorph.bundle import Bundle, atomic_folder, load_bundle
from neuromorph.errors import CalibrationError, InputError, UsageError
from neuromorph.models.arrays import load_arrays
from neuromorph.models.digits import DigitsViT
from neuromorph.runtime import SpikingLayer, Tally
from neuromorph.translate import HeadFidelity, LayerCode, Sample, check_samples, measure_fidelity


@dataclass(frozen=True, eq=False)
class SimulationReport:
    """What a simulation did.

    Attributes
    ----------
    backend, evidence : str
        What ran it, and what kind of machine that is.
    fidelity : list of HeadFidelity
    tally : Tally
    outputs : dict of array
        ``context.<layer>``, ``times.<layer>``, ``payloads.<layer>``; for a model that travels
        with its bundle also ``logits`` and ``predictions``.
    accuracy : float, optional
        If the inputs held labels.
    """

    backend: str
    evidence: str
    fidelity: list[HeadFidelity]
    tally: Tally
    outputs: Mapping[str, NDArray[Any]] = field(default_factory=dict)
    accuracy: float | None = None

    def as_dict(self) -> dict[str, Any]:
        """Plain values, for JSON."""
        result: dict[str, Any] = {"backend": self.backend, "evidence": self.evidence,
                                  **self.tally.as_dict(),
                                  "fidelity": [f.as_dict() for f in self.fidelity]}
        if self.accuracy is not None:
            result["accuracy"] = self.accuracy
        if "predictions" in self.outputs:
            result["predictions"] = self.outputs["predictions"].tolist()
        return result


def simulate(
    bundle: str | os.PathLike[str] | Bundle,
    *,
    inputs: str | os.PathLike[str] | Mapping[str, NDArray[Any]] | None = None,
    backend: str = backends.DEFAULT,
    progress: Progress = silent,
) -> SimulationReport:
    """Run a bundle's attention in spikes.

    Parameters
    ----------
    bundle : path or Bundle
    inputs : path of an ``.npz``, or mapping of arrays, optional
        ``images`` (and ``labels``) for the digits model, which then runs whole; otherwise
        ``queries.<i>``, ``keys.<i>``, ``values.<i>`` of layer i, each (heads, tokens, size)
        with scaled queries, and ``mask.<i>`` (queries, keys) if not everyone may look
        everywhere. The bundle's own sample if left out.
    backend : {"fast", "reference", "lava"}
    progress : callable, optional

    Raises
    ------
    NeuromorphError
        Before anything runs, if the bundle or the inputs are not sound.
    """
    machine = backends.get(backend)
    loaded = bundle if isinstance(bundle, Bundle) else load_bundle(bundle)
    arrays = load_arrays(inputs) if isinstance(inputs, str | os.PathLike) else inputs
    if arrays is not None and "images" in arrays:
        report = _run_model(loaded, arrays, backend)
    else:
        samples = loaded.samples if arrays is None else samples_of(loaded, arrays)
        report = _run_layers(loaded, samples, backend, progress)
    return SimulationReport(machine.name, machine.evidence, *report)


def _run_layers(
    bundle: Bundle, samples: Mapping[str, Sample], backend: str, progress: Progress
) -> tuple[list[HeadFidelity], Tally, dict[str, NDArray[Any]]]:
    """Each layer on its own inputs."""
    tally, fidelity, outputs = Tally(), [], {}
    for name, sample in samples.items():
        progress(f"simulating {name}")
        code = bundle.codes[name]
        run = SpikingLayer(code, backend, tally).run_sample(sample)
        fidelity += measure_fidelity(name, code, [sample], [run])
        outputs.update(_outputs(name, code, run))
    return fidelity, tally, outputs


def _outputs(name: str, code: LayerCode, run: Attended) -> dict[str, NDArray[Any]]:
    arrays: dict[str, NDArray[Any]] = {f"context.{name}": code.decode(run)[0]}
    if run.times is not None and run.payloads is not None:
        arrays |= {f"times.{name}": run.times[0], f"payloads.{name}": run.payloads[0]}
    return arrays


def _run_model(
    bundle: Bundle, arrays: Mapping[str, NDArray[Any]], backend: str
) -> tuple[list[HeadFidelity], Tally, dict[str, NDArray[Any]], float | None]:
    """The whole model, every layer fed by the spikes of the one before."""
    if bundle.family != DIGITS or bundle.model_file is None:
        raise UsageError("only a bundle that holds its model takes images", where=bundle.family,
                         expected="queries.<i>, keys.<i>, values.<i>")
    vit, tally = DigitsViT.load(bundle.model_file), Tally()
    logits, fidelity = classify(vit, bundle.codes, arrays["images"], backend, tally)
    predictions = logits.argmax(axis=1)
    outputs = {"logits": logits, "predictions": predictions}
    return fidelity, tally, outputs, _accuracy(predictions, arrays.get("labels"))


def _accuracy(predictions: NDArray[Any], labels: NDArray[Any] | None) -> float | None:
    if labels is None:
        return None
    if labels.shape != predictions.shape:
        raise InputError("labels and images differ in number", found=labels.shape,
                         expected=predictions.shape)
    return float((predictions == labels).mean())


def classify(
    vit: DigitsViT, codes: Mapping[str, LayerCode], images: NDArray[Any], backend: str,
    tally: Tally,
) -> tuple[NDArray[Any], list[HeadFidelity]]:
    """Logits of images with all attention in spikes, and each head's fidelity on the way."""
    fidelity: list[HeadFidelity] = []
    names = list(codes)

    def attend(
        layer: int, q: NDArray[Any], k: NDArray[Any], v: NDArray[Any]
    ) -> NDArray[np.float64]:
        code = codes[names[layer]]
        scaled = q / np.sqrt(q.shape[-1])
        mask = np.ones((len(q), q.shape[2], k.shape[2]), bool)
        spiking = SpikingLayer(code, backend, tally)
        run = spiking.run(spiking.encode(scaled, k, v, mask), times=True)
        samples = [Sample(scaled[i], k[i], v[i], mask[i]) for i in range(len(q))]
        fidelity.extend(measure_fidelity(names[layer], code, samples, run.split()))
        return code.decode(run)

    return vit.logits(images, attend), fidelity


def samples_of(bundle: Bundle, arrays: Mapping[str, NDArray[Any]]) -> dict[str, Sample]:
    """Samples of a bundle's layers from arrays by name.

    Raises
    ------
    CalibrationError
        If an array is missing or does not fit its layer.
    """
    samples = {}
    for i, name in enumerate(bundle.codes):
        if f"queries.{i}" not in arrays:
            continue
        parts = [arrays.get(f"{part}.{i}") for part in ("queries", "keys", "values")]
        missing = [part for part, array in zip(("queries", "keys", "values"), parts, strict=True)
                   if array is None]
        if missing:
            raise CalibrationError("an input array is missing", where=name,
                                   expected=f"{missing[0]}.{i}")
        q, k, v = (np.asarray(p, np.float64) for p in parts)
        if q.ndim != 3 or k.ndim != 3:
            raise CalibrationError("inputs have the wrong shape", where=name,
                                   found=f"{q.shape}, {k.shape}", expected="(heads, tokens, size)")
        mask = arrays.get(f"mask.{i}", np.ones((q.shape[1], k.shape[1]), bool))
        samples[name] = Sample(q, k, v, mask.astype(bool))
        check_samples([samples[name]], name)
    if not samples:
        raise CalibrationError("no layer's inputs were found", found=", ".join(sorted(arrays)),
                               expected="images, or queries.0, keys.0, values.0, …")
    return samples


def save_report(
    report: SimulationReport, target: str | os.PathLike[str], *, force: bool = False
) -> Path:
    """Write ``outputs.npz`` and ``summary.json``, whole or not at all.

    Raises
    ------
    OutputExistsError, WriteError
    """
    with atomic_folder(target, force=force, marker="summary.json") as folder:
        np.savez_compressed(folder / "outputs.npz", **dict(report.outputs))
        (folder / "summary.json").write_text(json.dumps(report.as_dict(), indent=2) + "\n", "utf-8")
    return Path(target)
