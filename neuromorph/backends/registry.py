"""Which backends there are: every folder beside this file is one, imported when it is asked for."""

from __future__ import annotations

from functools import cache
from importlib import import_module
from pkgutil import iter_modules

from neuromorph.backends.interface import Backend
from neuromorph.errors import UsageError, did_you_mean

DEFAULT = "fast"
"""What runs where nobody says what shall."""

HOME = __name__.rpartition(".")[0]


@cache
def names() -> tuple[str, ...]:
    """Names of all backends, in order."""
    return tuple(sorted(found.name for found in iter_modules(import_module(HOME).__path__)
                        if found.ispkg))


@cache
def kind(name: str) -> type[Backend]:
    """The class of that name: what a backend says of itself, without one of it being made.

    Raises
    ------
    UsageError
        If there is none, with the nearest name.
    """
    if name not in names():
        raise UsageError("unknown backend", found=repr(name) if name is None else name,
                         hint=did_you_mean(str(name), names()))
    found: type[Backend] = import_module(f"{HOME}.{name}").BACKEND
    return found


def get(name: str) -> Backend:
    """The backend of that name.

    Raises
    ------
    UsageError
        If there is none, with the nearest name.
    """
    return kind(name)()
