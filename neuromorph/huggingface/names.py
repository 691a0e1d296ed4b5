"""Names of attention calls: a module's, and for a second call in one run of it a number behind."""

from __future__ import annotations

from typing import Any

ROOT = "(model)"
"""What a model's own name is, which has none."""


def module_of(layer: str) -> str:
    """The module that a layer's calls come from, as torch names it."""
    name = layer.partition("#")[0]
    return "" if name == ROOT else name


def names_of(model: Any) -> dict[Any, tuple[str, ...]]:
    """All names of each module, of which those that are shared have several."""
    found: dict[Any, tuple[str, ...]] = {}
    for name, module in model.named_modules(remove_duplicate=False):
        found[module] = (*found.get(module, ()), name)
    return found
