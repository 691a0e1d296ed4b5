"""Small changes to a file of the package, found in its syntax tree and numbered in its order.

Each replaces the text of one node, so that every other line stays what and where it was: some
tests look at sources, and some kernels are compiled from them. What people read is left alone:
docstrings, annotations, decorators, and all that goes into an error or a warning.
"""

from __future__ import annotations

import ast
import copy
from collections.abc import Iterator
from typing import Any, NamedTuple

OPERATORS: dict[type[ast.AST], type[ast.AST]] = {
    ast.Lt: ast.LtE, ast.LtE: ast.Lt, ast.Gt: ast.GtE, ast.GtE: ast.Gt,
    ast.Eq: ast.NotEq, ast.NotEq: ast.Eq, ast.Is: ast.IsNot, ast.IsNot: ast.Is,
    ast.In: ast.NotIn, ast.NotIn: ast.In, ast.And: ast.Or, ast.Or: ast.And,
    ast.Add: ast.Sub, ast.Sub: ast.Add, ast.Mult: ast.FloorDiv, ast.FloorDiv: ast.Mult,
    ast.Div: ast.Mult, ast.Mod: ast.FloorDiv, ast.Pow: ast.Mult,
    ast.BitAnd: ast.BitOr, ast.BitOr: ast.BitAnd, ast.BitXor: ast.BitOr,
}
"""Comparisons and arithmetic, each with what it is easily mistaken for; shifts are by one more."""

FUNCTIONS = {
    "min": "max", "max": "min", "minimum": "maximum", "maximum": "minimum", "any": "all",
    "all": "any", "floor": "ceil", "ceil": "floor", "argmin": "argmax", "argmax": "argmin",
}

MESSAGES = {"what", "where", "found", "expected", "hint", "summary", "doc", "help"}
"""Keywords of what is said."""


class Mutant(NamedTuple):
    """One change: in which function, of which line, what was there and what is now."""

    where: str
    line: int
    was: str
    now: str
    start: int
    end: int

    @property
    def told(self) -> str:
        """The change on a line."""
        return f"line {self.line}, {self.where or 'the module'}: {self.was}  ->  {self.now}"


def mutants(source: bytes) -> list[Mutant]:
    """All of a file, in the order of its text."""
    lines = [0]
    for line in source.splitlines(keepends=True):
        lines.append(lines[-1] + len(line))
    found = []
    for node, where, new in _changes(ast.parse(source), "", set()):
        start = lines[node.lineno - 1] + node.col_offset
        end = lines[node.end_lineno - 1] + node.end_col_offset
        found.append(Mutant(where, node.lineno, ast.unparse(node), ast.unparse(new), start, end))
    return sorted(found, key=lambda m: (m.start, m.end, m.now))


def applied(source: bytes, mutant: Mutant) -> bytes:
    """The file with that change; an expression keeps to itself by parentheses."""
    statement = mutant.now == "pass"
    text = mutant.now if statement else f"({mutant.now})"
    if mutant.was.startswith("return "):
        text = mutant.now
    return source[:mutant.start] + text.encode() + source[mutant.end:]


Change = tuple[Any, str, ast.AST]


def _changes(node: ast.AST, where: str, assigned: set[str]) -> Iterator[Change]:
    """Changes of a node and of all in it."""
    if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
        where = f"{where}.{node.name}".lstrip(".")
        assigned = _arguments(node)
    if not _is_message(node):
        for new in (*_operators(node, where), *_values(node), *_statements(node, assigned)):
            yield node, where, new
    if isinstance(node, ast.Assign):
        assigned |= {name.id for target in node.targets for name in ast.walk(target)
                     if isinstance(name, ast.Name)}
    for child in _children(node):
        yield from _changes(child, where, assigned)


def _arguments(node: ast.AST) -> set[str]:
    arguments = getattr(node, "args", None)
    return {a.arg for a in ast.walk(arguments) if isinstance(a, ast.arg)} if arguments else set()


def _children(node: ast.AST) -> Iterator[ast.AST]:
    """What of a node may be changed."""
    if isinstance(node, (ast.Raise, ast.JoinedStr, ast.arg)) or _is_message(node):
        return
    if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING":
        return
    left_alone = {"annotation", "returns", "decorator_list", "bases", "keywords"} \
        if isinstance(node, ast.ClassDef) else {"annotation", "returns", "decorator_list"}
    for name, value in ast.iter_fields(node):
        if name not in left_alone:
            for child in value if isinstance(value, list) else [value]:
                if isinstance(child, ast.AST):
                    yield child


def _is_message(node: ast.AST) -> bool:
    if isinstance(node, ast.keyword):
        return node.arg in MESSAGES
    if isinstance(node, ast.Subscript):
        return ast.unparse(node.value) in ("Literal", "NDArray", "Callable")
    if isinstance(node, ast.Call):
        name = ast.unparse(node.func).rpartition(".")[2]
        return name.endswith(("Error", "Warning", "Caution")) or name in ("warn", "cast")
    return False


def _operators(node: ast.AST, where: str) -> Iterator[ast.AST]:
    if isinstance(node, ast.Compare):
        for i, op in enumerate(node.ops):
            new = copy.deepcopy(node)
            new.ops[i] = OPERATORS[type(op)]()
            yield new
    elif isinstance(node, (ast.BinOp, ast.BoolOp)):
        new = copy.deepcopy(node)
        if isinstance(node.op, (ast.LShift, ast.RShift)):
            new.right = ast.BinOp(new.right, ast.Add(), ast.Constant(1))
            yield new
        elif type(node.op) in OPERATORS and not _is_text_or_type(node, where):
            new.op = OPERATORS[type(node.op)]()
            yield new
    elif isinstance(node, ast.UnaryOp) and not isinstance(node.op, ast.UAdd):
        yield node.operand


def _is_text_or_type(node: ast.BinOp | ast.BoolOp, where: str) -> bool:
    """``"a" + "b"``, ``"%d" % n``, and ``int | None`` outside of functions."""
    if isinstance(node.op, (ast.BitOr, ast.BitAnd)) and not where:
        return True
    return any(isinstance(part, ast.JoinedStr)
               or (isinstance(part, ast.Constant) and isinstance(part.value, str))
               for part in ast.iter_child_nodes(node)) and not isinstance(node, ast.BoolOp)


def _values(node: ast.AST) -> Iterator[ast.AST]:
    if isinstance(node, ast.Constant):
        if isinstance(node.value, bool):
            yield ast.Constant(not node.value)
        elif isinstance(node.value, (int, float)):
            yield ast.Constant(node.value + 1)
            yield ast.Constant(node.value - 1)
    elif isinstance(node, ast.IfExp):
        yield ast.IfExp(node.test, node.orelse, node.body)
    elif isinstance(node, ast.Call):
        yield from _calls(node)


def _calls(node: ast.Call) -> Iterator[ast.AST]:
    """The other of two functions; no absolute value; the bounds of a clip one lower and higher."""
    name = ast.unparse(node.func).rpartition(".")[2]
    new = copy.deepcopy(node)
    if name in FUNCTIONS:
        if isinstance(new.func, ast.Attribute):
            new.func.attr = FUNCTIONS[name]
        elif isinstance(new.func, ast.Name):
            new.func.id = FUNCTIONS[name]
        yield new
    elif name == "abs" and node.args:
        yield node.args[0]
    elif name in ("clip", "clip_one"):
        for i in range(1, len(node.args)):
            new = copy.deepcopy(node)
            new.args[i] = ast.BinOp(new.args[i], ast.Sub(), ast.Constant(1))
            yield new


def _statements(node: ast.AST, assigned: set[str]) -> Iterator[ast.AST]:
    """A statement left out: a refusal, a call for what it does, an assignment to what exists."""
    if (isinstance(node, (ast.Raise, ast.AugAssign, ast.Continue, ast.Break))
            or (isinstance(node, ast.Expr)
                and isinstance(node.value, (ast.Call, ast.Yield, ast.YieldFrom)))
            or (isinstance(node, ast.Assign)
                and all(_is_there_before(target, assigned) for target in node.targets))):
        yield ast.Pass()
    elif isinstance(node, ast.Return) and isinstance(node.value, ast.Tuple) \
            and len(node.value.elts) == 2:
        yield ast.Return(ast.Tuple(node.value.elts[::-1], ast.Load()))


def _is_there_before(target: ast.expr, assigned: set[str]) -> bool:
    return (isinstance(target, (ast.Subscript, ast.Attribute))
            or (isinstance(target, ast.Name) and target.id in assigned))
