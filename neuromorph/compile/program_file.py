"""A program as plain data, and as two files: ``program.json`` and ``weights.npz``.

::

    {"schema_version": 1, "profile": NAME,
     "units": [{"name", "populations": […], "projections": […],
                "letters": {source: {"values": [1, 2, -4], "one_hot": False}, …},
                "late": {population: steps, …}}],
     "slices": [[unit, population, start, stop, core], …],
     "cores": [[chip, column, row], …]}

Populations and projections are as in `neuromorph.network.plain`. Weights are arrays of shape
(post, pre) in the smallest integer type, named w0, w1 …; equal ones are kept once. The same program
gives the same bytes. `letters` and `late` are what `view_fields` tells of a unit's view; a file
without them is read as if they were empty.
"""

from __future__ import annotations

import json
import math
import zipfile
import zlib
from collections.abc import Mapping
from pathlib import Path
from typing import IO, Annotated, Any, TypeAlias

import numpy as np
from numpy.lib import format as npy
from numpy.typing import NDArray

from neuromorph.compile.program import Program, Unit
from neuromorph.compile.program_schema import SCHEMA_VERSION, program_from_dict
from neuromorph.compile.view_fields import fields_of
from neuromorph.errors import DisagreementError, InputError, UnsupportedError
from neuromorph.files.arrays import load_arrays
from neuromorph.files.opening import StrPath
from neuromorph.files.strict_json import parse_json, read_json
from neuromorph.network.plain import network_as_dict
from neuromorph.shapes import Shaped

__all__ = ["PROGRAM", "WEIGHTS", "program_as_dict", "program_from_dict", "read_program", "reread",
           "to_json", "write_arrays", "write_program"]

PROGRAM, WEIGHTS = "program.json", "weights.npz"
Arrays: TypeAlias = dict[str, Annotated[Shaped, "..."]]

PACKED = 1
"""Level of deflate: the default takes five times as long and saves 3 % of a large model."""

INTEGERS = (np.int8, np.uint8, np.int16, np.int32)
"""Types that weights are kept in, the smallest first."""


def program_as_dict(program: Program) -> tuple[dict[str, Any], Arrays]:
    """The program as in the module's heading, and its weights by name.

    Raises
    ------
    UnsupportedError
        If a unit is in the float domain: what is placed on cores is integers.
    """
    shelf = _Shelf()
    data = {
        "schema_version": SCHEMA_VERSION,
        "profile": program.profile,
        "units": [_unit(unit, shelf) for unit in program.units],
        "slices": [[s.unit, s.population, s.start, s.stop, s.core] for s in program.slices],
        "cores": program.places.tolist(),
    }
    return data, shelf.arrays


def write_program(folder: StrPath, program: Program) -> None:
    """Write both files into a folder, a new one or not; the same program gives the same bytes."""
    data, arrays = program_as_dict(program)
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    (folder / PROGRAM).write_text(to_json(data), "utf-8")
    write_arrays(folder / WEIGHTS, arrays)


def read_program(folder: Path) -> Program:
    """Read both files.

    Raises
    ------
    MissingFileError, FileFormatError, TensorError, NetworkError
    """
    return program_from_dict(read_json(folder / PROGRAM), load_arrays(folder / WEIGHTS))


def reread(folder: Path) -> tuple[dict[str, Any], Arrays]:
    """Plain data and weights that `write_program` has just written, of any size.

    Raises
    ------
    DisagreementError
        If that is not what is there.
    """
    try:
        data = parse_json((folder / PROGRAM).read_bytes(), PROGRAM)
        with ((folder / WEIGHTS).open("rb") as file,
              np.load(file, allow_pickle=False) as found):
            arrays = dict(found)
    except (InputError, OSError, EOFError, ValueError, zlib.error, zipfile.BadZipFile) as error:
        raise DisagreementError("what was written cannot be read", where=folder, found=error,
                                hint="look at the disk") from error
    if not isinstance(data, dict):
        raise DisagreementError("what was written cannot be read", where=folder / PROGRAM,
                                found=type(data).__name__, hint="look at the disk")
    return data, arrays


def write_arrays(path: Path | IO[bytes], arrays: Mapping[str, Annotated[Shaped, "..."]]) -> None:
    """An ``.npz`` file, packed, with any names: `numpy.savez` keeps some for itself."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=PACKED) as archive:
        for name, array in arrays.items():  # opened by name, a member has no time of day
            with archive.open(f"{name}.npy", "w", force_zip64=True) as member:
                npy.write_array(  # type: ignore[no-untyped-call]
                    member, np.asarray(array), allow_pickle=False)


def to_json(data: Mapping[str, Any]) -> str:
    """JSON that every parser reads: an infinite time constant becomes null."""
    return json.dumps(_finite(data), allow_nan=False, separators=(",", ":")) + "\n"


def _finite(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {name: _finite(item) for name, item in value.items()}
    if isinstance(value, list | tuple):
        return [_finite(item) for item in value]
    return None if isinstance(value, float) and math.isinf(value) else value


class _Shelf:
    """Arrays by name; one that is there already, or is equal to one, gets no second place."""

    def __init__(self) -> None:
        self.arrays: Arrays = {}
        self._seen: dict[int, tuple[NDArray[Any], str]] = {}
        self._names: dict[tuple[str, tuple[int, ...], bytes], str] = {}

    def put(self, weights: NDArray[Any]) -> str:
        """The name under which an array is kept."""
        if id(weights) not in self._seen:  # kept beside its name, so that its id stays its own
            self._seen[id(weights)] = weights, self._by_content(weights)
        return self._seen[id(weights)][1]

    def _by_content(self, weights: NDArray[Any]) -> str:
        small = _smallest(weights)
        content = (small.dtype.str, small.shape, small.tobytes())
        name = self._names.setdefault(content, f"w{len(self._names)}")
        self.arrays.setdefault(name, small)
        return name


def _smallest(weights: NDArray[Any]) -> NDArray[Any]:
    low, high = int(weights.min(initial=0)), int(weights.max(initial=0))
    kind = next(k for k in INTEGERS if np.iinfo(k).min <= low and high <= np.iinfo(k).max)
    return np.ascontiguousarray(weights, kind)


def _unit(unit: Unit, shelf: _Shelf) -> dict[str, Any]:
    network = unit.network
    if network.domain != "fixed":
        raise UnsupportedError("a program holds integers only", where=unit.name,
                               found=f"a network of the {network.domain} domain")
    plain, said = network_as_dict(network, shelf.put), fields_of(unit)
    return {
        "name": unit.name,
        **{kind: plain[kind] for kind in ("populations", "projections")},
        "letters": {name: {"values": [int(value) for value in letters.values],
                           "one_hot": bool(letters.one_hot)}
                    for name, letters in said.letters.items()},
        "late": {name: int(steps) for name, steps in said.late.items()},
    }
