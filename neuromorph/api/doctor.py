"""What this machine and this environment have, and the line that installs what is missing.

Nothing heavy is imported: versions come from the packages' metadata.
"""

from __future__ import annotations

import os
import platform
import shlex
import sys
from dataclasses import asdict, dataclass
from importlib import metadata
from importlib.util import find_spec
from typing import Any, Literal, TypeAlias

from neuromorph._version import __version__
from neuromorph.api.tested_versions import PACKAGES, Package
from neuromorph.folders import missing_folders
from neuromorph.memory import available_memory
from neuromorph.shown import Shown

Status: TypeAlias = Literal["ok", "missing", "untested version"]

LAVA_NUMPY_BELOW = (2, 4)
"""numpy from this version on breaks Lava's ReshapePort, which then hangs."""

TESTED_PLATFORM = "linux"
"""As `sys.platform` has it."""

LOIHI_EXTENSION = "lava.utils.loihi2_profiler"
"""The module of Intel's private extension by which Lava itself recognises it."""


@dataclass(frozen=True)
class PackageReport:
    """One package: what is installed, what was tested, and how to get it.

    Attributes
    ----------
    name, group : str
        The package, and ``core`` or the extra that needs it.
    installed, tested : str or None
        Versions; ``tested`` is None where none was tested with this Python.
    status : {"ok", "missing", "untested version"}
    install : str or None
        The command line that installs the tested version, if the package is missing.
    """

    name: str
    group: str
    installed: str | None
    tested: str | None
    status: Status
    install: str | None


@dataclass(frozen=True, repr=False)
class Diagnosis(Shown):
    """The whole picture; sizes in bytes.

    Attributes
    ----------
    neuromorph, python, executable, platform : str
    platform_tested : bool
        Whether the tests are run on such a system; docs/platforms.md says what others lack.
    cores : int
        That this process may use.
    memory_total, memory_available : int or None
        None where the system does not tell.
    numpy_suits_lava : bool or None
        Whether numpy is older than 2.4; None if it is missing.
    loihi_extension : bool or None
        Whether Intel's extension for Loihi is there; None if Lava is missing.
    missing_folders : tuple of str
        Folders that should have come with the package.
    packages : tuple of PackageReport
    """

    neuromorph: str
    python: str
    executable: str
    platform: str
    platform_tested: bool
    cores: int
    memory_total: int | None
    memory_available: int | None
    numpy_suits_lava: bool | None
    loihi_extension: bool | None
    missing_folders: tuple[str, ...]
    packages: tuple[PackageReport, ...]

    @property
    def healthy(self) -> bool:
        """Whether the core can run: nothing of it missing, and a numpy that suits Lava."""
        if self.missing_folders:
            return False
        core = all(p.status != "missing" for p in self.packages if p.group == "core")
        return core and self.numpy_suits_lava is True

    def as_dict(self) -> dict[str, Any]:
        """Plain dictionaries, lists, strings and numbers, for JSON."""
        return {**asdict(self), "missing_folders": list(self.missing_folders),
                "packages": [asdict(p) for p in self.packages], "healthy": self.healthy}


def diagnose() -> Diagnosis:
    """Look at the Python, the machine and every package of the core and the extras."""
    installed = {package.name: installed_version(package.name) for package in PACKAGES}
    numpy = installed["numpy"]
    return Diagnosis(
        neuromorph=__version__,
        python=platform.python_version(),
        executable=sys.executable,
        platform=platform.platform(),
        platform_tested=sys.platform == TESTED_PLATFORM,
        cores=usable_cores(),
        memory_total=total_memory(),
        memory_available=available_memory(),
        numpy_suits_lava=None if numpy is None else leading_numbers(numpy) < LAVA_NUMPY_BELOW,
        loihi_extension=None if installed["lava-nc"] is None else has_loihi_extension(),
        missing_folders=tuple(missing_folders()),
        packages=tuple(examine(package, installed[package.name], numpy) for package in PACKAGES),
    )


def examine(package: Package, installed: str | None, numpy: str | None) -> PackageReport:
    """Compare a package's installed version with the tested one."""
    wanted = package.version()
    if installed is None:
        line = install_line(package, numpy)
        return PackageReport(package.name, package.group, None, wanted, "missing", line)
    # 2.13.0+cpu is a build of 2.13.0
    status: Status = "ok" if installed.partition("+")[0] == wanted else "untested version"
    return PackageReport(package.name, package.group, installed, wanted, status, None)


def install_line(package: Package, numpy: str | None = None) -> str:
    """The command that installs the tested version and leaves numpy where it is.

    Parameters
    ----------
    package : Package
    numpy : str, optional
        The installed version, which the command pins: an unpinned install may move it.
    """
    pinned = [f"numpy=={numpy}"] if numpy and package.name != "numpy" else []
    if package.name != "lava-nc":
        return _pip(_requirement(package), *pinned)
    # Only Lava's metadata forbids newer Pythons; without --no-deps its old limits would win.
    needs = [_requirement(p) for p in PACKAGES if p.group == "lava" and p is not package]
    lava = _pip("--no-deps", "--ignore-requires-python", _requirement(package))
    return f"{lava} && {_pip(*needs, *pinned)}"


def _requirement(package: Package) -> str:
    version = package.version()
    return f"{package.name}=={version}" if version else package.name


def _pip(*arguments: str) -> str:
    return shlex.join([sys.executable, "-m", "pip", "install", *arguments])


def installed_version(name: str) -> str | None:
    """A package's version, or None; the package is not imported."""
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return None


def leading_numbers(version: str) -> tuple[int, ...]:
    """(2, 3) for '2.3.5': major and minor, as far as they are numbers."""
    parts = version.split(".")[:2]
    return tuple(int(part) for part in parts if part.isdigit())


def has_loihi_extension() -> bool:
    """Whether Lava would find Intel's extension; imports only Lava's empty outer packages."""
    try:
        return find_spec(LOIHI_EXTENSION) is not None
    except ImportError:
        return False


def usable_cores() -> int:
    """Cores that this process may run on."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def total_memory() -> int | None:
    """Bytes of memory in this machine, or None where the system does not tell."""
    try:
        return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    except (AttributeError, ValueError, OSError):
        return None
