"""From a program's plain data to what the checker judges; what is not well-formed is refused."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import fields
from typing import Annotated, Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from neuromorph.compile.check.models import MODELS
from neuromorph.compile.check.placed import Bundle, Circuit, Group, Piece, Placed, Spelling
from neuromorph.compile.check.row import A_IN, Row, Value
from neuromorph.errors import FileFormatError, did_you_mean
from neuromorph.network import LearningRule
from neuromorph.shapes import Shaped

VERSION = 1
THIRD = ("y1", "y2", "y3")
TEXTS = ("dw", "dt", "payload", "sign")
"""Fields of a learning rule that are text."""

Weights = Mapping[str, Annotated[Shaped, "..."]]
Kind = TypeVar("Kind")


def read_placed(program: Mapping[str, Any], weights: Weights) -> Placed:
    """Read a program.

    Raises
    ------
    FileFormatError
        Naming the field that is missing, unknown, of another type, or leads nowhere.
    LearningRuleError
        If a learning rule is none.
    """
    version = take(program, "schema_version", int, "program")
    if version != VERSION:
        raise FileFormatError("the program is of another schema version", where="program",
                              found=version, expected=VERSION)
    only(program, ("schema_version", "profile", "units", "slices", "cores"), "program")
    units = take(program, "units", list, "program")
    slices = take(program, "slices", list, "program")
    circuits = tuple(_circuit(unit, weights, f"unit {n}") for n, unit in enumerate(units))
    _differ("units", [circuit.name for circuit in circuits], "program")
    return Placed(take(program, "profile", str, "program"), circuits,
                  tuple(_piece(row, f"slice {n}") for n, row in enumerate(slices)),
                  _cores(take(program, "cores", list, "program")))


def take(data: Any, name: str, kind: type[Kind], where: str) -> Kind:
    """The field of that name, if it is of that type; a truth value is no number.

    Raises
    ------
    FileFormatError
        If it is missing, or of another type.
    """
    if not isinstance(data, Mapping) or name not in data:
        raise FileFormatError(f"the field {name} is missing", where=where)
    value = data[name]
    if not isinstance(value, kind) or (isinstance(value, bool) and kind not in (bool, object)):
        raise FileFormatError(f"the field {name} is of another type", where=where,
                              found=repr(value), expected=kind.__name__)
    return value


def only(data: Mapping[str, Any], known: Iterable[str], where: str) -> None:
    """Refuse a field that nothing here judges."""
    for name in data:
        if name not in known:
            raise FileFormatError(f"the field {name} is unknown", where=where,
                                  hint=did_you_mean(str(name), known))


def _name(data: Any, where: str) -> str:
    name = take(data, "name", str, where)
    if not name or not name.isprintable():
        raise FileFormatError("a name must be printable", where=where, found=repr(name))
    return name


def _differ(what: str, names: Sequence[str], where: str) -> None:
    twice = [name for name, count in Counter(names).items() if count > 1]
    if twice:
        raise FileFormatError(f"two {what} have one name", where=where, found=twice[0])


def _circuit(unit: Any, weights: Weights, where: str) -> Circuit:
    name = _name(unit, where)
    only(unit, ("name", "populations", "projections", "letters", "late"), name)
    groups = [_group(p, name) for p in take(unit, "populations", list, name)]
    by_name = {group.name: group for group in groups}
    _differ("populations", [group.name for group in groups], name)
    bundles = tuple(_bundle(p, weights, by_name, name)
                    for p in take(unit, "projections", list, name))
    _differ("projections", [bundle.name for bundle in bundles], name)
    letters = {source: _letters(data, f"{name}.{source}")
               for source, data in take(unit, "letters", dict, name).items()}
    late = take(unit, "late", dict, name)
    steps = {_known(group, by_name, name).name: take(late, group, int, f"{name}: late")
             for group in late}
    return Circuit(name, by_name, bundles, letters, steps)


def _group(data: Any, where: str) -> Group:
    name = _name(data, where)
    where = f"{where}.{name}"
    only(data, ("name", "size", "kind", "parameters"), where)
    size, kind = take(data, "size", int, where), take(data, "kind", str, where)
    if size < 1:
        raise FileFormatError("a population needs at least one neuron", where=where, found=size)
    if kind not in MODELS:
        raise FileFormatError("the checker's table has no row for this neuron model", where=where,
                              found=kind, expected="a row in compile/check/models.py",
                              hint=did_you_mean(kind, MODELS))
    given = take(data, "parameters", dict, where)
    row = MODELS[kind]
    only(given, row.parameters, where)
    return Group(name, size, kind, {n: _parameter(given, n, size, row, where)
                                    for n in row.parameters})


def _parameter(
    given: Mapping[str, Any], name: str, size: int, row: Row, where: str
) -> Value:
    """One number, or where the model has such a parameter one for each neuron."""
    if name not in row.by_neuron or not isinstance(given.get(name), list):
        return take(given, name, int, where)
    numbers: list[Any] = given[name]
    if len(numbers) != size:
        raise FileFormatError(f"{name} is neither one number nor one for each neuron", where=where,
                              found=f"{len(numbers)} numbers", expected=f"1 or {size}")
    for number in numbers:
        if not _is_whole(number):
            raise FileFormatError(f"{name} is no whole number", where=where, found=repr(number))
    return tuple(numbers)


def _bundle(data: Any, weights: Weights, groups: Mapping[str, Group], where: str) -> Bundle:
    name = _name(data, where)
    where = f"{where}.{name}"
    only(data, ("name", "pre", "post", "weights", "delay", "exponent", "graded", "rule",
                "modulators", "port"), where)
    pre, post = (_known(take(data, end, str, where), groups, where) for end in ("pre", "post"))
    third = take(data, "modulators", list, where)
    if len(third) != len(THIRD):
        raise FileFormatError("modulators are a name or null for each of y1, y2 and y3",
                              where=where, found=repr(third))
    for factor in third:
        if factor is not None:
            _known(factor, groups, where)
    found = _weights(take(data, "weights", str, where), weights, (post.size, pre.size), where)
    return Bundle(name, pre.name, post.name, found, take(data, "delay", int, where),
                  take(data, "exponent", int, where), take(data, "graded", bool, where),
                  _rule(take(data, "rule", object, where), where), tuple(third),
                  take(data, "port", str, where) if "port" in data else A_IN)


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


def _letters(data: Any, where: str) -> Spelling:
    one_hot = take(data, "one_hot", bool, where)
    only(data, ("values", "one_hot"), where)
    values = take(data, "values", list, where)
    if not all(map(_is_whole, values)):
        raise FileFormatError("letters are whole numbers", where=where, found=repr(values))
    return Spelling(tuple(values), one_hot)


def _rule(data: Any, where: str) -> LearningRule | None:
    """A learning rule, which checks itself; null is the infinity that JSON does not have."""
    if data is None:
        return None
    names = [f.name for f in fields(LearningRule)]
    given = {name: take(data, name, str if name in TEXTS else object, where) for name in names}
    only(data, names, where)
    values: dict[str, Any] = {name: math.inf if name.endswith("_tau") and value is None else value
                              for name, value in given.items()}
    return LearningRule(**values)


def _piece(row: Any, where: str) -> Piece:
    numbers = [row[i] for i in (0, 2, 3, 4)] if isinstance(row, list) and len(row) == 5 else [None]
    if not (all(map(_is_whole, numbers)) and isinstance(row[1], str)):
        raise FileFormatError("a slice is [unit, population, start, stop, core]", where=where,
                              found=repr(row))
    return Piece(*row)


def _cores(rows: list[Any]) -> NDArray[np.int64]:
    for n, row in enumerate(rows):
        if not isinstance(row, list) or len(row) != 3 or not all(
                _is_whole(value) and abs(value) < 1 << 31 for value in row):
            raise FileFormatError("a core is [chip, column, row]", where=f"core {n}",
                                  found=repr(row))
    return np.array(rows, np.int64).reshape(-1, 3)


def _is_whole(value: object) -> bool:
    """A truth value is no number."""
    return isinstance(value, int) and not isinstance(value, bool)
