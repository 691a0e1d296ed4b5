"""Makes Lava importable on Python 3.11 and later; none of Lava's files is touched.

Lava 0.10 uses an instance of a dataclass, ``ByteEncoder()``, as a field's default. From
3.11 on Python takes only hashable defaults, so while that one module is imported, this one
class is made hashable. Lava's results stay the same to the bit.

Lava also sets the start method of `multiprocessing` to fork for the whole program when it
is imported. Here the program's own choice is put back. Two habits of Lava remain, both
when it is used and not when it is imported: every Process adds a handler to the root
logger, and a run forks. `neuromorph.backends.lava` keeps both in a child process.
"""

from __future__ import annotations

import dataclasses
import importlib
import importlib.util
import multiprocessing
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from neuromorph.errors import BackendError, MissingExtraError

INSTALL = (
    "pip install --no-deps --ignore-requires-python lava-nc==0.10.0",
    'pip install "numpy<2.4" scipy networkx asteval',
)
"""The lines that install Lava; its metadata forbids Python 3.11 and later, where it runs."""

_VAR_MODEL = "lava.magma.compiler.var_model"
_MESSAGES = "lava.magma.runtime.message_infrastructure.multiprocessing"


def make_lava_importable() -> None:
    """Import the part of Lava that fails on Python 3.11 and later, so that the rest can follow.

    Calling it again does nothing.

    Raises
    ------
    MissingExtraError
        If Lava or something it needs is not installed; the text has the install lines.
    BackendError
        If this program has chosen a start method under which Lava cannot run.
    """
    if _VAR_MODEL in sys.modules and _MESSAGES in sys.modules:
        return
    if not _is_installed():
        raise MissingExtraError("Lava is not installed", hint=_how_to_install())
    try:
        with _start_method_kept(), _byte_encoder_hashable():
            importlib.import_module(_VAR_MODEL)
            importlib.import_module(_MESSAGES)
    except ImportError as error:
        raise MissingExtraError(f"Lava cannot be imported: {error}",
                                hint=_how_to_install()) from error


def _is_installed() -> bool:
    try:
        return importlib.util.find_spec(_VAR_MODEL) is not None
    except ModuleNotFoundError:
        return False


def _how_to_install() -> str:
    return f"run {' && '.join(INSTALL)}"


@contextmanager
def _byte_encoder_hashable() -> Iterator[None]:
    """While inside, a dataclass of Lava's named ByteEncoder becomes hashable."""
    if sys.version_info < (3, 11):
        yield
        return
    original = dataclasses.dataclass
    # mypy takes `dataclasses.dataclass` for a constant; it is an attribute like any other.
    setattr(dataclasses, "dataclass", _hashing(original))  # noqa: B010
    try:
        yield
    finally:
        setattr(dataclasses, "dataclass", original)  # noqa: B010


def _hashing(original: Callable[..., Any]) -> Callable[..., Any]:
    """`dataclass`, except for the one class; any thread may meet it, so all else passes through."""

    def dataclass(cls: type | None = None, /, **options: Any) -> Any:
        if cls is None:
            return lambda decorated: dataclass(decorated, **options)
        if (cls.__module__, cls.__name__) == (_VAR_MODEL, "ByteEncoder"):
            options["unsafe_hash"] = True
        return original(cls, **options)

    return dataclass


@contextmanager
def _start_method_kept() -> Iterator[None]:
    """Let Lava set fork, which fails if a method is set already, then put back what was there."""
    before = multiprocessing.get_start_method(allow_none=True)
    if before not in (None, "fork"):
        raise BackendError("Lava runs its processes by fork, and this program has chosen another "
                           "start method", found=before, expected="fork",
                           hint="run the network with the backend 'lava', in a process of its own")
    _set_start_method(None)
    try:
        yield
    finally:
        _set_start_method(before)


def _set_start_method(method: str | None) -> None:
    multiprocessing.set_start_method(method, force=True)
