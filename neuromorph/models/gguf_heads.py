"""Attention heads of a ``.gguf`` file, read without torch.

llama.cpp turns queries and keys of a ``llama`` in pairs of neighbours, and its files have their
rows in that order. Here halves are turned, so the rows are put back::

    pairs   (x[2i], x[2i + 1])   ->   halves   (x[i], x[i + d/2])
"""

from __future__ import annotations

import re
from contextlib import closing
from dataclasses import dataclass
from typing import NoReturn

import numpy as np

from neuromorph.errors import ModelStructureError, UsageError
from neuromorph.files.gguf_file import GgufFile
from neuromorph.files.opening import StrPath
from neuromorph.files.tensor_names import shown
from neuromorph.models.config import Config
from neuromorph.models.families.base import ROLES
from neuromorph.models.gguf_guard import check_gguf
from neuromorph.models.head_checks import (
    check_bias_shape,
    check_heads,
    check_weight_shape,
    size_of_heads,
)
from neuromorph.models.heads import AttentionLayer, AttentionModel
from neuromorph.models.own.naming import Naming
from neuromorph.models.rotary import FloatArray, LinearScaling, Rotary
from neuromorph.models.source import digests

SUFFIX = ".gguf"


@dataclass(frozen=True)
class _Kind:
    """What an architecture does that its file does not say."""

    causal: bool
    turned: str = ""
    """``pairs`` or ``halves`` of a head, or not at all."""

    fused: bool = False


_KINDS = {"llama": _Kind(causal=True, turned="pairs"), "qwen2": _Kind(causal=True, turned="halves"),
          "gpt2": _Kind(causal=True, fused=True), "bert": _Kind(causal=False)}

_FIELDS = re.compile(r"(attention|rope|attn)[._]")
"""Fields that may change attention."""

_KNOWN = frozenset({
    "attention.head_count", "attention.head_count_kv", "attention.key_length",
    "attention.value_length", "attention.layer_norm_rms_epsilon", "attention.layer_norm_epsilon",
    "attention.causal", "attention.scale", "attention.sliding_window", "rope.freq_base",
    "rope.dimension_count", "rope.scaling.type", "rope.scaling.factor"})

_TENSOR = re.compile(r"blk\.(?P<layer>0|[1-9]\d{0,4})\.attn_(?P<part>\w+)(?P<rest>.*)")
_BESIDE = ("output", "norm", "output_norm")
_TEXT = "give text to calibrate on (.txt): transformers then reads the file, with the extra hf"


@dataclass(frozen=True)
class _Plan:
    width: int
    heads: int
    kv_heads: int
    size: int
    value_size: int
    rotary: Rotary | None
    scale: float | None

    def rows(self, role: str) -> int:
        return {"query": self.heads * self.size, "key": self.kv_heads * self.size,
                "value": self.kv_heads * self.value_size}[role]


def gguf_model(path: StrPath, naming: Naming | None = None) -> AttentionModel:
    """The attention heads of a ``.gguf`` file of a llama, Qwen2, GPT-2 or BERT.

    Raises
    ------
    InputError
        For every other architecture, for a field or tensor that may change attention and is not
        known here, and for tensors of types that are not read.
    """
    if naming is not None:
        raise UsageError("a GGUF file says itself what its tensors are", where=path,
                         hint="leave out --map, --heads and what belongs to them")
    with closing(GgufFile(path)) as file:
        check_gguf(file)
        name = str(file.metadata["general.architecture"])
        if name not in _KINDS:
            raise ModelStructureError("models of this architecture are not read without torch",
                                      where=file.path, found=name[:40],
                                      expected=", ".join(sorted(_KINDS)), hint=_TEXT)
        kind, config = _KINDS[name], _config(file, name)
        plan = _plan(config, kind)
        located = _located(file, kind, config.count("block_count"))
        layers = tuple(_layer(file, number, tensors, plan, kind)
                       for number, tensors in enumerate(located))
        used = sorted(name for tensors in located for name in tensors.values())
        return AttentionModel(
            f"{name}, GGUF", layers, kind.causal,
            {"files": digests(file.files),
             "tensors": {one: {"dtype": file.tensors[one].dtype,
                               "shape": list(file.tensors[one].shape)} for one in used}},
            positions=config.count("context_length") if config.has("context_length") else None)


def _config(file: GgufFile, architecture: str) -> Config:
    """The fields of the architecture by their own names, each of which must be known."""
    own = {name.removeprefix(f"{architecture}."): name for name in file.metadata
           if name.startswith(f"{architecture}.")}
    for name, full in own.items():
        if _FIELDS.match(name) and (name not in _KNOWN or full in file.lists):
            raise ModelStructureError("a field may change attention and is not known here",
                                      where=file.path, found=shown(full), hint=_TEXT)
    return Config({name: file.metadata[full] for name, full in own.items()}, file.path)


def _plan(config: Config, kind: _Kind) -> _Plan:
    width, heads = config.count("embedding_length"), config.count("attention.head_count")
    kv_heads = config.count("attention.head_count_kv", default=heads)
    check_heads(heads, kv_heads, config.where)
    size = (config.count("attention.key_length") if config.has("attention.key_length")
            else size_of_heads(width, heads, config.where))
    if config.flag("attention.causal", default=kind.causal) != kind.causal:
        _refuse("attention.causal is not what such models do", config, "attention.causal")
    if config.has("attention.sliding_window") and config.count(
            "attention.sliding_window", low=0) not in (0, config.fields.get("context_length")):
        _refuse("a window of attention is not read from such files", config,
                "attention.sliding_window")
    scale = (config.number("attention.scale", low=1e-9) if config.has("attention.scale")
             else None)
    return _Plan(width, heads, kv_heads, size, config.count("attention.value_length", default=size),
                 _rotary(config, size) if kind.turned else None, scale)


def _rotary(config: Config, size: int) -> Rotary:
    if config.count("rope.dimension_count", default=size) != size:
        _refuse("rotary positions on a part of each head are not supported", config,
                "rope.dimension_count")
    scaling = config.text("rope.scaling.type", default="none")
    if scaling not in ("none", "linear"):
        _refuse("this scaling of rotary positions is not supported", config, "rope.scaling.type")
    return Rotary(config.number("rope.freq_base", default=10000.0, low=1),
                  LinearScaling(config.number("rope.scaling.factor", low=1, high=1e6))
                  if scaling == "linear" else None)


def _refuse(what: str, config: Config, name: str) -> NoReturn:
    raise ModelStructureError(what, where=f"{config.where}: {name}", found=config.fields[name],
                              hint=_TEXT)


_Located = dict[tuple[str, str], str]


def _located(file: GgufFile, kind: _Kind, count: int) -> list[_Located]:
    """Names by role and leaf, of every layer."""
    parts = {"qkv": "fused"} if kind.fused else {"q": "query", "k": "key", "v": "value"}
    layers: list[_Located] = [{} for _ in range(count)]
    for name in file.tensors:
        match = _TENSOR.fullmatch(name)
        if match is None or match["part"] in _BESIDE:
            continue
        leaf, number = match["rest"].removeprefix("."), int(match["layer"])
        if match["part"] not in parts or leaf not in ("weight", "bias") or number >= count:
            raise ModelStructureError("the attention has a tensor with a meaning that is not known "
                                      "here", where=file.path, found=shown(name), hint=_TEXT)
        layers[number][parts[match["part"]], leaf] = name
    for number, layer in enumerate(layers):
        for part, role in parts.items():
            if (role, "weight") not in layer:
                raise ModelStructureError(f"layer {number} has no {role} projection",
                                          where=file.path,
                                          expected=f"blk.{number}.attn_{part}.weight")
    return layers


def _layer(
    file: GgufFile, number: int, tensors: _Located, plan: _Plan, kind: _Kind
) -> AttentionLayer:
    everything = sum(map(plan.rows, ROLES))
    for (role, leaf), name in tensors.items():
        shape, where = file.tensors[name].shape, f"{file.path}: {shown(name)}"
        rows = everything if role == "fused" else plan.rows(role)
        if leaf == "weight":
            check_weight_shape(role, shape, rows, plan.width, where)
        else:
            check_bias_shape(shape, rows, where)
    arrays = {key: file.read(name) for key, name in tensors.items()}
    if kind.fused:
        arrays = _apart(arrays, plan)
    if kind.turned == "pairs":
        arrays = {(role, leaf): array if role == "value" else _halves(array, plan.size)
                  for (role, leaf), array in arrays.items()}
    return AttentionLayer(
        name=f"blk.{number}", heads=plan.heads, kv_heads=plan.kv_heads, head_size=plan.size,
        value_size=plan.value_size, query_weight=arrays["query", "weight"],
        key_weight=arrays["key", "weight"], value_weight=arrays["value", "weight"],
        query_bias=arrays.get(("query", "bias")), key_bias=arrays.get(("key", "bias")),
        value_bias=arrays.get(("value", "bias")), rotary=plan.rotary, scale=plan.scale)


def _apart(fused: dict[tuple[str, str], FloatArray], plan: _Plan) -> dict[tuple[str, str],
                                                                          FloatArray]:
    """Queries, then keys, then values."""
    ends = np.cumsum([plan.rows(role) for role in ROLES])[:-1]
    return {(role, leaf): np.ascontiguousarray(part) for (_, leaf), array in fused.items()
            for role, part in zip(ROLES, np.split(array, ends), strict=True)}


def _halves(array: FloatArray, size: int) -> FloatArray:
    """Rows of heads from pairs of neighbours to halves."""
    heads = array.reshape(-1, size // 2, 2, *array.shape[1:])
    return np.ascontiguousarray(heads.swapaxes(1, 2).reshape(array.shape))
