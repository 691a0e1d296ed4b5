"""What whole models, bundles of attention and attached models lost, on text."""

from __future__ import annotations

import json
import math
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hf_whole import passages, save_language_model, save_text

import neuromorph
from neuromorph.api import evaluate as door
from neuromorph.api.evaluate import evaluate, evaluate_attached
from neuromorph.api.evaluation import sides
from neuromorph.api.evaluation.windows import Bounds
from neuromorph.api.export import export
from neuromorph.api.whole import export_whole
from neuromorph.bundle import load_bundle
from neuromorph.bundle.whole import load_whole
from neuromorph.circuits.transformer.closed_form import run
from neuromorph.errors import InputError, UsageError
from neuromorph.parallel import Spread

pytestmark = pytest.mark.hf


@pytest.fixture(autouse=True)
def plain(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sides, "run_whole", run)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    pytest.importorskip("transformers")
    return save_language_model(tmp_path_factory.mktemp("evaluate") / "model")


@pytest.fixture(scope="module")
def text(folder: Path) -> Path:
    return save_text(folder.parent / "unseen.txt", 6, seed=9)


@pytest.fixture(scope="module")
def whole(folder: Path) -> Path:
    return export_whole(folder, folder.parent / "whole",
                        calibrate=save_text(folder.parent / "text.txt")).path


@pytest.fixture(scope="module")
def attention(folder: Path) -> Path:
    return export(folder, folder.parent / "attention",
                  calibrate=save_text(folder.parent / "text2.txt")).path


def test_figures_of_a_whole_model_are_those_of_transformers(
    whole: Path, text: Path, folder: Path
) -> None:
    import torch

    from neuromorph.huggingface.loading import load_model

    found = evaluate(whole, text, bounds=Bounds(windows=2, length=30)).found
    model, tokenizer = load_model(folder, causal=True)
    ids = tokenizer(passages(6, seed=9)[0])["input_ids"][:30]
    with torch.no_grad():
        logits = model(torch.tensor([ids])).logits[0].double()
    made = torch.from_numpy(run(load_whole(whole).model, np.array(ids)).answer) * 2.0**-load_whole(
        whole).model.head.places
    q, p = logits.log_softmax(-1), made.log_softmax(-1)
    one = evaluate(whole, text, bounds=Bounds(windows=1, length=30)).found
    assert one["kl"] == pytest.approx(float((q.exp() * (q - p)).sum(-1).mean()), rel=1e-3)
    assert one["perplexity_float"] == pytest.approx(math.exp(float(
        -q[:-1].gather(-1, torch.tensor(ids)[1:, None]).mean())), rel=1e-5)
    assert (one["tokens"], found["windows"]) == (30, 2)
    assert len(one["cosine_by_layer"]) == 3
    assert min(one["cosine_by_layer"]) > 0.99
    assert found["kl"] < 0.2
    json.dumps(found, allow_nan=False)


def test_an_interrupted_one_goes_on(
    whole: Path, text: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    bounds, asked = Bounds(windows=4, length=20), 0
    wanted = evaluate(whole, text, bounds=bounds)

    def stops(model: Any, inputs: Any) -> Any:
        nonlocal asked
        asked += 1
        if asked > 2:
            raise KeyboardInterrupt
        return run(model, inputs)

    monkeypatch.setattr(sides, "run_whole", stops)
    with pytest.raises(KeyboardInterrupt):
        evaluate(whole, text, bounds=bounds, work=tmp_path)
    monkeypatch.setattr(sides, "run_whole", run)
    again = evaluate(whole, text, bounds=bounds, work=tmp_path)
    assert (again.resumed, again.found) == (2, wanted.found)
    assert evaluate(whole, text, bounds=Bounds(windows=3, length=20),
                    work=tmp_path).resumed == 0


def test_a_bundle_of_attention(attention: Path, text: Path, folder: Path) -> None:
    found = evaluate(attention, text, against=folder, bounds=Bounds(windows=3, length=24)).found
    assert (found["tokens"], found["windows"]) == (65, 3)
    assert 0 < found["kl"] < 0.5
    assert found["cosine_by_layer"][0] == pytest.approx(1)
    assert found["cosine_by_layer"][-1] < 1
    with pytest.raises(UsageError, match="--against"):
        evaluate(attention, text)


@pytest.mark.parametrize("kind", ["whole", "attention"])
def test_two_processes_say_what_one_does(
    kind: str, text: Path, folder: Path, request: pytest.FixtureRequest
) -> None:
    bundle, bounds = request.getfixturevalue(kind), Bounds(windows=3, length=24)
    one, two = (evaluate(bundle, text, against=folder, bounds=bounds, spread=Spread(jobs=jobs))
                for jobs in (1, 2))
    assert one.as_dict() == two.as_dict()


def test_models_in_memory_stay_in_this_process(attention: Path, text: Path, folder: Path) -> None:
    loaded = replace(load_bundle(attention), path=None)
    with pytest.raises(UsageError, match="in memory cannot be sent"):
        evaluate(loaded, text, against=folder, bounds=Bounds(windows=1, length=20),
                 spread=Spread(jobs=2))


def test_another_float_model_is_another_journal(
    attention: Path, text: Path, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    bounds = Bounds(windows=2, length=20)
    monkeypatch.setattr(door, "summary", lambda *_: {}["none"])
    with pytest.raises(KeyError):
        evaluate(attention, text, against=folder, bounds=bounds, work=tmp_path)
    monkeypatch.undo()
    monkeypatch.setattr(sides, "run_whole", run)
    other = save_language_model(folder.parent / "other", seed=5)
    with pytest.raises(InputError, match="of another run; found against"):
        evaluate(attention, text, against=other, bounds=bounds, work=tmp_path,
                 spread=Spread(resume=True))
    assert evaluate(attention, text, against=folder, bounds=bounds, work=tmp_path,
                    spread=Spread(resume=True)).resumed == 2


def test_an_attached_model(attention: Path, folder: Path, text: Path) -> None:
    from neuromorph.huggingface.loading import load_model

    model, tokenizer = load_model(folder, causal=True)
    bounds = Bounds(windows=3, length=24)
    with neuromorph.attach(model, attention) as spiking:
        done = evaluate_attached(spiking, passages(6, seed=9), tokenizer, bounds=bounds)
        assert spiking.attached
    assert done.found == evaluate(attention, text, against=folder, bounds=bounds).found


def test_another_model_is_refused(whole: Path, text: Path, tmp_path: Path) -> None:
    other = save_language_model(tmp_path / "other", seed=5)
    with pytest.raises(UsageError, match="not the model"):
        evaluate(whole, text, against=other)
