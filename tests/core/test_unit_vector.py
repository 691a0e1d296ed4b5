"""Norms around a dense layer: a unit vector and its norm, and a mean that is taken off before."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
from numpy.typing import NDArray
from small_timed import rounded

from neuromorph import backends
from neuromorph.network import Network, Population, Probe, Projection, Source, verify
from neuromorph.neurons.ladder import Ladder, ladder
from neuromorph.neurons.requantise import Requantise
from neuromorph.neurons.residual import Residual
from neuromorph.neurons.rsqrt import Root, Rsqrt, inverse_root_payload, root_payload
from neuromorph.neurons.scale import Scale
from neuromorph.neurons.square import Square
from neuromorph.neurons.unit_residual import UnitResidual

MOST, PERIOD = 2**23 - 1, 16
Ints = NDArray[np.int64]


def sat(value: int, most: int = MOST) -> int:
    return max(-most, min(most, value))


def kept_sum(x: Ints, found: Ladder) -> tuple[int, int]:
    """The finest sum of squares that fits, and its rung: no steps, exact numbers."""
    for k in range(6):
        fine = Fraction(2)**(6 * k - found.shift)
        total = sum(min(rounded(int(v)**2 * fine), MOST) for v in x) + rounded(
            Fraction(found.least) * Fraction(2)**(6 * k - found.least_shift))
        if total >= found.threshold:
            break
    return total, k


def factor(x: Ints, found: Ladder, rsqrt: Rsqrt) -> int:
    kept, k = kept_sum(x, found)
    return min(int(inverse_root_payload(np.array([kept]), np.array([k]), int(rsqrt.multiplier),
                                        rsqrt.shift)[0]), MOST)


def scaled(x: Ints, y: int, scale: Scale) -> Ints:
    """Of a fold of 1."""
    shares = [sat(rounded(Fraction(sat(int(v)) * y, 2**scale.shift))) for v in x]
    return np.array([sat(one, int(scale.limit)) for one in shares])


def ladder_of(model: type[Rsqrt | Root], found: Ladder, at: int, **scales: int) -> Rsqrt | Root:
    return model(found.threshold, found.least, found.least_shift, period=PERIOD, at=at, **scales)


# --- a unit vector, a layer, and the stream behind it


SIZE, OUT = 40, 6
LEAST = 900.0
UNIT = {"multiplier": 45_933, "shift": 31}
"""The factor is 45933 2^(26 - 31) 2^16.5 / |a|, so that a unit is 4060 once it is shifted by 15."""


def unit_layer(weights: Ints) -> Network:
    """a at 0, rungs at 1 to 6, factor and root at 7, unit vector at 8, the stream at 9."""
    found, one = ladder(SIZE, LEAST), np.ones((1, SIZE), np.int32)
    each, into = np.eye(SIZE, dtype=np.int32), np.ones((SIZE, 1), np.int32)
    return verify(Network("unit", "fixed", (
        Population("a", SIZE, Source(24)), Population("stream", OUT, Source(24)),
        Population("square", SIZE, Square(found.shift, period=PERIOD, at=1)),
        Population("rsqrt", 1, ladder_of(Rsqrt, found, 7, **UNIT)),
        Population("root", 1, ladder_of(Root, found, 7)),
        Population("unit", SIZE, Scale(15, period=PERIOD, limit=4095, keep_at=1, at=8)),
        Population("residual", OUT, UnitResidual(multiplier=30_000, shift=29, period=PERIOD,
                                                 keep_at=2, root_at=8, at=9))), (
        Projection("keep", "a", "square", each, graded=True),
        Projection("keep_too", "a", "unit", each, graded=True),
        Projection("sum", "square", "rsqrt", one, graded=True),
        Projection("sum_too", "square", "root", one, graded=True),
        Projection("factor", "rsqrt", "unit", into, graded=True),
        Projection("norm", "root", "residual", np.ones((OUT, 1), np.int32), graded=True),
        Projection("w_down", "unit", "residual", 2 * weights, graded=True, exponent=-1),
        Projection("carry", "stream", "residual", np.eye(OUT, dtype=np.int32), graded=True,
                   delay=1))))


def behind(a: Ints, stream: Ints, weights: Ints) -> Ints:
    """The stream behind one vector, in closed form."""
    network, found = unit_layer(weights), ladder(SIZE, LEAST)
    rsqrt, unit, stays = (network.population(n).model for n in ("rsqrt", "unit", "residual"))
    h = scaled(a, factor(a, found, rsqrt), unit)
    kept, k = kept_sum(a, found)
    payload = int(root_payload(np.array([kept]), np.array([k]))[0])
    parts = [sat(rounded(Fraction(int(s) * stays.multiplier, 2**15))) for s in weights @ h]
    up = Fraction(2)**(stays.shift - (payload & 31))
    added = [sat(rounded(part * (payload >> 5) / up)) for part in parts]
    return np.array([sat(int(r) + more) for r, more in zip(stream, added, strict=True)])


@pytest.mark.parametrize("backend", ["reference", "fast"])
def test_a_layer_behind_a_unit_vector_is_its_closed_form(backend: str) -> None:
    rng = np.random.default_rng(8)
    weights = rng.integers(-127, 128, (OUT, SIZE))
    widths = [0.4, 5, 300, 2e4, 1e6]
    a = np.array([np.rint(rng.normal(0, width, SIZE)) for width in widths]).astype(np.int64)
    a = np.r_[a, np.zeros((1, SIZE), int), MOST * np.eye(SIZE, dtype=int)[3:4]]
    stream = rng.integers(-2**18, 2**18, (len(a), OUT))
    trains = {"a": np.zeros((PERIOD * len(a), SIZE), np.int64),
              "stream": np.zeros((PERIOD * len(a), OUT), np.int64)}
    trains["a"][::PERIOD], trains["stream"][::PERIOD] = a, stream
    done = backends.get(backend).run(unit_layer(weights), trains, [Probe("residual")],
                                     len(trains["a"]))
    expected = np.array([behind(*one, weights) for one in zip(a, stream, strict=True)])
    assert np.array_equal(done.spikes("residual")[9::PERIOD], expected)
    assert not np.delete(done.spikes("residual"), np.s_[9::PERIOD], axis=0).any()
    # The unit vector is 4060 a / |a|, and root 2^E is 2^30 |a| / 2^16.5.
    gain = 45_933 * 2**-5 * 2**16.5 / 2**15 * 30_000 / 2**15 * 2**13.5 / 2**29
    usual = slice(1, 4)
    exact = stream[usual] + gain * (a[usual] @ weights.T)
    error = np.abs(expected[usual] - exact) / np.abs(expected[usual] - stream[usual]).max(
        axis=1, keepdims=True)
    assert error.max() < 5e-3
    assert (np.abs(expected[:5] - stream[:5]).max(axis=1) > 0).sum() >= 4


# --- a layer norm: the mean comes back two steps later, to R that waits for it


def centred(size: int) -> Network:
    """R at 0; its sum at 1, minus the mean at 2, so at 3; R itself arrives then too, by a delay.

    Sums of R >> 3 fit; the mean is that sum times 8 / size.
    """
    places = 16
    mean = Requantise(multiplier=round(2**places / size), shift=places - 3)
    each = np.eye(size, dtype=np.int32)
    return verify(Network("centred", "fixed", (
        Population("r", size, Source(20)), Population("mean", 1, mean),
        Population("centred", size, Residual(period=4, keep_at=2, at=3))), (
        Projection("sum", "r", "mean", np.ones((1, size), np.int32), graded=True, exponent=-3),
        Projection("wait", "r", "centred", each, graded=True, delay=1),
        Projection("off", "mean", "centred", -np.ones((size, 1), np.int32), graded=True))))


@pytest.mark.parametrize("backend", ["reference", "fast"])
def test_a_mean_is_taken_off_in_the_very_sum(backend: str) -> None:
    rng = np.random.default_rng(3)
    size = 48
    r = np.rint(rng.normal(500, 3000, (5, size))).astype(np.int64)
    train = np.zeros((4 * len(r), size), np.int64)
    train[::4] = r
    done = backends.get(backend).run(centred(size), {"r": train}, [Probe("centred")], len(train))
    mean = [rounded(Fraction(int(row.sum()) >> 3) * round(2**16 / size) / 2**13) for row in r]
    assert np.array_equal(done.spikes("centred")[3::4], r - np.array(mean)[:, None])
    assert np.abs(r - np.array(mean)[:, None] - (r - r.mean(axis=1, keepdims=True))).max() < 2
