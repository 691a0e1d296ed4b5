"""The clocked engine: sparse rows, the ring of spikes, sums of 32 bits, and its memory."""

from __future__ import annotations

import tracemalloc
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from small_networks import everything, random_network

from neuromorph import backends
from neuromorph.backends.fast import engine, flat
from neuromorph.backends.interface import Inputs
from neuromorph.network import CubaLIF, Network, Population, Probe, Projection, Relay, Source

FAST, REFERENCE = backends.get("fast"), backends.get("reference")


def differences(network: Network, inputs: Inputs, steps: int) -> list[str]:
    """Probes, and plastic projections, of which `fast` says anything else than `reference`."""
    probes = everything(network)
    truth, got = (b.run(network, inputs, probes, steps) for b in (REFERENCE, FAST))
    wrong = [str(p) for p in probes if not np.array_equal(truth.traces[p], got.traces[p])]
    return wrong + [name for name, ends in truth.synapses.items()
                    if not np.array_equal(ends, got.synapses[name])]


def wired(*wires: Projection, size: int = 3, after: int = 3) -> Network:
    """Plain and graded axons, what is wired to them, and a population that never speaks."""
    relays = [Population("relay", after, Relay())] if any(w.post == "relay" for w in wires) else []
    return Network("w", "fixed", (
        Population("plain", size, Source()), Population("graded", size, Source(24)), *relays,
        Population("lif", after, CubaLIF(vth=50, bias_mant=1)),
        Population("mute", size, CubaLIF(vth=131_071, bias_mant=-1)),
    ), wires)


def trains(steps: int, size: int = 3, seed: int = 0) -> dict[str, NDArray[Any]]:
    rng = np.random.default_rng(seed)
    spoke = rng.random((steps, size)) < 0.4
    return {"plain": spoke.astype(int),
            "graded": np.where(spoke, rng.integers(-(2**23), 2**23, spoke.shape), 0)}


@pytest.mark.parametrize(("threshold", "kinds"), [(0, {flat.SPARSE}), (10**9, {0, 1})])
def test_sparse_and_dense_rows_add_up_alike(
    threshold: int, kinds: set[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Every static projection of random networks in rows of one kind, whatever it holds."""
    monkeypatch.setattr(flat, "SPARSE_FROM", threshold)
    found = set()
    for seed in range(40):
        network, inputs, steps = random_network(seed)
        assert differences(network, inputs, steps) == []
        wires = flat.flatten(network).wiring
        found |= set((wires[wires[:, flat.PLASTIC] < 0, flat.KIND] % flat.WIDE).tolist())
    assert found - {flat.SPARSE} == kinds - {flat.SPARSE}
    assert kinds <= found


@pytest.mark.parametrize("graded", [False, True])
def test_a_projection_with_few_weights_keeps_only_those(graded: bool) -> None:
    rng = np.random.default_rng(1)
    weights = np.zeros((60, 40), np.int16)
    weights.flat[rng.choice(weights.size, 50, replace=False)] = 2 * rng.integers(-128, 128, 50)
    pre = "graded" if graded else "plain"
    network = wired(*(Projection(f"w{e}", pre, post, weights, exponent=e, graded=graded)
                      for e, post in ((0, "relay"), (-3, "lif"), (4, "lif"))), size=40, after=60)
    rows = flat.flatten(network).rows
    assert len(rows.targets) == len(rows.weights) == 3 * np.count_nonzero(weights)
    assert differences(network, trains(20, 40), 20) == []


@pytest.mark.parametrize("steps", [1, 2, 62, 63, 64, 65, 130])
@pytest.mark.parametrize("delays", [(0,), (1,), (62,), (0, 1, 62), (62, 61)])
def test_spikes_arrive_after_any_delay(delays: tuple[int, ...], steps: int) -> None:
    """One step of every synapse, and the delay: at the ring's edge, and in runs shorter than it."""
    wires = [Projection(f"{pre}{d}", pre, "relay", 2**i * np.eye(3, dtype=int), delay=d,
                        graded=pre == "graded")
             for i, d in enumerate(delays) for pre in ("plain", "graded")]
    network, inputs = wired(*wires), trains(steps)
    assert differences(network, inputs, steps) == []
    expected = np.zeros((steps, 3), int)
    for i, d in enumerate(delays):
        expected[1 + d :] += 2**i * inputs["plain"][: max(steps - 1 - d, 0)]
    plain = FAST.run(wired(*wires[::2]), inputs, [Probe("relay")], steps)
    np.testing.assert_array_equal(plain.spikes("relay"), expected)


@pytest.mark.parametrize("delay", [1, 62])
def test_a_ring_that_is_a_step_too_short_is_seen(
    delay: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = engine.room

    def shorter(network: flat.FlatNetwork, steps: int) -> Any:
        ring, now = whole(network, steps)
        return engine.Ring(*(part[:-1].copy() for part in ring)), now

    network, inputs = wired(Projection("w", "plain", "relay", np.eye(3, dtype=int),
                                       delay=delay)), trains(100)
    assert differences(network, inputs, 100) == []
    monkeypatch.setattr(engine, "room", shorter)
    assert differences(network, inputs, 100) == ["Probe(target='relay', variable='spikes')"]


def test_the_ring_is_as_long_as_the_longest_delay_that_a_run_has_time_for() -> None:
    for delays, steps, around in (((), 9, 1), ((0,), 9, 1), ((0, 62), 100, 63), ((62,), 5, 6)):
        wires = [Projection(f"w{d}", "plain", "lif", np.eye(3, dtype=int), delay=d)
                 for d in delays]
        assert len(engine.room(flat.flatten(wired(*wires)), steps)[0].counts) == around


def test_a_population_that_never_speaks_changes_nothing() -> None:
    heard = Projection("a", "plain", "lif", np.full((3, 3), 40))
    mute = Projection("b", "mute", "lif", np.full((3, 3), -40), delay=3)
    to_mute = Projection("c", "plain", "mute", np.full((3, 3), 1))
    alone, beside = wired(heard), wired(heard, mute, to_mute)
    inputs, probe = trains(30), Probe("lif")
    assert differences(beside, inputs, 30) == []
    got = FAST.run(beside, inputs, [probe, Probe("mute")], 30)
    assert not got.spikes("mute").any()
    assert got.spikes("lif").any()
    np.testing.assert_array_equal(got.spikes("lif"),
                                  FAST.run(alone, inputs, [probe], 30).spikes("lif"))


# --- sums of 32 bits


@pytest.mark.parametrize("weight", [255, -256])
def test_sums_of_32_bits_are_taken_where_the_row_cannot_leave_them(weight: int) -> None:
    """A view of one number is as good as a row of eight million."""
    most = (2**31 - 1) // abs(weight)
    for width, kind in ((most, 1), (most + 1, 1 + flat.WIDE)):
        row = np.broadcast_to(np.int16(weight), (1, width))
        p = Projection("w", "plain", "lif", row)
        assert flat.is_narrow(p, row) == (kind < flat.WIDE)
        graded = Projection("w", "graded", "lif", row[:, :1], graded=True)
        assert not flat.is_narrow(graded, graded.weights)


@pytest.mark.parametrize("limit", [0, 2**31 - 1])
@pytest.mark.parametrize("weight", [127, -128, 255, -256])
def test_rows_of_the_largest_weights_add_up(
    weight: int, limit: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As many spikes at once as are added together, some more, some less; in 32 and 64 bits."""
    monkeypatch.setattr(flat, "NARROW_MAX", limit)
    width = 40
    network = wired(Projection("w", "plain", "relay", np.full((37, width), weight, np.int16)),
                    size=width, after=37)
    kind = flat.flatten(network).wiring[0, flat.KIND]
    assert (kind >= flat.WIDE) == (limit == 0)
    spoke = np.tril(np.ones((width + 1, width), int), -1)  # step by step one more
    inputs = {"plain": spoke, "graded": np.zeros_like(spoke)}
    got = FAST.run(network, inputs, [Probe("relay")], width + 1).spikes("relay")
    np.testing.assert_array_equal(got[1:], weight * np.arange(width)[:, None] * np.ones(37, int))


def test_payloads_are_summed_in_64_bits() -> None:
    """300 × 254 × 2^23 is far beyond 32 bits; what remains of it after the shift is not."""
    wires = [Projection("w", "graded", "relay", np.full((3, 300), 254), exponent=-8, graded=True),
             Projection("x", "graded", "lif", np.full((3, 300), -254), exponent=6, graded=True)]
    inputs = {"plain": np.zeros((4, 300), int), "graded": np.full((4, 300), 2**23 - 1)}
    network = wired(*wires, size=300)
    assert (flat.flatten(network).wiring[:, flat.KIND] >= flat.WIDE).all()
    assert differences(network, inputs, 4) == []


# --- memory


def test_a_run_keeps_what_is_probed_and_no_more() -> None:
    steps, size = 2000, 400
    network = wired(Projection("w", "plain", "lif", np.eye(size, dtype=np.int8)),
                    size=size, after=size)
    inputs = {"plain": np.zeros((steps, size), np.int8), "graded": np.zeros((steps, size), np.int8)}
    inputs["plain"][::100] = 1
    peaks = []
    for probes in ([], [Probe("lif")]):
        FAST.run(network, inputs, probes, steps)
        tracemalloc.start()
        FAST.run(network, inputs, probes, steps)
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    one_trace = 8 * steps * size
    assert peaks[0] < one_trace / 2
    assert one_trace <= peaks[1] < 1.5 * one_trace
