"""Straight-line code as a function in NumPy's words, to run where nothing of ours is."""

from __future__ import annotations

import keyword
import textwrap
from collections import Counter
from collections.abc import Callable, Mapping

import numpy as np

from neuromorph.neurons import NeuronModel
from neuromorph.straight.code import Node, in_order
from neuromorph.straight.learning import DRAWS, KEPT, Learned
from neuromorph.straight.update import column_names, named_update

WORDS = {
    "add": "({} + {})", "sub": "({} - {})", "mul": "({} * {})", "neg": "(-{})", "abs": "abs({})",
    "min": "np.minimum({}, {})", "max": "np.maximum({}, {})", "shl": "({} << {})",
    "shr": "({} >> {})", "div": "({} // {})", "mod": "({} % {})", "and": "({} & {})",
    "or": "({} | {})", "lt": "({} < {})", "le": "({} <= {})", "eq": "({} == {})",
    "not": "np.logical_not({})", "both": "(({}) & ({}))", "either": "(({}) | ({}))",
    "where": "np.where({}, {}, {})", "last": "{}[-1]", "any": "np.any({})",
    "column": "{}[:, None]", "take": "{}[{}]",
}
"""Each operation in Python; what is true or false is an array, or a NumPy number, of truths."""

LEAVES = {"t": "t", "index": "np.arange(size)", "count": "(size - 1)"}

TAKEN = {"np", "own", "state", "arrived", "size", "t", "sent", "abs"}
"""Names that a function has besides."""

WIDTH = 96


def numpy_function(model: type[NeuronModel], columns: int) -> str:
    """``step_KIND(own, state, arrived, size, t)``, which gives what is sent, and the new state.

    ``own``, ``state`` and ``arrived`` are lists of int64 arrays of shape (size,), columns of the
    kernel's tables. It must run where NumPy does not warn of divisions by 0.
    """
    update = named_update(model)
    own = _free(column_names(model, columns))
    words = _free(model.words, {*TAKEN, *own})
    ports = _free(model.ports, {*TAKEN, *own, *words})
    names = {(op, k): name for op, table in (("own", own), ("word", words), ("port", ports))
             for k, name in enumerate(table)}
    writer = _Writer(lambda node: names[node.op, node.value], (update.sent, *update.words),
                     update.said, {*TAKEN, *own, *words, *ports})
    sent, *new = writer.results()
    return _function(
        f"step_{model.__name__}(own, state, arrived, size, t)",
        [*_unpacked("own", own), *_unpacked("state", words), *_unpacked("arrived", ports),
         *writer.lines, *_line("sent", sent), *_wrapped(f"return sent, [{', '.join(new)}]")])


def learning_function(name: str, rule: Learned) -> str:
    """``NAME(w, tags, x1, …, pre, post, third1, …, draw_x, …, t)``, which gives what is kept.

    All arguments are by name, see `Learned`; the result is a dict.
    """
    writer = _Writer(lambda node: str(node.value), tuple(rule.kept.values()), {},
                     {*TAKEN, *GIVEN})
    told = [f"{key!r}: {text}" for key, text in zip(rule.kept, writer.results(), strict=True)]
    return _function(f"{name}({', '.join(GIVEN)})",
                     [*writer.lines, *_wrapped(f"return {{{', '.join(told)}}}")])


GIVEN = (*(one.name for one in KEPT), "pre", "post", "third1", "third2", "third3", *DRAWS, "t")
"""Arguments of a learning function."""


class _Writer:
    """Lines of a function: one for each number that is used more than once, or has a name."""

    def __init__(
        self, leaves: Callable[[Node], str], wanted: tuple[Node, ...], said: Mapping[int, str],
        taken: set[str],
    ) -> None:
        self.leaves, self.wanted, self.said, self.taken = leaves, wanted, said, set(taken)
        nodes = in_order(*wanted)
        self.used = Counter(id(arg) for node in nodes for arg in node.args)
        self.used.update(map(id, wanted))
        self.texts: dict[int, str] = {}
        self.lines: list[str] = []
        for node in nodes:
            self._write(node)

    def results(self) -> list[str]:
        """What is wanted, in words."""
        return [self.texts[id(node)] for node in self.wanted]

    def _write(self, node: Node) -> None:
        text = self._text(node)
        name = self.said.get(id(node))
        if isinstance(node.value, np.ndarray) or (
                node.args and (self.used[id(node)] > 1 or name)):
            told = self._name(name or "x")
            self.lines += _line(told, text)
            text = told
        self.texts[id(node)] = text

    def _text(self, node: Node) -> str:
        if node.op == "const":
            if isinstance(node.value, np.ndarray):
                return f"np.array({node.value.tolist()})"
            return str(node.value) if node.value >= 0 else f"({node.value})"
        if not node.args:
            return LEAVES[node.op] if node.op in LEAVES else self.leaves(node)
        if node.op == "not" and node.args[0].op == "eq":
            return "({} != {})".format(*(self.texts[id(arg)] for arg in node.args[0].args))
        return WORDS[node.op].format(*(self.texts[id(arg)] for arg in node.args))

    def _name(self, wanted: str) -> str:
        wanted = f"{wanted}_" if wanted in self.taken and f"{wanted}_" not in self.taken else wanted
        found, n = wanted, 1
        while found in self.taken:
            n += 1
            found = f"{wanted}{n}"
        self.taken.add(found)
        return found


def _function(head: str, body: list[str]) -> str:
    lines = textwrap.wrap(f"def {head}:", WIDTH + 4, subsequent_indent="        ")
    return "\n".join([*lines, *(f"    {line}" for line in body)]) + "\n"


def _unpacked(table: str, names: tuple[str, ...]) -> list[str]:
    return _wrapped(f"[{', '.join(names)}] = {table}") if names else []


def _free(names: tuple[str, ...], taken: set[str] = TAKEN) -> tuple[str, ...]:
    return tuple(f"{name}_in" if name in taken or keyword.iskeyword(name) else name
                 for name in names)


def _line(name: str, text: str) -> list[str]:
    while text.startswith("(") and _closes(text) == len(text) - 1:
        text = text[1:-1]
    return _wrapped(f"{name} = {text}")


def _closes(text: str) -> int:
    """Where the first bracket closes."""
    depth = 0
    for n, letter in enumerate(text):
        depth += (letter == "(") - (letter == ")")
        if not depth:
            return n
    return -1


def _wrapped(line: str) -> list[str]:
    """A line, or several, broken within its brackets."""
    if len(line) <= WIDTH:
        return [line]
    head, _, rest = line.partition(" = ") if not line.startswith("return") else ("return", "",
                                                                                  line[7:])
    glue = f"{head} = (" if head != "return" else "return ("
    return textwrap.wrap(f"{glue}{rest})", WIDTH, subsequent_indent="    ",
                         break_long_words=False, break_on_hyphens=False)
