"""Public signatures say dtype and shape of every array, in the rooms that came so far.

`tests/shape_check.py` holds calls to what is said; this file holds that it is said.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

PACKAGE = Path(__file__).resolve().parents[1] / "neuromorph"

SAID = ("numerics", "dynamics", "learning", "neurons", "files", "network", "circuits", "translate",
        "compile", "cost", "backends/interface.py", "backends/attention.py", "backends/floats.py",
        "backends/sight.py", "backends/reference")
"""What came; it only grows."""

NOT_YET = ("circuits/dense_memory", "circuits/equilibrium", "circuits/homeostat",
           "circuits/multitasking")
"""What did not, of these; it only shrinks."""

BARE = {"NDArray", "ndarray"}
CALLED = {"__init__", "__call__"}


def said_files() -> list[Path]:
    files = [path for place in SAID for path in sorted([*(PACKAGE / place).rglob("*.py"),
                                                        *PACKAGE.glob(place)])]
    held_back = [PACKAGE / place for place in NOT_YET]
    return [path for path in files
            if path.suffix == ".py" and not set(held_back).intersection(path.parents)]


def names_in(tree: ast.AST) -> set[str]:
    return {node.id if isinstance(node, ast.Name) else node.attr for node in ast.walk(tree)
            if isinstance(node, ast.Name | ast.Attribute)}


def bare_aliases(tree: ast.Module) -> set[str]:
    """Names that a module gives to arrays without a shape; constants are not among them."""
    aliases: set[str] = set()
    for node in tree.body:
        target = node.targets[0] if isinstance(node, ast.Assign) else getattr(node, "target", None)
        value = getattr(node, "value", None)
        if isinstance(target, ast.Name) and isinstance(value, ast.Subscript) and (
                names_in(value) & (BARE | aliases)):
            aliases.add(target.id)
    return aliases


def public_annotations(tree: ast.Module) -> Iterator[tuple[str, ast.expr]]:
    """What public functions take and hand out, and what public classes hold."""
    for node in tree.body:
        if isinstance(node, ast.FunctionDef) and not node.name.startswith("_"):
            yield from annotations_of(node, "")
        if isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
            for member in node.body:
                if isinstance(member, ast.AnnAssign) and not names_in(member.target).issubset(
                        {name for name in names_in(member.target) if name.startswith("_")}):
                    yield f"{node.name}.{ast.unparse(member.target)}", member.annotation
                if isinstance(member, ast.FunctionDef) and (
                        member.name in CALLED or not member.name.startswith("_")):
                    yield from annotations_of(member, f"{node.name}.")


def annotations_of(node: ast.FunctionDef, owner: str) -> Iterator[tuple[str, ast.expr]]:
    arguments = (*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs)
    for argument in arguments:
        if argument.annotation is not None:
            yield f"{owner}{node.name}({argument.arg})", argument.annotation
    if node.returns is not None:
        yield f"{owner}{node.name}()", node.returns


def bare(source: str) -> list[str]:
    """Public annotations of arrays that say no shape."""
    tree = ast.parse(source)
    wanting = BARE | bare_aliases(tree) | {"IntArray", "BoolArray", "FloatArray"}
    return [name for name, annotation in public_annotations(tree)
            if names_in(annotation) & wanting]


def test_public_signatures_say_shapes() -> None:
    found = {path.relative_to(PACKAGE).as_posix(): names for path in said_files()
             if (names := bare(path.read_text("utf-8")))}
    assert found == {}


def test_what_is_held_back_is_there_and_still_bare() -> None:
    for place in NOT_YET:
        files = list((PACKAGE / place).rglob("*.py"))
        assert any(bare(path.read_text("utf-8")) for path in files), place


@pytest.mark.parametrize("source", [
    "def f(x: NDArray[Any]) -> int: ...",
    "def f() -> NDArray[np.int64]: ...",
    "def f(x: dict[str, np.ndarray]) -> int: ...",
    "Ints = NDArray[np.int64]\ndef f(*, x: Ints | None) -> int: ...",
    "Ints = NDArray[np.int64]\nMany: TypeAlias = list[Ints]\nclass A:\n    x: Many",
    "class A:\n    def __call__(self, x: NDArray[Any]) -> int: ...",
])
def test_a_bare_array_is_found(source: str) -> None:
    assert bare(source)


@pytest.mark.parametrize("source", [
    'def f(x: Annotated[Int64, "slots dims"]) -> int: ...',
    "def _f(x: NDArray[Any]) -> int: ...",
    "class _A:\n    x: NDArray[Any]",
    "class A:\n    _x: NDArray[Any]",
])
def test_what_says_its_shape_or_is_private_passes(source: str) -> None:
    assert bare(source) == []
