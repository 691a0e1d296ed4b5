"""compile of layers of one's own, packed whole and by groups."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from cli_tools import Run

sys.path.insert(0, str(Path(__file__).parent.parent / "core"))

from small_whole import small_whole

import neuromorph
from neuromorph.api import compile as door
from neuromorph.api.own_layers import load_layers
from neuromorph.bundle.whole import save_whole
from neuromorph.deploy import layers
from neuromorph.errors import DisagreementError, FitError, TensorError, UsageError
from neuromorph.network import blocks


@pytest.fixture
def own(tmp_path: Path) -> Path:
    """Two layers, of which the first is wired group to group, and a dense one."""
    rng = np.random.default_rng(0)
    mask = blocks(4, 1, 0).mask(32, 64)
    np.savez(tmp_path / "own.npz", **{
        "weight.0": rng.standard_normal(mask.shape) * mask, "bias.0": rng.standard_normal(64),
        "weight.1": rng.standard_normal((5, 64)), "bias.1": np.zeros(5),
        "inputs": rng.random((6, 32))})
    return tmp_path / "own.npz"


def test_a_folder_of_layers_by_groups_replays(cli: Run, own: Path, tmp_path: Path) -> None:
    done = cli("compile", own, "--ensembles", "found", "-o", tmp_path / "lab")
    assert (done.code, done.err) == (0, "")
    assert "layer 1 in 4" in done.out
    assert "4 inputs through 2 layers" in done.out
    report = json.loads((tmp_path / "lab" / "report.json").read_text("utf-8"))
    assert report["ensembles"] == {"layer 1": 4}
    assert report["cut"]["slices"] == 4 + 1
    names = {p["name"] for unit in json.loads(
        (tmp_path / "lab" / "program.json").read_text("utf-8"))["units"]
        for p in unit["populations"]}
    assert {"layer 1.0", "layer 1.3", "answer"} <= names
    assert "layer 1" not in names
    assert cli("convert", tmp_path / "lab", "-o", tmp_path / "lab.nir", "--quiet").code in (0, 6)


def test_whole_layers_take_more_synaptic_memory_or_as_many_cores(cli: Run, own: Path) -> None:
    whole, cut = (json.loads(cli("compile", own, *more, "--json").out)
                  for more in ((), ("--ensembles", 4)))
    assert (whole["ensembles"], whole["wired_by_groups"]) == ({}, {"layer 1": 4})
    assert "no; by --ensembles found: layer 1 in 4" in " ".join(cli("compile", own).out.split())
    assert whole["profile"] == cut["profile"]
    assert (whole["sizes"], whole["bit_exact"]["equal"]) == ([32, 64, 5], True)
    assert sum(row[4] for row in cut["core_table"]) < sum(row[4] for row in whole["core_table"])


@pytest.mark.parametrize(("groups", "message"), [
    ("5", "the groups divide no layer; found 5"),
    ("1", "no such number of groups"),
    ("many", "no such number of groups"),
])
def test_groups_that_there_are_not(cli: Run, own: Path, groups: str, message: str) -> None:
    done = cli("compile", own, "--ensembles", groups)
    assert (done.code, done.out) == (2, "")
    assert message in done.err


def test_dense_layers_have_no_groups(cli: Run, own: Path, tmp_path: Path) -> None:
    with np.load(own) as given:
        np.savez(tmp_path / "dense.npz", **{**given, "weight.0": np.ones((64, 32))})
    done = cli("compile", tmp_path / "dense.npz", "--ensembles", "found")
    assert done.code == 2
    assert "no layer of this network is made of blocks" in done.err


def test_what_does_not_fit_whole_but_by_groups_says_so(
    cli: Run, own: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object, **__: object) -> None:
        raise FitError("the board has too few cores", found=2, expected=1)

    monkeypatch.setattr(door, "compile_units", full)
    done = cli("compile", own, "--profile", "kapoho_point")
    assert done.code == 5
    assert "by their groups, which fit: --ensembles found" in " ".join(done.out.split())
    assert "--ensembles" not in cli(
        "compile", own, "--profile", "kapoho_point", "--ensembles", "found").out


def test_bundles_have_no_groups_and_say_what_has(
    cli: Run, exported: Path, tmp_path: Path
) -> None:
    save_whole(small_whole(), tmp_path / "whole")
    for bundle, why in ((exported, "heads of attention are dense"),
                        (tmp_path / "whole", "proved part by part")):
        done = cli("compile", bundle, "--ensembles", "found")
        assert done.code == 2
        assert why in done.err
        assert "neuromorph compile LAYERS.npz --ensembles found" in done.err


def test_from_python(own: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    found = neuromorph.compile_bundle(own, "kapoho_point", ensembles="found").as_dict()
    assert (found["fits"], found["ensembles"]) == (True, {"layer 1": 4})
    with pytest.raises(UsageError, match="no such number"):
        neuromorph.compile_bundle(own, ensembles=True)
    with pytest.raises(UsageError, match="layers have no memory"):
        neuromorph.compile_bundle(own, memory="plastic")

    def wrong(*given: Any) -> Any:
        return closed(*given) + 1

    closed = layers.closed_form
    monkeypatch.setattr(layers, "closed_form", wrong)
    with pytest.raises(DisagreementError, match="do not say what they say whole"):
        neuromorph.compile_bundle(own, ensembles="found")


@pytest.mark.parametrize(("name", "wrong", "said"), [
    ("bias.0", np.zeros(0), r"bias\.0: an array is empty; found \(0,\)"),
    ("weight.0", np.full((64, 32), 1e-44), r"weight\.0: weights are too small.*9\.99e-45"),
    ("inputs", np.full((6, 32), 1e-44), r"weight\.0: weights are too small.*or the inputs"),
    ("weight.1", np.full((5, 64), -1e-44), r"weight\.1: weights are too small"),
    ("inputs", np.ones(32), r"wrong shape; found \[\(64, 32\), \(5, 64\), \(32,\)\]"),
])
def test_arrays_that_are_empty_flat_or_underflow_are_named(
    own: Path, name: str, wrong: Any, said: str
) -> None:
    """No step of 0, by which NumPy would divide."""
    with np.load(own) as arrays:
        held = dict(arrays)
    np.savez(own, **{**held, name: wrong})
    with pytest.raises(TensorError, match=said):
        load_layers(own)
