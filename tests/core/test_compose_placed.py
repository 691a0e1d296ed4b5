"""L7: parts that are placed together take no more cores than alone, and spike as they do alone."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from small_heads import GRADED

from neuromorph import backends
from neuromorph.circuits.latency_attention import PROBES, build, stimulate
from neuromorph.compile import Unit, compile_units
from neuromorph.compile.check import check_program
from neuromorph.compile.program_file import program_as_dict
from neuromorph.network import Network, Probe, parallel
from neuromorph.profiles import load_profile

PROFILE = load_profile("loihi2-graded")


def head(rng: np.random.Generator, slots: int) -> tuple[Network, object]:
    kind = replace(GRADED, slots=slots)
    return build(kind, rng.integers(-20, 21, (slots, 3)),
                 rng.integers(-127, 128, (slots, 2))), kind


@pytest.mark.parametrize("seed", range(10))
def test_placed_together_is_no_more_and_no_other(seed: int) -> None:
    rng = np.random.default_rng(seed)
    parts = {name: head(rng, int(rng.integers(2, 7))) for name in ("a", "b")}
    whole = parallel({name: network for name, (network, _) in parts.items()})
    together = compile_units([Unit("whole", whole)], PROFILE).program
    apart = [compile_units([Unit(name, network)], PROFILE).program
             for name, (network, _) in parts.items()]
    assert together.cores <= sum(one.cores for one in apart)
    assert check_program(*program_as_dict(together), PROFILE).ok
    run, queries = backends.get("fast").run, rng.integers(-20, 21, (3, 3))
    trains = {name: stimulate(kind, queries) for name, (_, kind) in parts.items()}  # type: ignore[arg-type]
    steps = trains["a"][1]
    both = run(whole, {f"{name}.{source}": train for name, (inputs, _) in trains.items()
                       for source, train in inputs.items()},
               [Probe(f"{name}.{p.target}", p.variable) for name in parts for p in PROBES], steps)
    for name, (network, _) in parts.items():
        alone = run(network, trains[name][0], PROBES, steps)
        for probe, trace in alone.traces.items():
            found = both.traces[replace(probe, target=f"{name}.{probe.target}")]
            np.testing.assert_array_equal(found, trace)
