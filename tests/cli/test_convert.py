"""``neuromorph convert``: a bundle's or a program's network as ONNX or NIR."""

from __future__ import annotations

import importlib.util
import json
from pathlib import Path
from typing import Any

import pytest
from cli_tools import Run

pytestmark = pytest.mark.skipif(
    any(importlib.util.find_spec(name) is None for name in ("onnx", "onnxruntime")),
    reason="onnx or onnxruntime is not installed")


def shapes(path: Path) -> dict[str, Any]:
    import onnx

    model = onnx.load(path)
    return {i.name: i.type.tensor_type.shape.dim[1].dim_value for i in model.graph.input}


def test_a_head_of_a_bundle_becomes_onnx(cli: Run, exported: Path, tmp_path: Path) -> None:
    done = cli("convert", exported, "--unit", "0", "-o", tmp_path / "head.onnx", "--json")
    found = json.loads(done.out)
    assert done.code == 0
    assert (found["format"], found["label"], found["lost"]) == ("onnx", "faithful", [])
    assert shapes(tmp_path / "head.onnx") == found["inputs"]
    assert found["bytes"] == (tmp_path / "head.onnx").stat().st_size


def test_a_compiled_program_becomes_onnx_core_by_core(
    cli: Run, exported: Path, tmp_path: Path
) -> None:
    assert cli("compile", exported, "--profile", "loihi2", "-o", tmp_path / "lab").code in (0, 5)
    if not (tmp_path / "lab" / "program.json").exists():
        assert cli("compile", exported, "--programmable", "-o", tmp_path / "lab",
                   "--force").code == 0
    told = [json.loads(cli("convert", tmp_path / "lab", "--unit", "1", *more, "-o",
                           tmp_path / f"{len(more)}.onnx", "--json").out)
            for more in ((), ("--cores",))]
    assert told[0]["neurons"] == told[1]["neurons"]
    assert told[0]["populations"] <= told[1]["populations"]


def test_what_is_not_clear_is_asked_for(fails: Run, exported: Path, tmp_path: Path) -> None:
    text = fails(2, "convert", exported, "-o", tmp_path / "x.onnx")
    assert "there are several networks" in text
    assert "--unit" in text
    text = fails(2, "convert", exported, "--unit", "nobody", "-o", tmp_path / "x.onnx")
    assert "there is no such network" in text
    text = fails(2, "convert", exported, "--unit", "0", "-o", tmp_path / "x.pb")
    assert "found pb; expected onnx or nir" in text
    text = fails(2, "convert", exported, "--unit", "0", "--cores", "-o", tmp_path / "x.onnx")
    assert "only a compiled program has cores" in text
    assert not list(tmp_path.glob("x.*"))


def test_an_earlier_file_stays(cli: Run, fails: Run, exported: Path, tmp_path: Path) -> None:
    (tmp_path / "x.onnx").write_text("mine")
    fails(2, "convert", exported, "--unit", "0", "-o", tmp_path / "x.onnx")
    assert (tmp_path / "x.onnx").read_text() == "mine"


def test_what_a_format_cannot_hold_is_named(fails: Run, exported: Path, tmp_path: Path) -> None:
    pytest.importorskip("nir")
    text = fails(6, "convert", exported, "--unit", "0", "-o", tmp_path / "x.nir")
    assert "NIR cannot hold this network; found NIR has no" in text
