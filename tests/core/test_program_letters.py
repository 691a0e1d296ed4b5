"""How graded sources are spelled, and what is late, travels with a program."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from small_labs import GRADED, HEAD, PLAIN, program_of

from neuromorph.circuits.plain_spikes import Letters, lettered
from neuromorph.compile.program_file import (
    program_as_dict,
    program_from_dict,
    read_program,
    write_program,
)
from neuromorph.compile.relays.view import late_by
from neuromorph.compile.view_fields import fields_of
from neuromorph.errors import FileFormatError
from neuromorph.network.view import IDENTITY

LATE = HEAD.rewritten(HEAD.network, late_by(HEAD.network, {"match": 2, "control": 3}))


def test_letters_and_late_steps_come_back(tmp_path: Path) -> None:
    write_program(tmp_path, program_of(LATE))
    back = read_program(tmp_path).units[0]
    assert back.view == LATE.view
    spelled = back.view.parts[0].encode(GRADED)
    assert spelled.keys() == PLAIN.keys()
    for name, train in PLAIN.items():
        np.testing.assert_array_equal(spelled[name], train, name)


def test_the_file_says_them_in_plain_data(tmp_path: Path) -> None:
    write_program(tmp_path, program_of(LATE))
    unit = json.loads((tmp_path / "program.json").read_text("utf-8"))["units"][0]
    assert unit["letters"]["query"] == {"values": [1, 2, 4, 8, 16, -32], "one_hot": False}
    assert unit["letters"]["mask"]["one_hot"] is True
    assert unit["late"] == {"match": 2, "control": 3}


def test_a_file_from_before_them_is_read() -> None:
    data, arrays = program_as_dict(program_of(HEAD))
    for name in ("letters", "late"):
        del data["units"][0][name]
    back = program_from_dict(data, arrays).units[0]
    assert back.view == IDENTITY


Damage = Callable[[dict[str, Any]], object]

DAMAGES: dict[str, tuple[Damage, str]] = {
    "no bits": (lambda u: u["letters"]["query"]["values"].__setitem__(0, 3), "two's complement"),
    "nothing": (lambda u: u["letters"]["query"].update(values=[]), "two's complement"),
    "falling": (lambda u: u["letters"]["drive"]["values"].reverse(), "in rising order"),
    "zero": (lambda u: u["letters"]["mask"].update(values=[0]), "without 0"),
    "fraction": (lambda u: u["letters"]["mask"].update(values=[0.5]), "letters.mask.values.0"),
    "field": (lambda u: u["letters"]["mask"].pop("one_hot"), "letters.mask.one_hot"),
    "too many": (lambda u: u["letters"]["query"].update(values=[1, 2, 4, 8, 16, 32, -64]),
                 "expected query.0, query.1, query.2, query.3, query.4, query.5, query.6"),
    "no source": (lambda u: u["letters"].update(match={"values": [1], "one_hot": True}),
                  "match.0"),
    "late": (lambda u: u["late"].update(macth=1), "'match'"),
    "early": (lambda u: u["late"].update(match=-1), "late.match"),
}


@pytest.mark.parametrize("name", DAMAGES)
def test_a_damaged_unit_is_refused(name: str) -> None:
    damage, reason = DAMAGES[name]
    data, arrays = program_as_dict(program_of(LATE))
    data = copy.deepcopy(data)
    damage(data["units"][0])
    with pytest.raises(FileFormatError) as caught:
        program_from_dict(data, arrays)
    assert reason in str(caught.value)


def test_stand_ins_are_plain_and_of_one_size() -> None:
    data, arrays = program_as_dict(program_of(HEAD))
    data = copy.deepcopy(data)
    mask = next(p for p in data["units"][0]["populations"] if p["name"] == "mask.0")
    mask["parameters"]["payload_bits"] = 8
    with pytest.raises(FileFormatError, match=r"a source of plain spikes in its place"):
        program_from_dict(data, arrays)


def test_a_source_that_never_sends_needs_no_stand_in() -> None:
    silent = replace(HEAD, view=lettered({**fields_of(HEAD).letters,
                                            "silent": Letters.of_payloads(())}))
    data, arrays = program_as_dict(program_of(silent))
    assert fields_of(program_from_dict(data, arrays).units[0]).letters["silent"].values == ()
