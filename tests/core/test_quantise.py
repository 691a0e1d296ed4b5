"""Float networks in integers: exact where they can be, else off by no more than the rounding."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from typing import Any

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from small_networks import random_network

from neuromorph import backends
from neuromorph.backends.interface import Inputs
from neuromorph.compile.quantise import Quantised, quantise
from neuromorph.compile.ranges.prove import prove_ranges_of
from neuromorph.errors import NetworkError, UnsupportedError
from neuromorph.network import (
    Astrocyte,
    CubaLIF,
    LearningRule,
    Network,
    Population,
    Probe,
    Projection,
    Readout,
    Source,
    verify,
)
from neuromorph.neurons import NeuronModel

REFERENCE = backends.get("reference")
NETWORKS, STEPS = 110, 110


def spikes_of(network: Network, inputs: Inputs, steps: int) -> NDArray[Any]:
    """All spikes of all neurons, shape (steps, neurons)."""
    probes = [Probe(p.name) for p in network.populations if isinstance(p.model, CubaLIF)]
    dtype = np.int64 if network.domain == "fixed" else np.float64
    found = REFERENCE.run(network, {k: v.astype(dtype) for k, v in inputs.items()}, probes, steps)
    return np.concatenate([found.spikes(p.target) for p in probes], axis=1).astype(np.int64)


def one(weights: Any = ((1.0,),), **model: float) -> Network:
    """A source, a projection ``p``, a population ``n``."""
    w = np.asarray(weights, np.float64)
    return Network("one", "float", (
        Population("in", w.shape[1], Source()),
        Population("n", w.shape[0], CubaLIF(**({"du": 1.0, "vth": 1.0} | model))),  # type: ignore[arg-type]
    ), (Projection("p", "in", "n", w, delay=3),))


def two(first: float, second: float, **model: float) -> Network:
    """The same with another projection ``q``."""
    network = one([[first]], **model)
    other = Projection("q", "in", "n", np.array([[second]]))
    return replace(network, projections=(*network.projections, other))


# --- every number


def wide(seed: int) -> Network:
    """Numbers of all sizes: weights of one sign, of both, of none; thresholds of 0; loops."""
    rng = np.random.default_rng(seed)
    unit = 10.0 ** rng.integers(-6, 7)
    populations = [Population("in", int(rng.integers(1, 9)), Source())]
    for i in range(int(rng.integers(1, 4))):
        du, dv = (float(rng.choice([0, 1, 0.5, rng.uniform(0.001, 1)])) for _ in range(2))
        vth, bias = (float(rng.choice([0, x])) * unit for x in rng.uniform(0.1, 10, 2))
        populations.append(Population(f"n{i}", int(rng.integers(1, 9)), CubaLIF(
            du=du, dv=dv, vth=vth, bias_mant=bias * rng.choice([-1, 1]))))
    projections = []
    for i in range(int(rng.integers(0, 7))):
        pre, post = populations[rng.integers(len(populations))], populations[
            rng.integers(1, len(populations))]
        w = rng.normal(size=(post.size, pre.size)) * unit * 2.0 ** rng.integers(-4, 5)
        w = [w, np.abs(w), -np.abs(w), 0 * w][rng.integers(4)]
        projections.append(Projection(f"p{i}", pre.name, post.name, w,
                                      delay=int(rng.integers(0, 63))))
    return Network("wide", "float", tuple(populations), tuple(projections))


def sound(network: Network) -> Quantised:
    """What it is quantised to, if that can be."""
    try:
        return quantise(network)
    except (NetworkError, UnsupportedError):
        assume(False)
        raise


@settings(max_examples=100, deadline=None)
@given(st.integers(0, 2**32 - 1))
def test_every_number_is_within_half_a_step_and_within_the_chip(seed: int) -> None:
    network = wide(seed)
    result = sound(network)
    assert verify(result.network).domain == "fixed"
    for was, now in zip(network.projections, result.network.projections, strict=True):
        mixed = was.weights.min() < 0 < was.weights.max()
        step = (2 if mixed else 1) * 2.0**now.exponent / result.scales[was.post]
        off = np.abs(now.weights * 2.0**now.exponent / result.scales[was.post] - was.weights).max()
        largest = np.abs(was.weights).max()
        assert off <= step / 2 * (1 + 1e-9)
        assert result.errors[was.name] == pytest.approx(off / largest if largest else 0)
        assert (now.name, now.pre, now.post, now.delay) == (was.name, was.pre, was.post, was.delay)
        assert 0 <= now.exponent <= 7
        assert not mixed or not (now.weights % 2).any()
    for p in result.network.populations:
        if p.name in result.scales:
            check_neurons(network.population(p.name).model, p.model, result, p.name)


def check_neurons(was: Any, now: Any, result: Quantised, name: str) -> None:
    """Decays and bias within half a step, the threshold rounded down."""
    scale = result.scales[name]
    assert abs(now.du - 4096 * was.du) <= 0.5
    assert abs(now.dv - 4096 * was.dv) <= 0.5
    assert -1e-6 <= was.vth * scale - now.vth < 1
    assert abs((now.bias_mant << now.bias_exp) - 64 * was.bias_mant * scale
               ) <= 2.0**now.bias_exp * 0.5
    assert now.bias_exp == 0 or abs(now.bias_mant) >= 2000
    if now.du:
        assert prove_ranges_of(result.network).status(name) == "proved"


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 2**32 - 1), st.sampled_from([-1.0, 0.0, 1.0]))
def test_a_single_projection_uses_all_bits(seed: int, sign: float) -> None:
    rng = np.random.default_rng(seed)
    w = rng.normal(size=(5, 20)) * 10.0 ** rng.integers(-3, 4)
    result = quantise(one(w if sign == 0 else sign * np.abs(w), vth=np.abs(w).max() * 3, dv=0.1))
    assert result.errors["p"] <= (0.5 / 127 if sign == 0 else 0.5 / 255) * (1 + 1e-9)


@pytest.mark.parametrize("step", [1.0, 0.01, 1 / 3, 7e-5])
@pytest.mark.parametrize("levels", [1, 5, 90, 127])
def test_weights_on_a_grid_of_any_width_are_exact(step: float, levels: int) -> None:
    codes = np.random.default_rng(levels).integers(-levels, levels + 1, (4, 30))
    result = quantise(one(codes * step, vth=9.3 * step * levels, dv=0.1))
    assert result.errors["p"] < 1e-12


def test_an_inhibited_potential_has_room_below() -> None:
    """Thirteen thresholds down and up again; where nothing inhibits, those bits are put to use."""
    network, inputs = one([[1.0, -1.0]]), {"in": np.repeat([[0, 1], [1, 0]], [13, 20], axis=0)}
    result = quantise(network)
    fired = [np.flatnonzero(spikes_of(n, inputs, 33)) for n in (network, result.network)]
    assert fired[0].tolist() == fired[1].tolist() == [4 + 13 + 14]
    assert quantise(one([[1.0, 1.0]])).scales["n"] > 2 * result.scales["n"]


def test_small_weights_may_take_the_room_below() -> None:
    assert quantise(one([[0.001, -0.0013]])).errors["p"] < 1 / 100


def test_a_slow_current_gets_a_smaller_scale() -> None:
    fast, slow = (quantise(one(np.ones((1, 50)), du=du)) for du in (1.0, 0.01))
    assert slow.scales["n"] < fast.scales["n"] / 8
    assert prove_ranges_of(slow.network).proved


def test_a_fixed_network_is_passed_through() -> None:
    network = random_network(1)[0]
    assert quantise(network).network is network


def test_a_lonely_biased_neuron_is_kept() -> None:
    lonely = Network("lonely", "float", (Population("n", 1, CubaLIF(
        du=1.0, vth=1.0, bias_mant=0.25)),), ())
    result = quantise(lonely)
    assert spikes_of(result.network, {}, 20)[:, 0].tolist() == [0, 0, 0, 0, 1] * 4


def test_all_zero_weights() -> None:
    result = quantise(one([[0.0, 0.0]], vth=0.0))
    assert (result.scales, result.errors) == ({"n": 1.0}, {"p": 0.0})


# --- exact where it can be


def exact(seed: int, unit: float) -> tuple[Network, Inputs]:
    """All numbers whole units, weights of 8 bits, no decay or all at once, loops and delays."""
    rng = np.random.default_rng(seed)
    populations = (Population("in", 6, Source()), *(
        Population(f"n{i}", int(rng.integers(1, 9)), CubaLIF(
            du=1.0, dv=float(rng.integers(2)), vth=float(rng.integers(50, 400)) * unit,
            bias_mant=float(rng.integers(-20, 40)) * unit)) for i in range(3)))
    projections = tuple(
        Projection(f"p{i}", pre.name, post.name, unit * rng.integers(
            -100, 128, (post.size, pre.size)), delay=int(rng.integers(0, 4)))
        for i, (pre, post) in enumerate((a, b) for a in populations for b in populations[1:]))
    return (Network("exact", "float", populations, projections),
            {"in": (rng.random((100, 6)) < 0.3).astype(np.int64)})


@pytest.mark.parametrize("unit", [1.0, 2.0**-7, 0.01, 700 / 3])
@pytest.mark.parametrize("seed", range(5))
def test_numbers_that_fit_give_the_same_spikes(seed: int, unit: float) -> None:
    """Whatever the unit: potentials that are equal to the threshold stay so."""
    network, inputs = exact(seed, unit)
    result = quantise(network)
    assert max(result.errors.values()) < 1e-12
    floats = spikes_of(exact(seed, 1.0)[0], inputs, 100)
    assert 0 < floats.mean() < 1
    np.testing.assert_array_equal(spikes_of(result.network, inputs, 100), floats)


# --- near where it cannot be


def leaky(seed: int) -> tuple[Network, Inputs]:
    """Layers with loops, synaptic currents, leaks and biases; all numbers drawn from a range."""
    rng = np.random.default_rng(seed)
    populations = [Population("in", int(rng.integers(5, 25)), Source())]
    populations += [Population(f"n{i}", int(rng.integers(3, 16)), leaky_model(rng))
                    for i in range(int(rng.integers(2, 4)))]
    wiring = [pair for i, post in enumerate(populations[1:]) for pair in (
        (populations[i], post, 0.25), (populations[rng.integers(len(populations))], post, 0.0))]
    projections = tuple(leaky_projection(rng, f"p{i}", *pair) for i, pair in enumerate(wiring))
    train = rng.random((STEPS, populations[0].size)) < rng.uniform(0.05, 0.3)
    return (Network("leaky", "float", tuple(populations), projections),
            {"in": train.astype(np.int64)})


def leaky_model(rng: np.random.Generator) -> CubaLIF:
    vth = float(np.exp(rng.uniform(-2, 3)))
    return CubaLIF(du=float(rng.choice([1, rng.uniform(0.05, 0.6)])), vth=vth,
                   dv=float(rng.choice([0, rng.uniform(0.01, 0.3)])),
                   bias_mant=float(rng.choice([0, rng.normal()])) * 0.05 * vth)


def leaky_projection(
    rng: np.random.Generator, name: str, pre: Population, post: Population, mean: float
) -> Projection:
    """Weights that bring the neuron near its threshold, whatever its time constants."""
    model: Any = post.model
    size = 4 * model.du * model.vth / np.sqrt(pre.size) * rng.uniform(0.3, 1)
    return Projection(name, pre.name, post.name, rng.normal(mean, 0.5, (post.size, pre.size))
                      * size, delay=int(rng.integers(0, 5)))


def meant(result: Quantised) -> Network:
    """The float network of the very numbers that the integers stand for."""
    def model(name: str, fixed: Any) -> NeuronModel:
        if name not in result.scales:
            return Source()
        scale = result.scales[name]
        return CubaLIF(du=fixed.du / 4096, dv=fixed.dv / 4096, vth=fixed.vth / scale,
                       bias_mant=(fixed.bias_mant << fixed.bias_exp) / 64 / scale)

    network = result.network
    return replace(network, domain="float", populations=tuple(
        replace(p, model=model(p.name, p.model)) for p in network.populations), projections=tuple(
        replace(p, weights=p.weights * 2.0**p.exponent / result.scales[p.post], exponent=0)
        for p in network.projections))


def shaken(network: Network, seed: int) -> Network:
    """The float network, each weight off by up to half a step of the coarsest full mantissa."""
    rng = np.random.default_rng(seed)
    return replace(network, projections=tuple(replace(p, weights=p.weights + rng.uniform(
        -0.5, 0.5, p.weights.shape) * np.abs(p.weights).max() / 127) for p in network.projections))


def wrong(result: Quantised) -> Network:
    """One projection off by a factor of two: a fault that must be seen."""
    first, *rest = result.network.projections
    return replace(result.network, projections=(
        replace(first, weights=first.weights // 4 * 2), *rest))


def distance(counts: NDArray[Any], truth: NDArray[Any]) -> float:
    """Spikes too many or too few, neuron by neuron, as a share of all."""
    return float(np.abs(counts - truth).sum() / max(truth.sum(), 1))


def correlation(counts: NDArray[Any], truth: NDArray[Any]) -> float:
    return float(np.corrcoef(counts, truth)[0, 1]) if counts.std() and truth.std() else np.nan


@cache
def differences() -> dict[str, NDArray[np.float64]]:
    """Of many random networks: how far the integers, and a control, are from the floats."""
    rows = []
    for seed in range(NETWORKS):
        network, inputs = leaky(seed)
        result = quantise(network)
        truth, integers, same, noisy = (spikes_of(n, inputs, STEPS) for n in (
            network, result.network, meant(result), shaken(network, seed)))
        counts, found = truth.sum(axis=0), integers.sum(axis=0)
        rows.append((distance(found, counts), distance(noisy.sum(axis=0), counts),
                     correlation(found, counts), float((integers != same).sum()),
                     float(counts.sum())))
    names = ("integers", "shaken", "correlation", "unequal", "spikes")
    return dict(zip(names, np.array(rows).T, strict=True))


@pytest.mark.slow
def test_integers_do_what_floats_of_the_same_rounded_numbers_do() -> None:
    """A threshold has thousands of units and 64 times as many potentials, decays lose at most one
    a step: a spike moves only if a potential comes that near, in few networks."""
    found = differences()
    assert found["spikes"].sum() > 100_000
    assert (found["unequal"] == 0).mean() >= 0.9


def test_rounding_shifts_spikes_no_more_than_noise_of_its_size_does() -> None:
    """The networks themselves say how much half a step in each weight matters: the control is the
    float network with such noise, which has no integers in it. The distances spread by a factor
    of two or more, so the medians of a hundred are sure to some 15 %."""
    found = differences()
    assert np.median(found["integers"]) <= 1.25 * np.median(found["shaken"])
    assert np.quantile(found["integers"], 0.9) <= 1.5 * np.quantile(found["shaken"], 0.9)


def test_rates_are_those_of_the_floats() -> None:
    """Neurons fire some twenty times, at rates that differ by half their mean. To be off by one
    spike each gives a correlation of 1 - (0.05 / 0.5)^2 / 2 = 0.995, by two 0.98."""
    found = differences()["correlation"]
    assert np.nanmedian(found) >= 0.995
    assert np.nanquantile(found, 0.05) >= 0.98


def test_a_wrong_projection_is_seen() -> None:
    faulty = []
    for network, inputs in map(leaky, range(15)):
        counts = [spikes_of(n, inputs, STEPS).sum(axis=0) for n in (
            wrong(quantise(network)), network)]
        faulty.append(distance(counts[0], counts[1]))
    assert np.median(faulty) > 5 * np.median(differences()["integers"])


# --- refusals


def swapped(model: NeuronModel, size: int = 2) -> Network:
    network = one(np.ones((size, 1)))
    return replace(network, populations=(network.populations[0], Population("n", size, model)))


def altered(**changes: Any) -> Network:
    """The projection changed."""
    return replace(one(), projections=(replace(one().projections[0], **changes),))


RULE = LearningRule(dw="2^-2*x1*y0", x1_impulse=1, x1_tau=3)
GRADED = replace(one(), populations=(Population("in", 1, Source(8)), one().populations[1]))
REFUSED: dict[str, tuple[Network, list[str]]] = {
    "readout": (swapped(Readout(0.5, 1.0)), [
        "n: only sources and CubaLIF neurons can be quantised; found Readout",
        "Build this population in the fixed domain"]),
    "astrocyte": (swapped(Astrocyte(0.5, 0)), ["found Astrocyte"]),
    "learning": (altered(delay=0, rule=RULE), ["p: a learning rule in floats cannot be quantised",
                                              "Build the plastic network in the fixed domain"]),
    "payloads": (GRADED, [
        "in: float payloads cannot be quantised: they have no declared range",
        "Send plain spikes, or build the network in the fixed domain"]),
    "threshold": (one(vth=-1.0), [
        "n: a threshold below 0 cannot be quantised; found -1; expected at least 0"]),
    "slow current": (one(du=1e-5), [
        "n: du is too small for 12 bits; found 1e-05; expected 0, or more than 0.00012207",
        "Longer steps, or no decay at all"]),
    "slow leak": (one(dv=1e-5), ["n: dv is too small for 12 bits"]),
    "tiny": (one([[1e-310]]), [
        "n: a weight, threshold or bias is too far from 1; found 1e-310",
        "expected 0, or 1e-100 to 1e+100", "Measure potentials in another unit"]),
    "huge": (one(vth=1e200), ["n: a weight, threshold or bias is too far from 1; found 1e+200"]),
    "lost weights": (two(1.0, 1e-6), [
        "q: all weights round to 0: they are too small beside the threshold, the bias or the other",
        " projections of n; found 1e-06; expected more than 3.05176e-05"]),
    "lost bias": (one(bias_mant=1e-9), [
        "n: the bias rounds to 0: it is too small beside threshold or weights; found 1e-09; ",
        "expected more than 4.76837e-07"]),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_cannot_be_translated_is_refused(case: str) -> None:
    network, texts = REFUSED[case]
    with pytest.raises(UnsupportedError) as caught:
        quantise(network)
    assert [text for text in texts if text not in str(caught.value)] == []


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_an_unsound_network_is_refused_first(bad: float) -> None:
    with pytest.raises(NetworkError, match="weights hold NaN or infinity"):
        quantise(one([[bad]]))
