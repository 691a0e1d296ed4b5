"""Reads the files of this folder for the script beside it.

Needs NumPy and nothing else. What is missing, cut, of another schema, or does not fit together is
refused before anything is built of it, and the error says in a line what is wrong.
"""

# Python 3.7 can read this, as it can the script for Loihi 1.

from __future__ import annotations

import io
import json
import struct
import tokenize
import zipfile
import zlib
from pathlib import Path
from typing import Any, NoReturn

import numpy as np
from numpy.lib import format as npy

SCHEMA_VERSION = 1
LIMIT = 1 << 32
"""Most bytes that the arrays of one file may take."""

NUMBER = (int, float)
TRACES = ("x1", "x2", "y1", "y2", "y3")
NOTHING = type(None)

PROGRAM: dict[str, Any] = {"schema_version": int, "profile": str, "units": list, "slices": list,
                           "cores": list}
UNIT: dict[str, Any] = {"name": str, "populations": list, "projections": list, "letters": dict,
                        "late": dict}
POPULATION: dict[str, Any] = {"name": str, "size": int, "kind": str, "parameters": dict}
PROJECTION: dict[str, Any] = {
    "name": str, "pre": str, "post": str, "weights": str, "delay": int, "exponent": int,
    "graded": bool, "rule": (dict, NOTHING), "modulators": list}
PORT, A_IN = "port", "a_in"
"""A projection's field that is there where its port is not the one that most neurons have."""

LETTERS: dict[str, Any] = {"values": list, "one_hot": bool}
RULE: dict[str, Any] = {"dw": str, "dt": str, "epoch": int, "payload": str, "sign": str,
                        "seed": int}
RULE.update({f"{trace}_impulse": NUMBER for trace in TRACES})
RULE.update({f"{trace}_tau": (int, float, NOTHING) for trace in TRACES})
CHOICES = {"payload": ("impulse", "overwrite"), "sign": ("mixed", "excitatory", "inhibitory")}
KINDS = {
    "Source": ("payload_bits",),
    "CubaLIF": ("du", "dv", "vth", "bias_mant", "bias_exp", "input_shift"),
    "Readout": ("dv", "vth"),
    "LatencyMatch": ("vth", "base", "span", "gain", "gain_shift"),
    "Astrocyte": ("dv", "gain_bits"),
    "Relay": ("shift",),
}
"""Neuron models that are known, with their parameters; none has a port but `A_IN`.

A program may hold others. They are read as far as any can be, and a unit that has one is refused
when it is to run.
"""

STOCK = ("Source", "CubaLIF")
"""What the scripts can run: inputs, and the stock neurons of every chip."""

WITH_POTENTIAL = tuple(kind for kind in KINDS if kind not in ("Source", "Relay"))
"""Known models whose potential a trial always has."""

WIDEST = (int(np.iinfo(np.int32).min), int(np.iinfo(np.int32).max))
BOUNDS = {"size": (1, WIDEST[1]), "payload_bits": (0, 24), "input_shift": (0, 6),
          "delay": (0, 500), "exponent": (-32, 32), "seed": (0, 2**63 - 1)}
"""What whole numbers may be; `WIDEST` for all others."""

DAMAGED = (zipfile.BadZipFile, zlib.error, NotImplementedError, RuntimeError, EOFError, OSError,
           ValueError, TypeError, SyntaxError, struct.error, tokenize.TokenError)
"""What the libraries say of a file that is no `.npz`."""


class RefusedError(Exception):
    """Something that was asked for cannot be done; the text says why."""

    status = 2


class BadFileError(RefusedError):
    """A file is missing, damaged, or not what it should be."""

    status = 3


# --- files


def bytes_of(path: Path) -> bytes:
    """All of a file."""
    if not path.is_file():
        raise BadFileError(f"{path} is not there" if not path.exists() else
                           f"{path} is not a file")
    try:
        found = path.read_bytes()
    except OSError as error:
        raise BadFileError(f"{path} cannot be read: {error.strerror}") from error
    if not found:
        raise BadFileError(f"{path} is empty")
    return found


def arrays_of(path: Path) -> dict[str, Any]:
    """All arrays of an .npz file; of what one says of its size nothing is believed."""
    content = bytes_of(path)
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            members = archive.infolist()
            if sum(member.file_size for member in members) > LIMIT:
                raise ValueError("it would take too much memory")
            found = {member.filename[: -len(".npy")]: array_of(archive.read(member))
                     for member in members if member.filename.endswith(".npy")}
            if len(found) < len(members):
                raise ValueError("some member is no array, or there twice")
            return found
    except DAMAGED as error:
        raise BadFileError(f"{path} is not a whole .npz file: {error}") from error


def array_of(raw: bytes) -> Any:
    """The array of a member: real numbers, as many as its shape says."""
    stream = io.BytesIO(raw)
    version = npy.read_magic(stream)  # type: ignore[no-untyped-call]
    header = npy.read_array_header_1_0 if version == (1, 0) else npy.read_array_header_2_0
    shape, by_column, dtype = header(stream)  # type: ignore[no-untyped-call]
    if dtype.kind not in "biuf" or dtype.hasobject:
        raise ValueError(f"an array of {dtype}")
    size = 1
    for length in shape:
        size *= length  # a Python number, which does not wrap
    if min(shape, default=0) < 0 or size * dtype.itemsize != len(raw) - stream.tell():
        raise ValueError(f"the bytes of an array of {shape} are not all there")
    flat = np.frombuffer(raw, dtype, offset=stream.tell())
    array = flat.reshape(shape, order="F" if by_column else "C")
    return array.astype(dtype.newbyteorder("="))


# --- the program


def program_of(path: Path) -> dict[str, Any]:
    """The program, every field of which is there and of its type, and no other."""
    try:
        program = json.loads(bytes_of(path).decode("utf-8"), object_pairs_hook=unique,
                             parse_constant=no_number)
    except RecursionError as error:
        raise BadFileError(f"{path} is nested too deeply") from error
    except ValueError as error:
        raise BadFileError(f"{path} is not whole JSON: {error}") from error
    version = program.get("schema_version") if isinstance(program, dict) else None
    if version != SCHEMA_VERSION or isinstance(version, bool):
        raise BadFileError(f"{path} is of schema version {version}; this script reads "
                           f"{SCHEMA_VERSION}")
    check_fields(program, PROGRAM, "the program")
    for number, unit in enumerate(program["units"]):
        check_unit(unit, f"unit {number}")
    check_twice([unit["name"] for unit in program["units"]], "units", "the program")
    if not program["units"]:
        wrong("the program", "has no units")
    for row in program["slices"]:
        if not (isinstance(row, list) and len(row) == 5 and isinstance(row[1], str)
                and all(is_whole(row[n]) for n in (0, 2, 3, 4))):
            wrong("the program", f"has a slice {row}, not [unit, population, start, stop, core]")
    for row in program["cores"]:
        if not (isinstance(row, list) and len(row) == 3 and all(map(is_whole, row))):
            wrong("the program", f"has a core {row}, not [chip, column, row]")
    return dict(program)


def unique(pairs: Any) -> dict[str, Any]:
    """An object whose keys all differ."""
    found = dict(pairs)
    if len(found) < len(pairs):
        raise ValueError("a key is there twice in one object")
    return found


def no_number(name: str) -> NoReturn:
    """NaN and infinity, which Python would take."""
    raise ValueError(f"{name} is no number of JSON")


def wrong(where: str, what: str) -> NoReturn:
    """Refuse something in the program."""
    raise BadFileError(f"program.json: {where} {what}")


def is_whole(value: object) -> bool:
    """A truth value is no number."""
    return isinstance(value, int) and not isinstance(value, bool)


def check_fields(data: Any, known: dict[str, Any], where: str) -> None:
    """All of the fields and no other, each of its type."""
    if not isinstance(data, dict):
        wrong(where, "is no object of fields")
    for name in known:
        if name not in data:
            wrong(where, f"lacks the field {name}")
    for name, value in data.items():
        if name not in known:
            wrong(where, f"has an unknown field {name}")
        if not isinstance(value, known[name]) or (
                isinstance(value, bool) and known[name] is not bool):
            wrong(where, f"has a field {name} of a wrong type: {value!r:.60}")
        low, high = BOUNDS.get(name, WIDEST)
        if is_whole(value) and not low <= value <= high:
            wrong(where, f"has a field {name} beyond {low} to {high}: {value!r:.60}")


def check_twice(names: list[str], what: str, where: str) -> None:
    """Names that all differ."""
    if len(set(names)) < len(names):
        wrong(where, f"has two {what} of one name")


def check_unit(unit: Any, where: str) -> None:
    """A unit whose projections join its populations."""
    check_fields(unit, UNIT, where)
    where = unit["name"]
    for population in unit["populations"]:
        check_population(population, where)
    sizes = {p["name"]: p["size"] for p in unit["populations"]}
    check_twice([p["name"] for p in unit["populations"]], "populations", where)
    kinds = {p["name"]: p["kind"] for p in unit["populations"]}
    for found in unit["projections"]:
        check_projection(found, kinds, where)
    check_twice([p["name"] for p in unit["projections"]], "projections", where)
    plain = {p["name"] for p in unit["populations"] if p["kind"] == "Source"}
    if any(p["post"] in plain for p in unit["projections"]):
        wrong(where, "has a projection that ends in a source")
    for name, letters in unit["letters"].items():
        check_fields(letters, LETTERS, f"{where}.letters.{name}")
        if not letters["values"] or not all(is_whole(value) and abs(value) <= WIDEST[1]
                                            for value in letters["values"]):
            wrong(f"{where}.letters.{name}", "has no values, or some that are no payloads")
        if not all(f"{name}.{k}" in plain for k in range(len(letters["values"]))):
            wrong(f"{where}.letters.{name}", "has a letter without a source")
    for name, steps in unit["late"].items():
        if name not in sizes or not is_whole(steps) or steps < 0:
            wrong(f"{where}.late", f"says {steps!r:.60} of {name}")


def check_population(population: Any, where: str) -> None:
    """Neurons of a known model with its parameters, or of another with some."""
    check_fields(population, POPULATION, f"a population of {where}")
    where, kind = f"{where}.{population['name']}", population["kind"]
    given = population["parameters"]
    if kind in KINDS:
        check_fields(given, dict.fromkeys(KINDS[kind], int), where)
        return
    for name, value in given.items():
        numbers = value if isinstance(value, list) else [value]
        if len(numbers) != (population["size"] if isinstance(value, list) else 1) or not all(
                is_whole(n) and WIDEST[0] <= n <= WIDEST[1] for n in numbers):
            wrong(where, f"has a field {name} that is neither a whole number nor one for each "
                         "neuron")


def check_kinds(unit: dict[str, Any]) -> None:
    """Refuse a unit that holds neurons of an unknown model."""
    for population in unit["populations"]:
        if population["kind"] not in KINDS:
            wrong(f"{unit['name']}.{population['name']}",
                  f"is of an unknown kind {population['kind']}")


def check_projection(found: Any, kinds: dict[str, str], where: str) -> None:
    """Synapses between populations that are there, at a port that there may be."""
    port = {PORT: str} if isinstance(found, dict) and PORT in found else {}
    check_fields(found, dict(PROJECTION, **port), f"a projection of {where}")
    where = f"{where}.{found['name']}"
    third = found["modulators"]
    if len(third) != 3 or not all(isinstance(name, (str, NOTHING)) for name in third):
        wrong(where, "has modulators that are not three names or null")
    for name in [found["pre"], found["post"]] + [name for name in third if name is not None]:
        if name not in kinds:
            wrong(where, f"names a population {name} that is not there")
    if kinds[found["post"]] in KINDS and found.get(PORT, A_IN) != A_IN:
        wrong(where, f"ends at a port {found[PORT]} that a {kinds[found['post']]} does not have")
    if found["rule"] is not None:
        check_fields(found["rule"], RULE, where)
        for name, choices in CHOICES.items():
            if found["rule"][name] not in choices:
                wrong(where, f"has a rule whose {name} is {found['rule'][name]}")


# --- what the arrays must be


def check_weights(program: dict[str, Any], weights: dict[str, Any]) -> None:
    """Every projection has its weights, which a synapse can hold."""
    ends = {name: (int(w.min()), int(w.max())) for name, w in weights.items()
            if w.size and w.dtype.kind in "iu"}
    for unit in program["units"]:
        sizes = {p["name"]: p["size"] for p in unit["populations"]}
        for found in unit["projections"]:
            name, where = found["weights"], f"{unit['name']}.{found['name']}"
            if name not in weights:
                raise BadFileError(f"weights.npz has no array {name}, which {where} names")
            check_shape("weights.npz", name, weights, (sizes[found["post"]], sizes[found["pre"]]))
            if not -256 <= ends[name][0] <= ends[name][1] <= 255:
                raise BadFileError(f"weights.npz: {name} of {where} is beyond -256 to 255")


def check_shape(file: str, name: str, arrays: dict[str, Any], shape: Any) -> None:
    """An array of whole numbers of a shape."""
    if name not in arrays:
        raise BadFileError(f"{file} has no array {name}")
    found = arrays[name]
    if found.dtype.kind not in "iu" or found.shape != shape:
        raise BadFileError(f"{file}: {name} must be integers of {shape}, not {found.dtype} of "
                           f"{found.shape}")


def trial_of(program: dict[str, Any], expected: dict[str, Any]) -> dict[str, Any]:
    """The unit that was run; what it did is there for all of its neurons."""
    file = "expected.npz"
    check_shape(file, "unit", expected, ())
    if not 0 <= int(expected["unit"]) < len(program["units"]):
        raise BadFileError(f"{file}: there is no unit {int(expected['unit'])}")
    unit: dict[str, Any] = program["units"][int(expected["unit"])]
    sizes = {p["name"]: p["size"] for p in unit["populations"]}
    kinds = {p["name"]: p["kind"] for p in unit["populations"] if p["kind"] != "Source"}
    rows = len(expected["read_at"]) if expected.get("read_at", np.zeros(())).ndim else 0
    check_shape(file, "read_at", expected, (rows,))
    steps = max([len(expected[n]) for n in expected if n.startswith("spikes.")
                 and expected[n].ndim], default=0)
    shapes: dict[str, Any] = {f"spikes.{name}": (steps, sizes[name]) for name in kinds}
    shapes.update({f"v.{name}": (rows, sizes[name]) for name, kind in kinds.items()
                   if rows and (kind in WITH_POTENTIAL or f"v.{name}" in expected)})
    shapes.update({f"weights.{p['name']}": (sizes[p["post"]], sizes[p["pre"]])
                   for p in unit["projections"] if p["rule"] is not None})
    for name, shape in shapes.items():
        check_shape(file, name, expected, shape)
    for name in expected:
        if name not in shapes and name not in ("unit", "read_at"):
            raise BadFileError(f"{file} has an array {name} of nothing in {unit['name']}")
    if not all(1 <= n <= steps for n in expected["read_at"].tolist()):
        raise BadFileError(f"{file}: read_at is not within the {steps} steps of the run")
    return unit
