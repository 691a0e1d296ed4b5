"""The rules that have names: what each learns in floats, and that integers run alike."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.special import softmax

from neuromorph import backends
from neuromorph.errors import LearningRuleError
from neuromorph.learning import (
    RULES,
    LearningRule,
    Plastic,
    make_draws,
    rest,
    step_plastic_fixed,
    step_plastic_float,
)
from neuromorph.learning.named import (
    bcm,
    decay,
    delta,
    gated_delta,
    hebb,
    multiplicative,
    oja,
    regulated_delta,
    short_term_potentiation,
    soft_hebb,
)
from neuromorph.network import CubaLIF, Network, Population, Projection, Source
from neuromorph.papers import fast_weights, nhl

Array = NDArray[Any]


class Synapses:
    """Plastic synapses to be driven by hand."""

    def __init__(self, rule: LearningRule, weights: Any, domain: str, steps: int = 10_000) -> None:
        self.rule, self.domain, self.step = rule, domain, 0
        self.state: Plastic = rest(np.array(weights), domain)
        self.draws = make_draws(rule.seed, steps, rule.epoch)

    def see(self, pre: Any, post: Any, third: Any = None) -> Array:
        """One step; the weights after it."""
        pre, post = np.asarray(pre), np.asarray(post)
        if third is not None:
            factors = (*third, *[0] * (3 - len(third)))
            third = np.stack([np.broadcast_to(factor, post.shape) for factor in factors])
        if self.domain == "fixed":
            self.state = step_plastic_fixed(self.rule, self.state, pre, post, third,
                                            step=self.step, draws=self.draws)
        else:
            self.state = step_plastic_float(self.rule, self.state, pre, post, third,
                                            step=self.step)
        self.step += 1
        weights: Array = self.state.weights
        return weights


def error(target: Array, answer: Array) -> tuple[Array, Array]:
    """Third factors: what the answer lacks, and what it has too much."""
    return np.maximum(target - answer, 0), np.maximum(answer - target, 0)


# --- what they have in common


@pytest.mark.parametrize(("make", "third"), [
    (lambda d: hebb(rate=2**-1, tau=0, domain=d), None),
    (lambda d: decay(rate=2**-1, forget=2**-4, tau=0, domain=d), None),
    (lambda d: delta(rate=2**-1, tau=0, domain=d), (6, 0)),
    (lambda d: delta(rate=2**-1, tau=0, domain=d), (0, 3)),
    (lambda d: gated_delta(rate=2**-1, forget=2**-7, tau=0, domain=d), (6, 0, 32)),
    (lambda d: regulated_delta(rate=2**-7, tau=0, domain=d), (6, 0, 32)),
    (lambda d: regulated_delta(rate=2**-7, tau=0, domain=d), (0, 8, 16)),
    (lambda d: soft_hebb(rate=2**-1, forget=2**-7, tau=0, domain=d), (8, 4, 0)),
    (lambda d: soft_hebb(rate=2**-1, forget=2**-7, tau=0, domain=d), (2, 0, 4)),
    (lambda d: oja(rate=2**-2, bound=2**-7, tau=0, post=(64, 0), domain=d), None),
    (lambda d: bcm(rate=2**-5, threshold=2**-2, impulse=16, tau=0, fast=(64, 0), slow=(32, 0),
                   domain=d), None),
    (lambda d: multiplicative(rate=2**-2, domain=d), None),
    (lambda d: short_term_potentiation(every=0, step=32, domain=d), None),
    (lambda d: short_term_potentiation(kernel="three", every=0, step=32, domain=d), None),
])
def test_a_rate_means_the_same_in_both_domains(make: Any, third: Any) -> None:
    """One step without a rounding: integers and floats move the weights alike."""
    fixed, floating = (Synapses(make(domain), [[64, 32]], domain).see([1, 0], [1], third)
                       for domain in ("fixed", "float"))
    np.testing.assert_array_equal(fixed, floating)
    assert (fixed != [[64, 32]]).any()


@pytest.mark.parametrize("rate", [0, 1 / 3, 2**-8, 9, float("nan"), float("inf")])
def test_a_rate_that_no_constant_can_be_is_refused(rate: float) -> None:
    with pytest.raises(LearningRuleError) as caught:
        hebb(rate=rate)
    assert "y0*x1: no constant of the learning engine is this rate" in str(caught.value)
    assert "expected m*2^k*0.0078125 with m from -7 to 7" in str(caught.value)


def test_floats_have_no_rates_below_the_engines() -> None:
    with pytest.raises(LearningRuleError, match="Smaller impulses do what a smaller rate would"):
        bcm(domain="float")


@pytest.mark.parametrize("theta", [-1, 255])
def test_a_threshold_out_of_the_tags_reach_is_refused(theta: int) -> None:
    with pytest.raises(LearningRuleError, match=f"theta: .* found {theta}; expected 0 to 254"):
        short_term_potentiation(theta=theta)


@pytest.mark.parametrize("name", RULES)
def test_every_rule_runs_alike_on_reference_and_fast(name: str) -> None:
    network, inputs = driven(RULES[name](), modulated="delta" in name or name == "soft_hebb")
    truth, got = (backends.get(b).run(network, inputs, [], 300) for b in ("reference", "fast"))
    for ours, theirs in zip(got.synapses["learns"], truth.synapses["learns"], strict=True):
        np.testing.assert_array_equal(ours, theirs)
    weights, tags = truth.synapses["learns"]
    assert (weights != network.projection("learns").weights).any()
    assert tags.any() == bool(RULES[name]().dt)


def driven(rule: LearningRule, modulated: bool) -> tuple[Network, dict[str, Array]]:
    """Axons -> two neurons that a teacher drives, with or without third factors."""
    rng = np.random.default_rng(0)
    third = tuple(Population(n, 2, Source(8)) for n in ("more", "less", "gate") if modulated)
    network = Network("driven", "fixed", (
        Population("in", 3, Source()), Population("teacher", 2, Source()),
        Population("n", 2, CubaLIF(dv=2000, vth=100)), *third,
    ), (Projection("learns", "in", "n", np.full((2, 3), 40, np.int32), rule=rule,
                   modulators=("more", "less", "gate") if modulated else (None, None, None)),
        Projection("teaches", "teacher", "n", 200 * np.eye(2, dtype=np.int32))))
    inputs = {"in": rng.integers(0, 2, (300, 3)), "teacher": rng.integers(0, 2, (300, 2))}
    return network, inputs | {p.name: rng.integers(0, 20, (300, 2)) for p in third}


# --- one by one, in floats


def test_hebb_and_decay_equal_their_matrix_form() -> None:
    rng = np.random.default_rng(1)
    first = rng.normal(size=(2, 3))
    plain = Synapses(hebb(rate=2**-2, impulse=1, tau=0, domain="float"), first, "float")
    fading = Synapses(decay(rate=2**-2, forget=2**-3, impulse=1, tau=0, domain="float"), first,
                      "float")
    bound, faded = first, first
    for _ in range(20):
        x, y = rng.integers(0, 2, 3), rng.integers(0, 2, 2)
        bound = fast_weights.hebb(bound, x, y / 4)
        faded = fast_weights.decaying_hebb(faded, x, y / 4, keep=7 / 8)
        np.testing.assert_allclose(plain.see(x, y), bound)
        np.testing.assert_allclose(fading.see(x, y), faded)


def test_hebb_learns_a_spike_that_comes_after() -> None:
    """Through its trace: e^(-d/tau) for a delay of d; a spike before it leaves none."""
    for delay, learned in ((0, 1), (3, math.exp(-3 / 5)), (-1, 0)):
        synapses = Synapses(hebb(rate=1, impulse=1, tau=5, domain="float"), [[0.0]], "float")
        for step in range(10):
            synapses.see([int(step == 4)], [int(step == 4 + delay)])
        assert synapses.state.weights.item() == pytest.approx(learned)


def test_delta_drives_the_error_to_zero() -> None:
    rng = np.random.default_rng(2)
    truth, synapses = rng.normal(size=(2, 3)), Synapses(
        delta(rate=2**-2, impulse=1, tau=0, domain="float"), np.zeros((2, 3)), "float")
    errors = []
    for _ in range(200):
        x = rng.integers(0, 2, 3)
        signs = error(truth @ x, synapses.state.weights @ x)
        errors.append(max(np.max(e) for e in signs))
        synapses.see(x, [0, 0], signs)
    assert max(errors[:10]) > 0.5
    assert max(errors[-20:]) < 1e-3
    np.testing.assert_allclose(synapses.state.weights, truth, atol=1e-2)


def test_delta_drives_the_error_to_the_last_unit_in_integers() -> None:
    rng = np.random.default_rng(3)
    truth, synapses = np.array([[40, -30, 22], [-8, 60, 14]]), Synapses(
        delta(rate=2**-6, tau=0), np.zeros((2, 3), int), "fixed")
    for _ in range(200):
        x = rng.integers(0, 2, 3)
        signs = error(truth @ x, synapses.state.weights @ x)
        synapses.see(x, [0, 0], np.minimum(signs, 127))
    assert np.abs(synapses.state.weights - truth).max() <= 1


@pytest.mark.parametrize("domain", ["fixed", "float"])
def test_a_regulated_delta_learns_as_its_state_has_it(domain: Any) -> None:
    def changed(state: int) -> int:
        synapses = Synapses(regulated_delta(rate=2**-7, tau=0, domain=domain), [[64]], domain)
        return int(synapses.see([1], [1], (8, 0, state))[0, 0]) - 64

    assert [changed(state) for state in (0, 32, 64, 96)] == [0, 32, 64, 96]


def test_gated_delta_equals_its_matrix_form() -> None:
    rng = np.random.default_rng(4)
    weights = rng.normal(size=(2, 3))
    synapses = Synapses(gated_delta(rate=2**-3, forget=2**-7, impulse=None, domain="float"),
                        weights, "float")
    for _ in range(20):
        key, value, gate = rng.normal(size=3), rng.normal(size=2), int(rng.integers(0, 128))
        keep = 1 - gate / 128
        weights = fast_weights.gated_delta(weights, key, value, keep=keep, rate=1 / 8)
        signs = error(value, keep * synapses.state.weights @ key)
        faded = math.exp(-1 / synapses.rule.x1_tau)  # a payload's trace has aged by a step
        synapses.see(2 * key / faded, [0, 0], (*signs, gate))
        np.testing.assert_allclose(synapses.state.weights, weights)


def compete(weights: Array, x: Array, tau: float) -> tuple[Array, Array]:
    """p and p u of units that compete, as `papers.nhl.soft_hebb` has them."""
    u = weights @ x
    p = softmax(u / tau)
    return p, p * u


def test_soft_hebb_equals_its_matrix_form() -> None:
    rng = np.random.default_rng(8)
    weights = rng.normal(size=(3, 5))
    synapses = Synapses(soft_hebb(rate=2**-3, forget=2**-3, impulse=None, tau=0, domain="float"),
                        weights, "float")
    for _ in range(20):
        x = rng.normal(size=5)
        p, asked = compete(weights, x, 0.5)
        weights = weights + nhl.soft_hebb(weights, x[None], 0.5) / 8
        found = synapses.see(2 * x, [0, 0, 0], (p, *error(asked, 0 * asked)))
        np.testing.assert_allclose(found, weights)
    assert (weights @ x < 0).any()  # both sides of p u were tried


@pytest.mark.parametrize("seed", range(3))
def test_a_fresh_layer_finds_two_clusters_by_soft_hebb_in_integers(seed: int) -> None:
    """128 units of a weight are 1, codes are 64 x: rows become the clusters' directions."""
    rng = np.random.default_rng(seed)
    means = np.array([[1, 1, 1, 0, 0, 0], [0, 0, 0, 1, 1, 1]]) / 2
    synapses = Synapses(soft_hebb(rate=2**-10, forget=2**-10, impulse=None, tau=0),
                        2 * rng.integers(0, 16, (2, 6)), "fixed")
    for _ in range(2000):
        x = np.clip(np.rint(64 * (means[rng.integers(2)] + 0.1 * rng.normal(size=6))), 0, 127)
        p, asked = compete(synapses.state.weights / 128, x / 64, 0.1)
        taught = np.rint([127 * p, 64 * asked, 0 * asked]).astype(int)
        spoken = np.where(x == 0, 1, 2 * x.astype(int))  # a silent axon would keep its old code
        weights = synapses.see(spoken, [0, 0], taught)
    rows = weights[weights[:, 0].argsort()[::-1]] / 128
    np.testing.assert_allclose(np.linalg.norm(rows, axis=1), 1, atol=0.06)
    np.testing.assert_allclose(rows, 2 / np.sqrt(3) * means, atol=0.08)


def test_oja_converges_to_the_first_component() -> None:
    """Spikes at a rate that follows w x: the eigenvector's direction, and length 1."""
    rng = np.random.default_rng(5)
    data = np.abs(rng.normal(size=(2000, 4))) * [1.0, 0.8, 0.3, 0.1]
    data[:, 1] += data[:, 0]
    synapses = Synapses(oja(rate=2**-5, bound=2**-5, impulse=None, tau=0, post=(0, math.inf),
                            domain="float"), np.full((1, 4), 0.5), "float")
    for x in data:
        y = synapses.state.weights @ x
        synapses.see(2 * x, (rng.random(1) < y / 8).astype(int), (y,))
    first = np.linalg.eigh(data.T @ data)[1][:, -1]
    w = synapses.state.weights[0]
    assert abs(w @ first) / np.linalg.norm(w) > 0.995
    assert np.linalg.norm(w) == pytest.approx(1, abs=0.1)
    assert abs(np.full(4, 0.5) @ first) < 0.9  # it was not there at the start


def change_at(rate_of_y: float, mean_of_y: float) -> float:
    """Change of one weight by one pair of spikes, for a fast and a slow trace as they stand."""
    rule = bcm(rate=2**-2, threshold=2**-1, impulse=1, tau=0, fast=(0, math.inf),
               slow=(0, math.inf), domain="float")
    synapses = Synapses(rule, [[0.0]], "float")
    synapses.state = synapses.state._replace(y=np.array([[rate_of_y], [mean_of_y], [0.0]]))
    return float(synapses.see([1], [1]).item())


def test_bcm_weakens_below_its_threshold_and_strengthens_above() -> None:
    """theta = y2^2 / 2; it slides with the square of the mean."""
    for mean in (1.0, 2.0, 4.0):
        theta = mean**2 / 2
        assert change_at(0.5 * theta, mean) < 0
        assert change_at(theta, mean) == 0
        assert change_at(2.0 * theta, mean) == pytest.approx(2**-2 * theta)


def test_bcm_makes_a_neuron_choose() -> None:
    """Two patterns in turn, equal at first: each neuron ends with an answer to one of them."""
    rule = replace(bcm(tau=3, slow=(1, 200)), sign="excitatory")
    network = Network("choice", "fixed", (Population("in", 4, Source()),
                                          Population("n", 1, CubaLIF(vth=400))),
                      (Projection("learns", "in", "n", np.full((1, 4), 70, np.int32), rule=rule),))
    chosen = set()
    for seed in range(6):
        first = np.arange(20_000) // 20 % 2 == 0
        shown = np.stack([first, first, ~first, ~first], axis=1)
        train = (shown & (np.random.default_rng(seed).random(shown.shape) < 0.5)).astype(int)
        recording = backends.get("fast").run(network, {"in": train}, [], len(train))
        answers = recording.synapses["learns"][0].reshape(2, 2).mean(axis=1)
        chosen.add(int(np.argmax(answers)))
        assert answers.max() > 50
        assert answers.min() < 5
    assert chosen == {0, 1}


def test_multiplicative_is_exponential_in_the_coincidences() -> None:
    rate, first = 2**-3, np.array([[0.5, -2.0, 3.0]])
    synapses = Synapses(multiplicative(rate=rate, sign="mixed", domain="float"), first, "float")
    for step in range(40):
        synapses.see([1, 1, step % 2], [step % 4 == 0])
    counts = np.array([10, 10, 0])
    np.testing.assert_allclose(synapses.state.weights, first * np.exp(counts * math.log1p(rate)))
    again = fast_weights.multiplicative(first, -counts, rate=math.log1p(rate))
    np.testing.assert_allclose(synapses.state.weights, again)


@pytest.mark.parametrize("rate", [2**-3, -(2**-1)])
@pytest.mark.parametrize("domain", ["fixed", "float"])
def test_multiplicative_flips_no_sign(rate: float, domain: Any) -> None:
    rng = np.random.default_rng(6)
    first = 2 * rng.integers(-20, 20, (3, 4))
    synapses = Synapses(multiplicative(rate=rate, sign="mixed", domain=domain), first, domain)
    for _ in range(60):
        weights = synapses.see(rng.integers(0, 2, 4), rng.integers(0, 2, 3))
        assert (weights * first >= 0).all()
        assert not weights[first == 0].any()
    assert (np.abs(weights) > np.abs(first)).any() == (rate > 0)


def test_multiplicative_grows_alike_in_integers_on_average() -> None:
    """Weights from 9 to 12 through 16 coincidences, over one stream of draws: 10 e^(16 ln 9/8)."""
    synapses = Synapses(multiplicative(rate=2**-3), [[9, 10, 11, 12]], "fixed")
    for _ in range(16):
        synapses.see([1] * 4, [1])
    expected = np.array([9, 10, 11, 12]) * 1.125**16
    np.testing.assert_allclose(synapses.state.weights[0], expected, rtol=0.15)


@pytest.mark.parametrize("domain", ["fixed", "float"])
def test_a_match_is_potentiated_and_fades(domain: Any) -> None:
    """The axon that always fires 7 steps before the neuron, among five that fire at random."""
    rng = np.random.default_rng(7)
    rule = short_term_potentiation(theta=60, every=4, forget=2**-5, rate=2**-1, domain=domain)
    synapses = Synapses(rule, np.zeros((1, 6)), domain)
    trains = rng.random((1000, 6)) < 0.01
    for step, sent in enumerate(trains):
        synapses.see(sent, [step >= 7 and trains[step - 7, 0]])
    weights, tags = synapses.state.weights[0], synapses.state.tags[0]
    assert tags[0] > 60 > tags[1:].max()
    assert weights[0] >= 255
    assert not weights[1:].any()
    for _ in range(800):
        synapses.see(np.zeros(6), [0])
    assert synapses.state.tags.max() < 60
    assert synapses.state.weights[0, 0] < weights[0]
    assert domain == "float" or not synapses.state.weights.any()


def test_the_tag_follows_the_kernel_of_the_paper() -> None:
    """c (e^(-d/8.36) - e^(-d/2.72)) for one pair: nothing at once, most after 4 or 5 steps."""
    gained = []
    for delay in range(20):
        synapses = Synapses(short_term_potentiation(rate=1, impulse=1, domain="float"), [[0.0]],
                            "float")
        for step in range(20):
            synapses.see([step == 0], [step == delay])
        gained.append(synapses.state.tags.item())
    d = np.arange(20)
    np.testing.assert_allclose(gained, np.exp(-d / 8.36) - np.exp(-d / 2.72))
    assert gained[0] == 0
    assert int(np.argmax(gained)) in (4, 5)
