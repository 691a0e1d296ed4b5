"""Simulate: a bundle and inputs in, context, spikes, counts and fidelity out."""

from __future__ import annotations

import io
import os
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from neuromorph import backends
from neuromorph.api.budget import attention_bytes, clocked_bytes, require
from neuromorph.api.collect import DIGITS, check_names, visible
from neuromorph.api.simulate_memories import MemoriesSimulation, simulate_memories, told
from neuromorph.backends import Attended, Backend
from neuromorph.bundle import Bundle, load_bundle
from neuromorph.bundle.manifest import kind_said
from neuromorph.bundle.memories import KIND, MemoriesBundle
from neuromorph.bundle.tensors import check_fits
from neuromorph.errors import CalibrationError, InputError, UsageError
from neuromorph.files.arrays import load_arrays
from neuromorph.files.atomic import atomic_folder
from neuromorph.files.outputs import Output
from neuromorph.models.digits import DigitsViT
from neuromorph.progress import Progress, silent
from neuromorph.report.tables import simulation_rows
from neuromorph.report.text import to_json
from neuromorph.runtime import SpikingLayer, Tally, of_run, total
from neuromorph.shown import Shown, sentences
from neuromorph.translate import (
    Caution,
    HeadFidelity,
    LayerCode,
    Sample,
    cautions,
    measure_fidelity,
)

OUTPUTS, SUMMARY = "outputs.npz", "summary.json"
NAMES = (SUMMARY, OUTPUTS)
"""All that a folder of results holds."""

FOLDER = Output("simulation", NAMES, SUMMARY)

_PARTS = ("queries", "keys", "values")
_MORE = ("mask", "bias")

Tallies: TypeAlias = defaultdict[str, Tally]
"""What each layer did."""

How: TypeAlias = tuple[str, backends.ReadoutKind]
"""A backend, and who divides."""


@dataclass(frozen=True, eq=False, repr=False)
class SimulationReport(Shown):
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
    source : dict
        Which bundle ran on which inputs.
    cautions : tuple of Caution
        Reasons to trust the result less: what the bundle holds of them, and this run's.
    """

    backend: str
    evidence: str
    fidelity: list[HeadFidelity]
    tally: Tally
    outputs: Mapping[str, NDArray[Any]] = field(default_factory=dict)
    accuracy: float | None = None
    source: Mapping[str, str] = field(default_factory=dict)
    cautions: tuple[Caution, ...] = ()

    def glance(self) -> dict[str, Any]:
        """What a notebook shows: what ran, and the heads that lose most."""
        worst = sorted(self.fidelity, key=lambda head: head.cosine)
        return {**simulation_rows(self.as_dict()),
                "warnings": sentences(self.cautions),
                "heads, worst first": [head.as_dict() for head in worst]}

    def as_dict(self) -> dict[str, Any]:
        """Plain values, for JSON."""
        result: dict[str, Any] = {**self.source,
                                  "backend": self.backend, "evidence": self.evidence,
                                  **self.tally.as_dict(),
                                  "fidelity": [f.as_dict() for f in self.fidelity],
                                  "warnings": [one.as_dict() for one in self.cautions]}
        if self.accuracy is not None:
            result["accuracy"] = self.accuracy
        if "predictions" in self.outputs:
            result["predictions"] = self.outputs["predictions"].tolist()
        return result


def simulate(
    bundle: str | os.PathLike[str] | Bundle | MemoriesBundle,
    *,
    inputs: str | os.PathLike[str] | Mapping[str, NDArray[Any]] | None = None,
    backend: str = backends.DEFAULT,
    readout: backends.ReadoutKind = "host",
    progress: Progress = silent,
) -> SimulationReport | MemoriesSimulation:
    """Run a bundle's attention in spikes, or its memories.

    Parameters
    ----------
    bundle : path, Bundle or MemoriesBundle
        Of memories, see `neuromorph.api.simulate_memories.simulate_memories`.
    inputs : path of an ``.npz``, or mapping of arrays, optional
        ``images`` (and ``labels``) for the digits model, which then runs whole; otherwise
        ``queries.<i>``, ``keys.<i>``, ``values.<i>`` of layer i, each (heads, tokens, size)
        with scaled queries, and where the layer takes one a ``bias.<i>`` (heads or 1, queries,
        keys) in nats. Without a ``mask.<i>`` (queries, keys) of zeros and ones every
        query sees every key, or in a causal model those up to its own, the last query being
        the last key's. The bundle's own sample if left out.
    backend : str
        One of `neuromorph.backends.names`.
    readout : {"host", "emitted"}
        Whether a host divides what the heads' potentials say, or the heads do it and send their
        context as graded spikes, which takes programmable neurons.
    progress : callable, optional

    Raises
    ------
    NeuromorphError
        Before anything runs, if the bundle or the inputs are not sound.
    """
    machine = backends.get(backend)
    backends.check_readout(readout)
    if isinstance(bundle, MemoriesBundle) or (
            not isinstance(bundle, Bundle) and kind_said(bundle) == KIND):
        return simulate_memories(bundle, inputs=inputs, backend=backend, readout=readout,
                                 progress=progress)
    loaded = bundle if isinstance(bundle, Bundle) else load_bundle(bundle)
    arrays = (load_arrays(inputs, lambda found: _check_names(found, loaded, inputs))
              if isinstance(inputs, str | os.PathLike) else inputs)
    fidelity: list[HeadFidelity] = []
    tallies: Tallies = defaultdict(Tally)
    accuracy = None
    if arrays is not None and "images" in arrays:
        outputs, accuracy = _run_model(loaded, arrays, (backend, readout), tallies, fidelity)
    else:
        samples = loaded.samples if arrays is None else samples_of(loaded, arrays)
        outputs = _run_layers(loaded, samples, (backend, readout), progress, tallies, fidelity)
    found = (*loaded.cautions, *of_run(tallies))
    cautions.warn(found)
    return SimulationReport(
        machine.name, machine.evidence, fidelity, total(tallies.values()), outputs, accuracy,
        {"bundle": str(loaded.path or "in memory"), "inputs": told(inputs), "readout": readout},
        found)


def _run_layers(
    bundle: Bundle, samples: Mapping[str, Sample], how: How, progress: Progress,
    tallies: Tallies, fidelity: list[HeadFidelity],
) -> dict[str, NDArray[Any]]:
    """Each layer on its own inputs."""
    machine = backends.get(how[0])
    outputs: dict[str, NDArray[Any]] = {}
    for name, sample in samples.items():
        require(_needed(bundle.codes[name], sample, machine), name)
    for name, sample in samples.items():
        progress(f"simulating {name}")
        code = bundle.codes[name]
        run = SpikingLayer(code, how[0], tallies[name], how[1]).run_sample(sample)
        fidelity += measure_fidelity(name, code, [sample], [run])
        outputs.update(_outputs(name, code, run))
    return outputs


def _needed(code: LayerCode, sample: Sample, backend: Backend) -> int:
    """Bytes that one layer takes."""
    heads, queries, key_size = sample.queries.shape
    keys, value_size = sample.keys.shape[1], sample.values.shape[2]
    needed = attention_bytes(1, heads, queries, keys, value_size)
    if backend.closed_form(code.heads[0]) is not None:
        return needed
    period = max(head.period for head in code.heads)
    return needed + clocked_bytes(queries, keys, key_size, value_size, period)


def _outputs(name: str, code: LayerCode, run: Attended) -> dict[str, NDArray[Any]]:
    arrays: dict[str, NDArray[Any]] = {f"context.{name}": code.decode(run)[0]}
    if run.times is not None and run.payloads is not None:
        arrays |= {f"times.{name}": run.times[0], f"payloads.{name}": run.payloads[0]}
    return arrays


def _run_model(
    bundle: Bundle, arrays: Mapping[str, NDArray[Any]], how: How, tallies: Tallies,
    fidelity: list[HeadFidelity],
) -> tuple[dict[str, NDArray[Any]], float | None]:
    """The whole model, every layer fed by the spikes of the one before."""
    if bundle.family != DIGITS or bundle.model_file is None:
        raise UsageError("only a bundle that holds its model takes images",
                         found=f"family {bundle.family}",
                         expected="queries.<i>, keys.<i>, values.<i>")
    _check_names(arrays, bundle)
    images, labels = arrays["images"], arrays.get("labels")
    if not images.size:
        raise CalibrationError("there are no images", found=images.shape)
    if labels is not None and labels.shape != images.shape[:1]:
        raise InputError("labels and images differ in number", found=labels.shape,
                         expected=images.shape[:1])
    for name, code in bundle.codes.items():
        slots, size = code.shared.slots, code.shared.value_size
        require(attention_bytes(len(images), len(code.heads), slots, slots, size), name)
    vit = DigitsViT.load(bundle.model_file)
    logits, fidelities = classify(vit, bundle.codes, images, how[0], tallies, how[1])
    fidelity += fidelities
    predictions = logits.argmax(axis=1)
    right = None if labels is None else float((predictions == labels).mean())
    return {"logits": logits, "predictions": predictions}, right


def classify(
    vit: DigitsViT, codes: Mapping[str, LayerCode], images: NDArray[Any], backend: str,
    tallies: Tallies, readout: backends.ReadoutKind = "host",
) -> tuple[NDArray[Any], list[HeadFidelity]]:
    """Logits of images with all attention in spikes, and each head's fidelity on the way.

    ``tallies`` counts what each layer does.
    """
    fidelity: list[HeadFidelity] = []
    names = list(codes)

    def attend(
        layer: int, q: NDArray[Any], k: NDArray[Any], v: NDArray[Any]
    ) -> NDArray[Any]:
        code = codes[names[layer]]
        scaled = q / np.sqrt(q.shape[-1])
        mask = np.ones((len(q), q.shape[2], k.shape[2]), bool)
        spiking = SpikingLayer(code, backend, tallies[names[layer]], readout)
        run = spiking.run(spiking.encode(scaled, k, v, mask), times=True)
        samples = [Sample(scaled[i], k[i], v[i], mask[i]) for i in range(len(q))]
        fidelity.extend(measure_fidelity(names[layer], code, samples, run.split()))
        return code.decode(run)

    return vit.logits(images, attend), fidelity


def _check_names(arrays: Mapping[str, object], bundle: Bundle, where: object = "inputs") -> None:
    parts = [f"{part}.{i}" for i in range(len(bundle.codes)) for part in (*_PARTS, *_MORE)]
    check_names(arrays, ("images", "labels") if "images" in arrays else parts, where)


def samples_of(bundle: Bundle, arrays: Mapping[str, NDArray[Any]]) -> dict[str, Sample]:
    """Samples of a bundle's layers from arrays by name.

    Raises
    ------
    CalibrationError
        If an array is missing or does not fit its layer.
    """
    _check_names(arrays, bundle)
    samples = {}
    for i, (name, code) in enumerate(bundle.codes.items()):
        if any(f"{part}.{i}" in arrays for part in (*_PARTS, *_MORE)):
            _check_takes_bias(code, arrays, i, name)
            samples[name] = _sample(arrays, i, name, bundle.causal)
            check_fits(samples[name], code, name)
    if not samples:
        raise CalibrationError("there are no inputs",
                               expected="images, or queries.0, keys.0, values.0, …")
    return samples


def _sample(
    arrays: Mapping[str, NDArray[Any]], i: int, name: str, causal: bool
) -> Sample:
    """One layer's sample; without a mask everyone sees everything, or what came before."""
    missing = [f"{part}.{i}" for part in _PARTS if f"{part}.{i}" not in arrays]
    if missing:
        raise CalibrationError("an input array is missing", where=name, expected=missing[0])
    q, k, v = (_numbers(arrays[f"{part}.{i}"], name).astype(np.float64) for part in _PARTS)
    if q.ndim != 3 or k.ndim != 3:
        raise CalibrationError("inputs have the wrong shape", where=name,
                               found=f"{q.shape}, {k.shape}", expected="(heads, tokens, size)")
    given = arrays.get(f"mask.{i}")
    mask = visible(q.shape[1], k.shape[1], causal) if given is None else _numbers(given, name)
    if not np.isin(mask, (0, 1)).all():
        raise CalibrationError("a mask holds other numbers than 0 and 1", where=name,
                               found=f"{mask.min()} to {mask.max()}")
    bias = arrays.get(f"bias.{i}")
    return Sample(q, k, v, mask.astype(bool),
                  None if bias is None else _numbers(bias, name).astype(np.float64))


def _check_takes_bias(
    code: LayerCode, arrays: Mapping[str, NDArray[Any]], i: int, name: str
) -> None:
    if np.any(arrays.get(f"bias.{i}", 0)) and not any(head.bias_limit for head in code.heads):
        raise CalibrationError("the layer takes no bias", where=name, found=f"bias.{i}",
                               hint="it was calibrated on data that had none")


def _numbers(given: object, where: str) -> NDArray[Any]:
    array = np.asarray(given)
    if array.dtype.kind not in "biuf":
        raise CalibrationError("an array must hold real numbers", where=where, found=array.dtype)
    return array


def save_report(
    report: SimulationReport | MemoriesSimulation, target: str | os.PathLike[str], *,
    force: bool = False,
) -> Path:
    """Write ``outputs.npz`` and ``summary.json``, whole or not at all.

    Raises
    ------
    OutputExistsError, WriteError
    """
    with atomic_folder(target, ours=FOLDER, force=force) as folder:
        packed = io.BytesIO()  # zipfile would complain on its own if the disk were full
        np.savez_compressed(packed, **dict(report.outputs))
        (folder / OUTPUTS).write_bytes(packed.getbuffer())
        (folder / SUMMARY).write_text(to_json(FOLDER.mark() | report.as_dict()), "utf-8")
    return Path(target)
