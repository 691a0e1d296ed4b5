"""NIR files read as networks: what we wrote comes back, what others wrote runs or is named."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from nir_machine import NirMachine
from onnx_runs import NEEDS_ONNX
from small_nir import DT, DYADIC, KEEPS_CURRENT, ODD, STEPS, train, wired
from small_programs import MAKERS, driven

from neuromorph import backends
from neuromorph.api.convert import ways_of, ways_table
from neuromorph.errors import FileFormatError, MissingFileError, UnsupportedError, UsageError
from neuromorph.network import (
    Astrocyte,
    CubaLIF,
    LatencyMatch,
    LearningRule,
    Network,
    Population,
    Probe,
    Projection,
    Readout,
    Relay,
    Source,
)
from neuromorph.neurons import NeuronModel, models
from neuromorph.nir_export import export_nir, from_nir, label_in_nir, read_nir, to_nir
from neuromorph.onnx_export import why_not_onnx

nir = pytest.importorskip("nir", reason="nir is not installed: pip install 'neuromorph[nir]'")


def spikes(network: Network, names: list[str], inputs: dict[str, Any]) -> dict[str, Any]:
    kind = np.int64 if network.domain == "fixed" else np.float64
    given = {name: x.astype(kind) for name, x in inputs.items()}
    done = backends.get("reference").run(network, given, [Probe(n) for n in names], STEPS)
    return {name: done.spikes(name) for name in names}


@pytest.mark.parametrize("model", DYADIC + ODD + KEEPS_CURRENT, ids=str)
def test_what_we_wrote_comes_back(model: CubaLIF, tmp_path: Path) -> None:
    network = wired("float", model, replace(model, vth=1.5 * model.vth))
    assert label_in_nir(network) == "faithful"
    export_nir(network, tmp_path / "net.nir", dt=DT)
    found = read_nir(tmp_path / "net.nir")
    assert (found.outputs, found.lost) == (("sum",), ())
    assert [(p.name, p.pre, p.post, p.delay) for p in found.network.projections] == [
        (p.name, p.pre, p.post, p.delay) for p in sorted(
            network.projections, key=lambda p: [q.name for q in network.populations].index(p.post))]
    ours, theirs = (spikes(one, ["n0", "n1"], {"in": train()})
                    for one in (network, found.network))
    for name, sent in ours.items():
        assert sent.any()
        np.testing.assert_array_equal(theirs[name], sent, name)


def test_integers_that_forget_or_keep_all_come_back_as_floats() -> None:
    network = wired("fixed", CubaLIF(vth=70), CubaLIF(dv=4096, vth=40), weights=30)
    assert label_in_nir(network) == "approximate"
    found = from_nir(to_nir(network, dt=DT))
    ours, theirs = (spikes(one, ["n0", "n1"], {"in": train()})
                    for one in (network, found.network))
    for name, sent in ours.items():
        assert sent.any()
        np.testing.assert_array_equal(theirs[name], sent, name)


def foreign(**changed: Any) -> Any:
    """A graph as others write it: no delays, an Affine, a LIF with a resistance."""
    rng = np.random.default_rng(1)
    one = np.ones(4)
    nodes = {"input": nir.Input(np.array([5])), "fc": nir.Affine(rng.normal(1, 1, (4, 5)),
                                                                  np.zeros(4)),
             "lif": nir.LIF(tau=.02 * one, r=30 * one, v_leak=.1 * one, v_threshold=one,
                            v_reset=0 * one),
             "output": nir.Output(np.array([4]))} | changed
    edges = list(zip(nodes, list(nodes)[1:], strict=False))
    return nir.NIRGraph(nodes, edges)


def test_a_graph_of_others_runs_a_step_later_than_theirs() -> None:
    graph = foreign()
    found = from_nir(graph, dt=DT)
    assert found.lost == ("fc has no delay in NIR; here every synapse takes a step.",)
    theirs, _ = NirMachine(graph, DT).run({"input": train().astype(float)}, STEPS)
    ours = spikes(found.network, ["lif"], {"input": train()})["lif"]
    assert ours.any()
    # The leak drives both from the first step on; until the first input nothing differs by much.
    late = np.vstack([np.zeros((1, 5)), train()[:-1]])
    delayed, _ = NirMachine(graph, DT).run({"input": late.astype(float)}, STEPS)
    np.testing.assert_array_equal(ours, delayed["lif"])
    assert not np.array_equal(ours, theirs["lif"])


ONE = np.ones(4)
FOREIGN = {
    "a Flatten": {"fc": nir.Flatten({"input": np.array([4])}, 0)},
    "tau from 0.01 to 0.02": {"lif": nir.LIF(np.array([.01, .02, .02, .02]), ONE, 0 * ONE, ONE)},
    "v_threshold from 1 to 2": {"lif": nir.LIF(.01 * ONE, ONE, 0 * ONE,
                                               np.array([1, 1, 2, 2.0]))},
    "a reset to other than 0": {"lif": nir.LIF(.01 * ONE, ONE, 0 * ONE, ONE, v_reset=-ONE)},
    "an Affine with a bias": {"fc": nir.Affine(np.eye(4) * 2, ONE)},
    "a delay of 1.5 steps": {"fc": nir.Delay(.0015 * ONE)},
    "a Threshold": {"lif": nir.Threshold(ONE)},
}


@pytest.mark.parametrize("what", FOREIGN)
def test_what_we_cannot_read_is_named(what: str) -> None:
    graph = foreign(input=nir.Input(np.array([4])), **{"fc": nir.Linear(np.eye(4)),
                                                      **FOREIGN[what]})
    with pytest.raises(UnsupportedError) as caught:
        from_nir(graph, dt=DT)
    assert what in str(caught.value)
    assert any(f"nir.{name}:" in str(caught.value) for name in FOREIGN[what])


def test_a_file_that_is_none_is_named(tmp_path: Path) -> None:
    with pytest.raises(MissingFileError):
        read_nir(tmp_path / "nothing.nir")
    (tmp_path / "x.nir").write_bytes(b"\x89HDF\r\n\x1a\n no more")
    with pytest.raises(FileFormatError, match=r"this is no NIR file"):
        read_nir(tmp_path / "x.nir")
    with pytest.raises(UsageError, match="a step needs a length"):
        from_nir(foreign(), dt=0.0)


# --- labels

LABELS = {"Source": "faithful", "CubaLIF": "approximate", "Readout": "approximate"}
"""How near NIR comes to integers; all other models it cannot hold."""


def small(model: NeuronModel) -> Network:
    return Network("small", "fixed", (Population("in", 2, Source()), Population("n", 2, model)),
                   (Projection("p", "in", "n", np.eye(2, dtype=np.int32)),))


def network_with(name: str) -> Network:
    """A network of integers with a model in it."""
    if name in MAKERS:
        return driven(MAKERS[name](np.random.default_rng(0)), 0)[0]
    coded: dict[str, NeuronModel] = {
        "Source": CubaLIF(), "CubaLIF": CubaLIF(), "Readout": Readout(), "Relay": Relay(),
        "Astrocyte": Astrocyte(), "LatencyMatch": LatencyMatch(9, 4, 99, 3, 2)}
    return small(coded[name])


@NEEDS_ONNX
@pytest.mark.parametrize("name", models())
def test_each_way_out_of_each_model_has_its_label(name: str) -> None:
    network, ways = network_with(name), ways_of(models()[name])
    assert ways["nir"] == LABELS.get(name, "refused")
    if name != "Source":
        assert label_in_nir(network) == ways["nir"]
    assert (why_not_onnx(network) is None) == (ways["onnx"] != "refused")
    assert ways["onnx"] == ways["replay.py"] == "faithful"


def test_the_table_has_every_model() -> None:
    assert [row[0] for row in ways_table()] == sorted(models())


def test_what_learns_is_approximate() -> None:
    network = wired("float", ODD[0])
    rule = LearningRule(dw="2^-2*x1*y0", x1_impulse=16, x1_tau=5)
    learns = replace(network, projections=(
        replace(network.projections[0], rule=rule), *network.projections[1:]))
    assert (label_in_nir(network), label_in_nir(learns)) == ("faithful", "approximate")
