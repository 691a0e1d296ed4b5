"""A program becomes plain data and comes back; a bad file is refused with its reason."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from small_heads import BINARY, attention
from small_learners import LEARNERS

from neuromorph.circuits import hebbian_attention
from neuromorph.compile.program import Program, Slice, Unit
from neuromorph.compile.program_file import (
    program_as_dict,
    program_from_dict,
    read_program,
    to_json,
    write_program,
)
from neuromorph.errors import FileFormatError, NeuromorphError, UnsupportedError
from neuromorph.network import CubaLIF, Network, Population, Projection, Source, to_text


def small_program() -> Program:
    """Two equal heads and one that learns; the first head's match neurons lie on two cores."""
    head = attention(BINARY)[0]
    units = (Unit("a", head), Unit("b", attention(BINARY)[0]),
             Unit("c", hebbian_attention.build(BINARY)))
    slices = [Slice(u, p.name, 0, p.size, u + 1) for u, unit in enumerate(units)
              for p in unit.neurons if (u, p.name) != (0, "match")]
    slices += [Slice(0, "match", 0, 3, 0), Slice(0, "match", 3, 5, 1)]
    places = np.array([[0, 0, 0], [0, 0, 1], [1, 0, 0], [1, 3, 2]])
    return Program("loihi2", units, tuple(slices), places)


def test_what_comes_back_is_what_went_in(tmp_path: Path) -> None:
    program = small_program()
    write_program(tmp_path, program)
    back = read_program(tmp_path)
    assert back.profile == program.profile
    assert back.slices == program.slices
    np.testing.assert_array_equal(back.places, program.places)
    for was, now in zip(program.units, back.units, strict=True):
        assert was.name == now.name
        without_schedule = to_text(was.network).split("schedule")[0]
        assert to_text(now.network).split("\n", 1)[1] == without_schedule.split("\n", 1)[1]


@pytest.mark.parametrize("name", [n for n in LEARNERS if "float" not in n])
def test_every_field_of_a_rule_comes_back(name: str) -> None:
    network = LEARNERS[name][0]
    data, arrays = program_as_dict(Program("loihi2", (Unit("u", network),)))
    for text in (data, json.loads(to_json(data))):
        back = program_from_dict(text, arrays).units[0].network
        assert [p.rule for p in back.projections] == [p.rule for p in network.projections]
        assert [p.modulators for p in back.projections] == [
            p.modulators for p in network.projections]


def test_the_same_program_gives_the_same_bytes(tmp_path: Path) -> None:
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        write_program(tmp_path / name, small_program())
    for file in ("program.json", "weights.npz"):
        assert (tmp_path / "one" / file).read_bytes() == (tmp_path / "two" / file).read_bytes()


def test_equal_weights_are_kept_once_and_small() -> None:
    program = small_program()
    data, arrays = program_as_dict(program)
    names = [[p["weights"] for p in unit["projections"]] for unit in data["units"]]
    assert names[0] == names[1]  # equal, though not the same arrays
    assert list(arrays) == [f"w{i}" for i in range(len(arrays))]
    distinct = {(w.shape, w.astype(np.int64).tobytes()) for w in arrays.values()}
    assert len(distinct) == len(arrays)
    key, mass = (arrays[names[0][i]] for i in (0, 4))
    assert (key.dtype, mass.dtype) == (np.int8, np.uint8)


def test_a_float_network_is_no_program() -> None:
    with pytest.raises(UnsupportedError, match="integers only"):
        program_as_dict(Program("loihi2", (Unit("u", LEARNERS["floats that learn"][0]),)))


Damage = Callable[[dict[str, Any]], object]

DAMAGES: dict[str, tuple[Damage, str]] = {
    "version": (lambda d: d.update(schema_version=2), "another schema version"),
    "no units": (lambda d: d.pop("units"), "units: Field required"),
    "unknown field": (lambda d: d.update(more=1), "more: Extra inputs"),
    "units' names": (lambda d: d["units"][1].update(name="a"), "two units have one name"),
    "kind": (lambda d: d["units"][0]["populations"][5].update(kind="CubaLif"), "CubaLIF"),
    "parameter": (lambda d: d["units"][0]["populations"][5]["parameters"].pop("vth"), "vth"),
    "fraction": (lambda d: d["units"][0]["populations"][5]["parameters"].update(vth=0.5),
                 "parameters.vth"),
    "range": (lambda d: d["units"][0]["populations"][5]["parameters"].update(vth=-1),
              "vth is out of range"),
    "weights": (lambda d: d["units"][0]["projections"][0].update(weights="w99"), "w99"),
    "ends": (lambda d: d["units"][0]["projections"][0].update(post="macth"), "'match'"),
    "rule": (lambda d: d["units"][2]["projections"][0]["rule"].update(dw="x9"), "dw"),
    "rule field": (lambda d: d["units"][2]["projections"][0]["rule"].pop("seed"), "seed"),
    "rule text": (lambda d: d["units"][2]["projections"][0]["rule"].update(dw=1), "must be text"),
    "modulators": (lambda d: d["units"][2]["projections"][0].update(modulators=[None]),
                   "modulators"),
    "unit": (lambda d: d["slices"].append([3, "match", 0, 1, 0]), "does not exist"),
    "source": (lambda d: d["slices"].append([0, "mask", 0, 1, 0]), "needs no core"),
    "size": (lambda d: d["slices"].append([0, "match", 0, 6, 0]), "leaves its population"),
    "empty": (lambda d: d["slices"].append([0, "match", 2, 2, 0]), "leaves its population"),
    "core": (lambda d: d["slices"].append([0, "match", 0, 1, 4]), "a core below 4"),
    "twice": (lambda d: d["slices"].append([0, "match", 2, 3, 0]), "neuron 2 on 2"),
    "lost": (lambda d: d["slices"].pop(), "neuron 3 on 0"),
    "row": (lambda d: d["slices"].append(["match", 0, 0, 1, 0]), "a unit's number"),
    "place": (lambda d: d["cores"].append([0, 0]), "cores.4"),
}


@pytest.mark.parametrize("name", DAMAGES)
def test_a_damaged_program_is_refused(name: str) -> None:
    damage, reason = DAMAGES[name]
    data, arrays = program_as_dict(small_program())
    data = copy.deepcopy(data)
    damage(data)
    with pytest.raises(NeuromorphError) as caught:
        program_from_dict(data, arrays)
    assert reason in str(caught.value)


@pytest.mark.parametrize("weights", [
    np.zeros((5, 3)), np.zeros((5, 3, 1), np.int8), np.full((5, 3), 2**40), np.zeros((0, 3), int),
], ids=["floats", "rank", "huge", "empty"])
def test_damaged_weights_are_refused(weights: Any) -> None:
    data, arrays = program_as_dict(small_program())
    arrays[data["units"][0]["projections"][0]["weights"]] = weights
    with pytest.raises(FileFormatError, match=r"a\.key"):
        program_from_dict(data, arrays)


@pytest.mark.parametrize("data", [None, [], "text", {"schema_version": True}])
def test_no_program_at_all(data: object) -> None:
    with pytest.raises(FileFormatError, match="schema version"):
        program_from_dict(data, {})


def test_thousands_of_different_arrays_come_back(tmp_path: Path) -> None:
    count = 5000
    network = Network("star", "fixed", (
        *(Population(f"s{i}", 2, Source()) for i in range(count)),
        Population("n", 1, CubaLIF(du=4096, dv=4096, vth=100))), tuple(
        Projection(f"w{i}", f"s{i}", "n", np.array([[i % 100, i // 100]])) for i in range(count)))
    write_program(tmp_path, Program("loihi2", (Unit("star", network),)))
    back = read_program(tmp_path).units[0].network
    assert to_text(back).splitlines()[1:] == to_text(network).splitlines()[1:]
