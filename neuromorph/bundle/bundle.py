"""A bundle: the exported spiking attention of a model, in one folder."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from numpy.typing import NDArray
from safetensors import SafetensorError
from safetensors.numpy import load, save

from neuromorph.bundle.made import Made
from neuromorph.bundle.manifest import (
    SCHEMA_VERSION,
    Manifest,
    entries,
    read_manifest,
    write_manifest,
)
from neuromorph.bundle.tensors import (
    INTEGERS,
    code_arrays,
    columns_of,
    in_single_precision,
    known_columns,
    read_code,
    read_sample,
    sample_arrays,
)
from neuromorph.circuits.latency_attention import SpikeKind
from neuromorph.errors import BundleError, InputError, escaped
from neuromorph.files.atomic import atomic_folder
from neuromorph.files.opening import StrPath
from neuromorph.files.outputs import BUNDLE, GENERATOR, MANIFEST, Output
from neuromorph.files.safetensors_file import SafetensorsFile
from neuromorph.network import to_text
from neuromorph.shown import sentences
from neuromorph.translate import LayerCode, Sample

CODES, SAMPLE = "codes.safetensors", "sample.safetensors"
NETWORK, MODEL = "network.txt", "model.safetensors"
NAMES = (MANIFEST, CODES, SAMPLE, NETWORK, MODEL)
"""All that a bundle may hold; the model is optional."""

BUNDLE_FOLDER = Output(BUNDLE, NAMES, MANIFEST)


@dataclass(frozen=True, eq=False, repr=False)
class Bundle(Made):
    """Codes of every layer, a sample to try them on, and where they came from.

    In memory it is what it would be on disk: samples are rounded to single precision, and
    options and provenance hold what TOML can say.

    Attributes
    ----------
    family : str
    causal : bool
    codes : dict of layer name to LayerCode
    samples : dict of layer name to Sample
        One real sequence through every layer, in single precision.
    options, provenance : dict
        Plain values, as the manifest holds them.
    model : bytes, optional
        The model's own file, when it is small enough to travel with the bundle.
    path : Path, optional
        Where it was saved to or loaded from.
    """

    family: str
    causal: bool
    codes: Mapping[str, LayerCode]
    samples: Mapping[str, Sample]
    options: Mapping[str, Any] = field(default_factory=dict)
    provenance: Mapping[str, Any] = field(default_factory=dict)
    model: bytes | None = None
    path: Path | None = None

    def __post_init__(self) -> None:
        super().__post_init__()
        object.__setattr__(self, "samples", {
            name: in_single_precision(sample) for name, sample in self.samples.items()})

    def glance(self) -> dict[str, Any]:
        """What a notebook shows."""
        heads = [head for code in self.codes.values() for head in code.heads]
        return {
            "model": f"{self.family}, {'causal' if self.causal else 'not causal'}",
            "bundle": "in memory" if self.path is None else str(self.path),
            "calibrated on": self.provenance.get("calibration"),
            "spikes": ", ".join(sorted({head.spikes for head in heads})),
            "layers": [{"layer": name, "heads": len(code.heads),
                        "key-value heads": len(code.key_scale), "slots": code.shared.slots,
                        "steps a query": f"{min(h.period for h in code.heads)} to "
                                         f"{max(h.period for h in code.heads)}"}
                       for name, code in self.codes.items()],
            "holds its model": self.model is not None,
            "warnings": sentences(self.cautions)}

    @property
    def model_file(self) -> Path | None:
        """The model inside a bundle on disk, if it has one."""
        if self.path is None or self.model is None:
            return None
        return self.path / MODEL


def save_bundle(bundle: Bundle, target: StrPath, *, force: bool = False) -> Path:
    """Write a bundle, whole or not at all; equal bundles give equal bytes.

    Raises
    ------
    OutputExistsError, WriteError
    """
    with atomic_folder(target, ours=BUNDLE_FOLDER, force=force) as folder:
        columns = columns_of(bundle.codes.values())
        codes, samples = _arrays(bundle, columns)
        # One entry only: the order of several would change from run to run.
        (folder / CODES).write_bytes(save(codes, metadata={"heads": ",".join(columns)}))
        (folder / SAMPLE).write_bytes(save(samples))
        (folder / NETWORK).write_text(_network_text(bundle), "utf-8")
        if bundle.model is not None:
            (folder / MODEL).write_bytes(bundle.model)
        write_manifest(folder, Manifest(
            schema_version=SCHEMA_VERSION, generator=GENERATOR,
            family=bundle.family, causal=bundle.causal, layers=list(bundle.codes),
            step_nats=next(iter(bundle.codes.values())).step_nats,
            options=dict(bundle.options), provenance=dict(bundle.provenance),
            files=entries(folder)))
    return Path(target)


def load_bundle(source: StrPath) -> Bundle:
    """Read a bundle and check every file, shape and integer range of it.

    Raises
    ------
    MissingFileError, BundleError, TensorError, RangeProofError
    """
    path = Path(os.fspath(source))
    manifest = read_manifest(path, (CODES, SAMPLE, NETWORK), (MODEL,), Manifest)
    twice = sorted({name for name in manifest.layers if manifest.layers.count(name) > 1})
    if twice:
        raise BundleError("the manifest names a layer twice", where=path / MANIFEST, found=twice[0])
    spikes = _kind_of_spikes(manifest, path / MANIFEST)
    (stored, columns), (sampled, _) = _read(path / CODES, heads=True), _read(path / SAMPLE)
    codes, samples = {}, {}
    for i, name in enumerate(manifest.layers):
        codes[name] = read_code(stored, i, spikes, manifest.step_nats, str(path / CODES),
                                columns)
        samples[name] = read_sample(sampled, i, codes[name], str(path / SAMPLE))
    model = (path / MODEL).read_bytes() if MODEL in {e.name for e in manifest.files} else None
    return Bundle(manifest.family, manifest.causal, codes, samples, manifest.options,
                  manifest.provenance, model, path)


def _kind_of_spikes(manifest: Manifest, where: Path) -> SpikeKind:
    named = manifest.options.get("spikes")
    if named == "binary":
        return "binary"
    if named == "graded":
        return "graded"
    raise BundleError("the manifest names no kind of spikes", where=where,
                      found=f"options.spikes = {named!r}", expected="'binary' or 'graded'")


def _arrays(
    bundle: Bundle, columns: Sequence[str]
) -> tuple[dict[str, NDArray[Any]], dict[str, NDArray[Any]]]:
    codes: dict[str, NDArray[Any]] = {}
    samples: dict[str, NDArray[Any]] = {}
    for i, (name, code) in enumerate(bundle.codes.items()):
        codes |= code_arrays(i, code, columns)
        samples |= sample_arrays(i, bundle.samples[name])
    return codes, samples


def _network_text(bundle: Bundle) -> str:
    """The text form of every head's circuit over the sample's keys and values."""
    parts = []
    for name, code in bundle.codes.items():
        for h, network in enumerate(code.networks(bundle.samples[name])):
            circuit = replace(network, inputs=(), outputs=())  # ports follow from the codes
            parts.append(f"# {escaped(name)}, head {h}\n{to_text(circuit)}")
    return "\n".join(parts)


def read_arrays(path: Path) -> dict[str, NDArray[Any]]:
    """All arrays of a file, each in its own precision; the header passes our own door first.

    Raises
    ------
    BundleError
    """
    return _read(path)[0]


def _read(
    path: Path, *, heads: bool = False
) -> tuple[dict[str, NDArray[Any]], tuple[str, ...]]:
    """All arrays of a file, each in its own precision, and the columns of its heads.

    The header passes our own door first.
    """
    try:
        with SafetensorsFile(path) as file:
            named = file.metadata.get("heads", "")
        arrays: dict[str, NDArray[Any]] = load(path.read_bytes())
    except (InputError, SafetensorError, KeyError, OSError) as error:
        raise BundleError("a file of the bundle cannot be read", where=path,
                          found=getattr(error, "what", error)) from error
    columns = known_columns(named) if heads else () if not named else None
    if columns is None:
        raise BundleError("the circuits have other parameters than this version knows",
                          where=path, found=named or "none",
                          expected=",".join(INTEGERS) if heads else "none",
                          hint="export the model again")
    return arrays, columns
