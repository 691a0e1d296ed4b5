"""Static networks of plain spikes in nengo-loihi's emulator: equal to the bit, or stopped."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest
from small_chips import random_chip
from small_networks import everything

from neuromorph import backends
from neuromorph.backends.interface import Inputs, Recording
from neuromorph.backends.loihi_emulator import LoihiEmulatorBackend
from neuromorph.backends.nengo.extra import require
from neuromorph.errors import BackendError
from neuromorph.network import CubaLIF, Network, Population, Probe, Projection, Source
from neuromorph.numerics import decay, shift

REFERENCE, EMULATOR = backends.get("reference"), backends.get("loihi_emulator")

INPUT, STATE = 2**21, 2**23


@pytest.fixture(autouse=True)
def _imported_quietly() -> None:
    require("nengo_loihi")


def outcome(network: Network, inputs: Inputs, steps: int) -> tuple[Recording, Recording | str]:
    """The reference's recording, and the emulator's or why it stopped."""
    probes = everything(network)
    truth = REFERENCE.run(network, inputs, probes, steps)
    try:
        return truth, EMULATOR.run(network, inputs, probes, steps)
    except BackendError as error:
        return truth, str(error)


def overflow(network: Network, truth: Recording) -> tuple[int, str] | None:
    """First step, and accumulator, in which the reference leaves the emulator's registers."""
    for t in range(truth.steps):
        found = [name for p in network.populations if isinstance(p.model, CubaLIF)
                 for name in _too_wide(network, truth, p, p.model, t)]
        if found:
            return t, min(found, key=["q0", "current", "u2"].index)
    return None


def _too_wide(
    network: Network, truth: Recording, population: Population, model: CubaLIF, t: int
) -> list[str]:
    arrived = np.zeros(population.size, np.int64)
    for p in network.projections_to(population.name):
        sent = truth.spikes(p.pre)[t - 1] if t else np.zeros(p.weights.shape[1], np.int64)
        arrived += shift(p.weights.astype(np.int64) @ sent, p.exponent)
    before = truth.traces[Probe(population.name, "u")][t - 1] if t else np.zeros_like(arrived)
    arrived <<= model.input_shift
    current = decay(before, int(model.du)) + arrived
    biased = current + (int(model.bias_mant) << model.bias_exp)
    limits = (("q0", arrived, INPUT), ("current", current, STATE), ("u2", biased, STATE))
    return [name for name, value, limit in limits
            if ((value < -limit) | (value >= limit)).any()]


def test_a_run_is_exact_or_stops_where_its_registers_overflow() -> None:
    """Two hundred random networks; both ends are met often, and each stop is a true overflow."""
    ends: Counter[str] = Counter()
    for seed in range(200):
        network, inputs, steps = random_chip(seed)
        truth, got = outcome(network, inputs, steps)
        wide = overflow(network, truth)
        if isinstance(got, str):
            assert wide is not None, got
            step, register = wide
            assert f"stopped at step {step}: SimulationError: Overflow in {register}" in got
            ends[register] += 1
            continue
        assert wide is None
        for probe, trace in truth.traces.items():
            np.testing.assert_array_equal(got.traces[probe], trace, f"{seed} {probe}")
        fires = any(truth.spikes(p.name).any() for p in network.populations
                    if isinstance(p.model, CubaLIF))
        ends["exact, with spikes" if fires else "exact, silent"] += 1
    assert ends["exact, with spikes"] >= 70
    assert ends["q0"] >= 20
    assert ends["current"] >= 3


def one(model: CubaLIF, weight: int = 1, *, size: int = 1, exponent: int = 0) -> Network:
    return Network("one", "fixed", (Population("in", size, Source()), Population("n", 1, model)),
                   (Projection("w", "in", "n", np.full((1, size), weight), exponent=exponent),))


def train(size: int, steps: int) -> Inputs:
    return {"in": np.ones((steps, size), np.int64)}


@pytest.mark.parametrize(("network", "text"), [
    (one(CubaLIF(), 255, size=2, exponent=7), "stopped at step 1: SimulationError: Overflow in q0"),
    (one(CubaLIF(du=1, dv=4095, vth=131_071), 200, exponent=7),
     "stopped at step 6: SimulationError: Overflow in current"),
    (one(CubaLIF(du=1, dv=4095, vth=131_071, bias_mant=4095, bias_exp=7), 200, exponent=7),
     "stopped at step 5: SimulationError: Overflow in u2"),
])
def test_an_overflow_is_told_in_nengo_loihis_words(network: Network, text: str) -> None:
    _, got = outcome(network, train(network.population("in").size, steps=8), 8)
    assert isinstance(got, str)
    assert text in got
    assert "Make weights or bias smaller, or run it on fast" in got


def test_the_one_current_that_both_hold_otherwise_stops_the_run() -> None:
    """-2^23: the emulator's register holds it without a word, ours turns it round."""
    network = Network("edge", "fixed", (
        Population("in", 3, Source()), Population("n", 1, CubaLIF(du=1, dv=4095, vth=131_071)),
    ), (Projection("coarse", "in", "n", np.array([[-256, -128, 0]]), exponent=7),
        Projection("fine", "in", "n", np.array([[0, 0, -76]]))))
    sent = {"in": np.array([[1, 0, 0]] * 3 + [[0, 1, 0], [0, 1, 1], [0, 0, 0]])}
    truth, got = outcome(network, sent, 6)
    assert truth.traces[Probe("n", "u")][5].item() == STATE
    assert isinstance(got, str)
    assert got.startswith("step 5: a current came to -2^23")


# --- nengo-loihi's own split, validation and allocator


def wide(size: int) -> tuple[Network, Inputs, int]:
    """A population whose synapses need two cores; odd weights, and a loop with an exponent."""
    rng = np.random.default_rng(size)
    network = Network("wide", "fixed", (
        Population("in", 5, Source()), Population("n", size, CubaLIF(du=3000, dv=900, vth=300)),
        Population("out", 3, CubaLIF(vth=900)),
    ), (Projection("drive", "in", "n", rng.integers(0, 256, (size, 5), dtype=np.int32)),
        Projection("loop", "n", "n", 16 * rng.integers(-8, 8, (size, size), dtype=np.int32),
                   exponent=-4),
        Projection("gather", "n", "out", rng.integers(0, 3, (3, size), dtype=np.int32))))
    return network, {"in": (rng.random((8, 5)) < 0.6).astype(np.int64)}, 8


def test_a_split_population_runs_alike() -> None:
    from neuromorph.backends.loihi_emulator.model import Lowered

    network, inputs, steps = wide(400)
    lowered = Lowered(network)
    lowered.finish()
    assert len(lowered.model.blocks) > len(lowered.blocks)
    board = lowered.place(1)
    assert board.n_cores_per_chip == [len(lowered.model.blocks)]
    formats = {(s.synapse_cfg.weight_exp, s.synapse_cfg.fanout_type)
               for block in lowered.model.blocks for s in block.synapses}
    assert formats == {(0, 2), (-4, 1)}
    truth, got = outcome(network, inputs, steps)
    assert isinstance(got, Recording), got
    assert truth.spikes("n").any()
    assert truth.spikes("out").any()
    for probe, trace in truth.traces.items():
        np.testing.assert_array_equal(got.traces[probe], trace, str(probe))


def test_its_limits_reach_the_user_as_text() -> None:
    network = one(CubaLIF(vth=5000), size=5000)
    with pytest.raises(BackendError, match=r"cannot hold the network: BuildError: LoihiBlock\(n\): "
                                           r"Input axons \(5000\) exceeded max \(4096\)"):
        EMULATOR.run(network, train(5000, 2), [], 2)


def test_a_limit_without_words_is_told_by_its_line() -> None:
    """A core has 16 synapse formats, the first of them unused; here are 15 exponents, 2 signs."""
    network = Network("formats", "fixed", one(CubaLIF()).populations, tuple(
        Projection(f"{sign * 2**7} << {exponent}", "in", "n", np.array([[sign * 128]]),
                   exponent=exponent) for exponent in range(-7, 8) for sign in (1, -1)))
    with pytest.raises(BackendError, match=r"cannot place the network on 1 chip\(s\): Assertion"
                                           r"Error: assert len\(core.synapse_cfgs\) <= 16"):
        EMULATOR.run(network, train(1, 2), [], 2)


def many(count: int) -> Network:
    neurons = tuple(Population(f"n{i}", 1, CubaLIF(bias_mant=1)) for i in range(count))
    return Network("many", "fixed", neurons, ())


def test_a_network_may_take_as_many_chips_as_it_is_given() -> None:
    network = many(130)
    with pytest.raises(BackendError, match=r"cannot place the network on 1 chip\(s\): "
                                           r".*needs more chips than requested \(1\)"):
        EMULATOR.run(network, {}, [], 2)
    assert LoihiEmulatorBackend(chips=2).run(network, {}, [], 2).evidence == "emulator"


def test_a_network_of_sources_only_is_refused_by_nengo_loihi() -> None:
    network = Network("sources", "fixed", (Population("in", 1, Source()),), ())
    with pytest.raises(BackendError, match="No neurons marked for execution on-chip"):
        EMULATOR.run(network, train(1, 2), [], 2)
