"""Find the transformers model that something else holds: a pipeline, a wrapper, a module."""

from __future__ import annotations

from typing import Any


def is_model(thing: Any) -> bool:
    """Whether this is a model whose attention transformers lets be replaced by name."""
    return hasattr(thing, "set_attn_implementation") and hasattr(thing, "config")


def path_to_model(thing: Any) -> str | None:
    """How to write the model that ``thing`` holds, after its own name; None if it holds none.

    Looks at attributes, and through the modules of torch that they are.
    """
    for name, value in [("", thing), *getattr(thing, "__dict__", {}).items()]:
        start = f".{name}" if name else ""
        if name and is_model(value):
            return start
        modules = getattr(value, "named_modules", None)
        if modules is None or isinstance(value, type):
            continue
        for inner, module in modules():
            if is_model(module):
                return start + _written(inner)
    return None


def _written(path: str) -> str:
    """A submodule's path as Python: a number in it is an index, not a name."""
    if not path:
        return ""
    plain = all(part.isidentifier() for part in path.split("."))
    return f".{path}" if plain else f".get_submodule({path!r})"
