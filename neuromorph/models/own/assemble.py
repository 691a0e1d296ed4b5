"""A map and the tensors of a file to attention heads: every shape is checked before a byte."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable
from dataclasses import replace

from neuromorph.errors import ModelStructureError, UsageError, did_you_mean
from neuromorph.files.tensor_names import shown
from neuromorph.models.config import Config
from neuromorph.models.families.build import bias_note
from neuromorph.models.families.locate import Located
from neuromorph.models.guard import check_model, check_no_positions
from neuromorph.models.heads import AttentionModel
from neuromorph.models.own.layer import own_layer
from neuromorph.models.own.naming import OWN, WEIGHTS, Naming
from neuromorph.models.own.telling import way
from neuromorph.models.own.templates import LAYER, grouped, layers_of, name_of, odd_layers
from neuromorph.models.own.torch_order import bias_beside, documented
from neuromorph.models.source import TensorSource, provenance

_ROLES = {"q": "query", "k": "key", "v": "value", "qkv": "fused", "o": "output"}

_CHANGES = re.compile(
    r"(^|[._])((q|k|qk|query|key)\w*_?norm|norm_?(q|k|qk)|ln_?(q|k)|temperature|tau|sinks?|rel_pos\w*"
    r"|relative\w*|rpb|inv_freq|rope\w*|rotary\w*|gate_?attn|attn_?gate|lora\w*)([._]|$)")
"""Tensors that change logits or values, where they stand beside the projections of a block."""


def own_model(source: TensorSource, naming: Naming) -> AttentionModel:
    """The attention heads of a model whose tensors are called as a map says.

    Parameters
    ----------
    source : TensorSource
    naming : Naming
        Must say ``heads`` and ``causal``; without tensors in it PyTorch's documented
        ``in_proj_weight`` is looked for.

    Raises
    ------
    InputError
        If a role is missing, a tensor of the map is not there, one of the attention's tensors is
        in no role, or a shape does not fit.
    """
    check_model(source, Config({}, source.path))
    tensors = tensors_of(source, naming)
    _check_roles(tensors, source, naming)
    _check_said(naming, source)
    roles = {role: tensors[role] for role in tensors if not role.endswith("_bias")}
    numbers = _layers(roles, source, naming)
    ignored = {name_of(template, number) for template in naming.ignore for number in numbers}
    _check_not_ignored(tensors, ignored, numbers, naming)
    check_no_positions(set(source.names) - ignored, source.path)
    located = [_located(tensors, number, source, naming) for number in numbers]
    for layer in located:
        _check_rest(layer, source.names, ignored, source.path)
    layers = tuple(own_layer(source, layer, naming) for layer in located)
    notes = [note for layer in located if (note := bias_note(_read_only(layer), None)) is not None]
    if naming.rope_theta is None:
        notes.append("queries and keys are taken as they are, without rotary positions: say "
                     "--rope-theta if the model turns them")
    if naming.fused_order is not None:
        notes.append(f"rows of fused tensors are read as {naming.fused_order}, as was said: no "
                     "shape shows another order, `neuromorph record` checks it")
    return AttentionModel(OWN, layers, bool(naming.causal),
                          provenance(source, [name for layer in located
                                              for name in layer.tensors.values()]), tuple(notes))


def tensors_of(source: TensorSource, naming: Naming) -> dict[str, str]:
    """Roles of the attention to names: those of the map, or torch's documented ones."""
    return dict(naming.tensors) or documented(source.names, source.path)


def not_there(role: str, name: str, source: TensorSource, naming: Naming) -> ModelStructureError:
    """That a name of the map is none of the file's."""
    return ModelStructureError(f"no tensor is called as the map says of {role}",
                               where=f"{source.path}, {naming.where}", found=name,
                               hint=_near(name, source))


def _check_roles(tensors: Collection[str], source: TensorSource, naming: Naming) -> None:
    missing = [] if "qkv" in tensors else [role for role in ("q", "k", "v") if role not in tensors]
    if missing:
        raise ModelStructureError(
            f"no tensor is named for the role{'s' * (len(missing) > 1)} {', '.join(missing)}",
            where=f"{source.path}, {naming.where}" if naming.tensors else source.path,
            hint=way(source))


def _check_said(naming: Naming, source: TensorSource) -> None:
    """What cannot be seen in any tensor is never guessed."""
    if naming.heads is None:
        raise UsageError("a model with names of its own does not say how many heads it has",
                         where=source.path, expected="--heads N, or heads in the map")
    if naming.causal is None:
        raise UsageError("a model with names of its own does not say who sees whom",
                         where=source.path, expected="--causal or --not-causal, or causal in the "
                         "map")


def _layers(roles: dict[str, str], source: TensorSource, naming: Naming) -> list[int]:
    """Numbers of the layers, in order; each has every weight."""
    known = {role: layers_of(template, source.names) for role, template in roles.items()}
    for role, template in roles.items():
        odd = odd_layers(template, source.names)
        if odd:
            raise ModelStructureError(f"the number of a layer of {role} cannot be read",
                                      where=source.path, found=shown(odd[0]),
                                      expected="0 to 99999, without zeros in front")
        if not known[role]:
            raise not_there(role, template, source, naming)
    if len({LAYER in template for template in roles.values()}) > 1:
        raise ModelStructureError("some names of the map have {layer}, others have not",
                                  where=naming.where, found=", ".join(roles.values()))
    numbers = sorted(set().union(*known.values()))
    for number in range(numbers[0], numbers[-1] + 1):
        for role, template in roles.items():
            if number not in known[role]:
                raise ModelStructureError(f"layer {number} has no {role}", where=source.path,
                                          expected=name_of(template, number))
    return numbers


def _check_not_ignored(
    tensors: dict[str, str], ignored: Collection[str], numbers: Iterable[int], naming: Naming
) -> None:
    for number in numbers:
        for role, template in tensors.items():
            if name_of(template, number) in ignored:
                raise ModelStructureError(
                    f"a tensor is both {role} and ignored", where=naming.where,
                    found=shown(name_of(template, number)), hint="leave one of both out")


def _near(template: str, source: TensorSource) -> str:
    known = [*grouped(source.names), *source.names][:2000]
    near = did_you_mean(template, known)
    return near if near.startswith("did") else way(source)


def _located(tensors: dict[str, str], number: int, source: TensorSource,
             naming: Naming) -> Located:
    names = set(source.names)
    found: dict[tuple[str, str], str] = {}
    for role in (role for role in WEIGHTS if role in tensors):
        found[_ROLES[role], "weight"] = weight = name_of(tensors[role], number)
        said = tensors.get(f"{role}_bias")
        bias = bias_beside(weight) if said is None else name_of(said, number)
        if bias in names:
            found[_ROLES[role], "bias"] = bias
        elif said is not None:
            raise not_there(f"{role}_bias", bias, source, naming)
    twice = [name for name in found.values() if list(found.values()).count(name) > 1]
    if twice:
        raise ModelStructureError("one tensor has two roles", where=naming.where,
                                  found=twice[0])
    return Located(_module(found, number), found)


def _module(found: dict[tuple[str, str], str], number: int) -> str:
    """What the names of a layer's projections begin with, part by part."""
    weights = [name.split(".") for (role, leaf), name in found.items()
               if leaf == "weight" and role != "output"]
    shared: list[str] = []
    for parts in zip(*(name[:-1] for name in weights), strict=False):
        if len(set(parts)) > 1:
            break
        shared.append(parts[0])
    if len(weights) == 1 and weights[0][-1] == "weight":  # the projection's own module
        shared = shared[:-1]
    return ".".join(shared) or f"layer.{number}"


def _check_rest(
    layer: Located, names: Iterable[str], ignored: Collection[str], where: object
) -> None:
    """Refuse what stands beside the projections and has no role: it may change the attention."""
    taken = {*layer.tensors.values(), *ignored}
    own = not layer.module.rpartition(".")[2].isdigit()  # else a whole block, with its MLP
    for name in names:
        if name in taken or not name.startswith(f"{layer.module}."):
            continue
        if own or _CHANGES.search(name.removeprefix(f"{layer.module}.")):
            raise ModelStructureError(
                "a tensor of the attention has no role", where=where, found=shown(name),
                hint="say in the map what it is (o, o_bias, a bias), or name it under ignore if "
                "it changes neither logits nor values")


def _read_only(layer: Located) -> Located:
    """Without the output, which heads do not have."""
    return replace(layer, tensors={key: name for key, name in layer.tensors.items()
                                   if key[0] != "output"})
