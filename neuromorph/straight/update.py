"""The update of neurons as straight-line code: with their parameters' values, or by name."""

from __future__ import annotations

import ast
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from neuromorph.errors import NetworkError, UnsupportedError
from neuromorph.neurons import NeuronModel, registered
from neuromorph.numerics.limits import STATE_MAX
from neuromorph.shown import Shown
from neuromorph.straight.code import Code, Node, in_order
from neuromorph.straight.operations import LEAST, MOST, Span
from neuromorph.straight.walk import Walk, source_of

NARROW = -(2**31), 2**31 - 1
"""What 32 bits hold."""

T_MOST = 2**31 - 1
"""No run is longer."""

LEVELS = (STATE_MAX, STATE_MAX + 1, NARROW[1], MOST)
"""Where what a word stays within is looked for, once it has grown a few times."""

PATIENCE = 3

Column: TypeAlias = "int | NDArray[np.int64]"


@dataclass(frozen=True, eq=False, repr=False)
class Update(Shown):
    """One step of all neurons of some populations of one model.

    Attributes
    ----------
    sent : Node
        What each sends.
    words : tuple of Node
        The new state, word by word.
    said : mapping of node id to str
        What the kernel calls a number.
    """

    sent: Node
    words: tuple[Node, ...]
    said: Mapping[int, str] = field(default_factory=dict)

    @property
    def nodes(self) -> list[Node]:
        """All operations, each after those it needs."""
        return in_order(self.sent, *self.words)

    @property
    def alone(self) -> bool:
        """Whether a neuron asks for its number, or for the last one: no two populations mix."""
        return any(node.op in ("last", "index") for node in self.nodes)


def update_of(
    model: type[NeuronModel], columns: Sequence[Column], size: int, ports: Mapping[str, Span],
    where: str = "",
) -> Update:
    """The update of some neurons whose constants are known.

    Parameters
    ----------
    model : type
    columns : sequence of int, or int64 array of shape (size,)
        Constants of its kernel, of one population or several; see `stacked`.
    size : int
        Neurons.
    ports : mapping of port to (lowest, highest)
        What may arrive; 32 bits at a port that is not in it.
    where : str
        Named in errors.

    Raises
    ------
    UnsupportedError
        If its kernel is no straight-line code.
    """
    spans = [(0, 0)] * len(model.words)
    arrives = [ports.get(port, NARROW) for port in model.ports]
    for patience in range(PATIENCE + 2 * len(LEVELS) * len(spans) + 1):
        found = _walked(model, columns, size, spans, arrives)
        grown = [_hull(span, (word.low, word.high))
                 for span, word in zip(spans, found.words, strict=True)]
        if grown == spans:
            return found
        spans = grown if patience < PATIENCE else [
            _widened(*both) for both in zip(spans, grown, strict=True)]
    raise UnsupportedError("what a neuron keeps has no bounds", where=where,
                           found=model.__name__)


def named_update(model: type[NeuronModel]) -> Update:
    """The update of any neurons of a model, whose constants are columns of a table.

    Whatever the parameters, sums, words and constants are within 32 bits.
    """
    code = Code()
    leaf = code.leaf
    found = Walk(code, model.kernel, lambda k: leaf("own", k, *NARROW),
                 [leaf("word", k, *NARROW) for k in range(len(model.words))],
                 [leaf("port", k, *NARROW) for k in range(len(model.ports))],
                 leaf("index", 0, 0, T_MOST), leaf("count", 0, 0, T_MOST, wide=False),
                 leaf("t", 0, 0, T_MOST, wide=False))
    return Update(found.sent, tuple(found.words), found.said)


def why_not_straight(model: NeuronModel) -> str | None:
    """Why a model's update is no straight-line code; None if it is."""
    try:
        registered(model, model.kind)
    except NetworkError as error:
        return str(error)
    return why_not_straight_kind(type(model))


def why_not_straight_kind(model: type[NeuronModel]) -> str | None:
    """The same of a class that is registered."""
    if model.from_outside:
        return None
    if not hasattr(model, "kernel"):
        return "a model without a kernel"
    try:
        named_update(model)
    except UnsupportedError as error:
        return str(error)
    return None


def column_names(model: type[NeuronModel], columns: int) -> tuple[str, ...]:
    """What a kernel calls its constants, by column: a name of its module, or the parameter's."""
    found = {k: one.name for k, one in enumerate(fields(model))}
    names = vars(sys.modules[model.kernel.__module__])
    for node in ast.walk(source_of(model.kernel)):
        if isinstance(node, ast.Subscript) and getattr(node.value, "id", "") == "own" and (
                isinstance(node.slice, ast.Tuple)):
            column = node.slice.elts[1]
            if isinstance(column, ast.Name):
                found[names[column.id]] = column.id.lower()
    return tuple(found[k] for k in range(columns))


def stacked(populations: Sequence[tuple[NeuronModel, int]]) -> list[Column]:
    """The constants of populations of one model, one after the other: models and sizes.

    What all neurons have alike is one number.
    """
    tables = [[np.broadcast_to(np.asarray(value, np.int64), (size,)) for value in model.constants()]
              for model, size in populations]
    columns = [np.concatenate(parts) for parts in zip(*tables, strict=True)]
    return [int(column[0]) if (column == column[0]).all() else column for column in columns]


def _walked(
    model: type[NeuronModel], columns: Sequence[Column], size: int, spans: Sequence[Span],
    arrives: Sequence[Span],
) -> Update:
    code = Code()
    found = Walk(code, model.kernel, lambda k: code.const(columns[k]),
                 [code.leaf("word", k, *span) for k, span in enumerate(spans)],
                 [code.leaf("port", k, *span) for k, span in enumerate(arrives)],
                 code.leaf("index", 0, 0, size - 1), code.const(size - 1),
                 code.leaf("t", 0, 0, T_MOST, wide=False))
    return Update(found.sent, tuple(found.words), found.said)


def _hull(one: Span, other: Span) -> Span:
    return min(one[0], other[0]), max(one[1], other[1])


def _widened(old: Span, new: Span) -> Span:
    """Ends that have moved, at the next level."""
    low = new[0] if new[0] == old[0] else -next((n for n in LEVELS if -n <= new[0]), -LEAST)
    high = new[1] if new[1] == old[1] else next(n for n in LEVELS if n >= new[1])
    return low, high
