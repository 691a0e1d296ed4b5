"""The rules of the house: imports flow one way, the package stays readable, start-up stays fast."""

from __future__ import annotations

import ast
import builtins
import json
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

import neuromorph.errors
from neuromorph.errors import NeuromorphError

ROOT = Path(__file__).resolve().parents[1]
PACKAGE = ROOT / "neuromorph"
OURS = ("neuromorph", "processes")
LINKS = {PACKAGE / "processes", PACKAGE / "hardware_profiles"}

# From the ground up. A part may import itself and the floors below, never a neighbour or upwards.
FLOORS = (
    ("errors", "_version"),
    ("folders", "lifeline", "memory", "progress", "shapes", "shown", "threads"),
    ("numerics", "files"),
    ("learning", "neurons", "parallel"),
    ("dynamics", "straight"),
    ("network",),
    ("models", "circuits", "profiles"),
    ("translate", "compile", "backends"),
    # `cost` and `lab` read what `compile` placed.
    ("bundle", "cost", "lab", "nir_export", "onnx_export", "report", "runtime"),
    ("look",),
    ("huggingface", "deploy", "papers"),
    ("api",),
    ("cli",),
    ("__main__",),
)
HEIGHT = {part: height for height, parts in enumerate(FLOORS) for part in parts}

# Lava's Processes stand beside the house.
PROCESSES_MAY_IMPORT = {"processes", "dynamics", "learning", "neurons", "numerics", "errors"}

# Equations that figures and comparisons need, and nothing that runs: only `api` imports them.
PAPERS_MAY_IMPORT = {"dynamics", "numerics", "errors", "shown"}

# Packages that only these folders may import while they are being imported themselves.
HEAVY = {
    "torch": ("neuromorph/huggingface",),
    "transformers": ("neuromorph/huggingface",),
    "lava": ("neuromorph/backends/lava", "processes"),
    "nengo": ("neuromorph/backends/nengo",),
    "nengo_loihi": ("neuromorph/backends/loihi_emulator",),
    "matplotlib": (),
    "sklearn": (),
    "onnx": (),
    "onnxruntime": (),
    "nir": (),
    "gguf": (),
    "dask": (),
    "distributed": (),
    "pickle": (),
}
SLOW_TO_START = ("numpy", "numba", "scipy", "pydantic", "torch", "lava", "typer", "rich")

LONGEST_FILE = 400
LOCK_FILES = {"uv.lock", "poetry.lock", "pdm.lock", "Pipfile.lock", "package-lock.json"}


# --- what a file imports


def python_files(*folders: str) -> list[Path]:
    """All Python files under the folders, each once: links are not followed."""
    found = [p for folder in folders for p in sorted((ROOT / folder).rglob("*.py"))]
    return [p for p in found if not LINKS.intersection(p.parents)]


def shown(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def offenders(check: Callable[[Path], list[str]]) -> dict[str, list[str]]:
    """What the check finds in our files, by file; files without a finding are left out."""
    return {shown(path): found for path in python_files(*OURS) if (found := check(path))}


def module_name(path: Path) -> str:
    """neuromorph.a.b for neuromorph/a/b.py, neuromorph.processes.x for processes/x.py."""
    parts = path.relative_to(ROOT).with_suffix("").parts
    parts = ("neuromorph", *parts) if parts[0] == "processes" else parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def part_of(module: str) -> str:
    """The part of the house a module belongs to; empty for the package itself."""
    return [*module.split("."), ""][1]


def imported(node: ast.AST) -> list[str]:
    """Modules that an import statement names; ``from neuromorph import x`` names neuromorph.x."""
    if isinstance(node, ast.Import):
        return [alias.name for alias in node.names]
    if isinstance(node, ast.ImportFrom) and node.level:
        return ["." * node.level]
    if isinstance(node, ast.ImportFrom) and node.module == "neuromorph":
        return [f"neuromorph.{alias.name}" for alias in node.names]
    return [node.module or ""] if isinstance(node, ast.ImportFrom) else []


def is_for_types_only(node: ast.AST) -> bool:
    return isinstance(node, ast.If) and "TYPE_CHECKING" in ast.dump(node.test)


def executed_at_import(tree: ast.AST) -> Iterator[ast.AST]:
    """Nodes that run when the module is imported: not in functions, not for types only."""
    for child in ast.iter_child_nodes(tree):
        if isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
            continue
        if is_for_types_only(child):
            continue
        yield child
        yield from executed_at_import(child)


def upward_imports(source: str, module: str) -> list[str]:
    """Imports of our own, anywhere in the file, that do not go down."""
    ours = [name for node in ast.walk(ast.parse(source)) for name in imported(node)
            if name.startswith((".", "neuromorph."))]
    return [name for name in ours if not may_import(module, name)]


def may_import(module: str, name: str) -> bool:
    if name.startswith("."):
        return False  # absolute only: Lava finds no model behind a relative import
    part, target = part_of(module), part_of(name)
    if target == part or not part:
        return True
    if part == "processes":
        return target in PROCESSES_MAY_IMPORT
    if part == "papers":
        return target in PAPERS_MAY_IMPORT
    if target == "papers":
        return part == "api"
    if target == "processes":
        return module.startswith("neuromorph.backends.lava")
    return HEIGHT.get(target, len(FLOORS)) < HEIGHT.get(part, -1)


def heavy_imports(source: str, path: str) -> list[str]:
    """Heavy packages that importing this file would import outside of their places."""
    nodes = executed_at_import(ast.parse(source))
    roots = {name.split(".")[0] for node in nodes for name in imported(node)}
    return sorted(root for root in roots & HEAVY.keys() if not path.startswith(HEAVY[root] or "-"))


def test_every_part_has_a_floor() -> None:
    parts = {part_of(module_name(p)) for p in python_files("neuromorph")} - {""}
    assert parts <= HEIGHT.keys()


def test_imports_flow_one_way() -> None:
    assert offenders(lambda path: upward_imports(path.read_text("utf-8"), module_name(path))) == {}


def test_examples_stand_alone() -> None:
    """Benchmarks and tests may import examples, and not the other way round."""
    found = {shown(path): wrong for path in python_files("examples")
             if (wrong := leaning_imports(path.read_text("utf-8")))}
    assert found == {}
    assert leaning_imports("def f():\n    from benchmarks.x import y") == ["benchmarks.x"]


def leaning_imports(source: str) -> list[str]:
    return [name for node in ast.walk(ast.parse(source)) for name in imported(node)
            if name.split(".")[0] in ("benchmarks", "tests")]


def test_heavy_imports_are_late() -> None:
    assert offenders(lambda path: heavy_imports(path.read_text("utf-8"), shown(path))) == {}


@pytest.mark.parametrize(("module", "line"), [
    ("neuromorph.numerics.x", "from neuromorph.network import Network"),
    ("neuromorph.deploy.x", "from neuromorph.api.compile import compile_bundle"),
    ("neuromorph.nir_export.x", "from neuromorph.bundle import Bundle"),
    ("neuromorph.straight.x", "from neuromorph.network import Network"),
    ("neuromorph.lab.x", "from neuromorph.cost.events import Events"),
    ("neuromorph.compile.x", "from neuromorph.cost.estimate import estimate"),
    ("neuromorph.papers.x", "from neuromorph.network import Network"),
    ("neuromorph.runtime", "from neuromorph.papers.hopfield import step_hopfield"),
    ("neuromorph.cli.x", "from neuromorph.papers.hopfield import step_hopfield"),
    ("neuromorph.learning.x", "from neuromorph.dynamics import step_lif_fixed"),
    ("neuromorph.files.x", "from neuromorph.models import open_model"),
    ("neuromorph.backends.x", "import neuromorph.translate"),
    ("neuromorph.backends.x", "from neuromorph import compile"),
    ("neuromorph.network.x", "def f():\n    from neuromorph.backends import reference"),
    ("neuromorph.circuits.x", "from neuromorph.processes.y import Y"),
    ("neuromorph.backends.fast.x", "from neuromorph.processes.y import Y"),
    ("neuromorph.processes.x.process", "from neuromorph.network import Network"),
    ("neuromorph.processes.x.process", "from . import models"),
])
def test_an_import_upwards_is_found(module: str, line: str) -> None:
    assert upward_imports(line, module)


@pytest.mark.parametrize(("path", "line"), [
    ("neuromorph/models/x.py", "import torch"),
    ("neuromorph/report/x.py", "if True:\n    import matplotlib.pyplot as plt"),
    ("neuromorph/backends/fast/x.py", "from lava.proc.lif.process import LIF"),
    ("neuromorph/backends/fast/x.py", "class A:\n    import nengo"),
])
def test_an_early_heavy_import_is_found(path: str, line: str) -> None:
    assert heavy_imports(line, path)


def test_a_late_heavy_import_is_allowed() -> None:
    late = "if TYPE_CHECKING:\n    import torch\ndef f():\n    import torch"
    assert heavy_imports(late, "neuromorph/models/x.py") == []


# --- what a file may not do


def forbidden(source: str) -> list[str]:
    """Constructs that have no place in the package, as 'line: what'."""
    return [f"{node.lineno}: {what}" for node in ast.walk(ast.parse(source))
            if (what := fault(node))]


def fault(node: ast.AST) -> str | None:
    if isinstance(node, ast.Assert):
        return "assert"
    if isinstance(node, ast.ExceptHandler) and is_blind(node):
        return "a broad except that neither raises nor hands the error on"
    if isinstance(node, ast.Raise) and names(node.exc) & {"Exception", "BaseException"}:
        return "raise Exception"
    if isinstance(node, ast.Call) and names(node.func) & {"eval", "exec"}:
        return "eval or exec"
    if isinstance(node, ast.keyword) and node.arg == "allow_pickle":
        return None if getattr(node.value, "value", None) is False else "allow_pickle"
    return "pickle" if "pickle" in imported(node) else None


def names(node: ast.AST | None) -> set[str]:
    """The bare names that an expression is made of, or calls."""
    if isinstance(node, ast.Tuple):
        return set().union(*(names(e) for e in node.elts))
    node = node.func if isinstance(node, ast.Call) else node
    return {node.id} if isinstance(node, ast.Name) else set()


def is_blind(handler: ast.ExceptHandler) -> bool:
    if handler.type is not None and not names(handler.type) & {"Exception", "BaseException"}:
        return False
    inside = [n for statement in handler.body for n in ast.walk(statement)]
    raises = any(isinstance(n, ast.Raise) for n in inside)
    hands_on = any(isinstance(n, ast.Name) and n.id == handler.name for n in inside)
    return not (raises or hands_on)


def test_no_forbidden_constructs() -> None:
    assert offenders(lambda path: forbidden(path.read_text("utf-8"))) == {}


@pytest.mark.parametrize("source", [
    "assert x",
    "try:\n    f()\nexcept:\n    pass",
    "try:\n    f()\nexcept Exception:\n    pass",
    "try:\n    f()\nexcept (ValueError, BaseException):\n    pass",
    "raise Exception('no')",
    "eval('1')",
    "import pickle",
    "np.load(f, allow_pickle=True)",
])
def test_a_forbidden_construct_is_found(source: str) -> None:
    assert forbidden(source)


def test_a_broad_except_may_clean_up_or_report() -> None:
    assert forbidden("try:\n    f()\nexcept BaseException:\n    g()\n    raise") == []
    assert forbidden("try:\n    f()\nexcept Exception as e:\n    report(e)") == []


# --- the tree


def test_files_are_short() -> None:
    lengths = {shown(p): len(p.read_text("utf-8").splitlines())
               for p in python_files(*OURS, "tests", "benchmarks", "examples")}
    assert {name: n for name, n in lengths.items() if n > LONGEST_FILE} == {}


def tracked_files() -> list[Path]:
    git = shutil.which("git")
    if git is None or not (ROOT / ".git").exists():
        pytest.skip("not a git checkout")
    listed = subprocess.run([git, "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True,
                            check=True).stdout
    return [ROOT / name for name in listed.split("\0") if name]


def registry_lines(text: str) -> list[str]:
    """Lines that name a package registry's address."""
    marks = ("index" + "-url", '"resolved": ' + '"http', "registry = " + '"http', "--" + "hash")
    return [line for line in text.splitlines() if any(mark in line for mark in marks)]


def test_no_lock_files_and_no_registry_addresses() -> None:
    files = tracked_files()
    assert [p for p in files if p.name in LOCK_FILES] == []
    texts = [p for p in files if p.suffix in {".py", ".toml", ".txt", ".md", ".cfg", ".json"}
             and p.is_file()]
    assert {str(p): found for p in texts
            if (found := registry_lines(p.read_text("utf-8", "replace")))} == {}


def test_no_result_of_a_command_is_tracked() -> None:
    names = {"manifest.toml", "report.json", "summary.json"}
    assert [shown(p) for p in tracked_files() if p.name in names] == []


def test_a_registry_address_is_found() -> None:
    assert registry_lines("--extra-index" + "-url file:///somewhere")


# --- start-up


def modules_after(statement: str) -> set[str]:
    """Top-level modules that a fresh interpreter holds after the statement."""
    report = "import sys, json; print(json.dumps(sorted({m.split('.')[0] for m in sys.modules})))"
    done = subprocess.run([sys.executable, "-c", f"{statement}\n{report}"], cwd=ROOT,
                          capture_output=True, text=True)
    if done.returncode:
        pytest.fail(done.stderr)
    return set(json.loads(done.stdout))


def test_import_of_the_package_is_light() -> None:
    assert modules_after("import neuromorph").isdisjoint(SLOW_TO_START)


def test_a_heavy_start_is_seen() -> None:
    assert "numpy" in modules_after("import neuromorph.numerics")


def test_no_module_of_the_core_imports_an_extra() -> None:
    own_places = tuple({place for places in HEAVY.values() for place in places})
    core = [module_name(p) for p in python_files("neuromorph")
            if not shown(p).startswith(own_places) and p.name != "__main__.py"]
    loaded = modules_after("\n".join(f"import {name}" for name in core))
    assert loaded.isdisjoint(HEAVY.keys() - {"pickle"})


# --- errors


def all_errors() -> list[type[NeuromorphError]]:
    return [c for c in vars(neuromorph.errors).values()
            if isinstance(c, type) and issubclass(c, NeuromorphError) and c is not NeuromorphError]


def is_also_builtin(error: type[BaseException]) -> bool:
    return any(vars(builtins).get(base.__name__) is base for base in error.__mro__
               if base not in (Exception, BaseException, object))


@pytest.mark.parametrize("error", all_errors(), ids=lambda e: e.__name__)
def test_an_error_is_also_a_builtin_and_has_an_exit_code(error: type[NeuromorphError]) -> None:
    assert is_also_builtin(error)
    assert error.exit_code in {2, 3, 4, 5, 6, 7, 8}
    assert error.__doc__


def test_an_error_that_is_no_builtin_is_found() -> None:
    assert not is_also_builtin(type("Lonely", (NeuromorphError,), {}))
