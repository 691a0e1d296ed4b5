"""Which tests to run for a file: those that come to it by the fewest imports, found in the text.

Imports inside functions count. A name that a package only hands on leads to the file that has it,
so that a package's ``__init__`` brings nothing nearer.
"""

from __future__ import annotations

import ast
import re
from collections import deque
from functools import cached_property
from pathlib import Path

ELSEWHERE = ("hf", "nengo", "sanafe", "lava", "fuzz", "mutants", "recipes")
"""Folders of tests that need what is not installed, or start everything anew."""


class Tree:
    """The imports of a copy of the repository."""

    def __init__(self, root: Path) -> None:
        self.root = root

    @cached_property
    def modules(self) -> dict[str, Path]:
        """By dotted name; helpers of tests by their file's name, as tests import them."""
        package = {".".join(self._parts(path)): path
                   for path in (self.root / "neuromorph").rglob("*.py")}
        tests = {path.stem if not path.stem.startswith("test_") else self.name(path): path
                 for path in (self.root / "tests").rglob("*.py")
                 if len(path.relative_to(self.root).parts) > 2
                 and path.relative_to(self.root).parts[1] not in ELSEWHERE
                 and path.stem != "conftest"}
        return {**tests, **package}

    def _parts(self, path: Path) -> tuple[str, ...]:
        parts = path.relative_to(self.root).with_suffix("").parts
        return parts[:-1] if parts[-1] == "__init__" else parts

    def name(self, path: Path) -> str:
        """A file, as people name it."""
        return path.relative_to(self.root).as_posix()

    @cached_property
    def imports(self) -> dict[str, list[tuple[str, str, str]]]:
        """What each module imports: from where, which name, and how it calls it."""
        found: dict[str, list[tuple[str, str, str]]] = {}
        for module, path in self.modules.items():
            for node in ast.walk(ast.parse(path.read_bytes())):
                if isinstance(node, ast.Import):
                    found.setdefault(module, []).extend((a.name, "", "") for a in node.names)
                elif isinstance(node, ast.ImportFrom) and node.module:
                    found.setdefault(module, []).extend(
                        (node.module, a.name, a.asname or a.name) for a in node.names)
        return found

    def home(self, module: str, name: str) -> str | None:
        """The module that a name of a module comes from, if it is one of ours."""
        if f"{module}.{name}" in self.modules:
            return f"{module}.{name}"
        if module not in self.modules:
            return None
        if self.modules[module].stem == "__init__":
            for source, there, called in self.imports.get(module, ()):
                if called == name and source != module:
                    return self.home(source, there)
        return module

    @cached_property
    def importers(self) -> dict[str, set[str]]:
        """Who imports each module."""
        found: dict[str, set[str]] = {}
        for module in self.modules:
            for source, name, _ in self.imports.get(module, ()):
                if home := self.home(source, name):
                    found.setdefault(home, set()).add(module)
        return found

    def tests(self, path: Path, changed: str = "") -> list[str]:
        """Files of tests that come to this file, the nearest first, and those named alike.

        Alike are names with the file's, its folder's or a word of what is changed. Of equals,
        those of whose imports it is most, and small ones.
        """
        module = ".".join(self._parts(path))
        steps, waiting = {module: 0}, deque([module])
        while waiting:
            at = waiting.popleft()
            for other in self.importers.get(at, ()):
                if other not in steps:
                    steps[other] = steps[at] + 1
                    waiting.append(other)
        names = {path.stem, *path.parent.parts[-1:]} - {"neurons", "circuits", "translate", "build"}
        names |= {word for word in re.findall("[a-z]{4,}", changed)
                  if word not in ("self", "size", "range")}

        def far(test: str) -> tuple[int, bool, float, int, str]:
            alike = any(name in Path(test).stem for name in names)
            homes = [home for source, name, _ in self.imports[test]
                     if (home := self.home(source, name))]
            return (steps[test] - alike, not alike, -homes.count(module) / len(homes),
                    self.modules[test].stat().st_size, test)

        return sorted((name for name in steps if Path(name).stem.startswith("test_")), key=far)
