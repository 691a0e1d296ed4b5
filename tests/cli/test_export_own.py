"""export of models with names of their own: options, a map, a configuration."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import small_models as small
from cli_tools import Run

from neuromorph.bundle import load_bundle

MAP = "\n".join(f'{role} = "b.{{layer}}.w{role}"' for role in "qkv")
WIDTH, ROWS = 12, 16


@pytest.fixture
def own(tmp_path: Path) -> Path:
    (tmp_path / "map.toml").write_text(MAP)
    np.savez(tmp_path / "h.npz", **{f"hidden.{i}": small.random((12, 9, WIDTH), i)
                                    for i in range(2)})
    return small.write(tmp_path / "own.safetensors", {
        f"b.{layer}.w{role}": small.random((ROWS, WIDTH), 3 * layer + number)
        for layer in range(2) for number, role in enumerate("qkv")})


def test_a_map_and_options(cli: Run, own: Path) -> None:
    done = cli("export", own, "-o", "b", "--calibrate", "h.npz", "--map", "map.toml", "--heads", 4,
               "--causal", "--json")
    assert done.code == 0, done.err
    assert json.loads(done.out)["family"] == "own"
    bundle = load_bundle("b")
    assert bundle.causal
    assert sorted(bundle.codes) == ["b.0", "b.1"]


@pytest.mark.parametrize("more", [(), ("--text", "text.txt")])
def test_evaluate_says_how_a_model_of_ones_own_is_held_against_its_bundle(
    cli: Run, own: Path, more: tuple[str, ...]
) -> None:
    Path("text.txt").write_text("a text", "utf-8")
    cli("export", own, "-o", "b", "--calibrate", "h.npz", "--map", "map.toml", "--heads", 4,
        "--causal")
    done = cli("evaluate", "b", *more)
    assert done.code == 2
    assert 'neuromorph.attach(model, "b")' in done.err


@pytest.mark.parametrize(("arguments", "code", "text"), [
    (["--map", "map.toml", "--heads", 4], 2, "expected --causal or --not-causal"),
    (["--map", "map.toml", "--causal"], 2, "expected --heads N"),
    (["--heads", 4, "--causal"], 3, "named for the roles q, k, v"),
    (["--map", "none.toml", "--heads", 4], 3, "none.toml: no such file"),
    (["--map", "map.toml", "--heads", 3, "--causal"], 3, "found 16 rows, 3 heads"),
    (["--map", "map.toml", "--heads", 4, "--causal", "--transposed"], 3,
     "hidden states have the wrong shape; found (12, 9, 12); expected (tokens, 16)"),
    (["--map", "map.toml", "--heads", 4, "--causal", "--rope-theta", 0], 3, "rope_theta is not"),
    (["--map", "map.toml", "--heads", 4, "--causal", "--whole"], 3,
     "the map does not say what a whole model needs; expected attention_norm, mlp_norm, gate, "),
    (["--rope-theta", 0, "--whole"], 3, "rope_theta is not usable"),
    (["--map", "map.toml", "--calibrate", "x.txt"], 2, "whose names need no map"),
])
def test_what_does_not_fit(
    fails: Run, own: Path, arguments: list[object], code: int, text: str
) -> None:
    data = [] if "--calibrate" in arguments else ["--calibrate", "h.npz"]
    assert text in fails(code, "export", own, "-o", "b", *data, *arguments)


def test_what_a_recording_found_otherwise_is_refused(cli: Run, fails: Run, tmp_path: Path) -> None:
    """Both orders have one shape; only the recording that lies beside the data knows."""
    (tmp_path / "rec").mkdir()
    np.savez(tmp_path / "rec" / "hidden.npz", **{"hidden.0": small.random((12, 9, WIDTH), 0)})
    own = small.write(tmp_path / "own.safetensors", {"b.0.qkv": small.random((3 * ROWS, WIDTH), 0)})
    Path("map.toml").write_text('qkv = "b.{layer}.qkv"\nheads = 4\ncausal = true', "utf-8")
    command = ["export", own, "-o", "b", "--calibrate", "rec/hidden.npz", "--map", "map.toml"]
    for config in ({"model_type": "own", "qkv": "b.{layer}.qkv", "fused_order": "heads"},
                   {"model_type": "own", "qkv": "other", "causal": False}):
        (tmp_path / "rec" / "config.json").write_text(json.dumps(config), "utf-8")
        (name,) = config.keys() & {"fused_order", "causal"}
        said = fails(2, *command, "--fused-order", "blocks")
        assert f"{name} is not as the recording beside the data has it" in said
        assert "rec/config.json" in said
    (tmp_path / "rec" / "config.json").write_text('{"model_type": "gpt2"}', "utf-8")
    done = cli(*command, "--fused-order", "blocks")
    assert done.code == 0, done.err
