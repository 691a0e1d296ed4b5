"""Numbers and features that a profile does not have: what the checker says of each."""

from __future__ import annotations

from typing import Any

import pytest
from placed_programs import (
    Arrays,
    Change,
    Data,
    by_hand,
    judged,
    nothing,
    population,
    projection,
    said,
    weight,
)

from neuromorph.profiles import load_profile

REGISTERS: dict[str, tuple[Change, str]] = {
    "a weight too large": (weight("match_out", 256),
        "small.match_out: a weight of 8 bits; found 0 to 256; allowed -256 to 255"),
    "a weight too small": (weight("match_late", -257),
        "small.match_late: a weight of 8 bits; found -257 to 0; allowed -256 to 255"),
    "an odd weight beside the least": (weight("match_late", -256),
        "small.match_late: weights of both signs; found an odd weight; allowed even weights"),
    "an odd weight": (weight("query_match", 5),
        "small.query_match: weights of both signs; found an odd weight; allowed even weights"),
    "an odd weight that learns": (weight("learner", 1),
        "small.learner: weights of both signs; found an odd weight; allowed even weights"),
    "an exponent": (lambda d, a: projection(d, "match_out").update(exponent=8),
        "small.match_out: weight exponent; found 8; allowed -8 to 7"),
    "a delay": (lambda d, a: projection(d, "match_out").update(delay=63),
        "small.match_out: delay; found 63; allowed 0 to 62"),
    "a plastic delay": (lambda d, a: projection(d, "learner").update(delay=1),
        "small.learner: delay of plastic synapses; found 1; allowed 0"),
    "a threshold": (lambda d, a: population(d, "match")["parameters"].update(vth=2**17),
        "small.match: vth; found 131072; allowed 0 to 131071"),
    "a readout's threshold": (lambda d, a: population(d, "out")["parameters"].update(vth=2**23),
        "small.out: vth; found 8388608; allowed 0 to 8388606"),
    "a bias": (lambda d, a: population(d, "match")["parameters"].update(bias_mant=4096),
        "small.match: bias_mant; found 4096; allowed -4096 to 4095"),
    "a bias's exponent": (lambda d, a: population(d, "match")["parameters"].update(bias_exp=8),
        "small.match: bias_exp; found 8; allowed 0 to 7"),
    "a decay": (lambda d, a: population(d, "star")["parameters"].update(dv=4097),
        "small.star: dv; found 4097; allowed 0 to 4096"),
    "a payload": (lambda d, a: population(d, "late")["parameters"].update(base=2**23),
        "small.late: bits of a payload; found 26; allowed 24"),
    "a third factor's payload": (
        lambda d, a: population(d, "third")["parameters"].update(payload_bits=9),
        "small.learner: payload of the third factor third; found 9 bits; allowed 8 bits"),
    "a third factor's size": (
        lambda d, a: population(d, "third").update(size=3),
        "small.learner: neurons of the third factor third; found 3; allowed 2"),
    "third factors of static synapses": (
        lambda d, a: projection(d, "match_out").update(modulators=["third", None, None]),
        "small.match_out: third factors; found no learning rule; allowed with a rule only"),
    "a payload of less than nothing": (
        lambda d, a: population(d, "plain")["parameters"].update(payload_bits=-3),
        "small.plain: payload_bits; found -3; allowed 0 to 24"),
    "a base of three": (lambda d, a: population(d, "late")["parameters"].update(base=96),
        "small.late: base is a power of two; found 96; allowed 2^n"),
    "no base": (lambda d, a: population(d, "late")["parameters"].update(base=0),
        "small.late: base; found 0; allowed 1 to 16777216"),
    "a gain's shift": (lambda d, a: population(d, "late")["parameters"].update(gain_shift=49),
        "small.late: gain_shift; found 49; allowed 0 to 48"),
    "an astrocyte's gain": (lambda d, a: population(d, "star")["parameters"].update(gain_bits=17),
        "small.star: gain_bits; found 17; allowed 0 to 16"),
    "graded out of plain neurons": (lambda d, a: projection(d, "match_out").update(graded=True),
        ("small.match_out: graded synapses follow graded spikes; found plain spikes of match; "
         "allowed spikes with a payload")),
    "a source that hears": (lambda d, a: projection(d, "learner").update(post="third"),
        ("small.learner: a projection ends in neurons; found the source third; "
         "allowed a population that needs cores")),
}


@pytest.mark.parametrize("name", REGISTERS)
def test_a_number_that_no_register_holds(name: str) -> None:
    change, text = REGISTERS[name]
    assert said(change) == [text]


FEATURES: dict[str, tuple[dict[str, dict[str, Any]], str]] = {
    "narrow weights": ({"synapse": {"weight_bits": 5}},
        "small.query_match: a weight of 5 bits; found -34 to 36; allowed -32 to 31"),
    "stock neurons": ({"neuron": {"programmable": False}},
        "small.out: neuron model; found Readout; allowed CubaLIF: no neuron is programmable"),
    "plain spikes": ({"neuron": {"graded_spikes": False, "payload_bits": 0}},
        "small.query: spikes with a payload; found 8 bits; allowed none"),
    "plain synapses": ({"neuron": {"graded_spikes": False, "payload_bits": 0}},
        "small.query_match: graded synapses; found graded; allowed plain spikes"),
    "narrow currents": ({"neuron": {"current_bits": 23}},
        "loihi2-graded: current_bits of the profile; found 24; allowed 23"),
    "narrow potentials": ({"neuron": {"potential_bits": 23}},
        "loihi2-graded: potential_bits of the profile; found 24; allowed 23"),
    "another shift": ({"neuron": {"input_shift": 5}},
        "loihi2-graded: input_shift of the profile; found 6; allowed 5"),
    "narrow decays": ({"neuron": {"decay_bits": 8}},
        "loihi2-graded: decay_bits of the profile; found 12; allowed 8"),
    "narrow sums": ({"learning": {"accumulator_bits": 15}},
        "small.learner: accumulator_bits of the profile; found 16; allowed 15"),
    "narrow payloads": ({"neuron": {"payload_bits": 7}},
        "small.query: bits of a payload; found 8; allowed 7"),
    "no learning": ({"learning": {"allowed": False}},
        "small.learner: plastic synapses; found a learning rule; allowed none"),
    "two factors": ({"learning": {"three_factor": False}},
        "small.learner: third factors; found third; allowed none"),
    "small mantissas": ({"learning": {"mantissa_min": 0}},
        "small.learner: mantissa of a learning rule; found -1*2^-3*u0*w; allowed 0 to 7"),
    "small mantissas of a tag": ({"learning": {"mantissa_max": 2}},
        "small.learner: mantissa of a learning rule; found 3*2^0*x0*x1; allowed -8 to 2"),
    "small exponents": ({"learning": {"exponent_min": -2}},
        "small.learner: exponent of a learning rule; found -1*2^-3*u0*w; allowed -2 to"),
    "no presynaptic trace": ({"learning": {"pre_traces": 0}},
        "small.learner: pre_traces; found x1; allowed 0"),
    "no postsynaptic trace": ({"learning": {"post_traces": 0}},
        "small.learner: post_traces; found y1; allowed 0"),
    "narrow traces": ({"learning": {"trace_bits": 4}},
        "small.learner: impulse of the trace x1; found 16; allowed 15"),
    "no tags": ({"learning": {"tag_bits": 0}},
        "small.learner: tags; found a rule with a tag; allowed none"),
}


@pytest.mark.parametrize("name", FEATURES)
def test_a_feature_that_the_profile_lacks(name: str) -> None:
    sections, text = FEATURES[name]
    assert text in "\n".join(said(nothing, **sections))


def test_a_payload_that_sets_a_trace() -> None:
    def change(data: Data, arrays: Arrays) -> None:
        projection(data, "learner")["rule"] |= {"payload": "overwrite", "x1_impulse": 0}
    assert said(change) == []
    assert said(change, learning={"payload_to_trace": False}) == [
        "small.learner: payloads that set x1; found overwrite; allowed impulse"]


def test_a_neuron_model_that_is_swapped() -> None:
    def change(data: Data, arrays: Arrays) -> None:
        population(data, "match").update(kind="Readout", parameters={"dv": 0, "vth": 9})
    assert said(change) == []
    data, arrays = by_hand()
    change(data, arrays)
    data["profile"] = "loihi2"
    found = [str(v) for v in judged(data, arrays, load_profile("loihi2")).violations]
    assert ("small.match: neuron model; found Readout; allowed CubaLIF: no neuron is programmable"
            in found)


def test_an_astrocyte_of_calcium_alone() -> None:
    def change(data: Data, arrays: Arrays) -> None:
        population(data, "star")["size"] = 1
        key = projection(data, "match_star")["weights"]
        arrays[key] = arrays[key][:1]
        data["slices"][3][3] = 1
    assert said(change) == [
        "small.star: neurons of this model; found 1 Astrocyte; allowed 2 or more"]
