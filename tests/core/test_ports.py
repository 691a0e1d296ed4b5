"""Ports: the rules they keep, what the circuits' own say, and what passes make of them."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import assume, given, settings
from small_gated_delta import MEMORY, codes_for
from small_heads import BINARY, GRADED, Case, attention, cases
from small_relays import SMALL, wide

from neuromorph import backends
from neuromorph.backends.interface import Inputs
from neuromorph.circuits import (
    astrocyte_attention,
    gated_delta,
    hebbian_attention,
    latency_attention,
    match_and_control,
)
from neuromorph.circuits.hebbian_attention.writing import KEY_AT, WRITE_STEPS
from neuromorph.circuits.latency_attention.drive import drive_waveform
from neuromorph.circuits.latency_attention.emit import (
    emission_of,
    emitting,
    with_time_to_answer,
)
from neuromorph.circuits.plain_spikes import Lettered, in_plain_spikes
from neuromorph.compile.program import Slice, Unit
from neuromorph.compile.quantise import quantise
from neuromorph.compile.relays.insert import with_relays
from neuromorph.compile.split import split
from neuromorph.compile.view_fields import fields_of
from neuromorph.errors import NetworkError, RangeProofError
from neuromorph.network import (
    CubaLIF,
    Network,
    Phase,
    Population,
    Port,
    Probe,
    Projection,
    Relay,
    Schedule,
    Source,
    to_text,
    verify,
)

IN = Port("in", "axons", 2, 8, -128, 127, (0, 1, 4), "codes")
OUT = Port("out", "relay", 2, 24, -384, 381)


def small(**changed: Any) -> Network:
    """Two graded axons, relays that treble what they say, and a plain axon beside them."""
    found = Network("small", "fixed", (
        Population("axons", 2, Source(8)), Population("relay", 2, Relay()),
        Population("plain", 1, Source()), Population("lif", 1, CubaLIF(vth=0)),
    ), (
        Projection("treble", "axons", "relay", 3 * np.eye(2, dtype=np.int32), graded=True),
        Projection("w", "plain", "lif", np.ones((1, 1), np.int32)),
    ), Schedule(6, (Phase("all", 0, 6),)), inputs=(IN,), outputs=(OUT,))
    return replace(found, **changed)


# --- what verify holds them to


def test_ports_that_keep_the_rules_pass() -> None:
    network = small()
    assert verify(network) is network


@pytest.mark.parametrize(("changed", "text"), [
    ({"inputs": (replace(IN, population="axon"),)},
     "small.in: an input is a population that does not exist; found axon.*'axons'"),
    ({"inputs": (replace(IN, size=3),)},
     "small.in: an input has another size than its population; found 3; expected 2"),
    ({"inputs": (replace(IN, payload_bits=0, low=0, high=1),)},
     "an input has another payload than its population; found 0; expected 8"),
    ({"inputs": (replace(IN, high=128),)}, ("the range of a port exceeds its population's "
     "payload; found -128 to 128; expected -128 to 127")),
    ({"inputs": (replace(IN, low=1),)}, "silence is always possible: the range of a port holds 0"),
    ({"inputs": (replace(IN, high=1.5),)}, "the range of a port is two whole numbers"),
    ({"inputs": (replace(IN, steps=(0, 6)),)}, ("no rising steps of a period; found .0, 6.; "
     "expected 0 to 5")),
    ({"inputs": (replace(IN, steps=(1, 1)),)}, "no rising steps of a period"),
    ({"inputs": (replace(IN, steps=(1.0,)),)}, "no rising steps of a period"),
    ({"schedule": None}, "small.in: steps of a period need a schedule"),
    ({"inputs": (IN, IN)}, "two ports have one name; found in"),
    ({"inputs": (IN, replace(IN, name="other"))}, "two inputs are one source; found axons"),
    ({"inputs": (replace(IN, name=""),)}, "a port needs a printable name"),
    ({"inputs": (replace(OUT, name="in"),)}, ("small.in: an input is a source: what is fed "
     "already is none; found relay")),
    ({"outputs": (OUT, OUT)}, "two ports have one name; found out"),
    ({"outputs": (replace(OUT, population="rely"),)}, "small.out: an output is a population that"),
    ({"outputs": (replace(OUT, high=380),)}, ("small.out: an output may send more than it "
     "guarantees; found -384 to 381; expected -384 to 380")),
    ({"inputs": (), "outputs": (replace(OUT, low=-383),)}, "found -384 to 381"),
    ({"outputs": (Port("out", "lif", 1, 0, 0, 0),)}, ("may send more than it guarantees; found 0 "
     "to 1; expected 0 to 0")),
])
def test_a_port_that_breaks_a_rule_is_refused(changed: dict[str, Any], text: str) -> None:
    with pytest.raises(NetworkError, match=text):
        verify(small(**changed))


def test_an_output_guarantees_what_holds_while_inputs_are_as_assumed() -> None:
    narrow = replace(IN, low=-20, high=20)
    verify(small(inputs=(narrow,), outputs=(replace(OUT, low=-60, high=60),)))
    with pytest.raises(NetworkError, match="found -60 to 60; expected -60 to 59"):
        verify(small(inputs=(narrow,), outputs=(replace(OUT, low=-60, high=59),)))


def test_a_third_factor_takes_no_sign() -> None:
    network = hebbian_attention.build(GRADED)
    signed = [replace(p, low=-1) if p.name == "store" else p for p in network.inputs]
    with pytest.raises(NetworkError, match="found -1 to 8; expected 0 to 127"):
        verify(replace(network, inputs=tuple(signed)))


def test_the_text_names_ports_where_there_are_some() -> None:
    assert to_text(small()).splitlines()[-2:] == [
        "input in axons 2 graded payload_bits=8 -128..127 steps=0:2,4:5 codes",
        "output out relay 2 graded payload_bits=24 -384..381"]
    without = to_text(small(inputs=(), outputs=()))
    assert to_text(small()).startswith(without)
    assert to_text(match_and_control.build(3, 2)).splitlines()[-1].startswith(
        "output soma soma 2 plain 0..1 in the control window")


# --- what the circuits say is what is sent


def assert_keeps(ports: tuple[Port, ...], trains: Inputs, period: int) -> None:
    """Every train has the port's size, range and steps."""
    for port in ports:
        train = trains[port.population]
        assert train.shape[1] == port.size
        assert port.low <= train.min() <= train.max() <= port.high, port.name
        spoke = set((np.flatnonzero(train.any(axis=1)) % period).tolist())
        assert port.steps is None or spoke <= set(port.steps), port.name


def assert_circuit_keeps(network: Network, inputs: Inputs, steps: int) -> None:
    """What it is sent and what it sends."""
    verify(network)
    assert {p.population for p in network.inputs} == set(inputs)
    period = network.schedule.period if network.schedule else steps
    assert_keeps(network.inputs, inputs, period)
    done = backends.get("fast").run(network, inputs, [Probe(p.population) for p in network.outputs],
                                    steps)
    sent = {p.population: done.spikes(p.population) for p in network.outputs}
    assert_keeps(network.outputs, sent, period)


@given(cases())
@settings(max_examples=60, deadline=None)
def test_a_heads_ports_keep_what_they_say(case: Case) -> None:
    network = latency_attention.build(case.head, case.keys, case.values)
    assert_circuit_keeps(network, *latency_attention.stimulate(case.head, case.queries, case.mask))


@given(cases())
@settings(max_examples=60, deadline=None)
def test_the_ports_of_a_head_that_is_written_keep_what_they_say(case: Case) -> None:
    try:
        hebbian_attention.prove_writes(case.head)
    except RangeProofError:
        assume(False)
    tokens = min(len(case.keys), len(case.queries))
    timeline = hebbian_attention.causal(case.head, case.keys[:tokens], case.values[:tokens],
                                        case.queries[:tokens])
    assert_circuit_keeps(hebbian_attention.build(case.head), *timeline.trains())


@given(cases())
@settings(max_examples=60, deadline=None)
def test_the_ports_of_a_head_that_emits_keep_what_they_say(case: Case) -> None:
    try:
        emission = emission_of(case.head)
    except RangeProofError:
        assume(False)
    network = emitting(latency_attention.build(case.head, case.keys, case.values), case.head,
                       emission)
    assert {p.name: bool(p.payload_bits) for p in network.outputs} == {
        "match": case.head.graded, "control": True, "normaliser": True, "done": False}
    driven = latency_attention.stimulate(case.head, case.queries, case.mask)
    assert_circuit_keeps(network, *with_time_to_answer(*driven))


def test_the_other_circuits_ports_keep_what_they_say() -> None:
    rng = np.random.default_rng(1)
    keys, queries = rng.integers(0, 128, (2, 6, 8))
    inputs, _, steps = astrocyte_attention.causal(keys, rng.integers(-127, 128, (6, 3)), queries)
    assert_circuit_keeps(astrocyte_attention.build(8, 3), inputs, steps)
    codes = codes_for(MEMORY, rng)
    assert_circuit_keeps(gated_delta.build(MEMORY), *gated_delta.stimulate(MEMORY, codes))
    keys, queries = (rng.random((520, 3)) < 0.03).astype(int), (rng.random((520, 2)) < 0.03) * 1
    episode = match_and_control.Episode(keys, queries, keys[:60], gap=0)
    assert_circuit_keeps(match_and_control.build(3, 2), *match_and_control.stimulate(episode))


@pytest.mark.parametrize("head", [BINARY, GRADED, replace(BINARY, input_bits=22)])
def test_what_the_ports_say_of_a_head_is_as_narrow_as_can_be(
    head: latency_attention.LatencyAttention,
) -> None:
    """Everything they allow comes up: with all slots hidden, and with the largest codes."""
    asked = np.array([[20] * 3, [-20] * 3, [20] * 3])
    mask = np.array([[True] * 5, [False] * 5, [True] * 5])
    inputs, steps = latency_attention.stimulate(head, asked, mask)
    network = latency_attention.build(head, np.full((5, 3), 20), np.full((5, 2), 127))
    probes = [Probe(p.name) for p in network.outputs]
    done = backends.get("fast").run(network, inputs, probes, steps)
    spoke = {p.name: set((np.flatnonzero(done.spikes(p.name).any(axis=1)) % head.period).tolist())
             for p in network.outputs}
    ports = {p.name: p for p in (*network.inputs, *network.outputs)}
    assert spoke["control"] == spoke["normaliser"] == {*(ports["control"].steps or ())}
    assert head.clears + 1 in spoke["done"]
    drive = drive_waveform(head)
    assert (ports["drive"].low, ports["drive"].high) == (drive.min(), drive.max())
    for name in ("query", "mask", "excused", "flush"):
        assert ports[name].high == inputs[name].max()


# --- a key write needs both sides to speak


@pytest.mark.parametrize("backend", ["fast", "reference"])
def test_a_silent_axon_leaves_a_slot_its_old_code(backend: str) -> None:
    network = hebbian_attention.build(GRADED)
    timeline = hebbian_attention.Timeline(GRADED)
    timeline.write(2, np.array([20, -7, 5]), np.array([1, 2]))
    timeline.write(2, np.array([-3, 0, 9]), np.array([3, 4]))
    inputs, steps = timeline.trains()
    sent = inputs["query"][WRITE_STEPS + KEY_AT]
    assert sent.tolist() == [1, 1, 18, 6, 1, 1]  # ON sides, then OFF sides; a zero as 1
    run = backends.get(backend).run
    whole = run(network, inputs, (), steps).synapses["key"][0][2]
    assert whole.tolist() == [0, 0, 18, 6, 0, 0]
    inputs["query"][WRITE_STEPS + KEY_AT] = np.where(sent == 1, 0, sent)
    mixed = run(network, inputs, (), steps).synapses["key"][0][2]
    assert mixed.tolist() == [40, 0, 18, 6, 14, 0]  # 20 and -7 are still there
    port = network.inputs[0]
    assert port.name == "query"
    assert "every axon speaks" in port.says
    assert "a zero as payload 1" in port.says


# --- what passes make of them


def test_plain_spikes_have_no_port_of_a_graded_source() -> None:
    network = replace(attention(replace(BINARY, input_bits=22))[0])
    lowered, view = in_plain_spikes(network)
    assert isinstance(view, Lettered)
    assert {p.population for p in network.inputs} == view.letters.keys()
    assert lowered.inputs == ()
    assert lowered.outputs == network.outputs
    plain = small(outputs=(Port.of(Population("lif", 1, CubaLIF())),), inputs=(
        IN, Port("plain", "plain", 1)), populations=small().populations[::2] +
        small().populations[3:], projections=(small().projection("w"), Projection(
            "treble", "axons", "lif", np.full((1, 2), 2, np.int32), graded=True)))
    assert [p.name for p in in_plain_spikes(verify(plain))[0].inputs] == ["plain"]


def test_what_is_cut_is_no_port() -> None:
    network = attention(BINARY)[0]
    cut = split(Unit("u", network), {
        "match": [Slice(0, "match", 0, 2, 0), Slice(0, "match", 2, 5, 1)]}).network
    assert [p.name for p in cut.outputs] == ["control", "normaliser", "done"]
    assert cut.inputs == network.inputs
    written = hebbian_attention.build(BINARY)
    cut = split(Unit("u", written), {
        "match": [Slice(0, "match", 0, 2, 0), Slice(0, "match", 2, 5, 1)]}).network
    assert {p.name for p in written.inputs} - {p.name for p in cut.inputs} == {"store"}


def test_a_late_output_speaks_later() -> None:
    network = wide(bits=8)
    period = 8
    timed = replace(network, schedule=Schedule(period), inputs=(
        Port("in", "in", network.population("in").size, network.population("in").model.payload_bits,
             steps=(6,)),))
    ends = [p for p in network.populations if not p.is_source]
    timed = verify(replace(timed, outputs=tuple(Port.of(p, (7,)) for p in ends)))
    unit = with_relays(Unit("u", timed), SMALL, True)
    late = fields_of(unit).late
    assert max(late.values()) > 0
    for port in unit.network.outputs:
        assert port.steps == ((7 + late.get(port.population, 0)) % period,)
    assert unit.network.inputs == timed.inputs


def test_integers_of_floats_keep_plain_ports() -> None:
    cells = Population("lif", 2, CubaLIF(du=1.0, dv=0.5, vth=1.0))
    axons = Population("in", 3, Source())
    network = Network("floats", "float", (axons, cells), (
        Projection("w", "in", "lif", np.full((2, 3), 0.7)),), inputs=(Port.of(axons),),
        outputs=(Port.of(cells),))
    found = quantise(network).network
    assert (found.inputs, found.outputs) == (network.inputs, network.outputs)
