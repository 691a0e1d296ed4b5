"""What a folder holds is what was compiled, or it is not kept: every unit is looked at."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from neuromorph.api.compile import compile_bundle
from neuromorph.api.export import export
from neuromorph.bundle import Bundle
from neuromorph.compile.program_file import program_as_dict, write_arrays
from neuromorph.deploy import folder as written
from neuromorph.deploy import outcome
from neuromorph.deploy.folder import save_compiled
from neuromorph.deploy.outcome import CompileReport
from neuromorph.errors import DisagreementError
from neuromorph.files.arrays import load_arrays
from neuromorph.models.digits import WEIGHTS
from neuromorph.translate import TranslateOptions


@pytest.fixture(scope="module")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> Bundle:
    path = tmp_path_factory.mktemp("written") / "bundle"
    return export(WEIGHTS, path, options=TranslateOptions(spikes="binary")).bundle


@pytest.fixture(scope="module")
def compiled(bundle: Bundle) -> CompileReport:
    return compile_bundle(bundle, "loihi2")


def other_weight(folder: Path) -> None:
    """In the last of twelve heads."""
    program = json.loads((folder / "program.json").read_text("utf-8"))
    name = program["units"][-1]["projections"][0]["weights"]
    weights = load_arrays(folder / "weights.npz")
    spoilt = weights[name].astype(np.int16)
    spoilt[0, 0] = 2 - spoilt[0, 0]
    write_arrays(folder / "weights.npz", weights | {name: spoilt})


def other_exponent(folder: Path) -> None:
    program = json.loads((folder / "program.json").read_text("utf-8"))
    program["units"][-1]["projections"][1]["exponent"] += 1
    (folder / "program.json").write_text(json.dumps(program), "utf-8")


def lost_field(folder: Path) -> None:
    program = json.loads((folder / "program.json").read_text("utf-8"))
    del program["units"][-1]["projections"][1]["exponent"]
    (folder / "program.json").write_text(json.dumps(program), "utf-8")


def no_object(folder: Path) -> None:
    (folder / "program.json").write_text("[]", "utf-8")


def cut_program(folder: Path) -> None:
    whole = (folder / "program.json").read_bytes()
    (folder / "program.json").write_bytes(whole[:-100])


def cut_weights(folder: Path) -> None:
    whole = (folder / "weights.npz").read_bytes()
    (folder / "weights.npz").write_bytes(whole[: len(whole) // 2])


def flipped_weights(folder: Path) -> None:
    whole = bytearray((folder / "weights.npz").read_bytes())
    whole[len(whole) // 3] ^= 255
    (folder / "weights.npz").write_bytes(whole)


@pytest.mark.parametrize(("spoil", "text"), [
    (other_weight, "a projection is as it was given"), (other_exponent, "what was written"),
    (lost_field, "what was written is no program"), (no_object, "what was written cannot be read"),
    (cut_program, "what was written cannot be read"), (cut_weights, "what was written cannot be"),
    (flipped_weights, "what was written cannot be read"),
])
def test_what_a_disk_made_of_it_is_not_kept(
    spoil: Callable[[Path], None], text: str, compiled: CompileReport, tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    write = written.write_lab_folder

    def spoilt(folder: Path, *arguments: Any, **settings: Any) -> None:
        write(folder, *arguments, **settings)
        spoil(folder)

    monkeypatch.setattr(written, "write_lab_folder", spoilt)
    with pytest.raises(DisagreementError, match=text):
        save_compiled(compiled, tmp_path / "lab")
    assert list(tmp_path.iterdir()) == []


def test_a_wrong_weight_in_a_head_that_is_not_run_is_found(
    bundle: Bundle, monkeypatch: pytest.MonkeyPatch
) -> None:
    def spoilt(program: Any) -> Any:
        data, weights = program_as_dict(program)
        found = data["units"][1]["projections"][3]
        other = weights[found["weights"]].astype(np.int16)
        other[-1, -1] = 2 - other[-1, -1]
        found["weights"] = "other"
        return data, weights | {"other": other}

    monkeypatch.setattr(outcome, "TRIED", 1)
    monkeypatch.setattr(outcome, "program_as_dict", spoilt)
    with pytest.raises(DisagreementError) as caught:
        compile_bundle(bundle, "loihi2")
    assert "the checker does not accept the placed program" in str(caught.value)
    assert "attention.1.value" in str(caught.value)
