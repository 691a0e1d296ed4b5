"""Text forms of networks and programs, and the arrays beside them: words, lines, names, numbers."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from pathlib import Path
from random import Random
from typing import Any

import numpy as np
from door_program import changed_array
from fuzz_engine import Reader
from fuzz_values import TEXTS, near_text
from mutate_text import by_lines, by_words
from network_texts import by_neuron, learner, odd_names
from test_ports import small as with_ports
from test_program_file import small_program
from test_program_letters import LATE

from neuromorph.compile.program import Program, Unit
from neuromorph.compile.program_text import parse_program, program_to_text
from neuromorph.network import Network, arrays_of, parse_network, to_text

WORDS = ("network", "population", "projection", "  rule", "schedule", "  phase", "input", "output",
         "fixed", "float", "CubaLIF", "Source", "Relay", "graded", "plain", "a_in", "->", "=", "#",
         "dw=''", "steps=", "0:9", "9:0", "..", "\\", "\\x20", "\\x0", "\\U99999999", "\\ud800",
         " ", "\n", "'", "-1", "0", "1e9", "1e999", "9" * 30, "9" * 5000, "٣", "unit", "core",
         "  late n 1", "  letters in bits 1,-2", "1048576", "1048577")


@dataclass(frozen=True, eq=False)
class Text:
    """A text, and the arrays beside it."""

    text: str
    arrays: dict[str, Any]

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Text) and self._plain() == other._plain()

    __hash__ = None

    def _plain(self) -> object:
        return self.text, {name: (array.dtype.str, array.shape, array.tobytes())
                           for name, array in self.arrays.items()}


@cache
def networks() -> tuple[Network, ...]:
    return with_ports(), by_neuron(), learner(), odd_names()


@cache
def programs() -> tuple[Program, ...]:
    return small_program(), Program("a chip", (Unit("a b", learner()), LATE))


def make_network(rng: Random | None, folder: Path) -> Text:
    network = networks()[0] if rng is None else rng.choice(networks())
    return _mutant(rng, to_text(network), arrays_of(network))


def make_program(rng: Random | None, folder: Path) -> Text:
    program = programs()[0] if rng is None else rng.choice(programs())
    return _mutant(rng, program_to_text(program),
                   arrays_of(*(unit.network for unit in program.units)))


def _mutant(rng: Random | None, text: str, arrays: dict[str, Any]) -> Text:
    """Mostly a word or a line; or one word everywhere, which may well be read; or an array."""
    if rng is None:
        return Text(text, arrays)
    kind = rng.randrange(10)
    if kind < 3:
        return Text(by_words(rng, text, WORDS), arrays)
    if kind < 5:
        return Text(by_lines(rng, text, (*WORDS, *TEXTS)), arrays)
    if kind == 5:
        return Text(near_text(rng, text), arrays)
    if kind < 9:
        old = rng.choice(text.split())
        new = near_text(rng, old) if rng.random() < 0.5 else rng.choice((*WORDS, "new", "0", "2"))
        return Text(text.replace(old, new), arrays)
    name = rng.choice(list(arrays))
    return Text(text, {**arrays, name: changed_array(rng, np.array(arrays[name]))})


def read_network(case: Text) -> None:
    """What is read would be written in the same way."""
    assert to_text(parse_network(case.text, case.arrays)) == case.text


def read_program(case: Text) -> None:
    assert program_to_text(parse_program(case.text, case.arrays)) == case.text


NETWORKS = Reader("text", make_network, read_network)
PROGRAMS = Reader("program_text", make_program, read_program)
