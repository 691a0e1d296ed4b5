"""The checker's own table of models: it agrees with the models, and refuses what it lacks."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from compiled_programs import compiled, said
from placed_programs import Change, population, projection
from small_programs import MAKERS, SIZE, driven
from small_twins import known, twins

from neuromorph.compile import Compiled, Program, Unit
from neuromorph.compile.check import check_program, models
from neuromorph.compile.check.models import MODELS
from neuromorph.compile.check.read import read_placed
from neuromorph.compile.check.reassemble import group_of
from neuromorph.compile.check.registers import check_registers
from neuromorph.compile.packing.demand import demands, totals
from neuromorph.compile.packing.limits import limits_of
from neuromorph.compile.program_schema import program_from_dict
from neuromorph.deploy.checked import checked_program
from neuromorph.errors import DisagreementError, FileFormatError, NetworkError
from neuromorph.network import (
    Astrocyte,
    CubaLIF,
    LatencyMatch,
    Population,
    Readout,
    Relay,
    Source,
)
from neuromorph.neurons import NeuronModel
from neuromorph.neurons import models as registered
from neuromorph.profiles import load_profile

LOIHI_2 = load_profile("loihi2-graded")
SAMPLES: tuple[NeuronModel, ...] = (
    Source(), Source(8), CubaLIF(), CubaLIF(bias_mant=-3, input_shift=4), Readout(),
    LatencyMatch(vth=100, base=64, span=4096, gain=65, gain_shift=12),
    LatencyMatch(vth=0, base=1, span=1, gain=1, gain_shift=0), Astrocyte(), Relay(shift=3),
    *(make(np.random.default_rng(seed)) for make in MAKERS.values() for seed in range(8)))

@pytest.fixture
def twin() -> Iterator[None]:
    with known():
        yield


# --- the table


def test_every_model_has_a_sample_and_a_row() -> None:
    assert {model.kind for model in SAMPLES} == registered().keys() == MODELS.keys()


@pytest.mark.parametrize("model", SAMPLES, ids=str)
def test_a_row_says_what_the_model_says(model: NeuronModel) -> None:
    group = group_of(Population("n", SIZE, model))
    row = group.row
    assert row.parameters == tuple(model.parameters())
    assert (row.ports, row.by_neuron, row.words) == (model.ports, model.by_neuron,
                                                     len(model.words))
    assert (row.programmable, row.from_outside) == (model.programmable, model.from_outside)
    assert row.whole == bool(model.shared_state)
    assert group.payload_bits == model.payload_bits
    assert group.input_shift == model.input_shift
    assert group.punctual == (model.self_driven or model.timed)
    ranges, limits = row.ranges(LOIHI_2.neuron), model.limits("fixed")
    assert ranges.keys() | dict(row.below).keys() == limits.keys() == set(row.parameters)
    for name, (low, high) in ranges.items():
        assert low <= limits[name][0] <= limits[name][1] <= high, name


@pytest.mark.parametrize("kind", MAKERS)
def test_programmable_neurons_are_what_was_given(kind: str) -> None:
    for seed in range(12):
        model = MAKERS[kind](np.random.default_rng(seed))
        network = driven(model, seed)[0]
        data, arrays, _, given = found = compiled(LOIHI_2, network)
        assert said(found) == []
        usage = check_program(data, arrays, LOIHI_2, given).usage
        packed = totals([demands(Unit("u", network), limits_of(LOIHI_2))], limits_of(LOIHI_2))
        assert int(usage["memory_bits"][0]) == packed["memory_bits"]
        assert usage["memory_bits"] - usage["synapse_bits"] == [
            SIZE * max(64, 24 * model.stored_words)]


OUTSIDE: dict[str, tuple[str, dict[str, Any], str]] = {
    "a step beyond its period": ("Product", {"period": 3, "at": 3}, "at; found 3; allowed 0 to 2"),
    "a neuron's step": ("Requantise", {"period": 2, "at": [0, 1, 2, 0]},
                        "n[2]: at; found 2; allowed 0 to 1"),
    "no period": ("Product", {"period": 0, "at": 0}, "period; found 0; allowed 1 to 65536"),
    "at once, later": ("Quotient", {"period": 0, "at": 1}, "at; found 1; allowed 0 to 0"),
    "a wide product": ("Product", {"shift": 48}, "shift; found 48; allowed 0 to 47"),
    "nothing sent": ("Product", {"limit": 0}, "limit; found 0; allowed 1 to 8388607"),
    "a multiplier": ("Requantise", {"multiplier": [1, 2**16, 1, 1]},
                     "n[1]: multiplier; found 65536; allowed 0 to 65535"),
    "a scale": ("Quotient", {"shift": [1, 2, 40, 41]}, "n[3]: shift; found 41; allowed 1 to 40"),
    "a bias": ("Requantise", {"bias": -2**23},
               "bias; found -8388608; allowed -8388607 to 8388607"),
    "a centre": ("Quotient", {"centre": 2**23},
                 "centre; found 8388608; allowed -8388607 to 8388607"),
    "a lift": ("Reciprocal", {"lift": 7}, "lift; found 7; allowed 0 to 6"),
    "a rung shifted up": ("Square", {"shift": 29}, "shift; found 29; allowed 30 to 47"),
    "six in fewer steps": ("Square", {"period": 5, "at": 0},
                           "period; found 5; allowed 6 to 65536"),
    "no next rung fits": ("Rsqrt", {"threshold": 2**17},
                          "threshold; found 131072; allowed 1 to 131071"),
    "a fraction of nothing": ("Root", {"least_shift": 54},
                              "least_shift; found 54; allowed 0 to 53"),
    "a fold": ("Scale", {"fold": [1, 2, 2**16, 3]}, "n[2]: fold; found 65536; allowed 0 to 65535"),
    "kept in no step": ("Scale", {"period": 2, "at": 1, "keep_at": 2},
                        "keep_at; found 2; allowed 0 to 1"),
    "carried by no product": ("Residual", {"carry_shift": 0},
                              "carry_shift; found 0; allowed 1 to 40"),
    "a norm out of 48 bits": ("UnitResidual", {"shift": 17}, "shift; found 17; allowed 18 to 47"),
    "a third of a pair": ("Rotary", {"second": [0, 1, 2, 0]},
                          "n[2]: second; found 2; allowed 0 to 1"),
    "a cosine in no step": ("Rotary", {"period": 4, "own_at": 0, "partner_at": 1, "cos_at": 4,
                                       "at": 3}, "cos_at; found 4; allowed 0 to 3"),
    "a third side": ("KeySide", {"off": 2}, "off; found 2; allowed 0 to 1"),
    "a value's scale": ("ValueSide", {"shift": 41}, "shift; found 41; allowed 1 to 40"),
    "a place beyond the ring": ("Slot", {"slots": 3, "place": [0, 1, 2, 3]},
                                "n[3]: place; found 3; allowed 0 to 2"),
    "a line of no step": ("Drive", {"steps": 0}, "steps; found 0; allowed 1 to 65536"),
    "a wide gate": ("Gate", {"up_bias": 2**15}, "up_bias; found 32768; allowed -32767 to 32767"),
    "a trace of too many goes": ("Homeostatic", {"trace": 16}, "trace; found 16; allowed 0 to 15"),
    "a spread below nothing": ("Homeostatic", {"spread": [0, 1, -1, 2]},
                               "n[2]: spread; found -1; allowed 0 to 8388607"),
    "a coarse gate": ("Gate", {"unit_bits": 7}, "unit_bits; found 7; allowed 8 to 14"),
    "a decay": ("Quotient", {"dv": 4097}, "dv; found 4097; allowed 0 to 4096"),
}


@pytest.mark.parametrize("name", OUTSIDE)
def test_a_number_that_no_program_holds(name: str) -> None:
    kind, parameters, text = OUTSIDE[name]
    network = driven(MAKERS[kind](np.random.default_rng(1)), 1)[0]
    data, arrays, profile, given = compiled(LOIHI_2, network)
    population(data, "n")["parameters"].update(parameters)
    assert [found for found in said((data, arrays, profile, given)) if found.endswith(text)]
    with pytest.raises(NetworkError):
        program_from_dict(data, arrays)


def test_neurons_that_count_steps_may_not_run_late() -> None:
    """A fault planted in the lateness of each kind: those that count, or have a bias, refuse it."""
    for make in MAKERS.values():
        for seed in range(6):
            model = make(np.random.default_rng(seed))
            data, arrays, profile, given = compiled(LOIHI_2, driven(model, seed)[0])
            unit = data["units"][0]
            unit["late"] = {"n": 1}
            for found in unit["projections"]:
                found["delay"] += 1
            early = model.self_driven or model.timed
            assert said((data, arrays, profile, given)) == ([
                "u0.n: steps by which a population is late; found 1; allowed 0"] if early else [])


def imports(path: Path) -> list[str]:
    nodes = [n for n in ast.walk(ast.parse(path.read_text("utf-8")))
             if isinstance(n, ast.Import | ast.ImportFrom)]
    return [name for n in nodes for name in ([n.module or ""] if isinstance(n, ast.ImportFrom)
                                             else [alias.name for alias in n.names])]


def test_the_table_is_written_without_the_models() -> None:
    table = Path(str(models.__file__))
    assert not [name for name in imports(table)
                if name.startswith(("neuromorph.neurons", "neuromorph.network"))]
    assert not [(path.name, name) for path in table.parent.glob("*.py") for name in imports(path)
                if name.startswith("neuromorph.neurons")]


# --- a kind without a row


def test_a_model_that_is_registered_but_has_no_row_is_refused_by_name() -> None:
    with known(row=None):
        found = compiled(LOIHI_2, twins())
        with pytest.raises(FileFormatError, match=r"u0\.n: the checker.*no row .*; found Twin"):
            said(found)
        unit = Unit("u", twins())
        state = Compiled(LOIHI_2, limits_of(LOIHI_2), (unit,), Program(LOIHI_2.name, (unit,)))
        with pytest.raises(DisagreementError, match="no row for this neuron model; found Twin"):
            checked_program(state, *found[:2], "the program")


def test_a_given_network_of_an_unknown_model_is_named(twin: None) -> None:
    data, arrays, profile, given = compiled(LOIHI_2, twins())
    population(data, "n").update(kind="Readout", parameters={"dv": 0, "vth": 9})
    for name in ("to_a", "to_b"):
        del projection(data, name)["port"]
    del MODELS["Twin"]  # the fixture puts it where it was
    found = said((data, arrays, profile, given))
    assert len(found) == 1
    assert found[0].startswith("u0.n: neuron model; found Twin; allowed Source, CubaLIF, ")


def test_the_report_names_a_kind_without_a_row(twin: None) -> None:
    data, arrays, *_ = compiled(LOIHI_2, twins())
    placed = read_placed(data, arrays)
    assert not list(check_registers(placed, LOIHI_2))
    del MODELS["Twin"]
    assert "u0.n: neuron model; found Twin; allowed Source, CubaLIF" in " ".join(
        map(str, check_registers(placed, LOIHI_2)))


# --- parameters by neuron


def test_arrays_by_neuron_are_what_was_given(twin: None) -> None:
    found = compiled(LOIHI_2, twins())
    assert said(found) == []
    given = population(found[0], "n")["parameters"]["gain"]
    assert len(set(given)) > 1
    again = program_from_dict(found[0], found[1]).units[0].network
    assert again.population("n").model == twins().population("n").model


LENGTH = ("u0.n: gain is neither one number nor one for each neuron; found {} numbers; "
          "expected 1 or 4")
ARRAYS: dict[str, tuple[Change, str]] = {
    "too short": (lambda d, a: population(d, "n")["parameters"]["gain"].pop(),
        LENGTH.format(3)),
    "too long": (lambda d, a: population(d, "n")["parameters"]["gain"].append(1),
        LENGTH.format(5)),
    "empty": (lambda d, a: population(d, "n")["parameters"].update(gain=[]),
        LENGTH.format(0)),
    "half": (lambda d, a: population(d, "n")["parameters"]["gain"].__setitem__(1, 0.5),
        "u0.n: gain is no whole number; found 0.5"),
    "true": (lambda d, a: population(d, "n")["parameters"]["gain"].__setitem__(1, True),
        "u0.n: gain is no whole number; found True"),
    "nested": (lambda d, a: population(d, "n")["parameters"]["gain"].__setitem__(1, [2]),
        "u0.n: gain is no whole number; found [2]"),
    "text": (lambda d, a: population(d, "n")["parameters"].update(gain="2"),
        "u0.n: the field gain is of another type; found '2'; expected int"),
    "missing": (lambda d, a: population(d, "n")["parameters"].pop("bias"),
        "u0.n: the field bias is missing"),
    "extra": (lambda d, a: population(d, "n")["parameters"].update(gains=1),
        "u0.n: the field gains is unknown. Did you mean 'gain'?"),
    "where none may be": (lambda d, a: population(d, "n").update(
        kind="Readout", parameters={"dv": [0, 0, 0, 0], "vth": 9}),
        "u0.n: the field dv is of another type; found [0, 0, 0, 0]; expected int"),
}


@pytest.mark.parametrize("fault", ARRAYS)
def test_an_array_that_is_none_of_the_neurons(fault: str, twin: None) -> None:
    change, text = ARRAYS[fault]
    data, arrays, profile, given = compiled(LOIHI_2, twins())
    change(data, arrays)
    with pytest.raises(FileFormatError) as error:
        said((data, arrays, profile, given))
    assert str(error.value) == text
    with pytest.raises((FileFormatError, NetworkError)):
        program_from_dict(data, arrays)


def test_the_first_number_that_is_out_of_range_is_named(twin: None) -> None:
    data, arrays, profile, given = compiled(LOIHI_2, twins())
    population(data, "n")["parameters"]["gain"][2:] = [101, 2**70]
    assert said((data, arrays, profile, given)) == ["u0.n[2]: gain; found 101; allowed 0 to 100"]


def test_another_number_of_one_neuron_is_seen(twin: None) -> None:
    data, arrays, profile, given = compiled(LOIHI_2, twins())
    gain = population(data, "n")["parameters"]["gain"]
    gain[2] += 1
    assert said((data, arrays, profile, given)) == [
        (f"u0.n: a population is as it was given; found 4 Twin gain[2]={gain[2]} bias=0; "
         f"allowed 4 Twin gain[2]={gain[2] - 1} bias=0")]
    population(data, "n")["parameters"]["gain"] = gain[0]
    assert said((data, arrays, profile, given)) == [
        (f"u0.n: a population is as it was given; found 4 Twin gain={gain[0]} bias=0; "
         f"allowed 4 Twin gain[0]={gain[0]} bias=0")]
