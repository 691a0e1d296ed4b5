"""A stable text form of a program: units, slices by core, places; and back, its arrays beside.

::

    program PROFILE
    unit NUMBER NAME
      (the lines of its network, see `neuromorph.network.text`)
      late POPULATION STEPS
      letters SOURCE bits|one_hot VALUE,VALUE,…
    core NUMBER chip=NUMBER at=COLUMN,ROW
      unit NUMBER POPULATION START:STOP
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from itertools import zip_longest
from typing import Annotated, Any

import numpy as np
from numpy.typing import NDArray

from neuromorph.circuits.plain_spikes import Letters
from neuromorph.compile.program import Program, Slice, Unit
from neuromorph.compile.program_schema import check_cover, checked_unit, slice_of
from neuromorph.compile.view_fields import ViewFields, fields_of
from neuromorph.errors import FileFormatError
from neuromorph.network import to_text
from neuromorph.network.lines import Line, lines_of, matched, word_of
from neuromorph.network.parse import parse_lines
from neuromorph.network.words import phrase, word
from neuromorph.shapes import Shaped


def program_to_text(program: Program) -> str:
    """The text of a program; places where it has some, late steps and letters where a unit has."""
    lines = [f"program {phrase(program.profile)}"]
    for number, unit in enumerate(program.units):
        lines.append(f"unit {number} {phrase(unit.name)}")
        lines += [f"  {line}" for line in to_text(unit.network).splitlines()]
        lines += _beside(unit)
    places = program.places.tolist()
    core = -1
    for piece in program.slices:
        if piece.core != core:
            core = piece.core
            at = f" chip={places[core][0]} at={places[core][1]},{places[core][2]}" if places else ""
            lines.append(f"core {core}{at}")
        lines.append(f"  unit {piece.unit} {word(piece.population)} {piece.start}:{piece.stop}")
    return "\n".join(lines) + "\n"


def parse_program(text: str, arrays: Mapping[str, Annotated[Shaped, "..."]]) -> Program:
    """The program that `program_to_text` wrote.

    ``program_to_text(parse_program(text, arrays)) == text``.

    Parameters
    ----------
    text : str
    arrays : mapping of str to array
        Weights and parameters by digest, as `neuromorph.network.text.arrays_of` has them.

    Raises
    ------
    FileFormatError
        Naming the line or the unit: if a line is of no known form, an array is missing or another,
        or a neuron of a program with slices is on no core or on two.
    NetworkError
        If a unit's network is not sound.
    """
    lines = lines_of(text)
    if not lines:
        raise FileFormatError("there is no program", expected="program PROFILE")
    profile = word_of(lines[0], matched(lines[0], _PROGRAM, "program PROFILE")[1])
    blocks = list(_blocks(lines[1:]))
    units = tuple(_unit(n, head, body, arrays) for n, (head, body) in enumerate(blocks)
                  if head.text.startswith("unit "))
    names = Counter(unit.name for unit in units)
    for unit, (head, _) in zip(units, blocks, strict=False):
        if names[name := unit.name] > 1:
            head.refuse("two units have one name", found=name)
    slices, places = _placed(blocks[len(units):], units)
    program = Program(profile, units, slices, places)
    if slices:
        check_cover(program)
    told = lines_of(program_to_text(program))
    for line, other in zip_longest(lines, told):
        if line != other:
            (line or lines[-1]).refuse("the line is not written as its own program would be",
                                       found=line.text if line else "no more",
                                       expected=other.text if other else "no more")
    return program


_PROGRAM = re.compile(r"program (.*)")
_UNIT = re.compile(r"unit (\d{1,9}) (.*)", re.ASCII)
_LATE = re.compile(r"  late ([^ ]+) (\d{1,9})", re.ASCII)
_LETTERS = re.compile(r"  letters ([^ ]+) (bits|one_hot) (-?\d{1,10}(?:,-?\d{1,10})*)", re.ASCII)
_CORE = re.compile(r"core (\d{1,9})(?: chip=(\d{1,9}) at=(\d{1,9}),(\d{1,9}))?", re.ASCII)
_SLICE = re.compile(r"  unit (\d{1,9}) ([^ ]+) (\d{1,9}):(\d{1,9})", re.ASCII)


def _beside(unit: Unit) -> Iterator[str]:
    """What is told of a unit's view."""
    said = fields_of(unit)
    for name, steps in said.late.items():
        yield f"  late {word(name)} {steps}"
    for name, letters in said.letters.items():
        kind = "one_hot" if letters.one_hot else "bits"
        yield f"  letters {word(name)} {kind} {','.join(map(str, letters.values))}"


def _blocks(lines: list[Line]) -> Iterator[tuple[Line, list[Line]]]:
    """Each line that is not indented, with those below it."""
    head: Line | None = None
    body: list[Line] = []
    for line in lines:
        if line.text.startswith("  "):
            body.append(line)
            if head is None:
                line.refuse("a line of no unit and no core", found=line.text)
            continue
        if head is not None:
            yield head, body
        head, body = line, []
    if head is not None:
        yield head, body


def _unit(
    number: int, head: Line, body: list[Line], arrays: Mapping[str, NDArray[Any]]
) -> Unit:
    found, name = matched(head, _UNIT, "unit NUMBER NAME").groups()
    if int(found) != number:
        head.refuse("units are numbered as they come", found=found, expected=number)
    beside = ("  late ", "  letters ")
    network = parse_lines([Line(line.number, line.text[2:]) for line in body
                           if not line.text.startswith(beside)], arrays)
    said = ViewFields()
    for line in body:
        if not line.text.startswith(beside):
            continue
        if line.text.startswith("  late "):
            source, steps = matched(line, _LATE, "late POPULATION STEPS").groups()
            said.late[word_of(line, source)] = int(steps)
        else:
            source, kind, values = matched(
                line, _LETTERS, "letters SOURCE bits|one_hot VALUE,…").groups()
            said.letters[word_of(line, source)] = Letters(
                tuple(int(value) for value in values.split(",")), kind == "one_hot")
    return checked_unit(word_of(head, name), network, said)


def _placed(
    blocks: list[tuple[Line, list[Line]]], units: tuple[Unit, ...]
) -> tuple[tuple[Slice, ...], NDArray[np.int64]]:
    """The slices of all cores in order, and where the cores are."""
    slices: list[Slice] = []
    places: dict[int, tuple[int, ...]] = {}
    for head, body in blocks:
        found, *place = matched(head, _CORE, "core NUMBER chip=NUMBER at=COLUMN,ROW").groups()
        core = int(found)
        if place[0] is not None:
            if places.setdefault(core, at := tuple(map(int, place))) != at:
                head.refuse("a core is in two places", found=head.text)
        elif places:
            head.refuse("a core without a place among some that have one", found=head.text)
        for line in body:
            unit, name, start, stop = matched(
                line, _SLICE, "unit NUMBER POPULATION START:STOP").groups()
            slices.append(slice_of([int(unit), word_of(line, name), int(start), int(stop), core],
                                   units, 0))
    if sorted(places) != list(range(len(places))):
        raise FileFormatError("placed cores are numbered from 0", found=max(places),
                              expected=f"0 to {len(places) - 1}")
    return tuple(slices), np.array(
        [places[core] for core in range(len(places))], np.int64).reshape(-1, 3)
