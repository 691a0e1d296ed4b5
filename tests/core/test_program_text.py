"""A program's text reads back, placed or not, with late steps and letters; so does a bundle's."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from network_texts import odd_names, same_network
from random_programs import random_placed
from test_program_file import small_program
from test_program_letters import LATE

from neuromorph.api.compile import compile_bundle
from neuromorph.api.export import export
from neuromorph.bundle import Bundle
from neuromorph.bundle.bundle import NETWORK, save_bundle
from neuromorph.compile.program import Program, Unit
from neuromorph.compile.program_file import program_from_dict, read_program
from neuromorph.compile.program_text import parse_program, program_to_text
from neuromorph.deploy.folder import PROGRAM_TEXT, save_compiled
from neuromorph.errors import FileFormatError, FitError
from neuromorph.models.digits import WEIGHTS
from neuromorph.network import arrays_of, parse_networks
from neuromorph.translate import TranslateOptions


@pytest.fixture(scope="module")
def binary(tmp_path_factory: pytest.TempPathFactory) -> Bundle:
    path = tmp_path_factory.mktemp("digits") / "bundle"
    return export(WEIGHTS, path, options=TranslateOptions(spikes="binary")).bundle


def assert_reads_back(program: Program) -> None:
    text = program_to_text(program)
    back = parse_program(text, arrays_of(*(unit.network for unit in program.units)))
    assert program_to_text(back) == text
    assert (back.profile, back.slices) == (program.profile, program.slices)
    np.testing.assert_array_equal(back.places, program.places)
    for was, now in zip(program.units, back.units, strict=True):
        assert (was.name, was.view) == (now.name, now.view)
        same_network(was.network, now.network)


def unplaced() -> Program:
    """A unit whose names are odd, and one with late populations and letters; no core yet."""
    return Program("a chip", (Unit("a b\\c", odd_names()), LATE))


@pytest.mark.parametrize("program", [small_program(), unplaced(), Program("none", ()),
                                     replace(small_program(), places=np.zeros((0, 3), np.int64))])
def test_a_program_reads_back(program: Program) -> None:
    assert_reads_back(program)


@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 2**32 - 1))
def test_random_placed_programs_read_back(seed: int) -> None:
    try:
        data, arrays, _ = random_placed(seed)
    except FitError:
        return
    assert_reads_back(program_from_dict(data, arrays))


def test_the_text_in_a_folder_reads_back_beside_its_weights(
    binary: Bundle, tmp_path: Path
) -> None:
    found = compile_bundle(binary, "loihi2")
    save_compiled(found, tmp_path / "lab")
    beside = read_program(tmp_path / "lab")
    text = (tmp_path / "lab" / PROGRAM_TEXT).read_text("utf-8")
    back = parse_program(text, arrays_of(*(unit.network for unit in beside.units)))
    assert back.slices == beside.slices
    assert found.compiled is not None
    for was, now in zip(found.compiled.program.units, back.units, strict=True):
        same_network(was.network, now.network)


def test_the_text_in_a_bundle_reads_back_beside_its_codes(binary: Bundle, tmp_path: Path) -> None:
    save_bundle(binary, tmp_path / "b")
    networks = [replace(network, inputs=(), outputs=()) for name, code in binary.codes.items()
                for network in code.networks(binary.samples[name])]
    back = parse_networks((tmp_path / "b" / NETWORK).read_text("utf-8"), arrays_of(*networks))
    for was, now in zip(networks, back.values(), strict=True):
        same_network(was, now)


TEXT = program_to_text(small_program())


def number_of(start: str) -> int:
    return next(n for n, line in enumerate(TEXT.splitlines(), 1) if line.startswith(start))


@pytest.mark.parametrize(("start", "old", "new", "said"), [
    ("program", "program", "progam", "line {}: the line is not of its form"),
    ("unit 1", "unit 1", "unit 2", "line {}: units are numbered as they come; found 2; expected 1"),
    ("unit 1", "unit 1 b", "unit 1 a", "two units have one name; found a"),
    ("  population query", "population", "popluation", "line {}: no such kind of line"),
    ("core 1", "core 1", "core 9", "placed cores are numbered from 0; found 9; expected 0 to 4"),
    ("core 2", "core 2", "core 1", "line {}: a core is in two places; found core 1 chip=1"),
    ("core 2", " chip=1 at=0,0", "", "line {}: a core without a place among some that have one"),
    ("core 2", "at=0,0", "at=0,00",
     "line {}: .* as its own program would be; found core 2 chip=1 at=0,00; expected core 2 "),
    ("  unit 0 match", "unit 0", "unit 9", "a slice is of a unit that does not exist"),
    ("  unit 0 match", "match", "mtach", "that needs no core or does not exist; .*'match'"),
    ("  unit 0 match", "0:3", "0:2", "a.match: a neuron is not on exactly one core"),
    ("  unit 0 match", "0:3", "0:9", "a: a slice leaves its population"),
])
def test_what_is_wrong_is_refused_by_its_line(start: str, old: str, new: str, said: str) -> None:
    lines, number = TEXT.splitlines(), number_of(start)
    assert old in lines[number - 1]
    lines[number - 1] = lines[number - 1].replace(old, new, 1)
    with pytest.raises(FileFormatError, match=said.format(number)):
        parse_program("\n".join([*lines, ""]),
                      arrays_of(*(unit.network for unit in small_program().units)))


@pytest.mark.parametrize(("more", "said"), [
    ("  late match 2\n", "not written as its own program would be; found .*late"),
    ("  late mtach 2\n", "a population that does not exist is late; found mtach.*'match'"),
    ("  letters query bits 1,2\n", "letters must be payloads in rising order"),
    ("  letters query nibbles 1\n", "the line is not of its form"),
    ("unit 1 u\n", "line .*: there is no network"), ("core x\n", "the line is not of its form"),
    ("core 0\n", "found core 0; expected no more"),
])
def test_more_than_there_is_is_refused(more: str, said: str) -> None:
    program = Program("p", (LATE,))
    with pytest.raises(FileFormatError, match=said):
        parse_program(program_to_text(program) + more, arrays_of(LATE.network))


@pytest.mark.parametrize(("text", "said"), [
    ("", "there is no program"), ("program p\n  late a 1\n", "line 2: a line of no unit and no"),
])
def test_a_text_that_is_no_program_is_refused(text: str, said: str) -> None:
    with pytest.raises(FileFormatError, match=said):
        parse_program(text, {})
