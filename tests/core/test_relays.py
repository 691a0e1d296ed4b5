"""Neurons with more synapses than a core holds: summed in parts by relays, to the bit."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

import numpy as np
import pytest
from placed_programs import changed, judged
from small_heads import BINARY, GRADED
from small_networks import everything
from small_relays import (
    PROFILE,
    SMALL,
    assert_same,
    random_slices,
    random_wide,
    relays_of,
    run_relayed,
    wide,
)

from neuromorph import backends
from neuromorph.circuits.latency_attention import build, stimulate
from neuromorph.compile import compile_units
from neuromorph.compile.packing.cut import cut
from neuromorph.compile.packing.demand import demands
from neuromorph.compile.packing.limits import limits_of
from neuromorph.compile.packing.place import place
from neuromorph.compile.program import Program, Unit
from neuromorph.compile.program_file import program_as_dict
from neuromorph.compile.ranges.prove import prove_ranges_of
from neuromorph.compile.relays.chunks import FINEST, chunks_of
from neuromorph.compile.relays.insert import with_relays
from neuromorph.compile.view_fields import fields_of
from neuromorph.errors import FitError
from neuromorph.network import Network, Population, Projection, Relay, Source, verify
from neuromorph.network.bounds import payload_ranges
from neuromorph.numerics.limits import STATE_MAX
from neuromorph.profiles import Profile, load_profile


def test_random_networks_keep_every_bit() -> None:
    """Refused ones aside: they say why, and each reason comes up."""
    seen: Counter[str] = Counter()
    for seed in range(100):
        network, inputs, steps = random_wide(seed)
        try:
            unit = with_relays(Unit("u", network), SMALL, True)
        except FitError as error:
            seen[str(error).split(": ")[1].split(";")[0]] += 1
            continue
        seen["relays"] += len(relays_of(unit))
        seen["that shift"] += sum(bool(p.model.shift) for p in relays_of(unit))
        seen["units"] += bool(relays_of(unit))
        seen["in time"] += bool(relays_of(unit)) and not fields_of(unit).late
        seen["very late"] += unit.view.steps(0) > 2
        slices = random_slices(unit, np.random.default_rng(seed))
        backend = "reference" if seed % 4 == 0 else "fast"
        got = run_relayed(network, unit, slices, inputs, steps, backend)
        whole = assert_same(network, got, inputs, steps)
        assert all(d <= SMALL.in_axons for d in fan_ins(unit))
        seen["sent"] += any(whole.spikes(name).any() for name in fields_of(unit).late)
    assert min(seen["units"], seen["that shift"], seen["sent"]) > 10, seen
    assert min(seen["in time"], seen["very late"]) > 1, seen
    assert {"relays would make a loop longer",
            "relays would let these neurons start late, but not their bias"} <= set(seen)


def fan_ins(unit: Unit) -> list[int]:
    """Synapses of each neuron that needs a core."""
    return [int(n) for p in unit.neurons for n in np.sum(
        [np.count_nonzero(w.weights, axis=1) for w in unit.network.projections_to(p.name)],
        axis=0)]


def test_what_needs_nothing_stays_itself() -> None:
    network = build(BINARY, np.ones((5, 3), int), np.ones((5, 2), int))
    unit = Unit("u", network)
    assert with_relays(unit, SMALL, True) is unit
    assert with_relays(unit, SMALL, False) is unit


def test_relays_and_delays_are_where_they_should_be() -> None:
    unit = with_relays(Unit("u", wide()), SMALL, True)
    assert [(p.name, p.size) for p in relays_of(unit)] == [(f"p.relay.{k}", 3) for k in range(3)]
    assert fields_of(unit).late == {"out": 1}
    assert unit.network.projection("q").delay == 1
    assert unit.network.projection("p.1").delay == 0
    np.testing.assert_array_equal(
        sum(unit.network.projection(f"p.relay.{k}").weights for k in range(3)),
        wide().projection("p").weights)


def test_a_shift_comes_after_the_whole_sum() -> None:
    unit = with_relays(Unit("u", wide(-3)), SMALL, True)
    assert unit.network.population("p.sum").model == Relay(shift=3)
    assert fields_of(unit).late == {"out": 2}
    exact = with_relays(Unit("u", wide(-3, weights=np.full((3, 30), 8, np.int32))), SMALL, True)
    assert [p.model for p in relays_of(exact)] == [Relay()] * 3
    assert fields_of(exact).late == {"out": 1}


def test_a_delay_takes_up_the_steps_of_relays() -> None:
    unit = with_relays(Unit("u", wide(-3, delay=5)), SMALL, True)
    assert fields_of(unit).late == {}
    assert unit.network.projection("p").delay == 3
    assert unit.network.projection("q").delay == 0


def test_loud_axons_get_relays_of_their_own() -> None:
    """Each delivers up to 2^16 times 60: a relay's payload holds two."""
    network = wide(bits=17, weights=np.full((3, 30), 60, np.int32))
    unit = with_relays(Unit("u", network), replace(SMALL, in_axons=20), True)
    ranges = payload_ranges(unit.network)
    assert len(relays_of(unit)) == 15
    assert -min(int(ranges[p.name].low.min()) for p in relays_of(unit)) == 2 * 60 * 2**16
    assert prove_ranges_of(unit.network).status("p.relay.0") == "proved"


def test_projections_from_one_population_share_chunks_that_fit_one_core() -> None:
    """An axon's list of eight weights takes 128 bits with its header, of one weight 64."""
    network = wide()
    sent = payload_ranges(network)["in"]
    together = [network.projection("p"), Projection(
        "r", "in", "other", np.eye(5, 30, dtype=np.int32), graded=True)]

    def sizes(lists_of_eight: int) -> list[int]:
        limits = replace(SMALL, in_axons=29, synapse_bits=lists_of_eight * 128)
        return [len(axons) for axons in chunks_of(sent, together, limits)]

    assert sizes(20) == [15, 15]
    assert sizes(10) == [10, 10, 10]
    assert sizes(2) == [2] * 15
    tight = replace(SMALL, in_axons=29)
    assert np.concatenate(chunks_of(sent, together, tight)).tolist() == list(range(30))


def test_many_neurons_do_not_ask_for_chunks_without_end() -> None:
    """A thousand relays of two axons would fill a core; then chunks are not that small."""
    network = wide(weights=np.ones((3, 30), np.int32))
    many = Projection("r", "in", "other", np.ones((1000, 30), np.int32))
    sent = payload_ranges(network)["in"]
    core = replace(SMALL, neurons=1000, in_axons=24, synapse_bits=2 * 8064, memory_bits=10**6)
    assert len(chunks_of(sent, [many], core)[0]) == 24 // FINEST


# --- an attention head beyond a core's axons


@pytest.mark.parametrize("kind", ["binary", "graded"])
def test_a_head_with_more_slots_than_axons(kind: str) -> None:
    slots = 5000
    rng = np.random.default_rng(1)
    head = replace(BINARY if kind == "binary" else GRADED, slots=slots, value_limit=9, unit=18,
                   key_size=2)
    network = build(head, rng.integers(-20, 21, (slots, 2)), rng.integers(-9, 10, (slots, 2)))
    profile = load_profile("loihi2-graded")
    program = compile_units([Unit("head", network)], profile).program
    unit = program.units[0]
    assert max(np.count_nonzero(network.projection("value").weights, axis=1)) > 4096
    assert fields_of(unit).late == {"control": 1, "normaliser": 1, "done": 1} | (
        {"control": 2, "normaliser": 2} if kind == "graded" else {})
    assert [str(v) for v in judged(*program_as_dict(program), profile).violations] == []
    inputs, steps = stimulate(head, rng.integers(-20, 21, (1, 2)))
    got = run_relayed(network, unit, program.slices_of(0), inputs, steps)
    whole = assert_same(network, got, inputs, steps)
    assert whole.potential("control")[-1].all()


def placed(unit: Unit, profile: Profile) -> Program:
    limits = limits_of(profile)
    slices = cut([demands(unit, limits)], limits)
    program = Program(profile.name, (unit,), slices)
    return replace(program, places=place(program.cores, limits))


# --- the checker


def big(profile: Profile) -> Profile:
    """With cores for all that random networks need."""
    return changed(profile, board={"chips": 9, "columns": 9}, neuron={"payload_bits": 24})


def test_the_checker_accepts_what_relays_make() -> None:
    profile, judged_units = big(PROFILE), 0
    for seed in range(60):
        network = random_wide(seed)[0]
        try:
            unit = with_relays(Unit("u", network), SMALL, True)
            program = placed(unit, profile)
        except FitError:
            continue
        report = judged(*program_as_dict(program), profile)
        assert [str(v) for v in report.violations] == [], seed
        judged_units += bool(relays_of(unit))
    assert judged_units > 15


def test_the_checker_sees_what_is_wrong_with_relays() -> None:
    profile = big(PROFILE)
    unit = with_relays(Unit("u", wide(-3)), SMALL, True)
    data, arrays = program_as_dict(placed(unit, profile))
    assert judged(data, arrays, profile).ok

    stock = changed(profile, neuron={"programmable": False})
    assert "u.p.relay.0: neuron model; found Relay; allowed CubaLIF" in said(data, arrays, stock)
    narrow = changed(profile, neuron={"payload_bits": 16})
    assert "u.p.sum: bits of a payload; found 24; allowed 16" in said(data, arrays, narrow)
    fewer = changed(profile, core={"in_axons": 9})
    assert "in_axons of a core; found" in said(data, arrays, fewer)
    lost = {**data, "slices": [s for s in data["slices"] if s[1] != "p.relay.1"]}
    assert "u.p.relay.1: each neuron is on exactly one core" in said(lost, arrays, profile)
    for p in data["units"][0]["populations"]:
        p["parameters"].update({"shift": 9} if p["kind"] == "Relay" else {})
    assert "u.p.sum: shift; found 9; allowed 0 to 8" in said(data, arrays, profile)


def said(data: dict[str, object], arrays: dict[str, object], profile: Profile) -> str:
    return "\n".join(str(v) for v in judged(data, arrays, profile).violations)


# --- the neuron itself


def test_a_relay_shifts_saturates_and_forgets() -> None:
    network = verify(Network("n", "fixed", (
        Population("in", 1, Source(24)), Population("relay", 2, Relay(shift=1)),
    ), (Projection("p", "in", "relay", np.array([[1], [4]], np.int32), graded=True),)))
    train = np.array([[-3], [2**22], [0], [5], [0]])
    for backend in ("fast", "reference"):
        done = backends.get(backend).run(network, {"in": train}, everything(network), 5)
        assert done.spikes("relay").tolist() == [
            [0, 0], [-2, -6], [2**21, STATE_MAX], [0, 0], [2, 10]]
    assert done.overflows == {"relay": 1}
    bound = next(b for b in prove_ranges_of(network).bounds if b.accumulator == "payload")
    assert (bound.where, bound.status, bound.low) == ("relay", "not proved", -4 * 2**23)


def test_floats_pass_as_they_are() -> None:
    network = verify(Network("n", "float", (
        Population("in", 1, Source(8)), Population("relay", 1, Relay()),
    ), (Projection("p", "in", "relay", np.array([[0.5]]), graded=True),)))
    done = backends.get("reference").run(network, {"in": np.array([[0.3], [0.0]])},
                                         everything(network), 2)
    assert done.spikes("relay").tolist() == [[0.0], [0.15]]
