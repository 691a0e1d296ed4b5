"""``neuromorph adapt``: refusals in one line, a table, JSON, and the bundle."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import small_models as small
from cli_tools import Run

from neuromorph.api.adapt import AdaptReport, Fit
from neuromorph.bundle import Bundle, load_bundle


@pytest.mark.parametrize(("arguments", "code", "text"), [
    (["--alpha", "0"], 2, "no such share"), (["--alpha", "nan"], 2, "found nan"),
    (["--force"], 2, "--output"), (["--json", "--quiet"], 2, "contradict"),
    (["--follow", "all"], 2, "--follow"), (["--text", "none.npz"], 3, "none.npz"),
    (["--against", "none"], 3, "none"), (["-o", "."], 2, "would replace"),
])
def test_refusals(fails: Callable[..., str], bundle: Path, arguments: list[object], code: int,
                  text: str) -> None:
    assert text in fails(code, "adapt", bundle, *arguments)


def test_a_whole_model_is_refused(fails: Callable[..., str], tmp_path: Path) -> None:
    (tmp_path / "w").mkdir()
    (tmp_path / "w" / "manifest.toml").write_text('kind = "whole"\ngenerator = "neuromorph 1"\n')
    assert "attention alone is" in fails(2, "adapt", "w")


def test_what_is_no_bundle(fails: Callable[..., str]) -> None:
    assert "nowhere" in fails(3, "adapt", "nowhere")


def test_table_json_and_bundle(cli: Run, bundle: Path, tmp_path: Path) -> None:
    done = cli("adapt", bundle, "-o", "new")
    assert done.code == 0, done.err
    assert "Adapted to 43 passages, measured on 21 others" in done.out
    assert "Nothing is gained: on the new text the mean cosine is 0.99" in " ".join(
        done.out.split())
    assert "the bundle's sample has 17 queries" in done.out + done.err
    said = json.loads(cli("adapt", bundle, "--json").out)
    assert said["bundle"] is None
    assert said["gained"] is False
    assert said["own_after"]["steps"] >= said["own_before"]["steps"]
    assert load_bundle(tmp_path / "new").provenance["adapted"] == "43 passages, its own, alpha 0.3"
    assert cli("simulate", "new", "--quiet").code == 0


def fit(**values: float) -> Fit:
    return replace(Fit(0.0, 0.0, 0.0, 0.999, 17.0), **values)


@pytest.mark.parametrize(("before", "after", "said"), [
    (fit(), fit(), "fit this text as they are"),
    (fit(forced=0.5), fit(forced=0.4), "Try --follow"),
    (fit(clipped=0.2), fit(clipped=0.2), "20.0% of codes are clipped. Try"),
    (fit(cosine=0.9), fit(cosine=0.95), None),
    (fit(forced=0.5), fit(forced=0.1), None),
])
def test_what_gains_nothing_says_so(before: Fit, after: Fit, said: str | None) -> None:
    found = AdaptReport(Bundle("f", True, {}, {}), None, (1, 1), before, after, before, after)
    assert found.gained is (said is None)
    assert len(found.notes) == (said is not None)
    assert (said or "") in "".join(found.notes)


def test_a_model_of_ones_own_is_named_as_export_had_it(
    cli: Run, fails: Callable[..., str], tmp_path: Path
) -> None:
    Path("map.toml").write_text(
        "\n".join(f'{role} = "b.{{layer}}.w{role}"' for role in "qkv") + "\nheads = 4", "utf-8")
    small.write(tmp_path / "own.safetensors", {
        f"b.0.w{role}": small.random((16, 12), number) for number, role in enumerate("qkv")})
    np.savez("h.npz", **{"hidden.0": small.random((12, 9, 12), 0)})
    named = ("--map", "map.toml", "--causal")
    assert cli("export", "own.safetensors", "-o", "b", "--calibrate", "h.npz", *named).code == 0
    missing = fails(2, "adapt", "b", "--text", "h.npz")
    assert "--against" in missing
    assert "--map" in missing
    assert "hidden states (.npz)" in missing
    assert "Give --text FILE.npz of hidden.0" in fails(3, "adapt", "b", "--against",
                                                       "own.safetensors", *named)
    done = cli("adapt", "b", "--text", "h.npz", "--against", "own.safetensors", *named)
    assert done.code == 0, done.err
