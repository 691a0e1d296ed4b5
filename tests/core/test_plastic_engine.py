"""Learning in the clocked engine: random rules, equal to `reference` to the bit."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from small_networks import everything, plastic, random_train
from test_engine import FAST, REFERENCE, differences

from neuromorph.backends.fast import learning_tables
from neuromorph.backends.interface import Inputs
from neuromorph.learning import LearningRule, make_draws
from neuromorph.network import CubaLIF, Network, Population, Probe, Projection, Source
from neuromorph.network.model import SYNAPTIC
from neuromorph.numerics.limits import TAG_MIN


def learners(seed: int, most: int, rates: tuple[float, ...]) -> tuple[Network, Inputs, int]:
    """Axons, neurons that are taught, and two projections between them that learn."""
    rng = np.random.default_rng(seed)
    pre, post = (int(n) for n in rng.integers(1, most + 1, 2))
    steps = int(rng.integers(1, 60))
    axons = Population("axons", pre, Source(int(rng.choice([0, 9]))))
    taught = Population("taught", post, CubaLIF(dv=1000, vth=90))
    third = [Population(f"third{i}", post, Source(8)) for i in range(3)]
    names = [tuple(p.name if rng.random() < 0.5 else None for p in third)
             if rng.random() < 0.3 else (None, None, None) for _ in range(2)]
    used = [p for p in third if any(p.name in some for some in names)]
    network = Network("learners", "fixed", (axons, Population("teacher", post, Source()), taught,
                                            *used), (
        *(plastic(rng, f"learns{k}", axons, taught, (some[0], some[1], some[2]))
          for k, some in enumerate(names)),
        Projection("teaches", "teacher", "taught", 200 * np.eye(post, dtype=np.int32),
                   delay=int(rng.integers(3)), exponent=4)))
    inputs = {p.name: random_train(rng, steps, p) * (rng.random((steps, p.size))
                                                     < rng.choice(rates))
              for p in network.populations if p.is_source}
    return network, inputs | {p.name: inputs[p.name].clip(min=0) for p in used}, steps


def seen_at_the_end(network: Network, inputs: Inputs, steps: int) -> list[str]:
    """Of what `differences` says, what shows without a look at weights and tags in every step."""
    probes = [p for p in everything(network) if p.variable not in SYNAPTIC]
    truth, got = (b.run(network, inputs, probes, steps) for b in (REFERENCE, FAST))
    wrong = [str(p) for p in probes if not np.array_equal(truth.traces[p], got.traces[p])]
    return wrong + [name for name, ends in truth.synapses.items()
                    if not np.array_equal(ends, got.synapses[name])]


@pytest.fixture(params=["at once", "waiting"], autouse=True)
def _small(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """What postsynaptic spikes change is changed at once in all projections, or in none."""
    if request.param == "waiting":
        monkeypatch.setattr(learning_tables, "SMALL", 0)


@pytest.mark.parametrize("check", [differences, seen_at_the_end])
@pytest.mark.parametrize("batch", range(4))
def test_random_rules(batch: int, check: Callable[..., list[str]]) -> None:
    for seed in range(30 * batch, 30 * batch + 30):
        assert check(*learners(seed, 12, (0.05, 0.3, 1))) == [], seed


@pytest.mark.parametrize("seed", range(16))
def test_random_rules_of_large_populations(seed: int) -> None:
    """So few of which spike that most synapses wait, and see several epochs' spikes at once."""
    assert seen_at_the_end(*learners(seed, 150, (0.01, 0.03, 0.1))) == []


def test_the_lowest_tag_moves_with_any_other() -> None:
    """It is below the accumulator's end: where no spike has been it is rounded again as well."""
    steps, high = 400, 127 / 128
    draws = make_draws(0, steps, 1).synapse
    low = next(t for t in range(10, steps - 1) if draws[t] >= high > draws[t + 1])
    for condition in ("x0", "y0"):
        rule = LearningRule(dt=f"-7*2^5*{condition}")
        network = Network("w", "fixed", (
            Population("axons", 2, Source()), Population("n", 2, CubaLIF(vth=1))), (
            Projection("drives", "axons", "n", 200 * np.eye(2, dtype=int)),
            Projection("learns", "axons", "n", np.zeros((2, 2), int), rule=rule)))
        train = np.zeros((steps, 2), int)
        later = int(condition == "y0")
        train[: low + 1 - later, 0] = 1
        train[low + 1 - later :, 1] = 1
        probe = Probe("learns", "tags")
        tags = REFERENCE.run(network, {"axons": train}, [probe], steps).traces[probe]
        first = tags[:, :, 0] if condition == "x0" else tags[:, 0]
        assert (first[low] == TAG_MIN).all()
        assert (first[low + 1] == TAG_MIN + 1).all()
        assert differences(network, {"axons": train}, steps) == []
