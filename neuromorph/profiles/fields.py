"""From tables of value, unit, source and confidence to typed sections."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, TypeVar, get_args

from pydantic import ValidationError
from pydantic.fields import FieldInfo

from neuromorph.errors import ProfileError, did_you_mean
from neuromorph.profiles.costs import Energy, Latency, Power
from neuromorph.profiles.document import SETS, Document, FieldPath
from neuromorph.profiles.inherit import Merged
from neuromorph.profiles.quantity import (
    KINDS,
    Confidence,
    Quantity,
    Section,
    expectation,
    number_type,
    unit_of,
)
from neuromorph.profiles.sections import Board, Chip, Core, Learning, Neuron, Synapse

SECTIONS: Mapping[str, type[Section]] = {
    "board": Board, "chip": Chip, "core": Core, "neuron": Neuron, "synapse": Synapse,
    "learning": Learning, "energy": Energy, "latency": Latency, "power": Power,
}

CONFIDENCES: tuple[str, ...] = get_args(Confidence)
EXPECTED = {"confidence": " or ".join(CONFIDENCES), "kind": " or ".join(KINDS),
            "date": 'a year, a month or a day, as "2018", "2018-01" or "2018-01-31"',
            "low": "a number", "high": "a number"}
"""What keys take that are not a text."""

CHOICES: Mapping[str, tuple[str, ...]] = {"confidence": CONFIDENCES, "kind": tuple(KINDS)}
PICO = 1e-12
JOULES = 1e-6
"""A number of picojoules below this is one of joules."""

AnySection = TypeVar("AnySection", bound=Section)


@dataclass(frozen=True)
class Located:
    """A quantity, and the ``file:line`` that it is from."""

    quantity: Quantity
    where: str


Fields = Mapping[FieldPath, Located]


def fields_of(merged: Merged) -> Fields:
    """Every field as a quantity, in the order of the sections.

    Raises
    ------
    ProfileError
        Naming the line of the first field that is unknown, missing, in another unit, or not a
        table of value, unit, source and confidence.
    """
    raw = merged.fields()
    for path, (_, document) in raw.items():
        _check_known(path, document)
    wanted = _wanted(raw)
    for path in wanted:
        if path not in raw:
            raise ProfileError(f"{dotted(path)} is missing", where=merged.own.where(path),
                               expected=expectation(field_info(path)))
    return {path: _located(path, *raw[path]) for path in wanted}


def section(kind: type[AnySection], fields: Fields, *table: str) -> AnySection:
    """The plain values of one table.

    Raises
    ------
    ProfileError
        Naming the line of the first value of a wrong type, or out of its range.
    """
    mine = {path[-1]: located for path, located in fields.items() if path[:-1] == table}
    try:
        return kind.model_validate({n: located.quantity.value for n, located in mine.items()})
    except ValidationError as error:
        name = str(error.errors(include_url=False)[0]["loc"][0])
        raise _wrong_value((*table, name), mine[name]) from error


def sets_of(fields: Fields, table: str) -> tuple[str, ...]:
    """Names of the sets of ``energy`` or ``latency``."""
    return tuple(dict.fromkeys(path[1] for path in fields if path[0] == table))


def dotted(path: FieldPath) -> str:
    """A path as it is written: ``core.neurons``."""
    return ".".join(path)


def field_info(path: FieldPath) -> FieldInfo:
    """The declaration of a field: its unit, range and meaning."""
    return SECTIONS[path[0]].model_fields[path[-1]]


def _wanted(raw: Mapping[FieldPath, Any]) -> list[FieldPath]:
    """Every field that the profile must have: all of each section, and what each set has."""
    sections: list[FieldPath] = [(name,) for name in SECTIONS if name not in SETS]
    sets = dict.fromkeys(path[:-1] for table in SETS for path in raw if path[0] == table)
    return [*((*table, field) for table in sections for field in SECTIONS[table[0]].model_fields),
            *((*table, field) for table in sets for field in SECTIONS[table[0]].model_fields
              if (*table, field) in raw)]


def _check_known(path: FieldPath, document: Document) -> None:
    where = document.where(path)
    if path[0] not in SECTIONS:
        raise ProfileError("there is no such table in a profile", where=where, found=path[0],
                           hint=did_you_mean(path[0], SECTIONS))
    depth = 3 if path[0] in SETS else 2
    if len(path) < depth:
        example = f"[{path[0]}.published]" if path[0] in SETS else f"fields below [{path[0]}]"
        raise ProfileError("a table is empty, or a field is in the wrong place", where=where,
                           found=dotted(path), expected=example)
    names = SECTIONS[path[0]].model_fields
    if path[-1] not in names:
        raise ProfileError(f"{dotted(path[:-1])} has no such field", where=where, found=path[-1],
                           hint=did_you_mean(path[-1], names))


def _located(path: FieldPath, raw: Any, document: Document) -> Located:
    name, where, unit = dotted(path), document.where(path), unit_of(field_info(path))
    if not isinstance(raw, dict):
        raise ProfileError(f"{name} is not a table of value, unit, source and confidence",
                           where=where, found=repr(raw))
    try:
        quantity = Quantity.model_validate(raw)
    except ValidationError as error:
        raise _wrong_table(name, where, raw, error) from error
    if quantity.unit != unit:
        raise ProfileError(f"{name} is in another unit", where=where, found=quantity.unit,
                           expected=unit)
    if path[0] in SETS:
        _check_constant(name, where, quantity, field_info(path))
    return Located(quantity, where)


def _check_constant(name: str, where: str, quantity: Quantity, field: FieldInfo) -> None:
    """A constant says how it came about and when, and its ends are about it and plausible."""
    for key in ("kind", "date"):
        if getattr(quantity, key) is None:
            raise ProfileError(f"{name} has no {key}", where=where, expected=EXPECTED[key])
    able = KINDS[quantity.kind] if quantity.kind else CONFIDENCES
    if quantity.confidence not in able:
        raise ProfileError(f"a constant that is {quantity.kind} has another confidence",
                           where=where, found=f"{name}: {quantity.confidence}",
                           expected=" or ".join(able))
    _check_ends(name, where, quantity, field)


def _check_ends(name: str, where: str, quantity: Quantity, field: FieldInfo) -> None:
    if quantity.low is None and quantity.high is None:
        return
    bounds = {type(m).__name__: m for m in field.metadata}
    least, most = getattr(bounds["Ge"], "ge", 0), getattr(bounds["Le"], "le", 0)
    for key in ("low", "high"):
        end = getattr(quantity, key)
        if end is not None and not least <= end <= most:
            raise ProfileError(f"the {key} of {name} is out of range", where=where, found=end,
                               expected=expectation(field))
    low, high = quantity.ends
    if is_number(quantity.value) and not low <= quantity.value <= high:
        raise ProfileError(f"{name} is not between its ends", where=where, found=quantity.value,
                           expected=f"{low:g} to {high:g}")


def is_number(value: object) -> bool:
    """Whether a value is a number, which a bool is not."""
    return isinstance(value, float | int) and not isinstance(value, bool)


def _wrong_table(name: str, where: str, raw: Mapping[str, Any],
                 error: ValidationError) -> ProfileError:
    first = error.errors(include_url=False)[0]
    key = str(first["loc"][0])
    if first["type"] == "missing":
        return ProfileError(f"{name} has no {key}", where=where, expected=", ".join(
            name for name, field in Quantity.model_fields.items() if field.is_required()))
    if first["type"] == "extra_forbidden":
        return ProfileError(f"{name} has an unknown key", where=where, found=key,
                            hint=did_you_mean(key, Quantity.model_fields))
    wanted = EXPECTED.get(key, "a text")
    near = did_you_mean(str(raw[key]), CHOICES[key]) if key in CHOICES else ""
    return ProfileError(f"the {key} of {name} is wrong", where=where, found=repr(raw[key]),
                        expected=wanted, hint=near if near.startswith("did") else None)


def _wrong_value(path: FieldPath, located: Located) -> ProfileError:
    value, unit = located.quantity.value, located.quantity.unit
    kind = number_type(field_info(path))
    fits = is_number(value) and (kind is float or (kind is int and isinstance(value, int)))
    fault = "is out of range" if fits else "is of the wrong type"
    joules = is_number(value) and unit == "pJ" and 0 < value < JOULES
    return ProfileError(
        f"{dotted(path)} {fault}", where=located.where, found=repr(value),
        expected=expectation(field_info(path)),
        hint=f"is it in joules? {value:g} J is {value / PICO:g} pJ" if joules else None)
