"""Compiled programs: their data as a tree, their weights; for the compiler and for the checker."""

from __future__ import annotations

import json
from dataclasses import replace
from functools import cache
from pathlib import Path
from random import Random
from typing import Any

import numpy as np
from door_npz import make as make_npz
from fuzz_engine import Reader
from fuzz_values import INTEGERS, JSON_RAWS, as_json
from mutate_bytes import maybe
from mutate_tree import edited
from placed_programs import by_hand, two_chips
from small_programs import SIZE, driven

from neuromorph.compile.check import check_program
from neuromorph.compile.program import Slice, Unit
from neuromorph.compile.program_file import (
    PROGRAM,
    WEIGHTS,
    program_as_dict,
    program_from_dict,
    read_program,
    to_json,
    write_arrays,
)
from neuromorph.files.arrays import load_arrays
from neuromorph.files.strict_json import read_json
from neuromorph.neurons.quotient import Quotient

KINDS = (np.int8, np.uint8, np.int16, np.int32, np.int64, np.uint64, np.float32, np.bool_)
PROFILE = two_chips()


@cache
def whole() -> tuple[str, dict[str, Any]]:
    """The program that tests of the checker begin with, and a unit with ports and own numbers."""
    program = program_from_dict(*by_hand())
    numbers = np.arange(SIZE)
    ports = driven(Quotient(multiplier=numbers, shift=5, period=SIZE, at=numbers), 1)[0]
    data, arrays = program_as_dict(replace(
        program, units=(*program.units, Unit("ports", ports)),
        slices=(*program.slices, Slice(1, "n", 0, SIZE, 1))))
    assert check_program(data, arrays, PROFILE).ok
    return to_json(data), arrays


def make(rng: Random | None, folder: Path) -> Path:
    text, arrays = whole()
    data = text.encode()
    if rng is None:
        write_arrays(folder / WEIGHTS, arrays)
    else:
        if rng.random() < 0.9:
            data = maybe(rng, as_json(edited(rng, json.loads(text), JSON_RAWS)), 0.05)
        _write_weights(rng, folder, arrays)
    (folder / PROGRAM).write_bytes(data)
    return folder


def _write_weights(rng: Random, folder: Path, arrays: dict[str, Any]) -> None:
    """Mostly those of the program; else one changed, or an archive of something else."""
    kind, mark = rng.randrange(12), folder / "whole"
    if kind >= 4 and mark.exists():
        return
    mark.unlink(missing_ok=True)
    if kind == 0:
        make_npz(rng, folder).rename(folder / WEIGHTS)
        return
    if kind < 4:
        name = rng.choice(list(arrays))
        arrays = arrays | {name: changed_array(rng, np.array(arrays[name]))}
    else:
        mark.touch()
    write_arrays(folder / WEIGHTS, arrays)


def changed_array(rng: Random, array: Any) -> Any:
    kind = rng.randrange(6)
    if kind == 0:
        return array.T
    if kind == 1:
        return array.astype(rng.choice(KINDS))
    if kind == 2:
        return array[:0]
    if kind == 3:
        return array[None]
    wide = array.astype(np.int64)
    value = rng.choice((*INTEGERS, int(wide.flat[0]) + 1, 256, -257, 254))
    wide.flat[rng.randrange(wide.size)] = min(max(value, -(2**63)), 2**63 - 1)
    return wide


def judged(folder: Path) -> None:
    """As the checker meets a program: parsed, and nothing else believed."""
    data: Any = read_json(folder / PROGRAM)
    str(check_program(data, load_arrays(folder / WEIGHTS), PROFILE))


PROGRAMS = Reader("program", make, read_program)
PLACED = Reader("placed", make, judged)
