"""The RMS norm: never longer than its bound, which the usual vector nearly reaches."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from neuromorph import backends
from neuromorph.circuits.block.closed_form import normed
from neuromorph.circuits.norm import Norm, build, norm_of
from neuromorph.compile.ranges.contract import prove_contract
from neuromorph.errors import NetworkError
from neuromorph.network import Probe, verify
from neuromorph.neurons.rsqrt import PLACES_BITS, ROOT_UNIT_BITS

MOST = 2**23 - 1
PERIOD = 12
WIDE = 2**22
Ints = NDArray[np.int64]


def length(vectors: NDArray[np.integer]) -> NDArray[np.float64]:
    found: NDArray[np.float64] = np.linalg.norm(vectors.astype(np.float64), axis=-1)
    return found


@st.composite
def vectors(draw: st.DrawFn, size: int) -> Ints:
    """Of any length, flat or spiky: most of all of those whose squares are barely rounded up."""
    rng = np.random.default_rng(draw(st.integers(0, 2**32)))
    scale = 2.0 ** draw(st.floats(-1, 23))
    kind = draw(st.sampled_from(["usual", "even", "spike", "one-hot", "two sizes"]))
    if kind == "usual":
        found = rng.normal(0, scale, size)
    elif kind == "even":
        found = scale * rng.choice([-1, 1], size)
    elif kind == "spike":
        found = rng.normal(0, 900, size)
        found[0] = scale
    elif kind == "one-hot":
        found = np.eye(size)[rng.integers(size)] * scale
    else:
        found = np.where(rng.random(size) < .5, scale, draw(st.integers(0, 3)))
    return np.clip(np.rint(found), -MOST, MOST).astype(np.int64)


@st.composite
def normings(draw: st.DrawFn) -> tuple[Norm, Ints]:
    size = draw(st.sampled_from([1, 2, 6, 64, 300, 1200]))
    payload = draw(st.sampled_from([1.0, 20.0, 277.0, 4000.0 / size**.5, 3e5 / size**.5]))
    epsilon = draw(st.sampled_from([0.0, 1.0, 40.0, 1e5]))
    return norm_of(size, payload, WIDE, PERIOD, epsilon=epsilon), draw(vectors(size))


@given(normings())
@example((norm_of(6, 277, WIDE, PERIOD), np.full(6, MOST)))
@example((norm_of(6, 277, WIDE, PERIOD), np.eye(6, dtype=np.int64)[0]))
@example((norm_of(1200, 4000 / 1200**.5, WIDE, PERIOD), np.ones(1200, np.int64)))
@settings(max_examples=600, deadline=None)
def test_no_vector_is_longer_than_the_bound(case: tuple[Norm, Ints]) -> None:
    norm, vector = case
    h, _ = normed(norm, vector[None])
    assert length(h)[0] <= norm.longest


@pytest.mark.parametrize("size", [1, 6, 64])
@pytest.mark.parametrize("epsilon", [0.0, 40.0])
def test_no_even_or_one_hot_vector_is_longer_whatever_its_size(size: int, epsilon: float) -> None:
    """Each number where a square of a rung is rounded the other way."""
    norm = norm_of(size, 277, WIDE, PERIOD, epsilon=epsilon)
    numbers = np.unique(np.concatenate([np.arange(1, 3000), np.clip(np.rint(
        2.0**np.arange(0, 23, .01)), 1, MOST)]).astype(np.int64))
    for shape in (np.ones(size, np.int64), np.eye(size, dtype=np.int64)[0]):
        h, _ = normed(norm, numbers[:, None] * shape)
        assert length(h).max() <= norm.longest
        assert length(h).max() >= .95 * norm.longest


@pytest.mark.parametrize("size", [6, 64, 576])
@pytest.mark.parametrize("payload", [200, 277, 4000])
def test_a_usual_vector_reaches_95_percent_of_it(size: int, payload: int) -> None:
    rng = np.random.default_rng(size)
    norm = norm_of(size, payload, WIDE, PERIOD)
    usual = np.rint(rng.normal(0, 1, (30, size)) * 2.0**rng.uniform(12, 20, (30, 1)))
    h, _ = normed(norm, np.clip(usual, -MOST, MOST).astype(np.int64))
    assert length(h).min() >= .95 * norm.longest
    assert length(h).max() <= norm.longest
    assert length(h) == pytest.approx(norm.length, rel=.01)


def test_epsilon_keeps_a_small_vector_short() -> None:
    norm = norm_of(64, 200, WIDE, PERIOD, epsilon=1e6)
    sizes = np.array([30, 300, 3000, 30_000])
    h, _ = normed(norm, sizes[:, None] * np.ones(64, np.int64))
    assert length(h) == pytest.approx(norm.length * sizes / np.sqrt(sizes**2 + 1e6), rel=.02)


def test_no_vector_is_more_than_doubled() -> None:
    """Y has 24 bits: what is shorter than half a payload stays short, and is counted."""
    norm = norm_of(64, 4000, WIDE, PERIOD)
    sizes = np.array([1, 30, 1990, 2010, 9000])
    h, _ = normed(norm, sizes[:, None] * np.ones(64, np.int64))
    assert h[:, 0].tolist() == pytest.approx(np.minimum(2 * sizes, 4000), abs=4)
    train = np.zeros((PERIOD * len(sizes), 64), np.int64)
    train[::PERIOD] = sizes[:, None]
    done = backends.get("reference").run(build(norm), {"r": train}, [Probe("scale")], len(train))
    assert done.overflows["rsqrt"] == 3


@pytest.mark.parametrize("backend", ["reference", "fast"])
@pytest.mark.parametrize("centred", [False, True])
@pytest.mark.parametrize(("size", "period"), [(3, 12), (64, 12), (3, 8), (3, 9)])
def test_by_the_clock_it_is_the_closed_form_and_counts_no_overflow(
    backend: str, size: int, period: int, centred: bool
) -> None:
    rng = np.random.default_rng(size)
    norm = norm_of(size, 277, 8191, period, epsilon=1e5, root=True, centred=centred)
    stream = np.rint(rng.normal(0, 1, (12, size)) * 4.0**np.arange(12)[:, None])
    stream = np.clip(stream, -norm.largest, norm.largest).astype(np.int64)
    network = build(norm)
    prove_contract(network)
    train = np.zeros((period * (len(stream) + 2), size), np.int64)
    train[: -2 * period : period] = stream
    done = backends.get(backend).run(network, {"r": train}, [Probe("scale"), Probe("root")],
                                     len(train))
    h, root = normed(norm, stream)
    np.testing.assert_array_equal(done.spikes("scale")[norm.h_at :: period][:12], h)
    np.testing.assert_array_equal(done.spikes("root")[norm.y_at :: period][:12, 0], root)
    assert not any(done.overflows.values())


def test_the_root_beside_it_is_the_norm() -> None:
    norm = norm_of(64, 277, 8191, PERIOD, root=True)
    stream = np.rint(np.random.default_rng(0).normal(0, 1, (9, 64)) * 8.0**np.arange(9)[:, None])
    stream = np.clip(stream, -MOST, MOST).astype(np.int64)[3:]
    _, sent = normed(norm, stream)
    root = (sent >> PLACES_BITS) * 2.0**(sent & (1 << PLACES_BITS) - 1)
    units = 2.0**(ROOT_UNIT_BITS - norm.ladder.shift / 2)
    assert root / units == pytest.approx(length(stream), rel=1e-3)


@pytest.mark.parametrize(("norm", "text"), [
    (norm_of(6, 277, 8191, 6), "there is no such norm.*6 steps"),
    (norm_of(6, 277, 8191, 7), "there is no such norm.*7 steps"),
    (replace(norm_of(6, 277, 8191, PERIOD), least=0), "too little is added"),
    (replace(norm_of(6, 277, 8191, PERIOD), y_shift=-4000), "there is no such norm"),
    (replace(norm_of(6, 277, 8191, PERIOD), y_shift=48), "there is no such norm"),
    (replace(norm_of(6, 277, 8191, PERIOD), size=0), "there is no such norm"),
    (replace(norm_of(6, 277, 8191, PERIOD), multiplier=65536), "multiplier is out of range"),
    (replace(norm_of(6, 277, 8191, PERIOD), limit=0), "limit is out of range"),
])
def test_what_is_no_norm_is_refused(norm: Norm, text: str) -> None:
    with pytest.raises(NetworkError, match=text):
        verify(build(norm))


@pytest.mark.parametrize("payload", [0.0, -3.0, 1e12])
def test_payloads_that_no_constant_makes_are_refused(payload: float) -> None:
    with pytest.raises(NetworkError, match="there is no such norm; found payloads of"):
        norm_of(6, payload, 8191, PERIOD)
