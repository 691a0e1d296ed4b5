"""A kernel, walked once: both sides of every branch, loops unrolled, functions put in place."""

from __future__ import annotations

import ast
import builtins
import inspect
import textwrap
from collections.abc import Callable, Sequence
from functools import lru_cache, partial
from types import FunctionType
from typing import Any

from neuromorph.errors import UnsupportedError
from neuromorph.straight.code import Code, Node

UNROLLED = 64
"""Most rounds of a loop: no shift of 64 bits goes on for longer."""

STATE, OWN, ARRIVED, LAST = "state", "own", "arrived", "last"
"""What stands for the arguments of a kernel that are no numbers."""

BINARY = {ast.Add: "add", ast.Sub: "sub", ast.Mult: "mul", ast.LShift: "shl", ast.RShift: "shr",
          ast.FloorDiv: "div", ast.Mod: "mod", ast.BitAnd: "and", ast.BitOr: "or"}

COMPARED: dict[type[ast.cmpop], tuple[str, bool, bool]] = {
    ast.Lt: ("lt", False, False), ast.LtE: ("le", False, False), ast.Gt: ("lt", True, False),
    ast.GtE: ("le", True, False), ast.Eq: ("eq", False, False), ast.NotEq: ("eq", False, True)}
"""Operation, whether its sides are swapped, and whether it is the contrary."""

Names = dict[str, Any]


class Walk:
    """One walk through a kernel.

    Attributes
    ----------
    code : Code
    own, words, ports
        Columns of the kernel's three tables; ``words`` are as the walk has left them.
    kernel : callable
    said : dict of node id to str
        What the kernel calls a number.
    """

    def __init__(
        self, code: Code, kernel: Callable[..., int], own: Callable[[int], Node],
        words: Sequence[Node], ports: Sequence[Node], index: Node, last: Node, t: Node,
    ) -> None:
        self.code, self.kernel, self.own = code, kernel, own
        self.words, self.before, self.ports, self.last = list(words), tuple(words), ports, last
        self.index = index
        self.said: dict[int, str] = {}
        sent = self.call(kernel, [OWN, STATE, ARRIVED, index, last, t])
        if not isinstance(sent, Node):
            self.refuse("it sends no number")
        self.sent: Node = sent

    def refuse(self, what: str) -> Any:
        """Say what no straight-line code is made of.

        Raises
        ------
        UnsupportedError
        """
        raise UnsupportedError("a kernel is no straight-line code",
                               where=f"{self.kernel.__module__}.{self.kernel.__name__}",
                               found=what)

    # --- functions

    def call(self, function: Any, given: list[Any]) -> Any:
        """What a function of ours gives, put in place."""
        if not isinstance(function, FunctionType):
            return self.refuse(f"a call of {function!r:.60}")
        definition = source_of(function)
        names = [arg.arg for arg in definition.args.args]
        scope = _Scope(self, function.__globals__)
        return scope.run(definition.body, dict(zip(names, given, strict=True)))

    def truth(self, value: Any) -> Node:
        """Whether a number is not 0."""
        node = self.code.node(value)
        if node.truth or node.known in (0, 1):
            return node
        return self.code("not", self.code("eq", node, 0))


class _Scope:
    """The body of one function, in which names mean nodes."""

    def __init__(self, walk: Walk, outer: Names) -> None:
        self.walk, self.code, self.outer = walk, walk.code, outer

    def run(self, body: Sequence[ast.stmt], names: Names) -> Any:
        """What statements return; None if they do not."""
        for n, statement in enumerate(body):
            if isinstance(statement, ast.Return):
                return self.value(statement.value, names)
            if isinstance(statement, ast.If):
                test = self.walk.truth(self.value(statement.test, names))
                if test.known is not None:
                    branch = statement.body if test.known else statement.orelse
                    return self.run([*branch, *body[n + 1:]], names)
                returns = any(isinstance(one, ast.Return) for one in ast.walk(statement))
                after = body[n + 1:] if returns else []
                found = self.fork(test, statement.test, names,
                                  partial(self.run, [*statement.body, *after]),
                                  partial(self.run, [*statement.orelse, *after]))
                if returns:
                    return found
            else:
                self.do(statement, names)
        return None

    def do(self, statement: ast.stmt, names: Names) -> None:
        """A statement that neither branches nor returns."""
        if isinstance(statement, ast.Assign) and len(statement.targets) == 1:
            self.assign(statement.targets[0], self.value(statement.value, names), names)
        elif isinstance(statement, ast.AnnAssign) and statement.value is not None:
            self.assign(statement.target, self.value(statement.value, names), names)
        elif isinstance(statement, ast.AugAssign):
            changed = ast.BinOp(_read(statement.target), statement.op, statement.value)
            self.assign(statement.target, self.value(changed, names), names)
        elif isinstance(statement, ast.Expr):
            if not isinstance(statement.value, ast.Constant):  # a docstring
                self.value(statement.value, names)
        elif isinstance(statement, ast.For):
            for n in self.rounds(statement, names):
                self.assign(statement.target, self.code.const(n), names)
                self.run(statement.body, names)
        elif isinstance(statement, ast.While):
            self.loop(statement, names, UNROLLED)
        else:
            self.walk.refuse(f"line {statement.lineno}: {ast.unparse(statement)}")

    def rounds(self, loop: ast.For, names: Names) -> range:
        """The numbers that a loop counts through."""
        call = loop.iter
        if isinstance(call, ast.Call) and getattr(call.func, "id", "") == "range":
            ends = [self.code.node(self.value(arg, names)).known for arg in call.args]
            known = [end for end in ends if end is not None]
            if len(known) == len(ends):
                return range(*known)
        found: range = self.walk.refuse(f"line {loop.lineno}: a loop of unknown length")
        return found

    def loop(self, loop: ast.While, names: Names, left: int) -> None:
        """As many rounds as there can be, each within the one before."""
        test = self.walk.truth(self.value(loop.test, names))
        if test.known == 0:
            return
        if not left:
            self.walk.refuse(f"line {loop.lineno}: a loop whose end cannot be told")

        def again(own: Names) -> None:
            self.run(loop.body, own)
            self.loop(loop, own, left - 1)

        if test.known is None:
            self.fork(test, loop.test, names, again, lambda own: None)
        else:
            again(names)

    def fork(
        self, test: Node, said: ast.expr, names: Names, yes: Callable[[Names], Any],
        no: Callable[[Names], Any],
    ) -> Any:
        """Both ways; what each leaves in names and state is chosen from by the test."""
        before, ends = list(self.walk.words), []
        for way, side in ((yes, True), (no, False)):
            self.walk.words = list(before)
            own, narrowed = self.narrowed(said, names, holds=side)
            found = way(own)
            own.update({name: names[name] for name, node in narrowed.items()
                        if own[name] is node})
            ends.append((found, own, self.walk.words))
        (one, mine, left), (other, theirs, right) = ends
        self.walk.words = [self.code("where", test, *both)
                           for both in zip(left, right, strict=True)]
        names.update({name: self.choose(test, mine[name], theirs[name])
                      for name in mine if name in theirs})
        return self.choose(test, one, other)

    def choose(self, test: Node, one: Any, other: Any) -> Any:
        """One of two values, number by number; the same of both is neither's."""
        if one is other:
            return one
        if isinstance(one, tuple) and isinstance(other, tuple):
            return tuple(self.choose(test, *both) for both in zip(one, other, strict=True))
        if isinstance(one, Node) and isinstance(other, Node):
            return self.code("where", test, one, other)
        return self.walk.refuse("two ways of a branch, one of which has no number")

    def narrowed(
        self, said: ast.expr, names: Names, *, holds: bool
    ) -> tuple[Names, dict[str, Node]]:
        """Names, where a comparison of one with a number holds, or does not.

        Neurons that go the other way compute with numbers, too, which must not lead astray.
        """
        own = dict(names)
        if not (isinstance(said, ast.Compare) and len(said.ops) == 1
                and isinstance(said.left, ast.Name)
                and isinstance(names.get(said.left.id), Node)):
            return own, {}
        limit = self.code.node(self.value(said.comparators[0], names)).known
        if limit is None or type(said.ops[0]) not in (ast.Lt, ast.LtE, ast.Gt, ast.GtE):
            return own, {}
        below = isinstance(said.ops[0], ast.Lt | ast.LtE) == holds
        strict = isinstance(said.ops[0], ast.Lt | ast.Gt) == holds
        bound = limit + (-1 if below else 1) * strict
        name = said.left.id
        own[name] = self.code("min" if below else "max", names[name], bound)
        return own, {name: own[name]} if own[name] is not names[name] else {}

    def assign(self, target: ast.expr, value: Any, names: Names) -> None:
        """To a name, to several, or to a word of the state."""
        if isinstance(target, ast.Name):
            names[target.id] = value
            self.walk.said.setdefault(id(value), target.id)
        elif isinstance(target, ast.Tuple):
            for one, part in zip(target.elts, value, strict=True):
                self.assign(one, part, names)
        elif isinstance(target, ast.Subscript):
            table, row, column = self.place(target, names)
            if table != STATE or row is not self.walk.index:
                self.walk.refuse(f"line {target.lineno}: a change of {ast.unparse(target)}")
            self.walk.words[column] = self.as_number(value)
        else:
            self.walk.refuse(f"line {target.lineno}: a change of {ast.unparse(target)}")

    # --- expressions

    def value(self, said: ast.expr | None, names: Names) -> Any:
        """A node, a tuple, a table or a function."""
        if isinstance(said, ast.Name):
            return self.named(said, names)
        evaluate = getattr(self, f"_{type(said).__name__.lower()}", None)
        if evaluate is None:
            return self.walk.refuse("nothing" if said is None else ast.unparse(said))
        return evaluate(said, names)

    def named(self, said: ast.Name, names: Names) -> Any:
        """What a name stands for: here, in its module, or in Python."""
        for known in (names, self.outer, vars(builtins)):
            if said.id in known:
                found = known[said.id]
                return self.code.const(found) if isinstance(found, int) else found
        return self.walk.refuse(f"a name {said.id}")

    def _constant(self, said: ast.Constant, names: Names) -> Node:
        return self.code.const(said.value) if isinstance(said.value, int) else (
            self.walk.refuse(ast.unparse(said)))

    def _tuple(self, said: ast.Tuple, names: Names) -> tuple[Any, ...]:
        return tuple(self.value(one, names) for one in said.elts)

    def _binop(self, said: ast.BinOp, names: Names) -> Node:
        if type(said.op) not in BINARY:
            self.walk.refuse(ast.unparse(said))
        return self.code(BINARY[type(said.op)], self.number(said.left, names),
                         self.number(said.right, names))

    def _unaryop(self, said: ast.UnaryOp, names: Names) -> Node:
        value = self.number(said.operand, names)
        if isinstance(said.op, ast.Not):
            return self.code("not", self.walk.truth(value))
        if not isinstance(said.op, ast.USub):
            self.walk.refuse(ast.unparse(said))
        return self.code("neg", value)

    def _boolop(self, said: ast.BoolOp, names: Names) -> Node:
        op = "both" if isinstance(said.op, ast.And) else "either"
        found = [self.walk.truth(self.value(one, names)) for one in said.values]
        total = found[0]
        for one in found[1:]:
            total = self.code(op, total, one)
        return total

    def _compare(self, said: ast.Compare, names: Names) -> Node:
        sides = [self.number(one, names) for one in (said.left, *said.comparators)]
        total = self.code.const(1)
        for operator, *both in zip(said.ops, sides, sides[1:], strict=False):
            if type(operator) not in COMPARED:
                self.walk.refuse(ast.unparse(said))
            op, swapped, contrary = COMPARED[type(operator)]
            one = self.code(op, *(both[::-1] if swapped else both))
            total = self.code("both", total, self.code("not", one) if contrary else one)
        return total

    def _ifexp(self, said: ast.IfExp, names: Names) -> Any:
        test = self.walk.truth(self.value(said.test, names))
        if test.known is not None:
            return self.value(said.body if test.known else said.orelse, names)
        return self.fork(test, said.test, dict(names), lambda own: self.value(said.body, own),
                         lambda own: self.value(said.orelse, own))

    def _subscript(self, said: ast.Subscript, names: Names) -> Any:
        base = self.value(said.value, names)
        if isinstance(base, tuple):
            n = self.code.node(self.value(said.slice, names)).known
            return self.code.node(base[n]) if n is not None else (
                self.walk.refuse(ast.unparse(said)))
        table, row, column = self.place(said, names)
        return self.read(table, column, of_last=row is self.walk.last, said=said)

    def read(self, table: str, column: int, *, of_last: bool, said: ast.expr) -> Node:
        """A column of a table, of the neuron itself or of the last one."""
        if table == STATE and of_last and self.walk.words[column] is not self.walk.before[column]:
            self.walk.refuse(f"{ast.unparse(said)}, which has been written to")
        node = self.walk.own(column) if table == OWN else (
            self.walk.words if table == STATE else self.walk.ports)[column]
        return self.code("last", node) if of_last and node.wide else node

    def place(self, said: ast.Subscript, names: Names) -> tuple[str, Node, int]:
        """Table, row and column."""
        table, index = self.value(said.value, names), self.value(said.slice, names)
        if table in (STATE, OWN, ARRIVED) and isinstance(index, tuple) and len(index) == 2:
            row, column = index
            if row in (self.walk.index, self.walk.last) and column.known is not None:
                return table, row, column.known
        found: tuple[str, Node, int] = self.walk.refuse(ast.unparse(said))
        return found

    def _call(self, said: ast.Call, names: Names) -> Any:
        function = self.value(said.func, names)
        given = [self.value(arg, names) for arg in said.args]
        if said.keywords:
            self.walk.refuse(ast.unparse(said))
        if function is builtins.abs:
            return self.code("abs", *given)
        if function in (builtins.min, builtins.max) and len(given) == 2:
            return self.code(function.__name__, *given)
        return self.walk.call(function, given)

    def number(self, said: ast.expr, names: Names) -> Node:
        """The value of what must be a number."""
        return self.as_number(self.value(said, names))

    def as_number(self, value: Any) -> Node:
        """A number, or a refusal."""
        found: Node = value if isinstance(value, Node) else self.walk.refuse(f"{value!r:.60}")
        return found


@lru_cache
def source_of(function: FunctionType) -> ast.FunctionDef:
    """The definition of a function."""
    tree = ast.parse(textwrap.dedent(inspect.getsource(function)))
    definition = tree.body[0]
    if not isinstance(definition, ast.FunctionDef):
        raise UnsupportedError("a kernel is a plain function", found=function.__qualname__)
    return definition


def _read(target: ast.expr) -> ast.expr:
    """What is written to, as it is read."""
    found: ast.expr = ast.parse(ast.unparse(target), mode="eval").body
    return found
