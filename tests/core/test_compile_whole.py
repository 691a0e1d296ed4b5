"""Whole models on boards: placed as one network, judged, run in part, and told."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from small_transformers import KINDS, differs, inputs_of, kind
from small_whole import small_whole

from neuromorph.api.compile import _begun, compile_bundle, program_text
from neuromorph.bundle.whole import WholeBundle, save_whole
from neuromorph.circuits.transformer.build import build
from neuromorph.circuits.transformer.timeline import course_of
from neuromorph.compile import Unit, compile_units
from neuromorph.compile.check import check_program
from neuromorph.compile.packing import spread
from neuromorph.compile.packing.cut import in_declared_order
from neuromorph.compile.program_file import program_as_dict, read_program
from neuromorph.deploy import any_units, whole_trial
from neuromorph.deploy.folder import FOLDER, save_compiled
from neuromorph.deploy.whole_trial import serial, try_token
from neuromorph.errors import DisagreementError, FitError, UsageError
from neuromorph.profiles import Profile, load_profile
from neuromorph.progress import silent
from neuromorph.report.compile_page import render_compile_page
from neuromorph.report.compile_pictures import draw_pictures
from neuromorph.report.compile_tables import compile_rows


def small_cores(**changed: int) -> Profile:
    """Cores so small that a tiny model needs many of them."""
    board = load_profile("loihi2-graded")
    core = {"synapse_bits": 12_288, "memory_bits": 40_960, "in_axons": 400, "out_axons": 300,
            **changed}
    return replace(board, core=board.core.model_copy(update=core),
                   chip=board.chip.model_copy(update={"cores_usable": 120}))


@pytest.mark.parametrize("name", [
    "Llama", "ViT", "many tokens", pytest.param("BERT", marks=pytest.mark.slow),
    pytest.param("three blocks", marks=pytest.mark.slow)])
def test_a_model_over_many_small_cores_is_the_model(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Light neurons between the others: judged by the checker, and run as it lies."""
    monkeypatch.setattr(spread, "MANY", 0)
    monkeypatch.setattr(spread, "PIECE", 0)  # any cut is worth it
    model, network = kind(name)
    profile = load_profile("loihi2-graded") if name == "many tokens" else small_cores()
    compiled = compile_units([Unit("whole", network)], profile)
    found = check_program(*program_as_dict(compiled.program), profile, [("whole", network)])
    assert found.violations == ()
    declared = in_declared_order(compiled.demands, compiled.limits)
    assert compiled.program.cores <= max(piece.core for piece in declared) + 1
    if name != "many tokens":
        assert compiled.program.cores > 4
        assert len(compiled.program.slices) > len(compiled.program.units[0].neurons)
    try_token(model, compiled)


@pytest.mark.parametrize("name", [
    name if name in {"Llama", "BERT", "two paces"} else
    pytest.param(name, marks=pytest.mark.slow) for name in KINDS])
def test_a_token_by_itself_is_the_same_at_any_pace(name: str) -> None:
    """In a period as long as its way a token has the same synapses, and the same answer."""
    model, network = kind(name)
    slow = serial(model)
    again = build(slow)
    for one, other in zip(network.projections, again.projections, strict=True):
        assert (one.name, one.exponent) == (other.name, other.exponent)
        assert np.array_equal(one.weights, other.weights)
    if model.causal:
        assert differs(slow, again, inputs_of(model, 2)) is None


def test_a_report_says_what_a_token_costs_at_both_paces() -> None:
    found = compile_bundle(small_whole(), "loihi2-graded")
    report = json.loads(json.dumps(found.as_dict()))
    assert report["fits"]
    assert (report["kind_of_bundle"], report["pace"], report["per"]) == ("whole", "serial",
                                                              "one token, serial")
    alone, together = (report["paces"][pace]["sets"][0] for pace in ("serial", "pipelined"))
    assert alone["seconds"] > together["seconds"] > 0
    assert report["band"] == report["paces"]["serial"]
    events = [report["paces"][pace]["events"] for pace in ("serial", "pipelined")]
    assert events[0]["synaptic_ops"] == events[1]["synaptic_ops"] > 0
    assert events[0]["neuron_steps"] > events[1]["neuron_steps"]
    assert events[0]["steps"] == report["steps"]["token"]
    assert events[1]["steps"] == report["steps"]["period"]
    rows = compile_rows(report)
    assert "whole: 2 blocks" in str(rows["model"])
    assert "2 blocks of 2" in str(rows["equal to the bit"])
    assert "whole" in render_compile_page(report, draw_pictures(report))


def test_an_encoder_goes_through_in_its_passes() -> None:
    model = KINDS["ViT"](0)
    report = compile_bundle(WholeBundle(model, "digits"), "loihi2-graded").report
    assert report["per"] == f"one token, pipelined, {model.passes} passes"
    steps = report["paces"]["pipelined"]["events"]["steps"]
    assert steps == model.passes * course_of(model).period
    page = render_compile_page(report, {})
    assert "None" not in page  # no single core is busiest where tokens overlap
    assert "attention heads alone" not in page
    assert not any("One block was run" in said for said in report["assumptions"])


def test_blocks_count_as_the_first_one(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of a large model: what three blocks take is what two take, and a block more."""
    monkeypatch.setattr(whole_trial, "SMALL", 0)

    def events(blocks: int) -> dict[str, float]:
        found = compile_bundle(small_whole(blocks=blocks), "loihi2-graded").report
        return dict(found["paces"]["serial"]["events"])

    one, two, three = (events(blocks) for blocks in (1, 2, 3))
    for name in ("synaptic_ops", "spikes"):
        assert three[name] - two[name] == two[name] - one[name] > 0
    assert one["host_spikes"] == three["host_spikes"]


@pytest.mark.parametrize("small", [True, False])
def test_a_folder_holds_the_program_and_a_run(
    small: bool, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Of a large model the run is of its first block, in a folder of its own."""
    monkeypatch.setattr(whole_trial, "SMALL", 10**6 if small else 0)
    found = compile_bundle(small_whole(), "loihi2-graded")
    save_compiled(found, tmp_path / "lab")
    FOLDER.check_ours(tmp_path / "lab")
    assert read_program(tmp_path / "lab").cores == found.report["cores_used"]
    lab = tmp_path / "lab" / ("" if small else "first-block")
    assert {"README.md", "inputs.npz", "expected.npz", "program.json"} <= {
        one.name for one in lab.iterdir()}
    blocks = {p.name.split(".")[0] for p in read_program(lab).units[0].neurons}
    assert ("block1" in blocks) == small
    save_compiled(found, tmp_path / "lab", force=True)  # ours to replace


def faulty(compiled: Any, name: str) -> Any:
    """Rows of the placed synapses in another order."""
    unit = compiled.program.units[0]
    old = unit.network.projection(name)
    weights = np.roll(old.weights, 1, axis=0)
    network = replace(unit.network, projections=tuple(
        replace(p, weights=weights) if p.name == name else p for p in unit.network.projections))
    return replace(compiled, program=replace(compiled.program,
                                             units=(replace(unit, network=network),)))


@pytest.mark.parametrize("name", ["block0.fed_back.down", "answer.logits", "block0.gated.up"])
def test_a_fault_in_what_was_placed_is_seen(name: str) -> None:
    model, network = kind("Llama")
    compiled = compile_units([Unit("model", network)], load_profile("loihi2-graded"))
    try_token(model, compiled)
    with pytest.raises(DisagreementError, match="does not give what the integers give"):
        try_token(model, faulty(compiled, name))


def test_a_model_that_is_too_large_says_how_many_chips_would_do(tmp_path: Any) -> None:
    path = save_whole(small_whole(), tmp_path / "bundle")
    report = compile_bundle(path, "loihi2-graded").report
    cores = report["cores_used"]
    assert cores > 1
    job = _begun(path, "loihi2-graded", "static", False, silent)
    profile = replace(small_cores(), chip=small_cores().chip.model_copy(
        update={"cores_usable": 2}))
    with pytest.raises(FitError) as caught:
        compile_units(job.units, profile)
    found = replace(job, target=replace(job.target, profile=profile)).not_placed(caught.value)
    assert not found.report["fits"]
    least = found.report["needs"]["cores at least"]
    assert f"{-(-least // 2)} such chips or more" in found.report["changes"][-1]
    assert compile_rows(found.report)["fits"].startswith("no: ")  # type: ignore[union-attr]


def test_the_smallest_board_is_found_and_loihi_1_is_refused() -> None:
    report = compile_bundle(small_whole()).report
    assert report["chosen"] == "the smallest that takes the model"
    assert report["profile"] == "loihi2-graded"
    assert "stock" not in report["title"]
    with pytest.raises(UsageError, match="Loihi 1 has no programmable neurons"):
        compile_bundle(small_whole(), "loihi1")


def test_a_whole_models_program_is_printed_as_any() -> None:
    text = program_text(small_whole(), "loihi2-graded", "place")
    assert "block1.gated.a" in text


def test_settings_that_no_core_has_all_of_count_in_the_bound() -> None:
    """A model of little memory: its neurons differ by more than one core can hold."""
    _, network = kind("Llama")
    compiled = compile_units([Unit("whole", network)], load_profile("loihi2-graded"))
    different = {demand.setting for demand in compiled.demands[0]}
    most = min(compiled.limits.thresholds, compiled.limits.settings)
    assert compiled.worst_resource == "settings"
    assert compiled.lower_bound == -(-len(different) // most) > 1
    assert compiled.program.cores <= 1.1 * compiled.lower_bound + 1


def test_a_set_of_costs_that_is_not_there_is_refused_before_anything_is_built(
    monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(any_units, "unit_of", lambda _: pytest.fail("it was built"))
    with pytest.raises(UsageError, match="no such set of costs"):
        compile_bundle(small_whole(), "loihi2-graded", costs="nope")


def test_a_memory_is_no_choice_of_a_whole_model() -> None:
    with pytest.raises(UsageError, match="always written by plasticity"):
        compile_bundle(small_whole(), "loihi2-graded", memory="plastic")
