"""Weights in any type of integer: the same numbers everywhere, and no wide copy of all of them."""

from __future__ import annotations

import tracemalloc
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from small_learners import LEARNERS
from small_networks import everything, random_network

from neuromorph import backends
from neuromorph.backends.fast.flat import flatten
from neuromorph.circuits.latency_attention import build
from neuromorph.circuits.plain_spikes.lower import _digits, _lost_bits
from neuromorph.errors import NetworkError
from neuromorph.network import (
    CubaLIF,
    Network,
    Population,
    Probe,
    Projection,
    Source,
    to_text,
    verify,
)
from neuromorph.network.bounds import input_range, payload_ranges, sum_range
from neuromorph.nir_export.losses import _rounds
from neuromorph.numerics.synapse import BLOCK, accumulate_fixed, bits_of

KINDS = (np.int8, np.int16, np.int32, np.int64)


def narrowed(network: Network, narrowest: Any) -> Network:
    """The network with all weights in the first type, from that one on, that holds them."""
    def kept(weights: np.ndarray) -> np.ndarray:
        return weights.astype(next(
            kind for kind in KINDS[KINDS.index(narrowest) :]
            if np.iinfo(kind).min <= weights.min() and weights.max() <= np.iinfo(kind).max))
    return replace(network, projections=tuple(
        replace(p, weights=kept(p.weights)) for p in network.projections))


def bounds(network: Network) -> list[Any]:
    ranges = payload_ranges(network)
    return [np.asarray(end).tolist() for p in network.populations if not p.is_source
            for find in (input_range, sum_range) for end in find(network, p.name, ranges)]


def plain(weights: Any, *, graded: bool = True, exponent: int = 0) -> Network:
    post, pre = weights.shape
    return Network("n", "fixed", (Population("in", pre, Source(8 if graded else 0)),
                                  Population("out", post, CubaLIF(vth=1000))),
                   (Projection("w", "in", "out", weights, exponent=exponent, graded=graded),))


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("seed", range(6))
def test_a_network_does_the_same_in_any_type(seed: int, kind: Any) -> None:
    network, inputs, steps = random_network(seed)
    other, probes = narrowed(network, kind), everything(network)
    assert to_text(verify(other)) == to_text(network)
    assert bounds(other) == bounds(network)
    truth = backends.get("reference").run(network, inputs, probes, steps)
    for name in ("reference", "fast"):
        found = backends.get(name).run(other, inputs, probes, steps)
        for probe in probes:
            np.testing.assert_array_equal(found.traces[probe], truth.traces[probe], str(probe))


@pytest.mark.parametrize("run", [run for run, (n, _, _) in LEARNERS.items()
                                 if n.domain == "fixed"])
@pytest.mark.parametrize("kind", [np.int8, np.int64])
def test_synapses_learn_the_same_from_any_type(run: str, kind: Any) -> None:
    network, inputs, steps = LEARNERS[run]
    other, probes = narrowed(network, kind), everything(network)
    for name in ("reference", "fast"):
        truth = backends.get(name).run(network, inputs, probes, steps)
        found = backends.get(name).run(verify(other), inputs, probes, steps)
        for probe in probes:
            np.testing.assert_array_equal(found.traces[probe], truth.traces[probe], str(probe))


@pytest.mark.parametrize(("weights", "kind"), [
    ([[-128, 126]], np.int8), ([[-256, 254]], np.int16), ([[255, 1]], np.uint8),
    ([[0, 255]], np.int16)])
def test_the_edges_of_a_type_add_up(weights: Any, kind: Any) -> None:
    given = np.array(weights, kind)
    network = verify(plain(given))
    inputs = {"in": np.array([[-128, 127], [127, -128], [0, -128], [0, 0]])}
    truth = inputs["in"] @ np.array(weights).T
    probe = Probe("out", "u")
    expected = backends.get("reference").run(plain(np.array(weights)), inputs, [probe], 4)
    for name in ("reference", "fast"):
        found = backends.get(name).run(network, inputs, [probe], 4)
        np.testing.assert_array_equal(found.traces[probe], expected.traces[probe])
    np.testing.assert_array_equal(
        [accumulate_fixed(given, row, exponent=0, graded=True) for row in inputs["in"]], truth)


@pytest.mark.parametrize("kind", KINDS)
def test_an_odd_weight_among_both_signs_is_refused_in_any_type(kind: Any) -> None:
    with pytest.raises(NetworkError, match="mixed-sign weights must be even"):
        verify(plain(np.array([[-3, 2]], kind)))
    verify(plain(np.array([[-4, 2]], kind)))


@pytest.mark.parametrize("kind", KINDS)
def test_dropped_bits_are_seen_in_any_type(kind: Any) -> None:
    for weights, bits, lost in (([[-128, 64]], 6, 2), ([[-128, 0]], 7, 1), ([[3, 1]], 0, 8)):
        projection = plain(np.array(weights, kind), exponent=-8).projections[0]
        assert bits_of(projection.weights) & ((1 << bits) - 1) == 0
        assert (bits_of(projection.weights) >> bits) & 1
        assert _lost_bits(projection) == lost
        assert _rounds(projection)
        assert backends.get("loihi_emulator").why_not(plain(projection.weights, graded=False,
                                                            exponent=-1)) == (
            None if bits else "w: Loihi 1 shifts each weight, not the sum: with an exponent of "
            "-1 weights must be multiples of 2")
    (digit,) = _digits(plain(np.array([[-128]], kind)).projections[0], 1, 7)
    assert digit.mantissa == 1


def test_narrow_codes_make_the_same_head() -> None:
    from small_heads import GRADED

    keys = np.full((GRADED.slots, GRADED.key_size), GRADED.key_limit)
    values = np.full((GRADED.slots, GRADED.value_size), -GRADED.value_limit)
    wide = to_text(build(GRADED, keys, values))
    assert to_text(build(GRADED, keys.astype(np.int8), values.astype(np.int8))) == wide


# --- products


@pytest.mark.parametrize("size", [2**10, 2**26, 2**34])
def test_a_product_is_exact_above_and_below_what_floats_hold(size: int) -> None:
    rng = np.random.default_rng(size)
    weights, sent = rng.integers(-size, size, (7, 30)), rng.integers(-2**22, 2**22, 30)
    sent[rng.random(30) < 0.5] = 0
    truth = [sum(int(w) * int(s) for w, s in zip(row, sent, strict=True)) >> 1 for row in weights]
    assert accumulate_fixed(weights, sent, exponent=-1, graded=True).tolist() == truth


def test_a_product_of_many_rows_is_that_of_each() -> None:
    rng = np.random.default_rng(0)
    weights, sent = rng.integers(-128, 128, (2 * BLOCK // 100, 300)).astype(np.int8), np.ones(300)
    found = accumulate_fixed(weights, sent.astype(int), exponent=0, graded=False)
    np.testing.assert_array_equal(found, weights.sum(axis=1))


# --- memory


BIG = (np.random.default_rng(0).integers(-60, 60, (2000, 1500)) * 2).astype(np.int8)


def run_on(name: str) -> Callable[[Network], object]:
    inputs = {"in": np.arange(3 * BIG.shape[1]).reshape(3, -1) % 5 - 2}
    return lambda network: backends.get(name).run(network, inputs, [Probe("out")], 3)


@pytest.mark.parametrize(("work", "copies"), [
    (verify, 0), (to_text, 0), (bounds, 0), (flatten, 1), (run_on("reference"), 0),
    (run_on("fast"), 1)], ids=["verify", "text", "bounds", "flatten", "reference", "fast"])
def test_nothing_copies_all_weights_into_a_wider_type(
    work: Callable[[Network], object], copies: int
) -> None:
    """Beside a copy as narrow as they are, only some `BLOCK`s."""
    network = plain(BIG)
    work(network)  # what is compiled or kept is there by now
    tracemalloc.start()
    work(network)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < copies * BIG.nbytes + 4 * 8 * BLOCK


def test_the_engine_takes_the_narrowest_type_that_holds_a_projection() -> None:
    narrow = plain(BIG)
    network = replace(narrow, projections=(
        *narrow.projections,
        replace(narrow.projections[0], name="wide", weights=BIG.astype(np.int32) * 2)))
    assert [len(store) for store in flatten(network).stores] == [BIG.size, BIG.size, 0]


@pytest.mark.parametrize("kind", KINDS)
def test_a_program_is_read_as_narrow_as_it_was_written(kind: Any, tmp_path: Path) -> None:
    from neuromorph.compile import compile_units
    from neuromorph.compile.program import Unit
    from neuromorph.compile.program_file import read_program, write_program
    from neuromorph.profiles import load_profile

    unit = Unit("u", plain(BIG[:4, :6].astype(kind)))
    program = compile_units([unit], load_profile("loihi2-graded")).program
    write_program(tmp_path, program)
    (projection,) = read_program(tmp_path).units[0].network.projections
    assert projection.weights.dtype == np.int8
    np.testing.assert_array_equal(projection.weights, BIG[:4, :6])
