"""`tune` on transformers' models: language models and encoders, judged on text by themselves."""

from __future__ import annotations

from pathlib import Path

import pytest
from hf_folders import PASSAGES, save_model
from hf_whole import save_language_model, save_text

import neuromorph
from neuromorph.api.evaluate import evaluate
from neuromorph.api.evaluation.windows import Bounds
from neuromorph.api.tune import TuneReport, tune
from neuromorph.api.tuning.judge import Head
from neuromorph.api.tuning.source import Data, read_subject
from neuromorph.api.tuning.trials import Maker
from neuromorph.errors import CalibrationError, UsageError
from neuromorph.progress import silent

pytestmark = pytest.mark.hf

BOUNDS = Bounds(windows=3, length=24)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    pytest.importorskip("transformers")
    return save_language_model(tmp_path_factory.mktemp("tune") / "model")


@pytest.fixture(scope="module")
def data(folder: Path) -> Path:
    return save_text(folder.parent / "calibrate.txt")


@pytest.fixture(scope="module")
def text(folder: Path) -> Path:
    return save_text(folder.parent / "judge.txt", 6, seed=9)


@pytest.fixture(scope="module")
def tuned(folder: Path, data: Path, text: Path) -> TuneReport:
    return tune(folder, "kl<=0.5", calibrate=data, text=text, bounds=BOUNDS, trials=14, heads=8,
                output=folder.parent / "best", work=folder.parent / "work")


def test_a_language_model(tuned: TuneReport, folder: Path, text: Path) -> None:
    """What it says of the best is what `evaluate` says of the bundle that was written."""
    assert tuned.refusal is None
    assert tuned.best is not None
    assert tuned.path is not None
    assert tuned.best.costs["steps"] < tuned.default.costs["steps"]
    found = evaluate(tuned.path, text, against=folder, bounds=BOUNDS).found
    assert tuned.best.found == found
    slots = {trial.options.slots for trial in tuned.trials}
    assert slots == {64, 128, 256}  # the longest passage, rounded up, and as long as it may be


def test_heads_are_asked_about_one_by_one(tuned: TuneReport) -> None:
    assert len(tuned.heads) == 8
    lost = [one.lost for one in tuned.heads]
    assert None not in lost
    assert lost == sorted(lost, reverse=True)
    assert lost[0] > 0
    assert len({(one.head.layer, one.head.number) for one in tuned.heads}) == 8


def test_a_bundle_goes_on_from_its_own_options(
    tuned: TuneReport, folder: Path, data: Path, text: Path
) -> None:
    again = tune(tuned.path, "kl<=0.5", against=folder, calibrate=data, text=text, bounds=BOUNDS,
                 trials=1)
    assert tuned.best is not None
    assert again.default.options == tuned.best.options
    assert again.default.found == tuned.best.found
    with pytest.raises(UsageError, match="--against"):
        tune(tuned.path, "kl<=0.5", calibrate=data, text=text)


def test_of_another_model_a_bundle_is_not_made(
    tuned: TuneReport, data: Path, text: Path, tmp_path: Path
) -> None:
    other = save_language_model(tmp_path / "other", seed=1)
    with pytest.raises(UsageError, match="not the model that the bundle was made from"):
        tune(tuned.path, "kl<=0.5", against=other, calibrate=data, text=text)


def test_all_heads_but_one_are_float(folder: Path, data: Path, text: Path) -> None:
    """With every head of it alone there is nothing that the others add: checked by hand."""
    import torch

    from neuromorph.huggingface.alone import Alone
    from neuromorph.huggingface.loading import load_model

    subject = read_subject(Data(folder, None, data, text, BOUNDS), None, 0, silent)
    bundle = Maker(subject, None).bundle(subject.default)
    model, tokenizer = load_model(folder, causal=True)
    inputs = tokenizer(text.read_text().splitlines()[0], return_tensors="pt")
    layer = list(bundle.codes)[-1]

    def states() -> torch.Tensor:
        with torch.no_grad():
            return model.model(**inputs).last_hidden_state[0]

    plain = states()
    with neuromorph.attach(model, bundle):
        all_spikes = states()
    seen: list[torch.Tensor] = []
    out = model.get_submodule(f"model.{layer}" if not layer.startswith("model.") else layer).o_proj
    hook = out.register_forward_pre_hook(lambda _, given: seen.append(given[0][0].clone()))
    states()
    with Alone.of(model, bundle.codes, layer, 2):
        one = states()
    hook.remove()
    changed = (seen[0] - seen[1]).abs().reshape(len(plain), 4, -1).amax(dim=(0, 2))
    assert (changed > 1e-5).tolist() == [False, False, True, False]
    assert 0 < (one - plain).norm() < (all_spikes - plain).norm()
    assert torch.equal(states(), plain)
    assert subject.judge.alone(bundle, Head(layer, 2))["kl"] > 0


def test_an_encoder(tmp_path: Path) -> None:
    folder = save_model(tmp_path / "bert")
    data, text = tmp_path / "c.txt", tmp_path / "t.txt"
    data.write_text("\n".join(PASSAGES[:3]) + "\n")
    text.write_text(f"{PASSAGES[3]}\n{PASSAGES[0]} {PASSAGES[1]}\n")
    found = tune(folder, "cosine>=0.9,hidden>=0.5", calibrate=data, text=text, trials=14, heads=1)
    assert found.best is not None
    assert found.best.found["cosine"] >= 0.9
    assert found.heads[0].lost == pytest.approx(0, abs=0.1)
    with pytest.raises(UsageError, match="does not know that metric"):
        tune(folder, "kl<=0.1", calibrate=data, text=text, trials=1)


def test_what_is_missing_is_named(folder: Path, data: Path, text: Path, tmp_path: Path) -> None:
    with pytest.raises(CalibrationError, match="--calibrate"):
        tune(folder, "kl<=0.1", text=text)
    with pytest.raises(UsageError, match="--text"):
        tune(folder, "kl<=0.1", calibrate=data)
    with pytest.raises(UsageError, match="calibrated on"):
        tune(folder, "kl<=0.1", calibrate=data, text=data)
