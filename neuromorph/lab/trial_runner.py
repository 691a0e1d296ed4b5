"""What the scripts for Loihi 1 and Loihi 2 share: command line, files of the trial, comparison.

Needs `program_reader.py` beside it, and NumPy; nothing else.
"""

# Python 3.7 can read this, as it can the script for Loihi 1.

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from neuromorph.lab.program_reader import (
    BadFileError,
    RefusedError,
    arrays_of,
    check_kinds,
    check_weights,
    program_of,
    trial_of,
)


class Work(NamedTuple):
    """A unit, what is sent to it, and what it did in the run that came along."""

    unit: dict[str, Any]
    weights: dict[str, Any]
    given: dict[str, Any]
    expected: dict[str, Any]
    steps: int
    read_at: list[int]


def status_of(run: Callable[[argparse.Namespace], int], options: argparse.Namespace) -> int:
    """Run; 0 when all went well, 1 a check failed, 2 cannot be done, 3 a file is wrong."""
    try:
        return run(options)
    except RefusedError as reason:
        sys.stderr.write(one_line(reason) + "\n")
        return reason.status
    except MemoryError:
        sys.stderr.write("there is not enough memory for this run\n")
        return RefusedError.status


def one_line(reason: object) -> str:
    """Text without control characters: names in files may hold any."""
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode()
                   for c in str(reason))


def parser_of(what: str, more: str = "") -> argparse.ArgumentParser:
    """The command line."""
    made = argparse.ArgumentParser(
        description=what.partition("\n")[0],
        epilog=f"{more} Ends with 0 when all went well, 1 when a check failed, 2 when something "
               "cannot be done, 3 when a file is wrong.")
    made.add_argument("--unit", help="name or number of a unit; that of the trial if left out")
    made.add_argument("--inputs", type=Path, help="a train for each source, shape (steps, size); "
                                                  "that of the trial if left out")
    made.add_argument("--steps", type=int, help="silence follows a train that is shorter")
    made.add_argument("--read-at", help="read the potentials after so many steps: 50,100")
    made.add_argument("--output", type=Path, help="write spikes, potentials and learned weights")
    made.add_argument("--check", action="store_true", help="compare the trial with expected.npz")
    return made


def asked_for(folder: Path, options: argparse.Namespace) -> Work:
    """All files of the folder that a run needs, checked."""
    if options.check and (options.unit or options.inputs or options.steps or
                          options.read_at):
        raise RefusedError("--check runs the trial as it is: no other option but --output")
    if options.steps is not None and options.steps < 1:
        raise RefusedError(f"--steps must be at least 1, not {options.steps}")
    program = program_of(folder / "program.json")
    weights = arrays_of(folder / "weights.npz")
    check_weights(program, weights)
    expected = arrays_of(folder / "expected.npz")
    trial = trial_of(program, expected)
    unit = trial if options.unit is None else unit_of(program, options.unit)
    check_kinds(unit)
    given = arrays_of(options.inputs or folder / "inputs.npz")
    longest = max([len(train) for train in given.values() if train.ndim], default=0)
    if not longest:
        raise BadFileError(f"{options.inputs or 'inputs.npz'} holds no train of any steps")
    steps = options.steps or longest
    default = expected["read_at"].tolist() if options.inputs is None else []
    read_at = steps_of(options.read_at, steps) if options.read_at else default
    return Work(unit, weights, given, expected, steps, [n for n in read_at if n <= steps])


def unit_of(program: dict[str, Any], asked: str) -> dict[str, Any]:
    """A unit by name or number."""
    units: list[dict[str, Any]] = program["units"]
    found = [unit for number, unit in enumerate(units) if asked in (unit["name"], str(number))]
    if not found:
        raise RefusedError(f"there is no unit {asked}; there are {len(units)}, from "
                           f"{units[0]['name']} to {units[-1]['name']}")
    return found[0]


def steps_of(text: str, steps: int) -> list[int]:
    """Step counts from ``50,100``."""
    try:
        found = sorted({int(number) for number in text.split(",")})
    except ValueError:
        found = [0]
    if not 1 <= found[0] <= found[-1] <= steps:
        raise RefusedError(f"--read-at takes numbers from 1 to {steps}, not {text}")
    return found


def write_results(path: Path, got: dict[str, Any]) -> None:
    """Write an .npz file."""
    try:
        with path.open("wb") as file:
            np.savez_compressed(file, **got)
    except OSError as error:
        raise RefusedError(f"{path} cannot be written: {error.strerror}") from error


def compare(got: dict[str, Any], expected: dict[str, Any]) -> int:
    """Say for each array whether it is equal to the bit; 1 if one is not."""
    different = 0
    for name in sorted(expected.keys() - {"unit", "read_at"}):
        same = name in got and np.array_equal(got[name], expected[name])
        different += not same
        sys.stdout.write(f"{'equal' if same else 'DIFFERENT'}  {one_line(name)}  "
                         f"{expected[name].shape}\n")
    sys.stdout.write("all equal to the bit\n" if not different else f"{different} different\n")
    return min(different, 1)
