"""A bundle of a whole model: everything from a prompt to text, in one folder."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any, ClassVar, Literal

from pydantic import Field
from safetensors import SafetensorError
from safetensors.numpy import save_file

from neuromorph.bundle.made import Made
from neuromorph.bundle.manifest import (
    Said,
    entries,
    read_manifest,
    valid,
    write_manifest,
)
from neuromorph.bundle.whole.arrays import arrays_of, model_of
from neuromorph.bundle.whole.numbers import Numbers
from neuromorph.bundle.whole.proved import proved
from neuromorph.bundle.whole.streams import Streams
from neuromorph.bundle.whole.text import LONGEST, Chat, Text
from neuromorph.circuits.transformer.numbers import Transformer
from neuromorph.errors import BundleError, InputError, UsageError
from neuromorph.files.atomic import atomic_folder
from neuromorph.files.mapped_file import MappedSafetensors
from neuromorph.files.opening import RegularFile, StrPath
from neuromorph.files.outputs import BUNDLE, GENERATOR, MANIFEST, Output
from neuromorph.files.strict_json import read_json

WEIGHTS, NUMBERS = "weights.safetensors", "numbers.json"
TOKENIZER, TEMPLATE = "tokenizer.json", "chat_template.jinja"
NAMES = (MANIFEST, WEIGHTS, NUMBERS, TOKENIZER, TEMPLATE)
"""All that such a bundle may hold; a model of images has no tokenizer, and few have a chat."""

KIND: Literal["whole"] = "whole"
VERSION = 1
STOPS = 64
"""Most tokens that end a text."""

WHOLE_FOLDER = Output(f"{KIND} {BUNDLE}", NAMES, MANIFEST)

TokenId = Annotated[int, Field(ge=0, lt=1 << 31)]


class WholeManifest(Said):
    """What its ``manifest.toml`` says.

    Attributes
    ----------
    kind : str
        ``whole``.
    stop : list of int
        Tokens that end a text.
    chat : Chat, optional
    """

    version: ClassVar[int] = VERSION
    tag: ClassVar[str | None] = KIND
    command: ClassVar[str] = "neuromorph export MODEL --whole --calibrate TEXT -o DIR"

    kind: Literal["whole"]
    stop: Annotated[list[TokenId], Field(max_length=STOPS)]
    chat: Chat | None = None


@dataclass(frozen=True, eq=False, repr=False)
class WholeBundle(Made):
    """A whole model in integers, what it needs for text, and where it came from.

    Attributes
    ----------
    model : Transformer
        Of a bundle on disk, weights are views of its file: memory grows with what is touched.
    family : str
    text : Text, optional
        None for a model of images.
    streams : Streams, optional
        What its hidden states stand for.
    options, provenance : dict
        Plain values, as the manifest holds them.
    path : Path, optional
        Where it was saved to or loaded from.
    """

    model: Transformer
    family: str
    text: Text | None = None
    streams: Streams | None = None
    options: Mapping[str, Any] = field(default_factory=dict)
    provenance: Mapping[str, Any] = field(default_factory=dict)
    path: Path | None = None

    def report(self) -> dict[str, Any]:
        """What it is, in plain values."""
        model = self.model
        return {"family": self.family, "causal": model.causal, "blocks": len(model.blocks),
                "width": model.width, "slots": model.slots, "positions": model.positions,
                "inputs": len(model.embedding.weights), "weights": weights_of(model),
                "tokenizer": self.text is not None,
                "chat": self.text is not None and self.text.chat is not None}


def weights_of(model: Transformer) -> int:
    """How many weights a model has."""
    layers = [getattr(block, name) for block in model.blocks
              for name in ("query", "key", "value", "output", "gate", "up", "down")]
    layers.append(model.head.dense)
    return int(model.embedding.weights.size
               + sum(layer.weights.size for layer in layers if layer is not None))


def save_whole(bundle: WholeBundle, target: StrPath, *, force: bool = False) -> Path:
    """Write a bundle, whole or not at all; equal bundles give equal bytes.

    Parameters
    ----------
    bundle : WholeBundle
    target : path
    force : bool
        Replace a bundle of the same kind that stands there.

    Raises
    ------
    RangeProofError, NetworkError
        If a sum of the model is not proved: what could not be loaded is not written.
    OutputExistsError, WriteError
    """
    proved(bundle.model)
    _check_spikes(bundle.model)
    with atomic_folder(target, ours=WHOLE_FOLDER, force=force) as folder:
        _write_numbers(bundle.model, folder / NUMBERS)
        _write_weights(bundle, folder / WEIGHTS, folder / NUMBERS)
        text = bundle.text
        if text is not None:
            (folder / TOKENIZER).write_bytes(text.tokenizer)
            if text.template is not None:
                (folder / TEMPLATE).write_bytes(text.template.encode())
        write_manifest(folder, WholeManifest(
            schema_version=VERSION, generator=GENERATOR, kind=KIND, family=bundle.family,
            options=dict(bundle.options), provenance=dict(bundle.provenance),
            stop=list(text.stop) if text else [], chat=text.chat if text else None,
            files=entries(folder)))
    return Path(target)


def load_whole(source: StrPath, *, verify: bool = True) -> WholeBundle:
    """Read a bundle, check every file, number and range of it, and prove every sum again.

    Parameters
    ----------
    source : path
    verify : bool
        Whether checksums are compared: without, a large bundle opens sooner. Numbers are checked
        and sums are proved in any case.

    Raises
    ------
    MissingFileError, BundleError, TensorError, NetworkError, RangeProofError
    """
    path = Path(os.fspath(source))
    manifest = read_manifest(path, (WEIGHTS, NUMBERS), (TOKENIZER, TEMPLATE), WholeManifest,
                             verify=verify)
    numbers = _numbers(path / NUMBERS)
    with closing(_opened(path / WEIGHTS)) as file:
        try:
            model, streams = model_of(numbers, file.view, set(file.names))
        except BundleError as error:  # of the file, which it did not know
            raise BundleError(error.what, where=file.path, found=error.found,
                              expected=error.expected, hint=error.hint) from error
        proved(model, str(path / WEIGHTS))
        file.forget()
    text = _text(path, manifest)
    _check_stops(manifest.stop, model, path / MANIFEST)
    if streams is not None and streams.scale.shape[1] != model.width:
        raise BundleError("what hidden states stand for is of another width",
                          where=path / WEIGHTS, found=streams.scale.shape[1],
                          expected=model.width)
    return WholeBundle(model, manifest.family, text, streams, manifest.options,
                       manifest.provenance, path)


def _write_numbers(model: Transformer, path: Path) -> None:
    fields = Numbers.of(model).model_dump(exclude_none=True)
    path.write_text(json.dumps(fields, indent=1) + "\n", "utf-8")


def _write_weights(bundle: WholeBundle, path: Path, beside: Path) -> None:
    """One array after the other, so that no second copy of all is made; readable as others are."""
    try:
        save_file(arrays_of(bundle.model, bundle.streams), path)
    except SafetensorError as error:  # the system's words, inside
        raise OSError(str(error)) from error
    path.chmod(beside.stat().st_mode)


def _check_spikes(model: Transformer) -> None:
    kinds = {head.spikes for block in model.blocks for head in block.heads}
    if len(kinds) != 1:
        raise UsageError("heads of a whole model send one kind of spikes", where="transformer",
                         found=", ".join(sorted(kinds)), expected="graded or binary")


def _numbers(path: Path) -> Numbers:
    try:
        fields = read_json(path)
    except InputError as error:
        raise BundleError(error.what, where=path, found=error.found, expected=error.expected,
                          hint="export the model again") from error
    return valid(Numbers, fields, path, NUMBERS)


def _opened(path: Path) -> MappedSafetensors:
    try:
        return MappedSafetensors(path)
    except InputError as error:
        raise BundleError("a file of the bundle cannot be read", where=path,
                          found=error.what) from error


def _text(path: Path, manifest: WholeManifest) -> Text | None:
    names = {entry.name for entry in manifest.files}
    if TOKENIZER not in names:
        lone = sorted(names & {TEMPLATE}) or (["stop"] if manifest.stop else []) or (
            ["chat"] if manifest.chat else [])
        if lone:
            raise BundleError("the manifest speaks of text, but there is no tokenizer",
                              where=path / MANIFEST, found=lone[0], expected=TOKENIZER)
        return None
    template = _read(path / TEMPLATE, LONGEST) if TEMPLATE in names else None
    try:
        decoded = None if template is None else template.decode()
    except UnicodeDecodeError as error:
        raise BundleError("the chat template is not UTF-8", where=path / TEMPLATE,
                          found=f"{error.reason} at byte {error.start}") from error
    return Text(_read(path / TOKENIZER, TOKENIZER_LIMIT), tuple(manifest.stop), manifest.chat,
                decoded)


TOKENIZER_LIMIT = 1 << 27
"""Bytes of a tokenizer; those of the largest vocabularies have some 2^25."""


def _read(path: Path, limit: int) -> bytes:
    with RegularFile(path) as file:
        if file.size > limit:
            raise BundleError("a file of the bundle is too large", where=path,
                              found=f"{file.size} bytes", expected=f"at most {limit}")
        return bytes(file.read(0, file.size))


def _check_stops(stop: list[int], model: Transformer, where: Path) -> None:
    known = len(model.embedding.weights)
    if stop and max(stop) >= known:
        raise BundleError("a token that ends a text is none of the model's", where=where,
                          found=max(stop), expected=f"below {known}")
