"""Ports and memory of neurons: sums are port by port, and what neurons keep is counted."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from compiled_programs import compiled, said
from placed_programs import changed, projection
from small_relays import PROFILE
from small_twins import Twin, known, twins

from neuromorph import backends
from neuromorph.compile import PASSES, Compiled, Program, Unit
from neuromorph.compile.check import check_program
from neuromorph.compile.packing.demand import demands, totals
from neuromorph.compile.packing.limits import limits_of
from neuromorph.compile.program_file import program_as_dict
from neuromorph.compile.program_schema import program_from_dict
from neuromorph.compile.split import split
from neuromorph.errors import FileFormatError, FitError, NetworkError
from neuromorph.network import (
    CubaLIF,
    Population,
    Probe,
    Readout,
    Relay,
)
from neuromorph.neurons import NeuronModel
from neuromorph.profiles import load_profile

LOIHI_2 = load_profile("loihi2-graded")


@pytest.fixture
def twin() -> Iterator[None]:
    with known():
        yield


# --- ports

PORTS: dict[str, tuple[Callable[[Any], object], list[str]]] = {
    "of another": (lambda p: p.update(port="b"), [
        "u0.to_a: a projection is as it was given; found port b; allowed the same"]),
    "none": (lambda p: p.pop("port"), [
        "u0.to_a: a port of a Twin; found a_in; allowed a or b"]),
    "unknown": (lambda p: p.update(port="c"), [
        "u0.to_a: a port of a Twin; found c; allowed a or b"]),
}


@pytest.mark.parametrize("fault", PORTS)
def test_a_port_that_was_not_given(fault: str, twin: None) -> None:
    change, text = PORTS[fault]
    data, arrays, profile, given = compiled(LOIHI_2, twins())
    change(projection(data, "to_a"))
    assert said((data, arrays, profile, given)) == text


def test_a_port_that_stock_neurons_do_not_have(twin: None) -> None:
    network = twins()
    stock = replace(network, populations=(network.populations[0], Population("n", 4, CubaLIF())),
                    projections=tuple(replace(p, port="a_in") for p in network.projections))
    data, arrays, profile, given = compiled(LOIHI_2, stock)
    assert "port" not in projection(data, "to_a")
    projection(data, "to_a")["port"] = "a_in"
    assert said((data, arrays, profile, given)) == []
    projection(data, "to_a")["port"] = "a"
    assert said((data, arrays, profile, given)) == [
        "u0.to_a: a port of a CubaLIF; found a; allowed a_in"]
    with pytest.raises(NetworkError, match="a CubaLIF has no such port"):
        program_from_dict(data, arrays)


@pytest.mark.parametrize("port", [None, 3, ["a"], True])
def test_a_port_that_is_no_name(port: object, twin: None) -> None:
    data, arrays, profile, given = compiled(LOIHI_2, twins())
    projection(data, "to_a")["port"] = port
    with pytest.raises(FileFormatError, match="the field port is of another type"):
        said((data, arrays, profile, given))


def test_sums_are_put_together_port_by_port(twin: None) -> None:
    """Relays before both ports; a sum that ends at the other one is none of its own."""
    network = twins(axons=30)
    data, arrays, profile, given = found = compiled(PROFILE, network)
    names = [p["name"] for p in data["units"][0]["populations"]]
    assert sum("to_a.relay" in name for name in names) > 1
    assert sum("to_b.relay" in name for name in names) > 1
    assert {p.get("port") for p in data["units"][0]["projections"]} == {None, "a", "b"}
    assert said(found) == []
    last = {port: next(p for p in data["units"][0]["projections"] if p.get("port") == port)
            for port in ("a", "b")}
    last["a"]["port"], last["b"]["port"] = "b", "a"
    wrong = said((data, arrays, profile, given))
    assert {text.partition("[")[0] for text in wrong} == {"u0.n.a", "u0.n.b"}
    assert all("what arrives is what was given" in text for text in wrong)


def test_relays_before_ports_give_the_same_integers(twin: None) -> None:
    network = twins(axons=30)
    units = (Unit("u", network),)
    state = Compiled(PROFILE, limits_of(PROFILE), units, Program(PROFILE.name, units))
    for apply in PASSES.values():
        state = apply(state)
    unit, slices = state.program.units[0], state.program.slices_of(0)
    reference, probes = backends.get("reference"), [Probe("n"), Probe("n", "v")]
    inputs = {"in": np.random.default_rng(3).integers(0, 2, (9, 30))}
    placed = split(unit, slices).run(reference.run, inputs, probes, 9)
    whole = reference.run(network, inputs, probes, 9)
    assert whole.traces[probes[0]].any()
    for probe in probes:
        np.testing.assert_array_equal(placed.traces[probe], whole.traces[probe])


# --- what they take


def test_a_port_is_a_format_of_its_own(twin: None) -> None:
    data, arrays, _, given = compiled(LOIHI_2, twins())
    assert check_program(data, arrays, LOIHI_2, given).usage["synapse_formats"].tolist() == [2]
    limits = limits_of(LOIHI_2)
    assert {len(d.formats) for d in demands(Unit("u", twins()), limits)} == {2}
    few = changed(LOIHI_2, core={"synapse_formats": 1})
    assert said((data, arrays, few, given)) == [
        "core 0: synapse_formats of a core; found 2; allowed 1"]


@pytest.mark.parametrize(("model", "bits"), [
    (Twin(gain=np.arange(4)), 96), (Twin(), 72), (Twin(gain=np.arange(4), bias=np.arange(4)), 120),
    (Readout(), 64), (CubaLIF(), 64), (Relay(), 64)])
def test_a_neuron_takes_the_words_that_it_keeps(
    model: NeuronModel, bits: int, twin: None
) -> None:
    network = twins()
    ports = "a_in", "a_in"
    if isinstance(model, Twin):
        ports = "a", "b"
    network = replace(network, populations=(network.populations[0], Population("n", 4, model)),
                      projections=tuple(replace(p, port=port) for p, port in
                                        zip(network.projections, ports, strict=True)))
    data, arrays, _, given = compiled(LOIHI_2, network)
    usage = check_program(data, arrays, LOIHI_2, given).usage
    assert usage["memory_bits"] - usage["synapse_bits"] == [4 * bits]
    found = totals([demands(Unit("u", network), limits_of(LOIHI_2))], limits_of(LOIHI_2))
    assert found["memory_bits"] - found["synapse_bits"] == 4 * bits
    none = changed(LOIHI_2, core={"neuron_bits": 0})
    assert demands(Unit("u", network), limits_of(none))[0].neuron_bits == 0


def test_a_memory_of_its_own_that_is_too_small_for_a_neuron_is_refused(twin: None) -> None:
    apart = changed(LOIHI_2, core={"memory_shared": False})
    data, arrays, _, given = compiled(LOIHI_2, twins())
    assert said((data, arrays, apart, given)) == [
        "u0.n: memory of a neuron; found 96 bits; allowed 64"]
    with pytest.raises(FitError, match=r"memory of 96 bits for a neuron, which a Twin needs"):
        compiled(apart, twins())
    wide = changed(LOIHI_2, core={"memory_shared": False, "neuron_bits": 96})
    assert said(compiled(wide, twins())) == []


def test_no_core_is_filled_beyond_its_memory(twin: None) -> None:
    network = twins(axons=5, size=60)
    bits = {"memory_bits": 6000, "synapse_bits": 5000}
    small = changed(LOIHI_2, core=bits)
    data, arrays, _, given = compiled(small, network)
    report = check_program(data, arrays, small, given)
    assert report.violations == ()
    assert len(report.usage["neurons"]) > 1
    assert report.usage["memory_bits"].max() <= 6000 < sum(report.usage["memory_bits"])


def test_neurons_that_differ_in_their_own_numbers_have_one_setting(twin: None) -> None:
    units = tuple(Unit(f"u{n}", twins(seed=n)) for n in range(5))
    given = [(unit.name, unit.network) for unit in units]
    few = changed(LOIHI_2, core={"neuron_settings": 1, "threshold_settings": 1})
    state = Compiled(few, limits_of(few), units, Program(few.name, units))
    for apply in PASSES.values():
        state = apply(state)
    report = check_program(*program_as_dict(state.program), few, given)
    assert report.violations == ()
    assert report.usage["neuron_settings"].tolist() == [1]
    assert report.usage["threshold_settings"].tolist() == [0]
