"""`tune` on the digits model: judged by the model itself, the same every time, and after a stop."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from small_evaluations import Side

from neuromorph.api.export import export
from neuromorph.api.simulate import classify
from neuromorph.api.tune import TuneReport, tune
from neuromorph.api.tuning import trials as trials_module
from neuromorph.api.tuning.judge import Head, OfImages, Remembered
from neuromorph.api.tuning.space import KINDS
from neuromorph.api.tuning.store import Store
from neuromorph.bundle import Bundle, load_bundle
from neuromorph.errors import RangeProofError, UsageError
from neuromorph.models.digits import WEIGHTS, DigitsViT, Part, load_split
from neuromorph.runtime import Tally
from neuromorph.translate import TranslateOptions

PROFILE = "loihi2-graded"


FEW = 24
"""Images that trials are judged by."""


def few() -> Part:
    part = load_split().validation
    return Part(part.indices[:FEW], part.images[:FEW], part.labels[:FEW])


@pytest.fixture(scope="module", autouse=True)
def few_images() -> Iterator[None]:
    """Each trial asks about all of those that are chosen by."""
    with pytest.MonkeyPatch.context() as patch:
        split = replace(load_split(), validation=few())
        patch.setattr("neuromorph.api.tuning.source.load_split", lambda: split)
        yield


@pytest.fixture(scope="module")
def work(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("tune") / "work"


@pytest.fixture(scope="module")
def tuned(work: Path) -> TuneReport:
    return tune(WEIGHTS, "kl<=0.01", trials=9, work=work, heads=2)


def test_the_best_keeps_it_and_costs_less_than_the_default(tuned: TuneReport) -> None:
    assert tuned.refusal is None
    assert tuned.best is not None
    assert tuned.best.found["kl"] <= 0.01
    assert tuned.best.costs["steps"] < tuned.default.costs["steps"]
    assert not tuned.default_is_best
    assert {trial.kind for trial in tuned.trials} == {kind.name for kind in KINDS}
    assert len(tuned.trials) == 9
    told = json.loads(json.dumps(tuned.as_dict(), allow_nan=False))
    assert told["trials"][told["frontier"][0]]["costs"]["steps"] == min(
        trial["costs"]["steps"] for trial in told["trials"])


def test_the_model_is_the_judge(tuned: TuneReport, tmp_path: Path) -> None:
    """By the logits of `classify`, which runs the spikes on another way."""
    images = few().images
    bundle = export(WEIGHTS, tmp_path / "b", options=tuned.default.options).bundle
    vit = DigitsViT.load()
    tallies = {name: Tally() for name in bundle.codes}
    ours, floats = classify(vit, bundle.codes, images, "fast", tallies)[0], vit.logits(images)
    p, q = (np.exp(said - said.max(1, keepdims=True)) for said in (ours, floats))
    p, q = p / p.sum(1, keepdims=True), q / q.sum(1, keepdims=True)
    assert tuned.default.found["kl"] == pytest.approx((q * np.log(q / p)).sum(1).mean(), rel=1e-3)
    tally = list(tallies.values())
    assert tuned.default.costs["spikes"] == pytest.approx(
        sum(one.spikes for one in tally) / sum(one.queries for one in tally))
    assert tuned.default.costs["steps"] == np.mean(
        [head.period for code in bundle.codes.values() for head in code.heads])


def test_it_goes_on_from_what_is_kept_to_the_same_figures(
    tuned: TuneReport, work: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept = sorted(work.rglob("*.json"))
    assert len(kept) == 9
    kept[4].write_text("{", "utf-8")  # cut by a full disk
    kept[5].unlink()
    made = []
    original = trials_module.Maker.trial
    monkeypatch.setattr(trials_module.Maker, "trial",
                        lambda self, one: made.append(one) or original(self, one))
    again = tune(WEIGHTS, "kl<=0.01", trials=9, work=work)
    assert len(made) == 2
    assert again.as_dict()["trials"] == tuned.as_dict()["trials"]
    assert tune(WEIGHTS, "kl<=0.02", trials=1, work=work).best is not None
    assert len(made) == 2  # another wish asks about the same trials
    tune(WEIGHTS, "kl<=0.01", trials=1, work=work, seed=1)
    assert len(made) == 6  # other samples are held out


def test_the_bundle_is_what_an_export_with_those_options_is(
    tuned: TuneReport, work: Path, tmp_path: Path
) -> None:
    done = tune(WEIGHTS, "kl<=0.01", trials=9, work=work, output=tmp_path / "best")
    assert done.path == tmp_path / "best"
    assert done.best is not None
    bundle = load_bundle(done.path)
    assert bundle.options["window_nats"] == done.best.options.window_nats
    again = tune(done.path, "kl<=0.01", trials=1, work=work)  # a bundle starts from its own
    assert again.default.options == done.best.options
    assert again.default.as_dict() == done.best.as_dict()


def test_what_cannot_be_had_is_refused_with_the_nearest(work: Path, tmp_path: Path) -> None:
    found = tune(WEIGHTS, "kl<=1e-9", trials=2, work=work, output=tmp_path / "none")
    assert found.best is None
    assert found.path is None
    assert not (tmp_path / "none").exists()
    assert found.nearest is not None
    text = str(found.refusal)
    assert "nothing that was tried keeps what is wished; found kl " in text
    assert "at the nearest: graded, 17 slots" in text
    assert "expected kl<=1e-09" in text


def test_no_circuit_is_told_and_not_chosen(monkeypatch: pytest.MonkeyPatch) -> None:
    original = trials_module.calibrated

    def only_graded(samples: object, options: TranslateOptions, name: str) -> object:
        if options.spikes == "binary":
            raise RangeProofError("the sum may leave 24 bits")
        return original(samples, options, name)

    monkeypatch.setattr(trials_module, "calibrated", only_graded)
    found = tune(WEIGHTS, "kl<=0.01", trials=1)
    assert [trial.refused for trial in found.trials] == ["", *["the sum may leave 24 bits"] * 3]
    assert found.best is found.default


def test_by_cores_each_is_compiled_and_what_does_not_fit_is_told() -> None:
    found = tune(WEIGHTS, "kl<=0.5", by="cores", profile=PROFILE, trials=1)
    assert [trial.profile for trial in found.trials] == [PROFILE] * 4
    assert [trial.costs["cores"] for trial in found.trials] == [1.0] * 4
    assert min(trial.costs["energy"] for trial in found.trials) > 0
    stock = tune(WEIGHTS, "kl<=0.5", by="energy", profile="loihi2", trials=1)
    assert stock.trials[0].refused
    assert not any(trial.refused for trial in stock.trials[1:])
    assert stock.best in stock.trials[1:]


def test_heads_alone_lose_less_than_all_together(tuned: TuneReport) -> None:
    asked = [one for one in tuned.heads if one.lost is not None]
    assert len(asked) == 2
    assert len(tuned.heads) == 12
    assert asked == sorted(asked, key=lambda one: -(one.lost or 0))
    assert tuned.best is not None
    assert all(0 < (one.lost or 0) < tuned.best.found["kl"] for one in asked)


def test_a_head_alone_is_that_head(tuned: TuneReport, tmp_path: Path) -> None:
    bundle = export(WEIGHTS, tmp_path / "b").bundle
    judge = OfImages(DigitsViT.load(), few())
    spoilt = _with_flat_values(bundle, "blocks.1.attention", 2)
    heads = [Head("blocks.1.attention", head) for head in range(4)]
    before = [judge.alone(bundle, head)["kl"] for head in heads]
    after = [judge.alone(spoilt, head)["kl"] for head in heads]
    assert [a == b for a, b in zip(before, after, strict=True)] == [True, True, False, True]
    assert after[2] > 100 * before[2]


def _with_flat_values(bundle: Bundle, layer: str, head: int) -> Bundle:
    """The bundle with one head's values gone to their centre."""
    code = bundle.codes[layer]
    scale = code.value_scale.copy()
    scale[head] = 1e9
    return replace(bundle, codes={**bundle.codes, layer: replace(code, value_scale=scale)})


def test_a_metric_that_the_model_has_not_is_refused_before_any_trial(
    monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(trials_module.Maker, "trial", None)
    with pytest.raises(UsageError, match="does not know that metric; found hidden; expected kl"):
        tune(WEIGHTS, "hidden>=0.9")


@pytest.mark.parametrize(("changes", "said"), [
    ({"keep": "cosine>=0.9"}, "does not know that metric"),
    ({"by": "step"}, "Did you mean 'steps'"), ({"trials": 0}, "trials must be"),
    ({"heads": -1}, "heads must be"), ({"seed": -1}, "seed must be"),
    ({"text": "t.txt"}, "takes no text"), ({"output": WEIGHTS.parent}, "would replace the model"),
])
def test_refusals(changes: dict[str, object], said: str) -> None:
    with pytest.raises(UsageError, match=said):
        tune(WEIGHTS, **{"keep": "kl<=0.01", "trials": 1, **changes})


def test_a_bundle_has_its_own_options_and_needs_its_own_model(tmp_path: Path) -> None:
    made = export(WEIGHTS, tmp_path / "b").path
    with pytest.raises(UsageError, match="options of its own"):
        tune(made, "kl<=0.01", options=TranslateOptions())
    (made / "model.safetensors").unlink()
    manifest = made / "manifest.toml"
    parts = manifest.read_text("utf-8").split("[[files]]\n")
    manifest.write_text("[[files]]\n".join(
        part for part in parts if '"model.safetensors"' not in part), "utf-8")
    with pytest.raises(UsageError, match="--against"):
        tune(made, "kl<=0.01")
    assert tune(made, "kl<=0.1", against=WEIGHTS, trials=1).best is not None


def test_a_store_gives_back_what_it_was_given(tuned: TuneReport, tmp_path: Path) -> None:
    store, trial = Store(tmp_path), tuned.trials[3]
    assert store.get(trial.options) is None
    store.put(trial)
    again = store.get(trial.options)
    assert again is not None
    assert again.as_dict() == trial.as_dict()
    file = next(tmp_path.iterdir())
    for wrong in ("[]", "{}", json.dumps({**trial.as_dict(), "found": 3}),
                  json.dumps({**trial.as_dict(), "options": {}})):
        file.write_text(wrong, "utf-8")
        assert store.get(trial.options) is None
    assert Store(None).get(trial.options) is None


def test_answers_are_remembered_as_long_as_there_is_room() -> None:
    side = Side(1)
    remembered = Remembered(side)
    first, again = (remembered.said(np.arange(5)) for _ in range(2))
    assert first is again
    assert side.asked == 1
    remembered._room = 0
    other = [remembered.said(np.arange(6)) for _ in range(2)]
    assert (other[0].answer == other[1].answer).all()
    assert side.asked == 3
