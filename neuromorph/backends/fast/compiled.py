"""Compile with Numba, and keep what was compiled where there is a place to keep it."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from pathlib import Path
from types import FunctionType
from typing import Any

from numba import config, njit

from neuromorph.errors import BackendError

HERE = Path(__file__).parent
MARK = HERE / "__pycache__" / "compiled-from"
CONSTANTS = ("network/model.py", "learning/arithmetic.py",
             "learning/terms.py")
"""Files outside of this folder whose constants go into compiled code."""

KERNELS = ("neurons", "numerics")
"""Folders whose functions do."""


def require_compiler() -> None:
    """Refuse to be interpreted: ten thousand times slower, and without Numba's records.

    Raises
    ------
    BackendError
    """
    if config.DISABLE_JIT:
        raise BackendError("the backend fast is compiled, and Numba's compiler is switched off",
                           found=f"NUMBA_DISABLE_JIT={config.DISABLE_JIT}",
                           hint="unset NUMBA_DISABLE_JIT, or choose the backend reference")


def digest_of(paths: Iterable[Path]) -> str:
    """Of what is in some files."""
    return hashlib.sha256(b"".join(path.read_bytes() for path in paths)).hexdigest()


def _sources() -> list[Path]:
    """All files that go into compiled code."""
    house = HERE.parents[1]
    sources = [*sorted(HERE.rglob("*.py")), *(house / name for name in CONSTANTS),
               *(path for folder in KERNELS for path in sorted((house / folder).glob("*.py")))]
    return sources


def forget_stale() -> None:
    """Remove compiled code of our folder that was made from other sources: nothing loads it."""
    with suppress(OSError):  # a folder that cannot be written
        if MARK.exists() and MARK.read_text() == DIGEST:
            return
        for kept in HERE.rglob("__pycache__/*.nb[ic]"):
            kept.unlink()
        MARK.parent.mkdir(exist_ok=True)
        MARK.write_text(DIGEST)


def _digest() -> str:
    try:
        return digest_of(_sources())
    except OSError:  # installed without sources: what is compiled cannot become stale
        return "without-sources"


DIGEST = _digest()
"""Part of the name of all that is compiled: Numba looks at the file of the function that it loads,
and not at those of the functions and constants that were compiled into it."""


def compiled(
    function: Callable[..., Any] | None = None, /, *, name: str | None = None,
    given: Mapping[str, Any] | None = None, signature: Any = None,
    by: Callable[..., Any] = njit, cache: bool = True, **options: Any,
) -> Any:
    """``numba.njit`` with a cache on disk; without one where no folder can be written.

    ``name`` tells apart what is compiled more than once from one function: the cache knows a
    function by its name and line, and not by its options, and would load one for the other.
    ``given`` are globals that it has besides its own; the name must tell those apart as well.
    With a ``signature`` it is compiled, or loaded, at once; ``by`` may then be ``numba.cfunc``.
    """
    if function is None:
        return lambda late: compiled(late, name=name, given=given, signature=signature, by=by,
                                     cache=cache, **options)
    named = f"{name or function.__name__}_{DIGEST[:12]}"
    own = function.__globals__ if given is None else {**function.__globals__, **given}
    function = FunctionType(function.__code__, own, named, function.__defaults__,
                            function.__closure__)
    function.__qualname__ = named
    try:
        return by(signature, cache=cache, **options)(function)
    except RuntimeError:  # numba found nowhere to keep its cache
        return by(signature, **options)(function)


def inner(function: Callable[..., Any]) -> Any:
    """Compiled, for other compiled code only: what Python would call it by is left out."""
    return compiled(function, no_cpython_wrapper=True, no_cfunc_wrapper=True)


require_compiler()
forget_stale()
