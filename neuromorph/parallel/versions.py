"""What a result's last bit may depend on besides its inputs: versions, and the processor."""

from __future__ import annotations

import hashlib
import platform
import sys
from collections.abc import Mapping
from functools import lru_cache
from importlib import metadata
from pathlib import Path

from neuromorph._version import __version__
from neuromorph.errors import UsageError

_PACKAGES = ("numpy", "scipy", "numba", "torch", "transformers")
_FLAGS = ("avx2", "fma", "avx512f")


@lru_cache(maxsize=1)
def versions() -> dict[str, str]:
    """Of this process, by name; packages that are not installed are ``none``."""
    return {"neuromorph": f"{__version__} ({source_digest()})",
            "Python": platform.python_version(), "processor": processor(),
            **{name: _version(name) for name in _PACKAGES}}


def check_versions(wanted: Mapping[str, str]) -> None:
    """Refuse to work for a process with other versions: results might differ.

    Raises
    ------
    UsageError
        With the first that differs.
    """
    found = versions()
    for name, version in wanted.items():
        if found.get(name) != version:
            raise UsageError(f"a worker has another {name}", where=f"worker on {platform.node()}",
                             found=found.get(name, "none"), expected=version,
                             hint="give workers the environment of the process that asks them")


@lru_cache(maxsize=1)
def source_digest() -> str:
    """Of the program's own files: one version may be worked on."""
    digest = hashlib.sha256()
    root = Path(__file__).resolve().parents[1]
    for path in sorted(root.rglob("*.py")):
        digest.update(path.relative_to(root).as_posix().encode() + b"\0" + path.read_bytes())
    return digest.hexdigest()[:12]


def processor() -> str:
    """Its kind and what floats on it may use: torch and NumPy choose their kernels by it."""
    there = _flags() if sys.platform.startswith("linux") else frozenset()
    return " ".join([platform.machine(), *(flag for flag in _FLAGS if flag in there)])


def _flags() -> frozenset[str]:
    try:
        lines = Path("/proc/cpuinfo").read_text("ascii", "replace").splitlines()
    except OSError:
        return frozenset()
    return next((frozenset(line.split()) for line in lines if line.startswith("flags")),
                frozenset())


def _version(name: str) -> str:
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return "none"
