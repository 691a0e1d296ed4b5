"""From a program's plain data to what the checker judges; what is not well-formed is refused."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import fields
from typing import Any, TypeVar, get_args

import numpy as np
from numpy.typing import NDArray

from neuromorph.compile.check.placed import Bundle, Circuit, Group, Piece, Placed
from neuromorph.errors import FileFormatError, did_you_mean
from neuromorph.network import LearningRule
from neuromorph.network.populations import NeuronModel

VERSION = 1
MODELS: dict[str, type[Any]] = {model.kind: model for model in get_args(NeuronModel)}

Weights = Mapping[str, NDArray[Any]]
Kind = TypeVar("Kind")


def read_placed(program: Mapping[str, Any], weights: Weights) -> Placed:
    """Read a program.

    Raises
    ------
    FileFormatError
        Naming the field that is missing, of another type, or leads nowhere.
    LearningRuleError
        If a learning rule is none.
    """
    version = take(program, "schema_version", int, "program")
    if version != VERSION:
        raise FileFormatError("the program is of another schema version", where="program",
                              found=version, expected=VERSION)
    units = take(program, "units", list, "program")
    slices = take(program, "slices", list, "program")
    return Placed(take(program, "profile", str, "program"),
                  tuple(_circuit(unit, weights, f"unit {n}") for n, unit in enumerate(units)),
                  tuple(_piece(row, f"slice {n}") for n, row in enumerate(slices)),
                  _cores(take(program, "cores", list, "program")))


def take(data: Any, name: str, kind: type[Kind], where: str) -> Kind:
    """The field of that name, if it is of that type; a truth value is no number."""
    if not isinstance(data, Mapping) or name not in data:
        raise FileFormatError(f"the field {name} is missing", where=where)
    value = data[name]
    if not isinstance(value, kind) or (isinstance(value, bool) and kind is not bool):
        raise FileFormatError(f"the field {name} is of another type", where=where,
                              found=repr(value), expected=kind.__name__)
    return value


def _circuit(unit: Any, weights: Weights, where: str) -> Circuit:
    name = take(unit, "name", str, where)
    groups = [_group(p, name) for p in take(unit, "populations", list, name)]
    by_name = {group.name: group for group in groups}
    if len(by_name) < len(groups):
        raise FileFormatError("two populations have one name", where=name)
    return Circuit(name, by_name, tuple(_bundle(p, weights, by_name, name)
                                        for p in take(unit, "projections", list, name)))


def _group(data: Any, where: str) -> Group:
    name = take(data, "name", str, where)
    where = f"{where}.{name}"
    size, kind = take(data, "size", int, where), take(data, "kind", str, where)
    if size < 1:
        raise FileFormatError("a population needs at least one neuron", where=where, found=size)
    if kind not in MODELS:
        raise FileFormatError("unknown neuron model", where=where, found=kind,
                              hint=did_you_mean(kind, MODELS))
    given = take(data, "parameters", dict, where)
    parameters = {f.name: take(given, f.name, int, where) for f in fields(MODELS[kind])}
    return Group(name, size, MODELS[kind](**parameters))


def _bundle(data: Any, weights: Weights, groups: Mapping[str, Group], where: str) -> Bundle:
    name = take(data, "name", str, where)
    where = f"{where}.{name}"
    pre, post = (_known(take(data, end, str, where), groups, where) for end in ("pre", "post"))
    third = take(data, "modulators", list, where)
    for factor in filter(None, third):
        _known(factor, groups, where)
    found = _weights(take(data, "weights", str, where), weights, (post.size, pre.size), where)
    return Bundle(name, pre.name, post.name, found, take(data, "delay", int, where),
                  take(data, "exponent", int, where), take(data, "graded", bool, where),
                  _rule(data.get("rule"), where), tuple(third))


def _known(name: Any, groups: Mapping[str, Group], where: str) -> Group:
    if not isinstance(name, str) or name not in groups:
        raise FileFormatError("there is no such population", where=where, found=name,
                              hint=did_you_mean(str(name), groups))
    return groups[name]


def _weights(
    name: str, weights: Weights, shape: tuple[int, int], where: str
) -> NDArray[np.int64]:
    if name not in weights:
        raise FileFormatError("there are no weights of that name", where=where, found=name)
    found = weights[name]
    if found.shape != shape or not np.issubdtype(found.dtype, np.integer):
        raise FileFormatError("weights are integers of shape (post, pre)", where=where,
                              found=f"{found.dtype} {found.shape}", expected=shape)
    return found


def _rule(data: Any, where: str) -> LearningRule | None:
    """A learning rule, which checks itself; null is the infinity that JSON does not have."""
    if data is None:
        return None
    given = {f.name: take(data, f.name, object, where) for f in fields(LearningRule)}
    values: dict[str, Any] = {name: math.inf if name.endswith("_tau") and value is None else value
                              for name, value in given.items()}
    return LearningRule(**values)


def _piece(row: Any, where: str) -> Piece:
    kinds = (int, str, int, int, int)
    if (not isinstance(row, list) or len(row) != len(kinds)
            or not all(map(isinstance, row, kinds))):
        raise FileFormatError("a slice is [unit, population, start, stop, core]", where=where,
                              found=repr(row))
    return Piece(*row)


def _cores(rows: list[Any]) -> NDArray[np.int64]:
    for n, row in enumerate(rows):
        if not isinstance(row, list) or len(row) != 3 or not all(
                isinstance(value, int) and abs(value) < 1 << 31 for value in row):
            raise FileFormatError("a core is [chip, column, row]", where=f"core {n}",
                                  found=repr(row))
    return np.array(rows, np.int64).reshape(-1, 3)
