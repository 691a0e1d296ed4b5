"""Inspect: what a bundle or a model holds, as plain values."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

from neuromorph.bundle import is_bundle, load_bundle, memories
from neuromorph.bundle.bundle import NETWORK
from neuromorph.bundle.manifest import kind_said
from neuromorph.bundle.whole import load_whole
from neuromorph.bundle.whole.bundle import KIND
from neuromorph.circuits.gated_delta import PERIOD
from neuromorph.errors import BundleError
from neuromorph.files.opening import RegularFile
from neuromorph.models import open_model


def describe(path: str | os.PathLike[str]) -> dict[str, Any]:
    """What a bundle (a folder with a manifest) or a model file holds.

    Raises
    ------
    NeuromorphError
        If it cannot be read.
    """
    place = Path(path)
    if not is_bundle(place):
        return _describe_model(place)
    describing: dict[str | None, Callable[[Path], dict[str, Any]]] = {
        None: _describe_bundle, KIND: _describe_whole, memories.KIND: _describe_memories}
    return describing.get(kind_said(place), _describe_bundle)(place)


def network_text(path: str | os.PathLike[str]) -> str:
    """The text form of every circuit of a bundle.

    Raises
    ------
    MissingFileError, BundleError
    """
    load: Callable[[str | os.PathLike[str]], object] = (
        memories.load_memories if kind_said(path) == memories.KIND else load_bundle)
    load(path)
    where = Path(path) / NETWORK
    try:
        with RegularFile(where) as file:
            return file.read(0, file.size).decode()
    except UnicodeDecodeError as error:
        raise BundleError("the text of the network is not UTF-8", where=where,
                          found=f"{error.reason} at byte {error.start}",
                          hint="export the model again") from error


def _describe_bundle(path: Path) -> dict[str, Any]:
    bundle = load_bundle(path)
    layers = [
        {"layer": name, "heads": len(code.heads), "kv_heads": len(code.key_scale),
         "key_size": code.shared.key_size, "value_size": code.shared.value_size,
         "slots": code.shared.slots, "steps": [head.period for head in code.heads]}
        for name, code in bundle.codes.items()]
    return {"kind": "bundle", "path": str(path), "family": bundle.family,
            "causal": bundle.causal, "holds_model": bundle.model is not None,
            "options": dict(bundle.options), "provenance": dict(bundle.provenance),
            "layers": layers, "warnings": [str(caution) for caution in bundle.cautions]}


def _describe_whole(path: Path) -> dict[str, Any]:
    bundle = load_whole(path)
    model = bundle.model
    layers = [
        {"layer": f"blocks.{n}", "heads": len(block.heads), "kv_heads": block.groups,
         "key_size": block.size, "value_size": block.heads[0].value_size, "slots": block.slots,
         "steps": [block.period]}
        for n, block in enumerate(model.blocks)]
    return {"kind": "whole bundle", "path": str(path), **bundle.report(),
            "options": dict(bundle.options), "provenance": dict(bundle.provenance),
            "layers": layers, "warnings": [str(caution) for caution in bundle.cautions]}


def _describe_memories(path: Path) -> dict[str, Any]:
    bundle = memories.load_memories(path)
    layers = [
        {"layer": name, "heads": len(codes), "key_size": codes[0].key_turn.shape[1],
         "value_size": codes[0].numbers.value_size, "key_axons": codes[0].numbers.key_size,
         "forgets_key": codes[0].forgets_key, "rounding": codes[0].numbers.rounding,
         "steps": [PERIOD]}
        for name, codes in bundle.codes.items()]
    return {"kind": "bundle of memories", "path": str(path), "family": bundle.family,
            "causal": True, "options": dict(bundle.options),
            "provenance": dict(bundle.provenance), "layers": layers,
            "warnings": [str(caution) for caution in bundle.cautions]}


def _describe_model(path: Path) -> dict[str, Any]:
    model = open_model(path)
    layers = [
        {"layer": layer.name, "heads": layer.heads, "kv_heads": layer.kv_heads,
         "key_size": layer.head_size, "value_size": layer.value_size, "width": layer.width,
         "rotary": layer.rotary is not None}
        for layer in model.layers]
    return {"kind": "model", "path": str(path), "family": model.family, "causal": model.causal,
            "files": model.provenance.get("files", {}), "notes": list(model.notes),
            "layers": layers}
