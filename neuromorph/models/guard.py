"""What both doors look for before anybody reads a weight: tensors that nobody would apply.

A loader takes the tensors that it knows and lets the others lie. What it leaves may change what
the rest means: a scale, a table of relative positions, a norm of queries or keys.
"""

from __future__ import annotations

import math
import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import NoReturn

from neuromorph.errors import ModelStructureError, TensorError
from neuromorph.files.dtypes import DTYPES
from neuromorph.files.tensor_names import shown
from neuromorph.models.config import Config
from neuromorph.models.families.base import Family
from neuromorph.models.families.build import check_float
from neuromorph.models.families.locate import Located, locate
from neuromorph.models.source import TensorSource

_QUANTISED = ("quantization_config", "compression_config")
_ELSEWHERE = ("transformers_weights", "configuration_files")
"""Fields that send transformers to files other than those that were looked at."""

_SCALE = re.compile(
    r"(^|\.)((weight|input|output|act|activation|q|k|v|kv|prob)_scales?(_inv|_2)?|scale_inv|scales"
    r"|SCB|weight_format|(weight_|input_)?zero_points?|g_idx|weight_packed|qweight|qzeros"
    r"|_?amax|(nested_)?(absmax|quant_map)|quant_state(\..*)?|weights_scaling_factor)$")

_REPEATED = re.compile(r"(layers?|blocks?|experts|groups|stages|depths?)$")
_REPEATED_FREE = 1000
_SIZE = re.compile(r"(_size|_dim|_heads?|embd|inner|width|positions|position_embeddings|d_model"
                   r"|d_ff|d_kv)$")
_SIZE_FREE = 1 << 24
"""A size may be as large without any tensor behind it: positions that are turned, not stored."""

_BUFFERS = re.compile(r"(^|\.)(position_ids|token_type_ids|inv_freq|original_inv_freq|masked_bias"
                      r"|num_batches_tracked|relative_position_index)$")
_POSITIONS = re.compile(r"(^|[._])(alibi|relative|slopes)([._]|$)")
"""Tensors that change who looks where from outside the attention's own modules."""

_HEADS = re.compile(
    r"(^|_)(heads?|cls|classifiers?|score|pooler|predictions?|pred_layer|lm_loss|logits|logit_scale"
    r"|logits_bias|logits_proj|projections?|projector|proj|outputs?|embed_out|decoder|generator"
    r"|mtp|linear|dense|vocab_\w+|summary)$")
"""Last words of modules that stand after a model's trunk, for a task that nobody asks of it."""


def check_model(source: TensorSource, config: Config) -> None:
    """Refuse what neither door reads rightly, whatever the family.

    Raises
    ------
    ModelStructureError
        If the configuration says that the weights are quantised or elsewhere, or asks for more
        than the file could hold, or a scale is in the file.
    TensorError
        If a weight holds codes and not numbers.
    """
    _check_fields(config)
    for name in source.names:
        if _SCALE.search(name):
            raise ModelStructureError("a scale is in the file that is not applied",
                                      where=source.path, found=shown(name),
                                      expected="float weights",
                                      hint="export from the model's float weights")
    for name in source.names:
        _check_dtype(name, source)
    _check_counts(source, config)


def check_attention(
    family: Family, config: Config, names: Iterable[str], where: object
) -> list[Located]:
    """The attention tensors of every layer, when all of them have a meaning and an owner.

    Raises
    ------
    ModelStructureError
    """
    names = tuple(names)
    _check_positions(config)
    check_no_positions(names, where)
    located = locate(family, names, where)
    expected = family.layer_count(config)
    if len(located) != expected:
        raise ModelStructureError("the number of attention layers is not what the configuration "
                                  "says", where=where, found=len(located), expected=expected)
    biases = [name for layer in located for (_, leaf), name in layer.tensors.items()
              if leaf == "bias"]
    if biases and family.biases(config) is False:
        raise ModelStructureError("the file has a bias that the configuration denies", where=where,
                                  found=shown(biases[0]),
                                  hint="attention_bias or qkv_bias, or the type of the model, is "
                                  "not that of these weights")
    return located


def check_no_positions(names: Iterable[str], where: object) -> None:
    """Refuse tensors of positions that change who looks where.

    Raises
    ------
    ModelStructureError
    """
    for name in names:
        if _POSITIONS.search(name) and not _BUFFERS.search(name):
            raise ModelStructureError("the file has positions that this family does not apply",
                                      where=where, found=shown(name))


def check_unused(
    unused: Iterable[str], modules: Collection[str], prefix: str, dtypes: Mapping[str, str],
    where: object,
) -> None:
    """Refuse tensors that a loader left out, unless they are known to be harmless.

    Parameters
    ----------
    unused : iterable of str
        Names that the loader had no place for.
    modules : collection of str
        Names of the model's modules.
    prefix : str
        What may stand before a module's name in the file.
    dtypes : mapping of str to str
        Dtypes of the file's tensors.

    Raises
    ------
    ModelStructureError
    """
    for name in sorted(unused):
        path = name.removeprefix(f"{prefix}.").split(".")
        if is_buffer(name, dtypes.get(name, "")):
            continue
        if any(".".join(path[:n]) in modules for n in range(1, len(path))):
            raise ModelStructureError("the model would run without a tensor that is in the file",
                                      where=where, found=shown(name),
                                      hint="the weights are of another kind of model than the "
                                      "configuration says")
        if not _HEADS.search(path[0]):
            raise ModelStructureError("the file has a tensor that the model has no place for",
                                      where=where, found=shown(name),
                                      hint="if the model is right without it, save it again with "
                                      "AutoModel.from_pretrained and save_pretrained")


def is_buffer(name: str, dtype: str) -> bool:
    """Whether a tensor is a counter, or a mask that old versions saved."""
    return bool(_BUFFERS.search(name)) or dtype in ("BOOL", "U8")


def _check_fields(config: Config) -> None:
    for path, value in _fields(config.fields):
        key = path.rpartition(".")[2]
        if value and key in _QUANTISED:
            method = value.get("quant_method") if isinstance(value, dict) else None
            raise ModelStructureError("the weights are quantised", where=config.where,
                                      found=method if isinstance(method, str) else path,
                                      expected="float weights",
                                      hint="export from the model's float weights")
        if "_implementation" in path and isinstance(value, str) and "/" in value:
            raise ModelStructureError(f"the configuration asks for code from elsewhere, in {path}",
                                      where=config.where, found=value,
                                      hint="take the field out of the configuration")
        if value and key in _ELSEWHERE:
            raise ModelStructureError(f"the configuration names other files, in {path}",
                                      where=config.where, found=repr(value)[:100],
                                      expected="model.safetensors or its index, and config.json")


def _check_dtype(name: str, source: TensorSource) -> None:
    dtype = source.info(name).dtype
    if dtype.startswith("F") and DTYPES[dtype].bits <= 8:
        raise TensorError(f"tensor {shown(name)} holds codes of {dtype}, which need their scales",
                          where=source.path, expected="F32, F16 or BF16",
                          hint="export from the model's float weights")
    if name.endswith("weight"):
        check_float(source, name)


def _check_counts(source: TensorSource, config: Config) -> None:
    """Numbers of the configuration that no model with these tensors can have."""
    tensors = len(source.names)
    numbers = sum(math.prod(source.info(name).shape) for name in source.names)
    for path, value in _fields(config.fields):
        key = path.rpartition(".")[2]
        found = max((n for n in (value if isinstance(value, list) else [value])
                     if type(n) is int), default=0)
        if _REPEATED.search(key) and found > max(tensors, _REPEATED_FREE):
            _refuse_count(path, found, f"no more than the file's {tensors} tensors", config)
        if _SIZE.search(key) and found > max(numbers, _SIZE_FREE):
            _refuse_count(path, found, f"no more than the file's {numbers} numbers", config)


def _refuse_count(path: str, found: int, expected: str, config: Config) -> NoReturn:
    raise ModelStructureError(f"{path} is more than the file can hold", where=config.where,
                              found=found, expected=expected)


def _fields(fields: Mapping[str, object]) -> Iterator[tuple[str, object]]:
    """Every field, those of objects within objects too, by its path."""
    waiting: list[tuple[str, object]] = list(fields.items())
    while waiting:
        path, value = waiting.pop()
        yield path, value
        if isinstance(value, dict):
            waiting += [(f"{path}.{key}", inner) for key, inner in value.items()]


def _check_positions(config: Config) -> None:
    """Relative positions add a term to every logit that the projections do not know of."""
    kind = config.text("position_embedding_type", default="absolute")
    if kind != "absolute":
        raise ModelStructureError("relative positions inside the attention are not supported",
                                  where=config.where, found=kind, expected="absolute")
