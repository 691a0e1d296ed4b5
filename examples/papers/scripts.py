"""The scripts by name, and one of them as a piece of work: what it finds and draws, as arrays."""

from __future__ import annotations

import importlib
import json
import pkgutil
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from time import perf_counter
from types import ModuleType
from typing import Any

import numpy as np

import examples.papers
from examples.papers.about import Paper
from examples.papers.common import Row, tell
from neuromorph.parallel.journal import digest_of


def scripts() -> dict[str, ModuleType]:
    """The modules here that have a TITLE and a ``run``, by name, in alphabetical order."""
    return {name: module for name, module in _modules() if hasattr(module, "TITLE")}


def papers() -> dict[str, Paper]:
    """What the scripts declare of their papers, by name of the script."""
    return {name: module.ABOUT for name, module in scripts().items() if hasattr(module, "ABOUT")}


def _modules() -> Iterator[tuple[str, ModuleType]]:
    for found in sorted(pkgutil.iter_modules(examples.papers.__path__), key=lambda m: m.name):
        if found.name != "__main__":
            yield found.name, importlib.import_module(f"examples.papers.{found.name}")


def title(name: str) -> None:
    """Print the title of a script."""
    print(f"== {scripts()[name].TITLE}", flush=True)


def source_digest() -> str:
    """Of the scripts and their data."""
    folder = Path(examples.papers.__path__[0])
    return digest_of([part for path in sorted(folder.rglob("*"))
                      if path.is_file() and "__pycache__" not in path.parts
                      for part in (path.relative_to(folder).as_posix(), path.read_bytes())])


@dataclass(frozen=True)
class Script:
    """How scripts are run; there is nothing to set up."""

    full: bool
    aloud: bool = False

    def __call__(self) -> Script:
        return self


def result_of(how: Script, name: str) -> dict[str, Any]:
    """The rows and seconds of a script, and the files that it made; it is given a folder."""
    began = perf_counter()
    if how.aloud:
        title(name)
    with tempfile.TemporaryDirectory() as place:
        figures = Path(place) / "figures"
        rows = scripts()[name].run(figures, how.full, tell if how.aloud else _silent)
        files = {f"file {path.relative_to(figures).as_posix()}": _bytes(path.read_bytes())
                 for path in sorted(figures.rglob("*")) if path.is_file()}
    said = json.dumps({"rows": [asdict(row) for row in rows], "seconds": perf_counter() - began})
    return {"rows": _bytes(said.encode()), **files}


def rows_of(found: Mapping[str, Any]) -> tuple[list[Row], float]:
    """The rows of a script, and how long it took."""
    said = json.loads(np.asarray(found["rows"]).tobytes())
    return [Row(**row) for row in said["rows"]], float(said["seconds"])


def _bytes(content: bytes) -> Any:
    return np.frombuffer(content, np.uint8)


def _silent(_: str) -> None:
    """Workers are not heard."""
