"""Every registered neuron model: its array step and its kernel, its proof, its plain form."""

from __future__ import annotations

import copy
import pickle
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from small_programs import MAKERS, SIZE, STEPS, driven

from neuromorph import backends
from neuromorph.compile.features import check_features
from neuromorph.compile.program import Unit
from neuromorph.compile.ranges.prove import prove_ranges_of
from neuromorph.compile.registers import check_registers
from neuromorph.cost.events import count_events
from neuromorph.errors import NetworkError, NeuromorphError
from neuromorph.network import (
    Astrocyte,
    CubaLIF,
    Network,
    Population,
    Probe,
    Projection,
    Relay,
    Source,
    to_text,
    verify,
)
from neuromorph.network.bounds import payload_ranges
from neuromorph.neurons import NeuronModel, models, register
from neuromorph.neurons.astrocyte import step_astrocyte_fixed
from neuromorph.neurons.plain import model_of, plain_parameters
from neuromorph.neurons.product import Product
from neuromorph.neurons.quotient import Quotient
from neuromorph.neurons.reciprocal import Reciprocal, reciprocal_payload, reciprocal_payloads
from neuromorph.neurons.registry import _MODELS
from neuromorph.neurons.requantise import Requantise
from neuromorph.profiles import load_profile

Ints = NDArray[Any]
LOIHI2 = load_profile("loihi2")


CODED = ("Source", "CubaLIF", "Readout", "LatencyMatch", "Astrocyte", "Relay")
"""Those that random networks of other tests are made of."""


def probes(model: NeuronModel) -> list[Probe]:
    return [Probe("n", variable) for variable in model.records]


def test_every_model_is_tried() -> None:
    assert {*MAKERS, *CODED} == set(models())


@pytest.mark.parametrize("seed", range(12))
@pytest.mark.parametrize("kind", MAKERS)
def test_the_kernel_is_the_array_step(kind: str, seed: int) -> None:
    model = MAKERS[kind](np.random.default_rng([seed, 1]))
    network, trains = driven(model, seed)
    truth = backends.get("reference").run(network, trains, probes(model), STEPS)
    got = backends.get("fast").run(network, trains, probes(model), STEPS)
    for probe, trace in truth.traces.items():
        np.testing.assert_array_equal(got.traces[probe], trace, err_msg=str(probe))


@pytest.mark.parametrize("seed", range(12))
@pytest.mark.parametrize("kind", MAKERS)
def test_payloads_and_states_stay_within_their_bounds(kind: str, seed: int) -> None:
    model = MAKERS[kind](np.random.default_rng([seed, 2]))
    network, trains = driven(model, seed)
    done = backends.get("reference").run(network, trains, probes(model), STEPS)
    low, high = payload_ranges(network)["n"]
    assert (low <= done.spikes("n")).all()
    assert (done.spikes("n") <= high).all()
    assert (low <= 0).all()
    assert (high >= 0).all()
    assert max(-low.min(), high.max()) < 1 << max(model.payload_bits - 1, 1)
    proof = prove_ranges_of(network)
    if proof.proved and proof.status("n") == "proved":  # nothing saturates, by design or not
        assert done.overflows["n"] == 0


@pytest.mark.parametrize("kind", MAKERS)
def test_a_model_comes_back_from_plain_data_and_in_parts(kind: str) -> None:
    for seed in range(5):
        model = MAKERS[kind](np.random.default_rng(seed))
        assert model_of(kind, plain_parameters(model), "here") == model
        assert model.part(0, SIZE) == model
        ahead, behind = model.part(0, 1), model.part(1, SIZE)
        for name, value in model.parameters().items():
            if isinstance(value, np.ndarray):
                assert [*ahead.parameters()[name], *behind.parameters()[name]] == value.tolist()
                assert not value.flags.writeable


def test_models_are_told_apart_by_every_parameter() -> None:
    ramp = np.arange(SIZE)
    assert Requantise(bias=ramp) == Requantise(bias=ramp.tolist())
    assert hash(Requantise(bias=ramp)) == hash(Requantise(bias=ramp.copy()))
    assert Requantise(bias=ramp) != Requantise(bias=ramp + 1)
    assert Requantise(bias=3) != Requantise(bias=ramp)
    assert Relay() != Product()


@pytest.mark.parametrize("kind", [float, np.float16, np.uint64, np.int8, list, tuple])
def test_whole_numbers_of_any_type_are_the_same_model(kind: Any) -> None:
    numbers = [1, 2, 3, 4]
    given = kind(numbers) if kind in (list, tuple) else np.array(numbers, kind)
    model = Requantise(multiplier=given, shift=np.float64(2.0), bias=np.array(-0.0))
    assert model == Requantise(multiplier=np.array(numbers), shift=2, bias=0)
    assert (model.multiplier.dtype, type(model.shift), type(model.bias)) == (np.int64, int, int)
    network, trains = driven(model, 3)
    assert to_text(network) == to_text(driven(Requantise(multiplier=numbers, shift=2), 3)[0])
    assert backends.get("fast").run(network, trains, probes(model), STEPS).spikes("n").any()


def test_nobody_writes_to_a_model() -> None:
    model = Requantise(multiplier=[1, 2, 3, 4])
    for one in (model, copy.deepcopy(model), pickle.loads(pickle.dumps(model))):
        assert one == model
        with pytest.raises(ValueError, match="read-only"):
            one.multiplier[0] = 5
        with pytest.raises(ValueError, match="WRITEABLE"):
            one.multiplier.flags.writeable = True


@pytest.mark.parametrize("model", [
    Product(limit=-5.0), Requantise(limit=-5.0), Requantise(shift=-2000), Requantise(shift=2.5),
    Product(period=2.5, at=0.5), Product(period=2, at=[0.5, 0]), Source(2.5),
    CubaLIF(du=0.1, input_shift=99), Astrocyte(dv=0.5, gain_bits=3.5)])
def test_floats_that_make_no_neuron_are_refused(model: NeuronModel) -> None:
    with pytest.raises(NetworkError, match=r"out of range|whole number|one number"):
        model.check("n", 2, "float")


@pytest.mark.parametrize(("model", "words"), [
    (Requantise(multiplier=np.ones(3, int)), r"multiplier is neither .*\(3,\).*\(4,\)"),
    (Requantise(shift=np.array([1, 2, 3, 0])), "shift is out of range; found 0 to 3"),
    (Requantise(bias=np.array([0.5, 0, 0, 0])), "bias must be an integer"),
    (Requantise(bias=np.array([np.nan, 0, 0, 0])), "bias is not finite"),
    (Requantise(bias="three"), "bias is no number"),
    (Requantise(limit=np.array([3, 3, 3, 3])), "limit of a Requantise is one number"),
    (Requantise(period=4, at=4), "acts at a step that its period does not have"),
    (Product(shift=48), "shift is out of range"),
    (Product(period=0), "period is out of range"),
    (Product(period=3, at=np.array([0, 1, 2, 3])), "acts at a step"),
    (Quotient(period=3, at=3), "acts at a step"),
    (Quotient(period=0, at=1), "acts at a step"),
    (Reciprocal(lift=7), "lift is out of range"),
    (CubaLIF(vth=np.full(SIZE, 3)), "vth of a CubaLIF is one number"),
    (Requantise(bias=np.array([True] * SIZE)), "bias is no number"),
    (Requantise(bias=np.array([[1]] * SIZE)), r"bias is neither .*\(4, 1\)"),
])
def test_parameters_that_make_no_neuron_are_refused(model: NeuronModel, words: str) -> None:
    with pytest.raises(NetworkError, match=words):
        driven(model, 0)


def test_a_port_that_a_model_does_not_have_is_refused() -> None:
    network, _ = driven(Product(), 0)
    wire = network.projections[0]
    for port, hint in (("c", "a or b"), ("a_in", "a or b")):
        wrong = Projection(wire.name, wire.pre, wire.post, wire.weights, graded=True, port=port)
        with pytest.raises(NetworkError, match=f"no such port.*{hint}"):
            verify(Network("n", "fixed", network.populations, (wrong,)))


def test_the_text_tells_ports_and_arrays() -> None:
    text = to_text(driven(Product(period=2, at=np.array([0, 1, 0, 1])), 0)[0])
    assert "n 4 Product shift=0 limit=8388607 period=2 at=0..1#" in text
    assert r"to\x20a->n.a 4x2" in text
    assert r"to\x20b->n.b 4x2" in text


def test_sums_that_leave_24_bits_are_not_proved() -> None:
    wide = Population("a", 1, Source(24)), Population("b", 1, Source(24))
    wires = tuple(Projection(f"w{p}", p, "n", np.full((1, 1), 254), graded=True, port=p)
                  for p in "ab")
    proof = prove_ranges_of(Network("n", "fixed", (*wide, Population("n", 1, Product())), wires))
    assert {(b.where, b.accumulator) for b in proof.unproved} == {("n.a", "sum"), ("n.b", "sum")}


# --- the reciprocal


def test_the_reciprocal_is_within_its_error_for_every_sum() -> None:
    """All sums of 23 bits, by the 22 bits that are left once they are lifted."""
    x = np.arange(1 << 22, 1 << 23, dtype=np.int64)
    error = (reciprocal_payloads(x) >> 5) / 2**15 * (x / 2**22) - 1
    assert -7.5e-5 < error.min() < -6e-5
    assert 2e-5 < error.max() < 4e-5


def test_reciprocals_of_arrays_are_those_of_numbers() -> None:
    sums = np.concatenate([np.arange(-5, 5000), 2**23 - 1 - np.arange(5000),
                           *(2**k + np.arange(-2, 3) for k in range(3, 23))])
    assert reciprocal_payloads(sums).tolist() == [reciprocal_payload(int(one)) for one in sums]


@pytest.mark.parametrize(("value", "places"), [(1, 22), (2, 21), (3, 21), (2**22, 0),
                                               (2**23 - 1, 0)])
def test_a_sum_is_lifted_to_its_leading_one(value: int, places: int) -> None:
    assert reciprocal_payload(value) & 31 == places
    assert reciprocal_payload(value) < 1 << 20


@pytest.mark.parametrize("value", [0, -1, -(2**23) + 1])
def test_nothing_to_divide_by_sends_nothing(value: int) -> None:
    assert reciprocal_payload(value) == 0


# --- what nobody registered


@dataclass(frozen=True, eq=False)
class Stranger(CubaLIF):
    """A model like any other, but for the decorator."""


def lone(model: NeuronModel) -> Network:
    return Network("lone", "fixed", (Population("in", 1, Source()), Population("n", 1, model)),
                   (Projection("w", "in", "n", np.ones((1, 1), np.int32)),))


DOORS = {
    "verify": verify,
    "text form's payloads": payload_ranges,
    "proof": prove_ranges_of,
    "features": lambda network: check_features(Unit("u", network), LOIHI2),
    "registers": lambda network: check_registers(Unit("u", network), LOIHI2),
    "estimator": lambda network: count_events(
        Unit("u", network), {"in": np.zeros((3, 1), int), "n": np.zeros((3, 1), int)}, 3),
    **{f"backend {name}": lambda network, name=name: backends.get(name).run(
        network, {"in": np.zeros((3, 1), np.int64)}, [Probe("n")], 3)
       for name in backends.names()},
}


@pytest.mark.parametrize("door", DOORS)
def test_a_model_that_is_not_registered_is_refused_by_name(door: str) -> None:
    with pytest.raises(NeuromorphError, match="n: unknown neuron model; found Stranger"):
        DOORS[door](lone(Stranger()))


@pytest.mark.parametrize("door", [d for d in DOORS if d not in ("backend nengo",
                                                                 "backend loihi_emulator")])
def test_a_model_that_is_forgotten_is_refused_as_well(
    monkeypatch: pytest.MonkeyPatch, door: str
) -> None:
    monkeypatch.delitem(_MODELS, "Relay")
    with pytest.raises(NeuromorphError, match="n: unknown neuron model; found Relay"):
        DOORS[door](lone(Relay()))


def test_two_models_of_one_name_are_refused() -> None:
    with pytest.raises(NetworkError, match="two neuron models have one name; found CubaLIF"):
        register(type("CubaLIF", (CubaLIF,), {}))


@pytest.mark.parametrize(("dv", "gain_bits"), [(0, 0), (1024, 6), (4096, 16)])
def test_an_astrocyte_s_kernel_is_its_array_step(dv: int, gain_bits: int) -> None:
    """Of either sign, with calcium and without; unit by unit, the last of which keeps it."""
    rng, size = np.random.default_rng(dv), 5
    own = np.tile([int(n) for n in Astrocyte(dv=dv, gain_bits=gain_bits).constants()], (size, 1))
    state, calcium, signs = np.zeros((size, 1), np.int64), np.zeros(1, np.int64), set()
    for t in range(40):
        arrived = rng.integers(-2**20, 2**20, (size, 1))
        arrived[-1] >>= 8
        sent = [Astrocyte.kernel(own, state, arrived, i, size - 1, t) for i in range(size)]
        calcium, expected = step_astrocyte_fixed(calcium, arrived[:, 0], dv=dv,
                                                 gain_bits=gain_bits)
        assert sent == expected.tolist()
        assert state[-1, 0] == calcium[0]
        signs |= {*np.sign(sent).tolist()}
    assert signs == {-1, 0, 1}


def test_a_model_that_steps_otherwise_brings_a_kernel_of_its_own() -> None:
    with pytest.raises(NetworkError, match="Triple: a neuron model has no kernel"):
        register(type("Triple", (Product,), {"step_fixed": lambda self, *_: None}))


def test_a_model_has_a_step_for_each_domain_that_it_names() -> None:
    with pytest.raises(NetworkError, match="Deaf: a neuron model has no step_float"):
        register(type("Deaf", (NeuronModel,), {"kernel": int, "step_fixed": int}))


def test_a_model_without_a_kernel_is_refused() -> None:
    with pytest.raises(NetworkError, match="Bare: a neuron model has no kernel"):
        register(type("Bare", (NeuronModel,), {}))
    assert "Bare" not in models()


@pytest.mark.parametrize(("size", "bias", "most"), [(1, 0, 1), (9, 0, 2), (100, 0, 5), (9, 4, 14)])
def test_rounding_adds_half_a_unit_a_neuron_to_the_norm(size: int, bias: int, most: int) -> None:
    """||bias|| + sqrt(size) / 2 of silence."""
    assert Requantise(bias=bias).norm(size, 0) == most


def test_a_model_that_says_no_more_sends_a_spike_or_none() -> None:
    assert [ends.tolist() for ends in CubaLIF().widest(2)] == [[0, 0], [1, 1]]


def test_an_operation_that_no_estimate_knows_is_refused() -> None:
    with pytest.raises(NetworkError, match=r"Cubic: .*operation.*square root.*multiply, divide"):
        register(type("Cubic", (CubaLIF,), {"operations": {"square root": 1}}))
    assert "Cubic" not in models()


def test_multiplications_are_counted_apart_from_updates() -> None:
    network, trains = driven(Quotient(), 0)
    spikes = {**trains, "n": np.zeros((STEPS, SIZE), np.int64)}
    counted = count_events(Unit("u", network), spikes, STEPS)
    assert counted.neuron_steps == STEPS * SIZE
    assert counted.multiplies == 2 * STEPS * SIZE
    assert counted.divides == 0
