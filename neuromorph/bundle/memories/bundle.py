"""A bundle of memories: codes of every layer's, and a sample to try them on, in one folder."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Annotated, Any, ClassVar, Literal

from numpy.typing import NDArray
from pydantic import Field
from safetensors.numpy import save

from neuromorph.bundle.bundle import CODES, NETWORK, SAMPLE, read_arrays
from neuromorph.bundle.made import Made
from neuromorph.bundle.manifest import Name, Said, entries, read_manifest, write_manifest
from neuromorph.bundle.memories.arrays import (
    code_arrays,
    in_single_precision,
    read_codes,
    read_sample,
    sample_arrays,
)
from neuromorph.circuits.gated_delta import build
from neuromorph.dynamics.gated_delta import DeltaSample
from neuromorph.errors import BundleError, escaped
from neuromorph.files.atomic import atomic_folder
from neuromorph.files.opening import StrPath
from neuromorph.files.outputs import BUNDLE, GENERATOR, MANIFEST, Output
from neuromorph.network import Network, to_text
from neuromorph.translate.delta_code import DeltaCode

KIND: Literal["memories"] = "memories"
VERSION = 1
NAMES = (MANIFEST, CODES, SAMPLE, NETWORK)
"""All that such a bundle holds."""

MEMORIES_FOLDER = Output(f"{KIND} {BUNDLE}", NAMES, MANIFEST)


class MemoriesManifest(Said):
    """What its ``manifest.toml`` says.

    Attributes
    ----------
    kind : str
        ``memories``.
    layers : list of str
        Layer names, in the order of the arrays.
    """

    version: ClassVar[int] = VERSION
    tag: ClassVar[str | None] = KIND
    command: ClassVar[str] = "neuromorph export MODEL --memories --calibrate TEXT -o DIR"

    kind: Literal["memories"]
    layers: Annotated[list[Name], Field(min_length=1)]


@dataclass(frozen=True, eq=False, repr=False)
class MemoriesBundle(Made):
    """Codes of every layer's memories, a sample to try them on, and where they came from.

    In memory it is what it would be on disk: samples are rounded to single precision.

    Attributes
    ----------
    family : str
    codes : dict of layer name to tuple of DeltaCode
        One a head.
    samples : dict of layer name to DeltaSample
        The first tokens of one real sequence, arrays of shape (heads, tokens, …).
    options, provenance : dict
        Plain values, as the manifest holds them.
    path : Path, optional
        Where it was saved to or loaded from.
    """

    family: str
    codes: Mapping[str, tuple[DeltaCode, ...]]
    samples: Mapping[str, DeltaSample]
    options: Mapping[str, Any] = field(default_factory=dict)
    provenance: Mapping[str, Any] = field(default_factory=dict)
    path: Path | None = None

    def __post_init__(self) -> None:
        super().__post_init__()
        object.__setattr__(self, "samples", {
            name: in_single_precision(sample) for name, sample in self.samples.items()})

    def networks(self) -> dict[str, Network]:
        """The circuit of every memory, by layer and head."""
        return {f"{name}.{h}": build(code.numbers) for name, codes in self.codes.items()
                for h, code in enumerate(codes)}


def save_memories(bundle: MemoriesBundle, target: StrPath, *, force: bool = False) -> Path:
    """Write a bundle, whole or not at all; equal bundles give equal bytes.

    Raises
    ------
    OutputExistsError, WriteError
    """
    with atomic_folder(target, ours=MEMORIES_FOLDER, force=force) as folder:
        codes: dict[str, NDArray[Any]] = {}
        samples: dict[str, NDArray[Any]] = {}
        for i, (name, own) in enumerate(bundle.codes.items()):
            codes |= code_arrays(i, own)
            samples |= sample_arrays(i, bundle.samples[name])
        (folder / CODES).write_bytes(save(codes))
        (folder / SAMPLE).write_bytes(save(samples))
        (folder / NETWORK).write_text(_network_text(bundle), "utf-8")
        write_manifest(folder, MemoriesManifest(
            schema_version=VERSION, generator=GENERATOR, kind=KIND, family=bundle.family,
            layers=list(bundle.codes), options=dict(bundle.options),
            provenance=dict(bundle.provenance), files=entries(folder)))
    return Path(target)


def load_memories(source: StrPath) -> MemoriesBundle:
    """Read a bundle and check every file, shape and integer range of it.

    Raises
    ------
    MissingFileError, BundleError, TensorError
    """
    path = Path(os.fspath(source))
    manifest = read_manifest(path, (CODES, SAMPLE, NETWORK), (), MemoriesManifest)
    if len(set(manifest.layers)) < len(manifest.layers):
        raise BundleError("the manifest names a layer twice", where=path / MANIFEST,
                          found=next(n for n in manifest.layers if manifest.layers.count(n) > 1))
    stored, sampled = read_arrays(path / CODES), read_arrays(path / SAMPLE)
    codes, samples = {}, {}
    for i, name in enumerate(manifest.layers):
        codes[name] = read_codes(stored, i, str(path / CODES))
        samples[name] = read_sample(sampled, i, codes[name], str(path / SAMPLE))
    return MemoriesBundle(manifest.family, codes, samples, manifest.options, manifest.provenance,
                          path)


def _network_text(bundle: MemoriesBundle) -> str:
    """The text form of every memory's circuit."""
    return "\n".join(f"# {escaped(name)}\n{to_text(replace(network, inputs=(), outputs=()))}"
                     for name, network in bundle.networks().items())
