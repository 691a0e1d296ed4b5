"""What a shell completes: commands and options by themselves, and these names.

A shell asks at every tab, so nothing is imported for an answer that takes time.
"""

from __future__ import annotations

import ast
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from neuromorph.errors import WriteError
from neuromorph.folders import PACKAGE, PROFILES, find_folder, missing_folders

ASKED = "_NEUROMORPH_COMPLETE"
"""The variable in which a shell's script asks, by typer's rules."""

INSTALL = "--install-completion"


def circuits(incomplete: str) -> list[str]:
    """Names of circuits, in the order of the list that `run` shows."""
    tree = ast.parse((PACKAGE / "api" / "circuits" / "__init__.py").read_text("utf-8"))
    [listed] = [node.value for node in tree.body if isinstance(node, ast.Assign)
                and ast.unparse(node.targets[0]) == "NAMES"]
    return _beginning(incomplete, ast.literal_eval(listed))


def backends(incomplete: str) -> list[str]:
    """Names of backends."""
    home = PACKAGE / "backends"
    return _beginning(incomplete, sorted(path.parent.name for path in home.glob("*/__init__.py")))


def profiles(incomplete: str) -> list[str]:
    """Names of hardware profiles; none where something else stands in their folder's place."""
    if PROFILES in missing_folders():
        return []
    return _beginning(incomplete, sorted(p.stem for p in find_folder(PROFILES).glob("*.toml")))


def _beginning(incomplete: str, names: Sequence[str]) -> list[str]:
    return [name for name in names if name.startswith(incomplete)]


def asked() -> bool:
    """Whether a shell asks, and no person."""
    return bool(os.environ.get(ASKED))


def answered(command: Any) -> int:
    """Answer the shell; the exit code, by which fish is told whether files may be meant."""
    try:
        command.main(args=[], prog_name="neuromorph", complete_var=ASKED)
    except SystemExit as end:
        return int(end.code or 0)
    return 0


def not_installed(error: OSError) -> WriteError:
    """Of a shell's own files that cannot be written."""
    return WriteError("the completion cannot be installed", where=Path(error.filename or "~"),
                      found=error.strerror, hint="neuromorph --show-completion prints it, to be "
                      "put where the shell looks")
