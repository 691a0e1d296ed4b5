"""Programmable neurons of several ports on Lava equal the reference, to the bit."""

from __future__ import annotations

import numpy as np
import pytest
from small_programs import MAKERS, STEPS, driven

from neuromorph import backends
from neuromorph.network import Network, Population, Probe, Projection, Source
from neuromorph.neurons.product import Product
from neuromorph.neurons.requantise import Requantise


@pytest.mark.parametrize("kind", MAKERS)
def test_a_program_on_lava_equals_the_reference(kind: str) -> None:
    """Every word of the state, too; two random models of each kind."""
    for seed in (3, 4):
        model = MAKERS[kind](np.random.default_rng(seed))
        network, trains = driven(model, seed)
        probes = [Probe("n", variable) for variable in model.records]
        truth = backends.get("reference").run(network, trains, probes, STEPS)
        got = backends.get("lava").run(network, trains, probes, STEPS)
        assert truth.spikes("n").any()
        for probe, trace in truth.traces.items():
            np.testing.assert_array_equal(got.traces[probe], trace, err_msg=str(probe))


def test_floats_are_neither_shifted_nor_rounded() -> None:
    rng = np.random.default_rng(0)
    network = Network("floats", "float", (
        Population("in", 2, Source(8)),
        Population("gate", 3, Product(limit=0.5, period=2, at=np.array([0, 1, 0]))),
        Population("out", 3, Requantise(multiplier=0.7, shift=np.array([0.0, 1.0, 2.0]),
                                        bias=0.1, limit=9.0)),
    ), (
        Projection("a", "in", "gate", rng.normal(size=(3, 2)), graded=True, port="a"),
        Projection("b", "in", "gate", rng.normal(size=(3, 2)), graded=True, port="b", delay=1),
        Projection("c", "gate", "out", rng.normal(size=(3, 3)), graded=True),
    ))
    trains, probes = {"in": rng.normal(size=(STEPS, 2))}, [Probe("gate"), Probe("out")]
    truth = backends.get("reference").run(network, trains, probes, STEPS)
    got = backends.get("lava").run(network, trains, probes, STEPS)
    assert (truth.spikes("gate") == 0.5).any()
    for probe, trace in truth.traces.items():
        np.testing.assert_allclose(got.traces[probe], trace, rtol=1e-12, atol=1e-12)
