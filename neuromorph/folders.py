"""The folders that stand at the top of the repository and reach the package by links.

A checkout without symbolic links, as Git makes on Windows, has a small text file in place of each
link, with the link's target in it. What it stands for is found all the same.
"""

from __future__ import annotations

import sys
from importlib.machinery import ModuleSpec
from importlib.util import spec_from_file_location
from pathlib import Path

from neuromorph.errors import MissingFileError

PACKAGE = Path(__file__).parent
PROCESSES, PROFILES = "processes", "hardware_profiles"
FOLDERS = (PROCESSES, PROFILES)

_LONGEST = 200
"""Bytes of a file that stands for a link."""


def find_folder(name: str) -> Path:
    """Where one of `FOLDERS` is.

    Raises
    ------
    MissingFileError
        If it is not there: no link was kept, or nothing stands where it leads.
    """
    folder = _found(name)
    if folder is None:
        raise MissingFileError(f"this installation of neuromorph lacks its folder {name}",
                               where=PACKAGE / name, hint="install from a whole checkout; Git "
                               "keeps links there after git config core.symlinks true")
    return folder


def missing_folders() -> list[str]:
    """Those of `FOLDERS` that are not there."""
    return [name for name in FOLDERS if _found(name) is None]


def _found(name: str) -> Path | None:
    place = PACKAGE / name
    tried = (folder for folder in (place, _target(place)) if folder is not None)
    return next((folder for folder in tried if folder.is_dir()), None)


def _target(link: Path) -> Path | None:
    """What a text file in place of a link leads to, if it stands beside the package."""
    try:
        if not link.is_file() or link.stat().st_size > _LONGEST:
            return None
        target = (link.parent / link.read_text("utf-8").strip()).resolve()
    except (OSError, ValueError):
        return None
    return target if target == link.parent.parent.resolve() / link.name else None


class _Processes:
    """Imports `neuromorph.processes` from where it is, when it is not where Python looks."""

    @staticmethod
    def find_spec(name: str, *_: object) -> ModuleSpec | None:
        if name != f"neuromorph.{PROCESSES}":
            return None
        folder = find_folder(PROCESSES)
        return spec_from_file_location(name, folder / "__init__.py",
                                       submodule_search_locations=[str(folder)])


def make_processes_importable() -> None:
    """Find `neuromorph.processes` behind a text file too, or say why not."""
    sys.meta_path.append(_Processes)
