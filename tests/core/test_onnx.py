"""Every neuron model, random networks and whole circuits as ONNX: equal in every integer."""

from __future__ import annotations

from itertools import count
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from onnx_runs import NEEDS_ONNX, first_difference, neural, run_onnx, session
from small_heads import BINARY, GRADED, attention
from small_learners import LEARNERS
from small_networks import float_network, random_network
from small_programs import MAKERS, STEPS, driven
from small_relays import SMALL, wide
from small_transformers import inputs_of, kind, probes
from small_twins import known, twins

from neuromorph import backends
from neuromorph.circuits.transformer.tokens import stimulate
from neuromorph.compile.program import Slice, Unit
from neuromorph.compile.relays.insert import with_relays
from neuromorph.compile.split import split
from neuromorph.errors import (
    MissingExtraError,
    OutputExistsError,
    UnsupportedError,
    UsageError,
)
from neuromorph.network import CubaLIF, Network, Population, Probe, Projection, Relay, Source
from neuromorph.neurons import models
from neuromorph.onnx_export import export_onnx, output_name, to_onnx, why_not_onnx

pytestmark = NEEDS_ONNX

CODED = ("Source", "CubaLIF", "Readout", "LatencyMatch", "Astrocyte", "Relay")
"""Those that random networks are made of."""

REFUSED: dict[str, str] = {}
"""Registered models that have no exact form in ONNX, and why."""


def test_every_registered_model_is_tried_or_refused() -> None:
    assert {*MAKERS, *CODED} == set(models())
    assert REFUSED.keys() <= set(models())


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("name", MAKERS)
def test_a_model_is_equal_to_the_reference(name: str, seed: int) -> None:
    model = MAKERS[name](np.random.default_rng([seed, 1]))
    network, trains = driven(model, seed)
    if name in REFUSED:
        assert REFUSED[name] in (why_not_onnx(network) or "")
    else:
        assert first_difference(network, trains, STEPS) is None


@given(st.integers(0, 2**32))
@settings(max_examples=25, deadline=None)
def test_any_network_is_equal_to_the_reference(seed: int) -> None:
    """Delays, exponents, payloads at their ends, loops, learning with all its draws."""
    network, inputs, steps = random_network(seed)
    assert first_difference(network, inputs, steps) is None


CIRCUITS = {"binary attention": attention(BINARY), "graded attention": attention(GRADED),
            **{name: run for name, run in LEARNERS.items() if run[0].domain == "fixed"}}


@pytest.mark.parametrize("name", CIRCUITS)
def test_a_circuit_is_equal_to_the_reference(name: str) -> None:
    assert first_difference(*CIRCUITS[name]) is None


@pytest.mark.parametrize("name", ["Llama", "small encoder"])
def test_a_whole_transformer_is_equal_to_fast(name: str) -> None:
    model, network = kind(name)
    trains, steps = stimulate(model, inputs_of(model, 3))
    assert first_difference(network, trains, steps, probes=probes(model), truth="fast") is None


def test_a_network_with_relays_is_equal_to_the_reference() -> None:
    network = with_relays(Unit("wide", wide()), SMALL, programmable=True).network
    rng = np.random.default_rng(3)
    inputs = {p.name: rng.integers(0, 2, (9, p.size)) for p in network.populations if p.is_source}
    assert first_difference(network, inputs, 9) is None


@pytest.mark.parametrize("spikes", [BINARY, GRADED])
def test_a_program_cut_into_cores_is_equal_to_the_reference(spikes: Any) -> None:
    network, inputs, steps = attention(spikes)
    unit, core = Unit("head", network), count()
    slices = {p.name: [Slice(0, p.name, 0, p.size // 2, next(core)),
                       Slice(0, p.name, p.size // 2, p.size, next(core))]
              if p.size > 1 else [Slice(0, p.name, 0, 1, next(core))] for p in unit.neurons}
    placed = split(unit, slices)
    assert len(placed.network.populations) > len(network.populations)
    assert first_difference(placed.network, placed.view.encode(inputs), steps) is None


# --- faults


def faulted(model: Any, change: Any) -> Any:
    """The model with one of its constants changed."""
    from onnx import numpy_helper

    for tensor in model.graph.initializer:
        array = numpy_helper.to_array(tensor).copy()
        if change(tensor.name, array):
            tensor.CopyFrom(numpy_helper.from_array(array, tensor.name))
            return model
    raise AssertionError("nothing to change")


def flip(name: str, array: np.ndarray[Any, Any]) -> bool:
    if not name.startswith("weights") or array.size < 4:
        return False
    array.flat[np.abs(array).argmax()] *= -1
    return True


def test_a_flipped_weight_is_found() -> None:
    network, inputs, steps = CIRCUITS["graded attention"]
    asked = neural(network)
    broken = faulted(to_onnx(network, probes=asked), flip)
    assert first_difference(network, inputs, steps, model=broken) is not None


def test_other_draws_round_otherwise() -> None:
    network, inputs, steps = LEARNERS["Hebb"]
    learns = network.plastic[0].name
    model = to_onnx(network, probes=[Probe(learns, "weights")])
    name = next(i.name for i in model.graph.input if i.name.startswith("draws."))
    right = run_onnx(model, network, inputs, steps)[f"{learns}.weights"]
    feed = {k: np.asarray(v, np.int32) for k, v in inputs.items()}
    feed[name] = np.zeros((steps, 6), np.int64)
    wrong = session(model).run([f"{learns}.weights"], feed)[0]
    assert not np.array_equal(right, wrong)


# --- what leaves, and what is refused


def test_the_file_has_one_scan_and_trains_as_its_inputs(tmp_path: Path) -> None:
    network, inputs, steps = CIRCUITS["binary attention"]
    told = export_onnx(network, tmp_path / "head.onnx")
    import onnx

    model = onnx.load(tmp_path / "head.onnx")
    onnx.checker.check_model(model)
    assert [node.op_type for node in model.graph.node].count("Scan") == 1
    assert {i.name for i in model.graph.input} == set(inputs)
    assert {*told} == {output_name(Probe(p.name, v)) for p in network.populations
                       if not p.is_source for v in ("spikes", "v")}
    got = run_onnx((tmp_path / "head.onnx").read_bytes(), network, inputs, steps)
    truth = backends.get("reference").run(network, inputs, [Probe("match")], steps)
    np.testing.assert_array_equal(got["match"], truth.spikes("match"))
    with pytest.raises(OutputExistsError):
        export_onnx(network, tmp_path / "head.onnx")


def test_equal_networks_give_equal_bytes(tmp_path: Path) -> None:
    for name in "ab":
        export_onnx(attention(GRADED)[0], tmp_path / name)
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()


def test_floats_are_refused(tmp_path: Path) -> None:
    with pytest.raises(UnsupportedError, match="it computes in floats"):
        export_onnx(float_network()[0], tmp_path / "x.onnx")
    assert not any(tmp_path.iterdir())


def test_a_model_that_nobody_knows_is_refused_by_name() -> None:
    with known(), pytest.raises(UnsupportedError, match="n is a Twin: a model without a kernel"):
        to_onnx(twins())


def test_a_probe_of_nothing_is_refused() -> None:
    with pytest.raises(UsageError, match=r"found matsh. Did you mean 'match'"):
        to_onnx(CIRCUITS["binary attention"][0], probes=[Probe("matsh")])


def test_two_outputs_of_one_name_are_refused() -> None:
    network = Network("n", "fixed", (
        Population("in", 2, Source()), Population("a", 2, CubaLIF()),
        Population("a.v", 2, CubaLIF())),
        (Projection("p", "in", "a", np.eye(2, dtype=np.int32)),
         Projection("q", "in", "a.v", np.eye(2, dtype=np.int32))))
    with pytest.raises(UnsupportedError, match=r"one name; found a\.v"):
        to_onnx(network)


def test_more_weights_than_a_file_holds_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("neuromorph.onnx_export.export.LARGEST", 10)
    with pytest.raises(UnsupportedError, match=r"cannot hold so many weights; found .* bytes"):
        to_onnx(CIRCUITS["binary attention"][0])


@pytest.mark.parametrize(("weights", "kept"), [
    ([[3, -5], [127, 1]], np.int8), ([[254, -254], [2, 0]], np.int8),
    ([[255, 0], [1, 2]], np.int16), ([[-256, 2], [4, 6]], np.int8)])
def test_weights_are_kept_in_few_bytes_and_come_out_whole(weights: Any, kept: Any) -> None:
    weights = np.array(weights, np.int32)
    network = Network("n", "fixed", (
        Population("in", 2, Source(8)), Population("n", 2, Relay())),
        (Projection("p", "in", "n", weights, graded=True),))
    if (weights < 0).any() and (weights & 1).any():
        weights &= ~1  # the synapse keeps a sign there
    inputs = {"in": np.random.default_rng(0).integers(-128, 128, (20, 2))}
    model = to_onnx(network)
    from onnx import numpy_helper

    stored = [numpy_helper.to_array(t) for t in model.graph.initializer
              if t.name.startswith("weights")]
    assert [one.dtype for one in stored if one.size == 4] == [kept]
    assert first_difference(network, inputs, 20) is None


def test_without_onnx_the_error_has_the_line_that_installs_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(__import__("sys").modules, "onnx", None)
    with pytest.raises(MissingExtraError, match=r"pip install 'neuromorph\[onnx\]'"):
        to_onnx(CIRCUITS["binary attention"][0])
