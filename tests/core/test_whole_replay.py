"""A whole model's folder for a lab: the placed program of all blocks, and one token through it."""

from __future__ import annotations

import runpy
from pathlib import Path

import numpy as np
import pytest
from small_whole import small_whole

from neuromorph.api.compile import compile_bundle
from neuromorph.api.convert import convert
from neuromorph.compile.program_file import read_program
from neuromorph.deploy import whole_trial
from neuromorph.deploy.folder import save_compiled


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("whole") / "lab"
    save_compiled(compile_bundle(small_whole(), "loihi2-graded"), place)
    return place


def test_a_token_through_all_blocks_is_replayed(folder: Path) -> None:
    script = runpy.run_path(str(folder / "replay.py"))
    with np.errstate(all="ignore"):
        assert "equal to the bit" in script["replay"](folder)
    expected = np.load(folder / "expected.npz")
    for name in ("embedding.out", "block0.out", "block1.out"):
        assert expected[f"spikes.{name}"].any(), name
    for name in ("Rsqrt", "UnitResidual", "Slot"):
        assert f"## {name}\n" in (folder / "neurons.md").read_text("utf-8")


def test_the_program_becomes_onnx(folder: Path, tmp_path: Path) -> None:
    pytest.importorskip("onnx", reason="onnx is not installed")
    found = convert(folder, tmp_path / "model.onnx")
    (unit,) = read_program(folder).units
    assert (found["label"], found["unit"]) == ("faithful", unit.name)
    assert found["neurons"] == sum(p.size for p in unit.neurons)


def test_of_a_large_model_the_first_block_is_replayed(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(whole_trial, "SMALL", 0)
    save_compiled(compile_bundle(small_whole(), "loihi2-graded"), tmp_path / "lab")
    part = tmp_path / "lab" / "first-block"
    script = runpy.run_path(str(part / "replay.py"))
    with np.errstate(all="ignore"):
        assert "equal to the bit" in script["replay"](part)
    expected = np.load(part / "expected.npz")
    assert expected["spikes.block0.out"].any()
    assert "spikes.block1.out" not in expected
