"""A NIR file: its equations give our spikes, it reads back the same, and its losses are told."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from nir_machine import NirMachine
from small_heads import BINARY, attention
from small_nir import DT, DYADIC, KEEPS_CURRENT, ODD, STEPS, train, wired

from neuromorph import backends
from neuromorph.circuits import match_and_control
from neuromorph.errors import (
    MissingExtraError,
    NeuromorphError,
    OutputExistsError,
    UnsupportedError,
    UsageError,
    WriteError,
)
from neuromorph.network import (
    Astrocyte,
    CubaLIF,
    LatencyMatch,
    LearningRule,
    Network,
    Phase,
    Population,
    Probe,
    Projection,
    Readout,
    Schedule,
    Source,
)
from neuromorph.nir_export import export_nir, lost_in_nir, to_nir


@pytest.fixture
def nir() -> Any:
    return pytest.importorskip("nir", reason="nir is not installed: pip install 'neuromorph[nir]'")


def both(network: Network, graph: Any, inputs: dict[str, Any]) -> list[tuple[Any, Any, Any, Any]]:
    """Spikes and potentials of each population, the reference's and the graph's."""
    neural = [p.name for p in network.populations if p.name not in inputs]
    probes = [Probe(name, variable) for name in neural for variable in ("spikes", "v")]
    ours = backends.get("reference").run(network, inputs, probes, STEPS)
    given, potentials = NirMachine(graph, DT).run(
        {name: x.astype(float) for name, x in inputs.items()}, STEPS)
    return [(ours.traces[Probe(n, "spikes")], given[n], ours.traces[Probe(n, "v")], potentials[n])
            for n in neural]


@pytest.mark.parametrize("model", DYADIC + ODD + KEEPS_CURRENT, ids=str)
def test_nirs_equations_give_the_spikes_of_the_float_reference(
    nir: Any, model: CubaLIF, tmp_path: Path
) -> None:
    network = wired("float", model, replace(model, vth=1.5 * model.vth))
    export_nir(network, tmp_path / "net.nir", dt=DT)
    found = both(network, nir.read(tmp_path / "net.nir"), {"in": train()})
    for ours, theirs, v, nir_v in found[:-1]:
        assert 0 < ours.sum() < ours.size
        np.testing.assert_array_equal(theirs, ours)
        np.testing.assert_allclose(nir_v, v, rtol=1e-9, atol=1e-9 * np.abs(v).max())
    _, given, v, _ = found[-1]
    np.testing.assert_allclose(given, v, rtol=1e-9, atol=1e-9 * np.abs(v).max())


@pytest.mark.parametrize("change", [{"tau_mem": 1.2}, {"w_in": 1.05}, {"v_threshold": 1.05}])
def test_a_wrong_constant_gives_other_spikes(nir: Any, change: dict[str, float]) -> None:
    network = wired("float", ODD[0])
    graph = to_nir(network, dt=DT)
    for name, factor in change.items():
        setattr(graph.nodes["n0"], name, factor * getattr(graph.nodes["n0"], name))
    ours, theirs, *_ = both(network, graph, {"in": train()})[0]
    assert (ours != theirs).any()


def test_integers_that_forget_or_keep_all_are_exact(nir: Any) -> None:
    model = CubaLIF(du=4096, dv=0, vth=70, bias_mant=96, bias_exp=1)
    network = wired("fixed", model, CubaLIF(du=4096, dv=4096, vth=40), weights=30)
    shifted = tuple(replace(p, exponent=e, weights=p.weights & ~7)
                    for p, e in zip(network.projections, (1, -3, 0, 2, -1), strict=True))
    network = replace(network, projections=shifted, populations=tuple(
        replace(p, model=Readout(dv=0)) if p.name == "sum" else p for p in network.populations))
    *cells, total = both(network, to_nir(network, dt=DT), {"in": train()})
    for ours, theirs, v, nir_v in cells:
        assert 0 < ours.sum() < ours.size
        np.testing.assert_array_equal(theirs, ours)
        np.testing.assert_array_equal(64 * nir_v, v)
    np.testing.assert_array_equal(total[1], total[2])
    told = " ".join(lost_in_nir(network, DT))
    assert "truncate" not in told
    assert "rounds down" not in told


def test_what_integers_lose_is_told() -> None:
    network = wired("fixed", CubaLIF(du=1000, dv=0, vth=70), weights=30)
    shifted = replace(network.projections[0], exponent=-4)
    told = lost_in_nir(replace(network, projections=(shifted, *network.projections[1:])), DT)
    assert any("truncate towards zero in n0, sum" in line for line in told)
    assert any("sums of p0 rounds down" in line for line in told)
    assert any("no longer wrap at 24 bits" in line for line in told)


def spikes_of_match(network: Network, inputs: Any, graph: Any) -> tuple[Any, Any]:
    steps = len(inputs["drive"])
    ours = backends.get("reference").run(network, inputs, [Probe("match")], steps)
    given, _ = NirMachine(graph, DT).run({name: np.asarray(x, float)
                                          for name, x in inputs.items()}, steps)
    return ours.spikes("match"), given["match"]


def test_a_circuit_that_clears_by_saturation_is_named(nir: Any) -> None:
    network, inputs, _ = attention(BINARY)
    ours, theirs = spikes_of_match(network, inputs, to_nir(network, dt=DT))
    assert ours.any()
    assert (ours != theirs).any()
    assert any("fill the 24 bits of match" in line for line in lost_in_nir(network, DT))
    quiet = wired("fixed", CubaLIF(du=1000, dv=0, vth=70), weights=30)
    assert not any("fill the 24 bits" in line for line in lost_in_nir(quiet, DT))


def test_match_and_control_before_it_learns_is_exact(nir: Any) -> None:
    network = match_and_control.build(5, 6)
    inputs = {"axon": train(size=5), "query": train(seed=8, size=6)}
    asleep = replace(network, projections=tuple(replace(p, rule=None)
                                                for p in network.projections))
    for ours, theirs, *_ in both(asleep, to_nir(network, dt=DT), inputs):
        assert ours.any()
        np.testing.assert_array_equal(theirs, ours)
    assert any(line.startswith("Projection spine learns") for line in lost_in_nir(network, DT))


def test_a_graph_reads_back_as_it_was_written(nir: Any, tmp_path: Path) -> None:
    network = wired("float", *ODD, *KEEPS_CURRENT)
    lost = export_nir(network, tmp_path / "net.nir", dt=DT)
    graph, back = to_nir(network, dt=DT), nir.read(tmp_path / "net.nir")
    assert back.edges == graph.edges
    assert set(back.nodes) == set(graph.nodes)
    for name, node in graph.nodes.items():
        was, now = node.to_dict(), back.nodes[name].to_dict()
        assert was.keys() == now.keys()
        for key in was.keys() - {"metadata"}:
            np.testing.assert_array_equal(was[key], now[key])
    assert back.metadata == {"network": "wired", "domain": "float", "dt": DT,
                             "lost": "\n".join(lost)}


def test_equal_networks_give_equal_bytes(nir: Any, tmp_path: Path) -> None:
    for name in "ab":
        export_nir(wired("float", *ODD), tmp_path / name)
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()


def small(*populations: Population, learns: LearningRule | None = None, graded: bool = False,
          modulator: str | None = None, schedule: Schedule | None = None) -> Network:
    weights = np.full((3, 2), 4, np.int32)
    projection = Projection("w", "in", populations[1].name, weights, graded=graded, rule=learns,
                            modulators=(None, None, modulator))
    return Network("small", "fixed", populations, (projection,), schedule)


PLAIN, CELL = Population("in", 2, Source()), Population("cell", 3, CubaLIF())
GRADED = Population("in", 2, Source(payload_bits=8))
TEACHER = Population("teacher", 3, Source(payload_bits=8))
LOSSES = {
    "in takes graded spikes of 8 bits": small(GRADED, CELL, graded=True),
    "w learns (dw = x0*y3, with y3 from teacher)": small(
        PLAIN, CELL, TEACHER, learns=LearningRule(dw="x0*y3", x1_impulse=1), modulator="teacher"),
    "are left out: teacher": small(PLAIN, CELL, TEACHER),
    "a period of 9 steps, phases: match": small(
        PLAIN, CELL, schedule=Schedule(9, (Phase("match", 0, 4),))),
    "lonely_input, which must stay silent": small(
        PLAIN, CELL, Population("lonely", 2, CubaLIF(bias_mant=3))),
    "Readout sum is a leaky integrator": small(PLAIN, Population("sum", 3, Readout())),
    "outputs are cell": small(PLAIN, CELL),
    "forward Euler with dt = 0.001 s": small(PLAIN, CELL),
}


@pytest.mark.parametrize("sentence", LOSSES)
def test_each_loss_is_told_and_the_rest_is_written(
    nir: Any, sentence: str, tmp_path: Path
) -> None:
    lost = export_nir(LOSSES[sentence], tmp_path / "net.nir", dt=DT)
    assert any(sentence in line for line in lost)
    assert len(set(lost)) == len(lost)
    np.testing.assert_array_equal(nir.read(tmp_path / "net.nir").nodes["w_weights"].weight, 4)


def test_a_readout_that_sends_is_a_neuron(nir: Any) -> None:
    network = small(PLAIN, Population("sum", 3, Readout(dv=0, vth=10)))
    echo = Projection("echo", "sum", "sum", np.eye(3, dtype=np.int32))
    network = replace(network, projections=(*network.projections, echo))
    ours, theirs, *_ = both(network, to_nir(network, dt=DT), {"in": train(size=2)})[0]
    assert ours.any()
    np.testing.assert_array_equal(theirs, ours)
    assert any("gives its spikes" in line for line in lost_in_nir(network, DT))


REFUSED = {
    "NIR has no LatencyMatch, and match is one": small(
        PLAIN, Population("match", 3, LatencyMatch(10, 64, 64, 1, 0))),
    "NIR has no Astrocyte, and glia is one": small(PLAIN, Population("glia", 3, Astrocyte())),
    "counts every payload of in as 1": small(GRADED, CELL),
    "'a/b' cannot be a name": small(PLAIN, Population("a/b", 3, CubaLIF())),
    "one name; found w_delay": small(
        PLAIN, CELL, Population("w_delay", 1, CubaLIF(bias_mant=1))),
}


@pytest.mark.parametrize("reason", REFUSED)
def test_what_nir_cannot_hold_is_refused(nir: Any, reason: str, tmp_path: Path) -> None:
    with pytest.raises(UnsupportedError, match=reason):
        export_nir(REFUSED[reason], tmp_path / "net.nir")
    assert list(tmp_path.iterdir()) == []


def test_a_decay_beyond_floats_is_refused(nir: Any) -> None:
    with pytest.raises(UnsupportedError, match="too small for NIR's constants"):
        to_nir(wired("float", CubaLIF(du=5e-324, dv=0.5, vth=1.0)))


@pytest.mark.parametrize("dt", [0.0, -1.0, float("nan"), float("inf")])
def test_a_step_needs_a_length(dt: float, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="a step needs a length"):
        export_nir(small(PLAIN, CELL), tmp_path / "net.nir", dt=dt)


def test_a_file_that_is_there_stays(nir: Any, tmp_path: Path) -> None:
    path = tmp_path / "net.nir"
    path.write_text("mine", "utf-8")
    with pytest.raises(OutputExistsError):
        export_nir(small(PLAIN, CELL), path)
    assert path.read_text("utf-8") == "mine"
    export_nir(small(PLAIN, CELL), path, force=True)
    assert len(nir.read(path).nodes) == 5
    (tmp_path / "file").write_text("", "utf-8")
    with pytest.raises(WriteError):
        export_nir(small(PLAIN, CELL), tmp_path / "file" / "net.nir")


def test_without_nir_the_error_has_the_line_that_installs_it(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setitem(sys.modules, "nir", None)
    with pytest.raises(MissingExtraError, match=r"pip install 'neuromorph\[nir\]'") as caught:
        export_nir(small(PLAIN, CELL), tmp_path / "net.nir")
    assert isinstance(caught.value, NeuromorphError)
