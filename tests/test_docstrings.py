"""Docstrings keep what CONTRIBUTING promises of them, as far as a syntax tree can tell.

Parameters are those of the signature, and a function that refuses by itself says so: everywhere
for the first, in the rooms of `test_signatures` for the second.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from test_signatures import PACKAGE, said_files

UNDERLINE = re.compile(r"-{3,}")
SAID = re.compile(r"[Rr]efuse|[Rr]aise|Error")


def public_functions(tree: ast.Module) -> Iterator[ast.FunctionDef]:
    owners = [node for node in tree.body
              if isinstance(node, ast.ClassDef) and not node.name.startswith("_")]
    for body in (tree.body, *(owner.body for owner in owners)):
        yield from (node for node in body
                    if isinstance(node, ast.FunctionDef) and not node.name.startswith("_"))


def section(doc: str, name: str) -> list[str]:
    """Lines of a section that are not indented: what it lists."""
    lines, inside, found = doc.split("\n"), False, []
    for line, following in zip(lines, [*lines[1:], ""], strict=True):
        if UNDERLINE.fullmatch(following.strip()):
            inside = line.strip() == name
        elif inside and line and not line.startswith(" ") and not UNDERLINE.fullmatch(line):
            found.append(line)
    return found


def unknown_parameters(function: ast.FunctionDef) -> list[str]:
    """Parameters that the docstring has and the signature has not."""
    given = function.args
    known = {one.arg for one in (*given.posonlyargs, *given.args, *given.kwonlyargs, given.vararg,
                                 given.kwarg) if one is not None}
    named = [name.strip().lstrip("*")
             for line in section(ast.get_docstring(function) or "", "Parameters")
             for name in line.split(" : ")[0].split(",")]
    return [name for name in named if name not in known]


def own_nodes(node: ast.AST) -> Iterator[ast.AST]:
    """What runs in the function itself, not in one that it defines."""
    for child in ast.iter_child_nodes(node):
        if not isinstance(child, ast.FunctionDef | ast.Lambda | ast.ClassDef):
            yield child
            yield from own_nodes(child)


def unsaid_errors(function: ast.FunctionDef) -> list[str]:
    """Errors that the function raises itself, if its docstring has no word on any."""
    raised = [ast.unparse(node.exc).split("(")[0] for node in own_nodes(function)
              if isinstance(node, ast.Raise) and node.exc is not None]
    said = SAID.search(ast.get_docstring(function) or "")
    handed_on = f"super().{function.name}(" in ast.unparse(function)  # whose docstring has them
    return [] if said or handed_on else [name for name in raised if name != "NotImplementedError"]


Check = Callable[[ast.FunctionDef], list[str]]


def faults(files: list[Path], check: Check) -> dict[str, list[str]]:
    return {f"{path.relative_to(PACKAGE).as_posix()}:{function.lineno}": found for path in files
            for function in public_functions(ast.parse(path.read_text("utf-8")))
            if (found := check(function))}


def test_parameters_are_those_of_the_signature() -> None:
    assert faults(sorted(PACKAGE.rglob("*.py")), unknown_parameters) == {}


def test_a_function_that_refuses_by_itself_says_so() -> None:
    assert faults(said_files(), unsaid_errors) == {}


@pytest.mark.parametrize(("check", "source"), [
    (unknown_parameters, 'def f(a):\n    """X.\n\n    Parameters\n    ------\n    a, b : int"""'),
    (unsaid_errors, 'def f(a):\n    """X."""\n    if a:\n        raise UsageError("no")'),
])
def test_a_docstring_that_breaks_it_is_found(check: Check, source: str) -> None:
    assert [found for function in public_functions(ast.parse(source))
            if (found := check(function))]


@pytest.mark.parametrize("source", [
    'def f(*, a):\n    """X.\n\n    Parameters\n    ----------\n    a : int\n        b, c : no."""',
    'def f(a):\n    """X; refuses 0."""\n    raise UsageError("no")',
    'def f(a):\n    """X."""\n    def g():\n        raise UsageError("no")\n    return g',
])
def test_what_keeps_it_passes(source: str) -> None:
    (function,) = public_functions(ast.parse(source))
    assert unknown_parameters(function) == unsaid_errors(function) == []
