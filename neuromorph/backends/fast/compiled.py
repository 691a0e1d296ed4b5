"""Compile with Numba, and keep what was compiled where there is a place to keep it."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
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


def forget_stale() -> None:
    """Remove compiled code that was made from other sources.

    Numba looks at the file of the function it loads, not at those of the functions and
    constants that were compiled into it.
    """
    house = HERE.parents[1]
    sources = [*sorted(HERE.glob("*.py")), *(house / name for name in CONSTANTS),
               *(path for folder in KERNELS for path in sorted((house / folder).glob("*.py")))]
    with suppress(OSError):  # no sources, or a folder that cannot be written: then no cache either
        digest = hashlib.sha256(b"".join(path.read_bytes() for path in sources)).hexdigest()
        if MARK.exists() and MARK.read_text() == digest:
            return
        for kept in MARK.parent.glob("*.nb[ic]"):
            kept.unlink()
        MARK.parent.mkdir(exist_ok=True)
        MARK.write_text(digest)


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
    if name is not None:
        function = FunctionType(function.__code__, {**function.__globals__, **(given or {})}, name)
        function.__qualname__ = name
    try:
        return by(signature, cache=cache, **options)(function)
    except RuntimeError:  # numba found nowhere to keep its cache
        return by(signature, **options)(function)


require_compiler()
forget_stale()
