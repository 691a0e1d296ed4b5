"""Linear attention in a tripartite synapse: what is written is what is read, divided."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from neuromorph import backends
from neuromorph.circuits import astrocyte_attention as astrocyte
from neuromorph.dynamics.features import random_features
from neuromorph.errors import CalibrationError, NetworkError, UsageError
from neuromorph.network import verify
from neuromorph.translate import Sample, calibrate_features

RNG = np.random.default_rng(2)
KEYS, QUERIES = RNG.integers(0, 128, (2, 6, 8))
VALUES = RNG.integers(-127, 128, (6, 3))


def answers(backend: str = "fast", *, causal: bool = False, exponent: int = -4,
            ) -> tuple[NDArray[np.float64], NDArray[Any]]:
    lay = astrocyte.causal if causal else astrocyte.write_then_query
    inputs, asks, steps = lay(KEYS, VALUES, QUERIES)
    network = astrocyte.build(8, 3, exponent=exponent)
    recording = backends.get(backend).run(network, inputs, astrocyte.PROBES, steps)
    return astrocyte.read(recording.spikes("astrocyte"), asks), recording.synapses["memory"][0]


def test_the_memory_holds_the_sum_of_outer_products() -> None:
    _, held = answers()
    scale = 2.0 ** (-4 - 3)
    exact = scale * (np.c_[VALUES, np.full(6, 127)].T @ KEYS)
    free = np.abs(exact) < 250
    assert free.sum() > 20
    assert np.abs(held - exact)[free].max() <= len(KEYS)  # each token rounds by less than one
    assert (held[~free] >= 240).all()


@pytest.mark.parametrize("causal", [False, True])
def test_an_answer_is_the_memory_read_and_divided(causal: bool) -> None:
    got, held = answers(causal=causal)
    last = held @ (2 * QUERIES[-1])
    assert got[-1] == pytest.approx(np.trunc(last[:-1] * 4096 / last[-1]) / 4096)
    if causal:
        assert got[0] == pytest.approx(VALUES[0] / 127, abs=0.2)  # it has seen its own token only


@pytest.mark.parametrize("causal", [False, True])
def test_reference_and_fast_agree_to_the_bit(causal: bool) -> None:
    for one, other in zip(answers("fast", causal=causal), answers("reference", causal=causal),
                          strict=True):
        np.testing.assert_array_equal(one, other)


@pytest.mark.lava
def test_lava_agrees_to_the_bit() -> None:
    pytest.importorskip("lava.magma.core", reason="lava-nc is not installed")
    for one, other in zip(answers("lava", causal=True), answers("fast", causal=True), strict=True):
        np.testing.assert_array_equal(one, other)


def test_queries_leave_the_memory_alone() -> None:
    inputs, _, _ = astrocyte.write_then_query(KEYS[:1], VALUES[:1], QUERIES)
    steps = len(inputs["feature"])
    after_write = {name: train[:2] for name, train in inputs.items()}
    run = backends.get("fast").run
    network = verify(astrocyte.build(8, 3))
    whole = run(network, inputs, (), steps).synapses["memory"][0]
    np.testing.assert_array_equal(run(network, after_write, (), 2).synapses["memory"][0], whole)


@pytest.mark.parametrize(("features", "values"), [(0, 3), (260, 3), (8, 0)])
def test_sizes_that_do_not_fit_are_refused(features: int, values: int) -> None:
    with pytest.raises(NetworkError, match="sizes are out of range"):
        astrocyte.build(features, values)


@pytest.mark.parametrize(("change", "text"), [
    (lambda k, v, q: (k + 128, v, q), "keys are out of range"),
    (lambda k, v, q: (k, v, -1 - q), "queries are out of range"),
    (lambda k, v, q: (k, 2 * v, q), "values are out of range"),
    (lambda k, v, q: (k / 2, v, q), "an array .tokens, size. of integers"),
    (lambda k, v, q: (k[:2], v, q), "do not fit each other"),
])
def test_codes_that_do_not_fit_are_refused(change: Any, text: str) -> None:
    with pytest.raises(UsageError, match=text):
        astrocyte.write_then_query(*change(KEYS, VALUES, QUERIES))


def test_a_causal_sequence_needs_a_query_a_token() -> None:
    with pytest.raises(UsageError, match="one query a token; found 2; expected 6"):
        astrocyte.causal(KEYS, VALUES, QUERIES[:2])


# --- from floats to codes


def samples(count: int = 20) -> list[Sample]:
    rng = np.random.default_rng(5)
    everywhere = np.ones((6, 6), bool)
    return [Sample(rng.normal(size=(1, 6, 4)) / 2, rng.normal(size=(1, 6, 4)) / 2,
                   rng.normal(size=(1, 6, 3)), everywhere) for _ in range(count)]


def test_a_calibrated_head_answers_like_float_linear_attention() -> None:
    maps = (random_features(4, 32, np.random.default_rng(1), scale=1.0),) * 2
    code = calibrate_features(maps, samples(), -4)
    sample = samples(21)[-1]
    (keys, values), queries, clipped = code.encode(sample)
    inputs, asks, steps = astrocyte.write_then_query(keys, values, queries)
    recording = backends.get("fast").run(astrocyte.build(32, 3, exponent=-4), inputs,
                                         astrocyte.PROBES, steps)
    got = code.decode(astrocyte.read(recording.spikes("astrocyte"), asks))
    products = maps[0](sample.queries[0]) @ maps[1](sample.keys[0]).T
    target = products @ sample.values[0] / products.sum(axis=1, keepdims=True)
    assert np.abs(got - target).max() < 0.15 * np.abs(target).max()
    assert clipped < 5


def test_there_must_be_something_to_calibrate_on() -> None:
    maps = (random_features(4, 8, np.random.default_rng(1)),) * 2
    with pytest.raises(CalibrationError, match="nothing to calibrate on"):
        calibrate_features(maps, [], -4)
    silent = [Sample(s.queries, s.keys, 0 * s.values, s.mask) for s in samples()]
    with pytest.raises(CalibrationError, match="no features or no values"):
        calibrate_features(maps, silent, -4)
