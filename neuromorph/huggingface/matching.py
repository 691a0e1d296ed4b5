"""Which module of a live model a bundle's layer belongs to."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping
from typing import Any

from neuromorph.errors import BundleError, did_you_mean
from neuromorph.huggingface.names import module_of

NEAREST = 3
"""Names that an error offers."""


def match_layers(model: Any, layers: Iterable[str], where: object) -> dict[str, str]:
    """The module of the model that each layer of a bundle stands for, by the layer's name.

    A model with a head on top names its layers with a prefix (``bert.encoder.…``) that the
    model alone has not; a bundle of the one fits the other.

    Raises
    ------
    BundleError
        If a layer of the bundle is not in the model, or one of the model not in the bundle.
    """
    modules = dict(model.named_modules(remove_duplicate=False))
    prefix = f"{getattr(model, 'base_model_prefix', '')}."
    names = list(layers)
    named = (names, [prefix + name for name in names],
             [name.removeprefix(prefix) for name in names])
    found = next((own for own in named if modules.keys() >= set(map(module_of, own))), None)
    if found is None:
        missing = next(name for name in names if module_of(name) not in modules)
        raise BundleError("the bundle was exported for another model", where=where,
                          found=f"layer {missing}", expected=f"a layer of {type(model).__name__}",
                          hint=_nearest(missing, _attention_layers(modules)))
    inside = {modules[module_of(name)] for name in found}
    kinds = {type(module) for module in inside}
    lacking = [name for name, module in modules.items()
               if type(module) in kinds and module not in inside]
    if lacking:
        raise BundleError("the bundle lacks a layer of the model", where=where,
                          found=f"{len(found)} layers", expected=f"also {lacking[0]}",
                          hint="was it exported for another model?")
    return dict(zip(names, found, strict=True))


def _attention_layers(modules: Mapping[str, Any]) -> list[str]:
    """Names of modules that call themselves attention, the innermost of those in each other."""
    named = [name for name, module in modules.items() if "Attention" in type(module).__name__]
    return [name for name in named if not any(n.startswith(f"{name}.") for n in named)]


def _nearest(name: str, names: Iterable[str]) -> str:
    return did_you_mean(name, difflib.get_close_matches(name, list(names), NEAREST, cutoff=0.0))
