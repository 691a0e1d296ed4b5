"""What is not installed is named, with the line that installs it; Lava's failures are told."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path

import pytest
import small_models as small
from cli_tools import Run, child, child_environment

from neuromorph import errors
from neuromorph.models.digits import WEIGHTS

BLOCK = """
import sys
class Blocker:
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] in {names!r}:
            raise ModuleNotFoundError(f"No module named {{name!r}}", name=name)
sys.meta_path.insert(0, Blocker())
"""


@pytest.fixture
def without(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """Make packages impossible to import, here and in children."""
    def block(*names: str) -> dict[str, str]:
        place = tmp_path / "blocked"
        place.mkdir()
        (place / "sitecustomize.py").write_text(BLOCK.format(names=names))
        monkeypatch.syspath_prepend(str(place))
        for name in [m for m in sys.modules if m.split(".")[0] in names]:
            monkeypatch.delitem(sys.modules, name)
        for name in names:
            monkeypatch.setitem(sys.modules, name, None)
        environment = child_environment()
        return environment | {"PYTHONPATH": f"{place}:{environment['PYTHONPATH']}"}

    return block


def test_without_matplotlib(fails: Run, without) -> None:
    without("matplotlib")
    text = fails(6, "demo", "-o", "d")
    assert "pictures need matplotlib" in text
    assert "Run: pip install 'neuromorph[plot]'" in text


@pytest.mark.parametrize("name", ["torch", "transformers"])
def test_without_torch_or_transformers(fails: Run, without, tmp_path: Path, name: str) -> None:
    without(name)
    small.folder(tmp_path / "m", small.llama_tensors(), small.llama_config())
    (tmp_path / "t.txt").write_text("one passage\n")
    text = fails(6, "export", "m", "-o", "b", "--calibrate", "t.txt")
    assert "neuromorph[hf]" in text


def test_without_lava(fails: Run, exported: Path, without) -> None:
    without("lava")
    text = fails(6, "simulate", exported, "--backend", "lava", "-o", "r")
    assert "Lava is not installed" in text
    assert "pip install --no-deps --ignore-requires-python lava-nc==0.10.0" in text


def test_without_onnx(fails: Run, exported: Path, without, tmp_path: Path) -> None:
    without("onnx")
    text = fails(6, "convert", exported, "--unit", "0", "-o", tmp_path / "x.onnx")
    assert "an ONNX file needs onnx" in text
    assert "neuromorph[onnx]" in text
    (tmp_path / "m.onnx").write_bytes(b"\x08\x07\x12\x00")
    text = fails(6, "export", "m.onnx", "-o", "b", "--causal", "--calibrate", "h.npz")
    assert "an ONNX file needs onnx" in text
    assert "neuromorph[onnx]" in text


def test_without_any_extra_the_rest_works(exported: Path, without, tmp_path: Path) -> None:
    environment = without("lava", "torch", "transformers", "matplotlib", "sklearn", "nengo", "onnx",
                          "nir", "dask")
    for line in (("doctor", "-q"), ("inspect", exported, "-q"), ("simulate", exported, "-q"),
                 ("export", WEIGHTS, "-q", "-o", tmp_path / "bundle")):
        done = child(*line, env=environment)
        assert (done.code, done.err) == (0, "")


def test_text_that_does_not_fit(fails: Run, tmp_path: Path) -> None:
    small.folder(tmp_path / "m", small.llama_tensors(), small.llama_config())
    (tmp_path / "empty.txt").write_text("\n \n")
    (tmp_path / "odd.txt").write_bytes(b"\xff\xfe")
    for name, code in (("empty.txt", 3), ("odd.txt", 3), ("nothing.TXT", 3)):
        fails(code, "export", "m", "-o", "b", "--calibrate", name)


# --- failures of backends


def test_a_deadline(fails: Run, exported: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NEUROMORPH_LAVA_DEADLINE", "0.05")
    assert "stopped at its deadline; found 0.05 s" in fails(
        7, "simulate", exported, "--backend", "lava")
    monkeypatch.setenv("NEUROMORPH_LAVA_DEADLINE", "soon")
    assert "a deadline must be a positive number" in fails(
        2, "simulate", exported, "--backend", "lava")


def test_a_worker_that_dies(fails: Run, exported: Path, tmp_path: Path, monkeypatch) -> None:
    (tmp_path / "blocked").mkdir()
    (tmp_path / "blocked" / "sitecustomize.py").write_text("import os; os._exit(9)")
    monkeypatch.syspath_prepend(str(tmp_path / "blocked"))
    assert "the Lava worker ended early (exit status 9)" in fails(
        6, "simulate", exported, "--backend", "lava")


def test_backends_that_disagree(fails: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """The demo compares; one bit is enough."""
    from neuromorph.backends import reference
    from neuromorph.models.digits import load_split

    split = load_split()
    part = type(split.test)(*(array[:20] for array in vars(split.test).values()))
    monkeypatch.setattr("neuromorph.api.demo.load_split", lambda: type(split)(
        split.train, split.calibration, split.validation, part))
    real = reference.ReferenceBackend._run

    def off_by_one(self, *args):
        recording = real(self, *args)
        return replace(recording, traces={
            probe: trace + (probe.target == "normaliser")
            for probe, trace in recording.traces.items()})

    monkeypatch.setattr(reference.ReferenceBackend, "_run", off_by_one)
    text = fails(8, "demo", "-o", "d")
    assert "two backends do not agree to the bit; found fast and reference differ in" in text


# --- all of them

NOT_FROM_HERE = {
    "NeuromorphError", "InputError", "NetworkError", "ResourceError",  # only their kinds are met
    "ProfileError", "FitError",  # of `compile`
    "LearningRuleError",  # no command takes a rule; tests/core/test_learning_rule.py
    "UnsupportedError",  # no exported circuit is beyond any of our backends
}


def test_every_error_that_can_be_met_is_tested_here() -> None:
    """By its exit code and text; the classes stand in test_bad_bundles and test_bad_files."""
    named = {name for name, value in vars(errors).items()
             if isinstance(value, type) and issubclass(value, errors.NeuromorphError)}
    tested = {"UsageError", "OutputExistsError", "MissingFileError", "FileFormatError",
              "TensorError", "ModelStructureError", "CalibrationError", "RangeProofError",
              "BundleError", "BackendError", "MissingExtraError", "DeadlineError",
              "MemoryBudgetError", "WriteError", "DisagreementError"}
    assert named == tested | NOT_FROM_HERE
