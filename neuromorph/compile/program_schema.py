"""What a program's plain data must look like, and the way back to a Program."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Annotated, Any

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from neuromorph.circuits.plain_spikes import Letters
from neuromorph.compile.program import Program, Slice, Unit
from neuromorph.compile.view_fields import ViewFields
from neuromorph.errors import FileFormatError, did_you_mean
from neuromorph.network import Network, verify
from neuromorph.network.plain import network_from_dict
from neuromorph.neurons.contract import A_IN
from neuromorph.shapes import Shaped

SCHEMA_VERSION = 1
WHERE = "program"
"""What errors name as their place where there is no unit."""

Name = Annotated[str, Field(min_length=1, max_length=512)]
Count = Annotated[int, Field(ge=0, lt=1 << 31)]
Scalar = bool | int | float | str | None


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


class _Population(_Strict):
    name: Name
    size: Annotated[int, Field(ge=1, lt=1 << 31)]
    kind: Name
    parameters: dict[str, int | list[int]]


class _Projection(_Strict):
    name: Name
    pre: Name
    post: Name
    weights: Name
    delay: int
    exponent: int
    graded: bool
    rule: dict[str, Scalar] | None
    modulators: Annotated[list[Name | None], Field(min_length=3, max_length=3)]
    port: Name = A_IN


class _Letters(_Strict):
    values: list[Annotated[int, Field(ge=-(1 << 31), lt=1 << 31)]]
    one_hot: bool


class _Unit(_Strict):
    name: Name
    populations: list[_Population]
    projections: list[_Projection]
    letters: dict[Name, _Letters] = {}
    late: dict[Name, Count] = {}


_Row = Annotated[list[Count | str], Field(min_length=5, max_length=5)]
_Place = Annotated[list[Count], Field(min_length=3, max_length=3)]


class _Document(_Strict):
    schema_version: int
    profile: str
    units: list[_Unit]
    slices: list[_Row]
    cores: list[_Place]


def program_from_dict(data: object, arrays: Mapping[str, Annotated[Shaped, "..."]]) -> Program:
    """The program that `program_file.program_as_dict` took apart; nothing of it is believed.

    Raises
    ------
    FileFormatError
        If a field is missing, unknown or wrong, two units have one name, letters or late steps
        are of nothing, a slice is of nothing, or a neuron of a placed program is on no core or on
        two.
    NetworkError
        If a unit's network is not sound.
    """
    document = _document(data)
    twice = [name for name, count in Counter(u.name for u in document.units).items() if count > 1]
    if twice:
        raise FileFormatError("two units have one name", where=WHERE, found=twice[0])
    units = tuple(_unit(unit, arrays) for unit in document.units)
    slices = tuple(slice_of(row, units, len(document.cores)) for row in document.slices)
    places = np.array(document.cores, np.int64).reshape(-1, 3)
    program = Program(document.profile, units, slices, places)
    if slices:
        check_cover(program)
    return program


def _document(data: object) -> _Document:
    """The version is asked for first: a newer schema may have other fields."""
    version = data.get("schema_version") if isinstance(data, Mapping) else None
    if version != SCHEMA_VERSION or isinstance(version, bool):
        raise FileFormatError("the program is of another schema version", where=WHERE,
                              found="none" if version is None else version,
                              expected=SCHEMA_VERSION, hint="compile the model again")
    try:
        return _Document.model_validate(data)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        place = ".".join(str(part) for part in first["loc"])
        raise FileFormatError("a field of the program is missing, unknown or wrong", where=WHERE,
                              found=f"{place}: {first['msg']}") from error


def _unit(found: _Unit, arrays: Mapping[str, NDArray[Any]]) -> Unit:
    network = _network(found, arrays)
    return checked_unit(found.name, network, ViewFields(dict(found.late), {
        name: Letters(tuple(one.values), one.one_hot) for name, one in found.letters.items()}))


def checked_unit(name: str, network: Network, said: ViewFields) -> Unit:
    """The unit, if what is late and the stand-ins of its letters are in its network.

    Raises
    ------
    FileFormatError
    """
    for late in said.late:
        if late not in (known := network.by_name):
            raise FileFormatError("a population that does not exist is late", where=name,
                                  found=late, hint=did_you_mean(late, known))
    for source, letters in said.letters.items():
        _check_letters(source, letters, network)
    return Unit(name, network, said.view(network))


def _check_letters(name: str, letters: Letters, network: Network) -> None:
    """A source's stand-ins are there, each for one letter."""
    where = f"{network.name}.{name}"
    if not _add_up(letters):
        raise FileFormatError("letters must be payloads in rising order without 0, or the bits of "
                              "two's complement", where=where, found=list(letters.values))
    named = (network.by_name.get(plain) for plain in letters.names(name))
    there = {p.size if p and p.is_source and not p.model.payload_bits else 0 for p in named}
    if 0 in there or len(there) > 1:
        raise FileFormatError("each letter of a graded source needs a source of plain spikes in "
                              "its place, all of one size", where=where,
                              expected=", ".join(letters.names(name)))


def _add_up(letters: Letters) -> bool:
    """Whether every payload is spelled in one way."""
    if letters.one_hot:
        return letters == Letters.of_payloads(letters.values)
    return bool(letters.values) and letters == Letters.of_bits(len(letters.values))


def _network(unit: _Unit, arrays: Mapping[str, NDArray[Any]]) -> Network:
    """The unit's network, which `verify` finds sound; weights are looked at before it is built."""
    weights = {p.weights: _signed(arrays[p.weights], f"{unit.name}.{p.name}")
               for p in unit.projections if p.weights in arrays}
    plain = unit.model_dump(include={"name", "populations", "projections"})
    return verify(network_from_dict({**plain, "domain": "fixed"}, weights))


def _signed(weights: NDArray[Any], where: str) -> NDArray[Any]:
    """As narrow as they are in the file, but with a sign."""
    if weights.ndim != 2 or weights.dtype.kind not in "iu" or not weights.size:
        raise FileFormatError("weights must be integers of shape (post, pre)", where=where,
                              found=f"{weights.shape} {weights.dtype}")
    wide = np.iinfo(np.int32)
    if weights.dtype in (np.int8, np.int16, np.int32):
        return weights
    if weights.min() < wide.min or weights.max() > wide.max:
        raise FileFormatError("a weight does not fit a synapse", where=where,
                              found=f"{weights.min()} to {weights.max()}")
    return weights.astype(np.int16 if weights.dtype == np.uint8 else np.int32)


def slice_of(row: list[int | str], units: tuple[Unit, ...], cores: int) -> Slice:
    """A slice of neurons that there are, on a core that there is (any, if there are none yet).

    Raises
    ------
    FileFormatError
    """
    unit, name, start, stop, core = row
    if not (isinstance(unit, int) and isinstance(name, str) and isinstance(start, int)
            and isinstance(stop, int) and isinstance(core, int)):
        raise FileFormatError("a slice is a unit's number, a name and three numbers", where=WHERE,
                              found=row)
    if unit >= len(units):
        raise FileFormatError("a slice is of a unit that does not exist", where=WHERE, found=row)
    population = units[unit].network.by_name.get(name)
    if population is None or population.is_source:
        known = [p.name for p in units[unit].neurons]
        raise FileFormatError("a slice is of a population that needs no core or does not exist",
                              where=units[unit].name, found=row, hint=did_you_mean(name, known))
    if not start < stop <= population.size:
        raise FileFormatError("a slice leaves its population", where=units[unit].name, found=row,
                              expected=f"0 <= start < stop <= {population.size}")
    if cores and core >= cores:
        raise FileFormatError("a slice is on a core that does not exist", where=units[unit].name,
                              found=row, expected=f"a core below {cores}")
    return Slice(unit, name, start, stop, core)


def check_cover(program: Program) -> None:
    """Every neuron is on one core.

    Raises
    ------
    FileFormatError
    """
    for number, unit in enumerate(program.units):
        for name, times in program.times_placed(number).items():
            if (times != 1).any():
                first = int(np.flatnonzero(times != 1)[0])
                raise FileFormatError("a neuron is not on exactly one core",
                                      where=f"{unit.name}.{name}",
                                      found=f"neuron {first} on {times[first]}")
