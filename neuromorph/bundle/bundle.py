"""A bundle: the exported spiking attention of a model, in one folder."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from safetensors.numpy import save_file

from neuromorph._version import __version__
from neuromorph.bundle.atomic import atomic_folder
from neuromorph.bundle.manifest import (
    SCHEMA_VERSION,
    Manifest,
    entries,
    read_manifest,
    write_manifest,
)
from neuromorph.circuits.latency_attention import LatencyAttention, prove_ranges
from neuromorph.errors import BundleError, TensorError
from neuromorph.models import SafetensorsFile
from neuromorph.network import to_text
from neuromorph.translate import LayerCode, Sample

CODES, SAMPLE, NETWORK, MODEL = "codes.safetensors", "sample.safetensors", "network.txt", "model.safetensors"

_SCALES = ("query_scale", "key_centre", "key_scale", "value_centre", "value_scale")
_SAMPLE = ("queries", "keys", "values", "mask")
_INTEGERS = tuple(f.name for f in fields(LatencyAttention) if f.name != "spikes")


@dataclass(frozen=True, eq=False)
class Bundle:
    """Codes of every layer, a sample to try them on, and where they came from.

    Attributes
    ----------
    family : str
    causal : bool
    codes : dict of layer name to LayerCode
    samples : dict of layer name to Sample
        One real sequence through every layer.
    options, provenance : dict
        Plain values, as the manifest holds them.
    model : bytes, optional
        The model's own file, when it is small enough to travel with the bundle.
    path : Path, optional
        Where it was loaded from.
    """

    family: str
    causal: bool
    codes: Mapping[str, LayerCode]
    samples: Mapping[str, Sample]
    options: Mapping[str, Any] = field(default_factory=dict)
    provenance: Mapping[str, Any] = field(default_factory=dict)
    model: bytes | None = None
    path: Path | None = None

    @property
    def model_file(self) -> Path | None:
        """The model inside a loaded bundle, if it has one."""
        if self.path is None or not (self.path / MODEL).exists():
            return None
        return self.path / MODEL


def save_bundle(
    bundle: Bundle, target: str | os.PathLike[str], *, force: bool = False
) -> Path:
    """Write a bundle, whole or not at all; equal bundles give equal bytes.

    Raises
    ------
    OutputExistsError, WriteError
    """
    with atomic_folder(target, force=force) as folder:
        save_file(_code_tensors(bundle), folder / CODES)
        save_file(_sample_tensors(bundle), folder / SAMPLE)
        (folder / NETWORK).write_text(_network_text(bundle), "utf-8")
        if bundle.model is not None:
            (folder / MODEL).write_bytes(bundle.model)
        write_manifest(folder, Manifest(
            schema_version=SCHEMA_VERSION, generator=f"neuromorph {__version__}",
            family=bundle.family, causal=bundle.causal, layers=list(bundle.codes),
            step_nats=next(iter(bundle.codes.values())).step_nats,
            options=dict(bundle.options), provenance=dict(bundle.provenance),
            files=entries(folder)))
    return Path(target)


def load_bundle(source: str | os.PathLike[str]) -> Bundle:
    """Read a bundle and check every file, shape and integer range of it.

    Raises
    ------
    MissingFileError, BundleError, TensorError, RangeProofError
    """
    path = Path(source)
    manifest = read_manifest(path)
    spikes = manifest.options.get("spikes")
    if not manifest.layers or spikes not in ("binary", "graded"):
        raise BundleError("the manifest names no layers or no kind of spikes", where=path,
                          found=f"{len(manifest.layers)} layers, spikes = {spikes!r}")
    codes, samples = {}, {}
    with SafetensorsFile(path / CODES) as file, SafetensorsFile(path / SAMPLE) as sampled:
        for i, name in enumerate(manifest.layers):
            codes[name] = _read_code(file, i, spikes, manifest.step_nats)
            samples[name] = _read_sample(sampled, i)
    return Bundle(manifest.family, manifest.causal, codes, samples, manifest.options,
                  manifest.provenance, path=path)


def _code_tensors(bundle: Bundle) -> dict[str, NDArray[Any]]:
    tensors: dict[str, NDArray[Any]] = {}
    for i, code in enumerate(bundle.codes.values()):
        for name in _SCALES:
            tensors[f"{i}.{name}"] = np.ascontiguousarray(getattr(code, name), np.float64)
        rows = [[asdict(head)[name] for name in _INTEGERS] for head in code.heads]
        tensors[f"{i}.heads"] = np.array(rows, np.int64)
    return tensors


def _sample_tensors(bundle: Bundle) -> dict[str, NDArray[Any]]:
    tensors: dict[str, NDArray[Any]] = {}
    for i, name in enumerate(bundle.codes):
        for part in _SAMPLE:
            array = getattr(bundle.samples[name], part)
            kind = np.uint8 if part == "mask" else np.float32
            tensors[f"{i}.{part}"] = np.ascontiguousarray(array, kind)
    return tensors


def _network_text(bundle: Bundle) -> str:
    """The text form of every head's circuit over the sample's keys and values."""
    parts = []
    for name, code in bundle.codes.items():
        for h, network in enumerate(code.networks(bundle.samples[name])):
            parts.append(f"# {name}, head {h}\n{to_text(network)}")
    return "\n".join(parts)


def _read_code(file: SafetensorsFile, i: int, spikes: Any, step_nats: float) -> LayerCode:
    rows = _read(file, f"{i}.heads")
    if rows.ndim != 2 or rows.shape[1] != len(_INTEGERS) or not len(rows):
        raise TensorError("the heads have the wrong shape", where=file.file_name,
                          found=rows.shape, expected=f"(heads, {len(_INTEGERS)})")
    heads = tuple(
        prove_ranges(LatencyAttention(**dict(zip(_INTEGERS, map(int, row), strict=True)),
                                      spikes=spikes))
        for row in rows)
    scales = {name: _read(file, f"{i}.{name}").astype(np.float64) for name in _SCALES}
    for name in ("query_scale", "key_scale", "value_scale"):
        if not (scales[name] > 0).all():
            raise TensorError("a scale is not positive", where=f"{file.file_name}: {i}.{name}")
    return LayerCode(heads, **scales, step_nats=step_nats)


def _read_sample(file: SafetensorsFile, i: int) -> Sample:
    queries, keys, values, mask = (_read(file, f"{i}.{part}") for part in _SAMPLE)
    return Sample(queries, keys, values, mask.astype(bool))


def _read(file: SafetensorsFile, name: str) -> NDArray[Any]:
    if not file.holds(name):
        raise BundleError("the bundle lacks a tensor", where=file.file_name, expected=name,
                          hint="export the model again")
    return file.read(name)
