"""Trained attention, lowered to plain spikes, in nengo-loihi's emulator: equal to the bit."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from neuromorph import backends
from neuromorph.api.export import export
from neuromorph.bundle import Bundle
from neuromorph.circuits.latency_attention import PROBES, read, stimulate
from neuromorph.compile import compile_units
from neuromorph.deploy.units import units_of
from neuromorph.models.digits import WEIGHTS
from neuromorph.network import Probe
from neuromorph.profiles import load_profile
from neuromorph.runtime import SpikingLayer
from neuromorph.translate import TranslateOptions

pytestmark = pytest.mark.nengo

QUERIES = 3


@pytest.fixture(scope="module")
def digits(tmp_path_factory: pytest.TempPathFactory) -> Bundle:
    folder: Path = tmp_path_factory.mktemp("digits") / "bundle"
    return export(WEIGHTS, folder,
                  options=TranslateOptions(spikes="binary", target="loihi1")).bundle


@pytest.mark.parametrize("number", range(12))
def test_a_trained_head_runs_in_the_emulator_as_it_does_here(digits: Bundle, number: int) -> None:
    """Every spike and potential equals ours; what is read equals the graded circuit's answer."""
    state = compile_units(units_of(digits, "static"), load_profile("loihi1"))
    unit, given = state.program.units[number], state.given[number]
    name, h = [(name, h) for name, code in digits.codes.items()
               for h in range(len(code.heads))][number]
    code, sample = digits.codes[name], digits.samples[name]
    queries = code.encode_queries(sample.queries)[0][h, :QUERIES]
    inputs, steps = stimulate(code.heads[h], queries)
    probes = [Probe(p.name, variable) for p in unit.neurons for variable in ("spikes", "v", "u")]
    emulator = backends.get("loihi_emulator")
    assert emulator.why_not(unit.network) is None
    got = unit.run(emulator.run, inputs, probes, steps)
    here = unit.run(backends.get("fast").run, inputs, probes, steps)
    for probe in probes:
        np.testing.assert_array_equal(got.traces[probe], here.traces[probe], str(probe))
    graded = backends.get("fast").run(given.network, inputs, PROBES, steps)
    answer, truth = (read(code.heads[h], run.spikes, run.potential, QUERIES)
                     for run in (got, graded))
    assert truth.differs_from(answer) is None


def test_the_emulator_lowers_by_itself(digits: Bundle) -> None:
    """What `neuromorph simulate --backend loihi_emulator` does: all queries of a layer's heads."""
    name, code = next(iter(digits.codes.items()))
    sample = digits.samples[name]
    here, there = (SpikingLayer(code, backend).run_sample(sample)
                   for backend in ("fast", "loihi_emulator"))
    assert here.differs_from(there) is None
