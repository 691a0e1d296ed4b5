"""A page for each circuit of `neuromorph run`, from its module and its settings."""

from __future__ import annotations

import ast
import importlib
import inspect
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

from neuromorph import backends
from neuromorph.api import circuits
from written.parts import WRITTEN, prose, table

HOME = "reference/circuits"

SHARED = {"block": ("block_outcome",), "digits_block": ("block_outcome",),
          "prototypes": ("prototypes_placed",)}
"""Modules beside a circuit's own that make numbers of its outcome."""


def numbers_of(name: str) -> tuple[str, ...]:
    """Names of the numbers that a run gives, as its source has them; some only where they apply."""
    home = Path(inspect.getfile(circuits)).parent
    files = [home / f"{part}.py" for part in (name, *SHARED.get(name, ()))]
    found: dict[str, None] = {}
    for file in files:
        for given in _dictionaries(ast.parse(file.read_text("utf-8"))):
            found |= dict.fromkeys(_keys(given))
    return tuple(found)


def _dictionaries(tree: ast.Module) -> Iterator[ast.Dict]:
    """Those that become `Outcome.numbers`: what is so called, or made by what is so called."""
    for node in ast.walk(tree):
        inside: list[ast.AST] = []
        if isinstance(node, ast.FunctionDef) and node.name.endswith("numbers"):
            inside = [n for n in ast.walk(node) if isinstance(n, ast.Return | ast.Assign)]
        elif isinstance(node, ast.Assign | ast.AnnAssign):
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            if any(getattr(t, "id", "") in ("numbers", "found") for t in targets):
                inside = [node]
        elif isinstance(node, ast.Call) and getattr(node.func, "id", "") == "Outcome":
            inside = list(node.args[:1])
        for place in inside:
            yield from (n for n in ast.walk(place) if isinstance(n, ast.Dict))


def _keys(given: ast.Dict) -> list[str]:
    keys = [key.value for key in given.keys if isinstance(key, ast.Constant)]
    return [key for key in keys if isinstance(key, str)]


def circuit_page(name: str) -> str:
    """Settings, backends and numbers of one circuit."""
    found = circuits.get(name)
    module = found.module
    first, *more = prose(module)
    parts = [f"# {name}", first, *more, f"    neuromorph run {name}",
             "## Settings", _settings(found) or "It has none."]
    parts += ["## Where it runs", _where(found)]
    parts += ["## What a run does", *prose(module.run), _result(name)]
    parts += ["## Python", _python(found)]
    parts.append(f"`neuromorph run {name} --seeds 10` runs it with ten seeds, and gives mean and "
                 "spread. " + _builders(name))
    return "\n\n".join(part.strip("\n") for part in parts) + "\n"


def _settings(found: circuits.Circuit) -> str:
    rows = ((f"`{s.name}`", s.kind, f"`{s.default}`", s.limits or "any", s.meaning)
            for s in found.settings)
    return table(("setting", "type", "default", "takes", "what it is"), rows) if (
        found.settings) else ""


def _where(found: circuits.Circuit) -> str:
    rows = []
    for name in backends.names():
        reason = found.why_not(backends.kind(name)())
        said = "yes" if reason is None else f"no: {reason}".replace("--", "\\-\\-")
        rows.append((f"`{name}`", said))
    return table(("backend", "runs it"), rows)


def _result(name: str) -> str:
    numbers = ", ".join(f"`{one}`" for one in numbers_of(name))
    return (f"It gives sentences, a picture (`picture.png`), and in `summary.json` under "
            f"`numbers`, among them {numbers}.")


def _python(found: circuits.Circuit) -> str:
    first = next((s for s in found.settings if s.kind in ("int", "float")), None)
    given = f", settings={{{first.name!r}: {first.default!r}}}" if first else ""
    given = given.replace("'", '"')
    return (f"```py\nimport neuromorph\n\nresult = neuromorph.run(\"{found.name}\"{given})\n"
            "result.outcome.numbers\n```")


def _builders(name: str) -> str:
    try:
        module = importlib.import_module(f"neuromorph.circuits.{name}")
    except ImportError:
        return "The papers behind it: [papers](../../papers.md)."
    if not getattr(module, "__all__", ()):
        return "How it is built: [the circuits](../../circuit.md)."
    return (f"Its builder and reader: [circuits.{name}](../api/circuits/{name}.md). The papers: "
            "[papers](../../papers.md).")


def index_page() -> str:
    """All circuits, a line each."""
    rows = [(f"[{name}]({name}.md)", circuits.get(name).summary) for name in circuits.names()]
    return (f"# Circuits\n\n{WRITTEN} What `neuromorph run` lists: each is one mechanism, run by "
            "itself, with a picture of what happened.\n\n"
            + table(("circuit", "what it does"), rows)
            + "\n```{toctree}\n:hidden:\n" + "\n".join(circuits.names()) + "\n```\n")


def pages() -> dict[str, Callable[[], str]]:
    """Every page of circuits, by file."""
    return {f"{HOME}/index.md": index_page,
            **{f"{HOME}/{name}.md": partial(circuit_page, name) for name in circuits.names()}}
