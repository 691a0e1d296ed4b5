"""inspect and doctor: what is there, in words and in JSON."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
import small_models as small
from cli_tools import Run

from neuromorph.api import doctor
from neuromorph.models.digits import WEIGHTS


def test_a_bundle(cli: Run, exported: Path) -> None:
    done = cli("inspect", exported)
    assert done.code == 0, done.err
    assert "digits-vit: 3 layers, 12 heads" in done.out
    assert "64 images, the packaged calibration split" in done.out
    assert "179.2 KiB, sha256 " in done.out
    assert max(map(len, done.out.splitlines())) <= 100


def test_a_model(cli: Run) -> None:
    done = cli("inspect", WEIGHTS)
    assert done.code == 0
    assert "every token sees every token" in done.out
    assert "blocks.2.attention" in done.out


def test_notes_are_shown(cli: Run, tmp_path: Path) -> None:
    tensors = small.llama_tensors()
    tensors["model.layers.0.self_attn.q_proj.bias"] = small.random((16,))
    small.folder(tmp_path / "m", tensors, small.llama_config(attention_bias=True))
    result = json.loads(cli("inspect", "m", "--json").out)
    assert result["notes"]
    assert result["notes"][0] in " ".join(cli("inspect", "m").out.split())


@pytest.mark.parametrize("what", ["bundle", "model"])
def test_json_is_all_there_is(cli: Run, exported: Path, what: str) -> None:
    done = cli("inspect", exported if what == "bundle" else WEIGHTS, "--json")
    result = json.loads(done.out)
    assert done.err == ""
    assert result["kind"] == what
    assert [layer["heads"] for layer in result["layers"]] == [4, 4, 4]


def test_quiet_prints_nothing(cli: Run, exported: Path) -> None:
    for more in ([], ["--network"], ["-o", "a.json"]):
        done = cli("inspect", exported, "--quiet", *more)
        assert (done.code, done.out, done.err) == (0, "", "")


def test_networks(cli: Run, exported: Path) -> None:
    text = cli("inspect", exported, "--network").out
    assert text == (exported / "network.txt").read_text()
    assert text.count("# blocks.") == 12
    result = json.loads(cli("inspect", exported, "--network", "--json", "-o", "n.json").out)
    assert result["network"] == text
    assert json.loads(Path("n.json").read_text()) == result


def test_a_model_has_no_networks(fails: Run) -> None:
    assert "this is not a bundle" in fails(3, "inspect", WEIGHTS, "--network")


def test_output_is_a_new_file(cli: Run, fails: Run, exported: Path) -> None:
    done = cli("inspect", exported, "-o", "new/folder/a.json")
    assert done.code == 0
    text = Path("new/folder/a.json").read_text()
    assert json.loads(text)["kind"] == "bundle"
    assert text.endswith("}\n")
    assert "the output exists already" in fails(2, "inspect", exported, "-o", "new/folder/a.json")


def test_names_in_files_are_not_taken_for_markup(cli: Run, tmp_path: Path) -> None:
    """Layer names come from the file: rich would take [bold] for a style, and [] for an error."""
    tensors = small.bert_tensors(prefix="[b][].")
    small.folder(tmp_path / "[bold][]m", tensors, small.bert_config())
    done = cli("inspect", "[bold][]m")
    assert done.code == 0, done.err
    assert "[bold][]m" in done.out
    assert "[b][].encoder.layer.0.attention.self" in done.out


# --- doctor


def test_doctor(cli: Run) -> None:
    done = cli("doctor")
    assert done.code == 0, done.err
    assert "GiB free of" in done.out
    assert "numpy" in done.out
    assert max(map(len, done.out.splitlines())) <= 100


def test_doctor_in_json_and_into_a_file(cli: Run) -> None:
    done = cli("doctor", "--json", "-o", "d.json")
    assert json.loads(done.out)["healthy"] is True
    assert json.loads(Path("d.json").read_text()) == json.loads(done.out)
    assert cli("doctor", "--quiet").out == ""


def test_a_sick_environment_shows_in_the_exit_code(
    cli: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    sick = replace(doctor.diagnose(), numpy_suits_lava=None, memory_available=None)
    monkeypatch.setattr(doctor, "diagnose", lambda: sick)
    done = cli("doctor")
    assert done.code == 6
    assert "the core can run no" in " ".join(done.out.split())
    assert "unknown free of" in done.out
