"""A whole language model from a folder to a bundle, and its text beside the float model's."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hf_whole import TEMPLATE, save_language_model, save_text
from small_whole import PlainSession

from neuromorph.api import generate as door
from neuromorph.api.evaluate import evaluate
from neuromorph.api.evaluation.windows import Bounds
from neuromorph.api.float_text import original_of
from neuromorph.api.generate import generate
from neuromorph.api.whole import WholeReport, export_whole
from neuromorph.bundle.whole import WholeBundle, load_whole
from neuromorph.circuits.transformer.closed_form import run
from neuromorph.errors import (
    CalibrationError,
    InputError,
    ModelStructureError,
    OutputExistsError,
    UsageError,
)
from neuromorph.huggingface.text_files import text_of
from neuromorph.models.licence import licence_of

pytestmark = pytest.mark.hf


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    pytest.importorskip("transformers")
    return save_language_model(tmp_path_factory.mktemp("whole") / "model")


@pytest.fixture(scope="module")
def text(folder: Path) -> Path:
    return save_text(folder.parent / "text.txt")


@pytest.fixture(scope="module")
def report(folder: Path, text: Path) -> WholeReport:
    return export_whole(folder, folder.parent / "bundle", calibrate=text)


@pytest.fixture
def plain(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(door, "open_session", PlainSession)


def loaded(report: WholeReport) -> WholeBundle:
    return load_whole(report.path)


def test_a_bundle_holds_the_model_and_where_it_came_from(
    report: WholeReport, folder: Path
) -> None:
    bundle = loaded(report)
    assert (bundle.family, len(bundle.model.blocks), bundle.model.slots) == ("llama", 2, 256)
    assert bundle.provenance["licence"] == "apache-2.0"
    assert bundle.provenance["files"].keys() == {"model.safetensors"}
    assert bundle.text.stop == (256,)
    assert bundle.text.template == TEMPLATE
    assert (bundle.text.chat.before, bundle.text.chat.after) == ("<|begin|>user: ", "\nmodel: ")


def test_its_blocks_are_close_to_float(report: WholeReport) -> None:
    said = report.as_dict()
    assert said["last_cosine"] > 0.99
    assert said["fidelity_on"] == "held-out text"
    assert all(layer["share"] <= 1 for layer in said["by_layer"])
    json.dumps(said, allow_nan=False)


def test_a_model_whose_heads_have_norms(text: Path, tmp_path: Path) -> None:
    """A tiny Qwen3: exported, loaded, judged, and heard."""
    folder = save_language_model(tmp_path / "qwen3", family="Qwen3", head_dim=16)
    found = export_whole(folder, tmp_path / "bundle", calibrate=text)
    bundle = loaded(found)
    assert bundle.family == "qwen3"
    assert [sorted(block.head_norms) for block in bundle.model.blocks] == [["key", "query"]] * 2
    assert found.as_dict()["last_cosine"] > .999
    judged = evaluate(bundle, save_text(tmp_path / "other.txt", 8, seed=5), against=folder,
                      bounds=Bounds(windows=2, length=30)).found
    assert judged["kl"] < .005
    assert min(judged["cosine_by_layer"]) > .998
    made = generate(bundle, "a spike fires", tokens=6).finish()
    spoken = [*made.prompt, *made.tokens]
    assert run(bundle.model, np.array(spoken[:-1])).answer.argmax(axis=1)[-6:].tolist() == \
        made.tokens
    assert original_of(bundle, folder).continued(made).as_dict()["float_tokens"] == 6


def test_the_same_model_and_text_give_the_same_bytes(
    report: WholeReport, folder: Path, text: Path, tmp_path: Path
) -> None:
    again = export_whole(folder, tmp_path / "again", calibrate=text).path
    assert {p.name: p.read_bytes() for p in again.iterdir()} == {
        p.name: p.read_bytes() for p in report.path.iterdir()}


def test_streams_decode_to_the_float_models_hidden_states(
    report: WholeReport, folder: Path
) -> None:
    from neuromorph.huggingface.loading import load_model

    bundle, tokens = loaded(report), np.arange(40, 70)
    model = load_model(folder, causal=True)[0]
    import torch

    with torch.no_grad():
        wanted = model(torch.from_numpy(tokens)[None], output_hidden_states=True).hidden_states
    found = bundle.streams.decode(1, run(bundle.model, tokens).streams[1])
    first = wanted[1][0].double().numpy()
    assert (found * first).sum() / np.linalg.norm(found) / np.linalg.norm(first) > 0.99


@pytest.mark.usefixtures("plain")
def test_the_float_models_text_is_shown_beside(report: WholeReport) -> None:
    bundle = loaded(report)
    made = generate(bundle, "a spike", tokens=6).finish()
    beside = original_of(bundle).continued(made).as_dict()
    assert beside["float_tokens"] == 6
    assert 0 <= beside["float_same_tokens"] <= 6


def test_float_text_is_what_transformers_generates(report: WholeReport, folder: Path) -> None:
    import torch

    from neuromorph.huggingface.loading import load_model
    from neuromorph.huggingface.speaking import FloatSession

    model = load_model(folder, causal=True)[0]
    session, told = FloatSession(model), np.arange(60, 70)
    found = []
    for _ in range(8):
        found.append(int(session.feed(told).argmax()))
        told = np.array(found[-1:])
    wanted = model.generate(torch.arange(60, 70)[None], max_new_tokens=8, do_sample=False,
                            eos_token_id=None)
    assert found == wanted[0, 10:].tolist()


def test_another_model_is_not_compared(report: WholeReport, tmp_path: Path) -> None:
    other = save_language_model(tmp_path / "other", seed=5)
    with pytest.raises(UsageError, match="not the model that the bundle was made from"):
        original_of(loaded(report), other)


def test_a_model_that_is_gone_is_asked_for(report: WholeReport) -> None:
    bundle = loaded(report)
    gone = WholeBundle(bundle.model, bundle.family, bundle.text, provenance={"source": "gone/x"})
    with pytest.raises(UsageError, match=r"not where it was.*no gone/x.*--model"):
        original_of(gone)


@pytest.mark.parametrize("template", ["{{ 1 / 0 }}", "{{ raise_exception('no') }}", "{% x %}",
                                      "nothing", "{{ messages[0].content * 2 }}",
                                      "{{ messages.__class__.__mro__ }}"])
def test_a_template_that_cannot_be_used_leaves_no_chat(folder: Path, template: str) -> None:
    from transformers import AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained(folder)
    tokenizer.chat_template = template
    found, cautions = text_of(tokenizer, None)
    assert found.chat is None
    assert [caution.kind for caution in cautions] == ["no-chat"]


def test_a_partial_bundle_says_where_it_ends(
    folder: Path, text: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from neuromorph.translate.transformer import chain

    whole = chain.translate_block

    def fails(block: Any, *rest: Any, **named: Any) -> Any:
        if block.name.endswith("1"):
            raise ModelStructureError("this block is odd", where=block.name)
        return whole(block, *rest, **named)

    monkeypatch.setattr(chain, "translate_block", fails)
    with pytest.raises(ModelStructureError, match="odd"):
        export_whole(folder, tmp_path / "b", calibrate=text)
    assert not (tmp_path / "b").exists()
    report = export_whole(folder, tmp_path / "b", calibrate=text, partial=True)
    assert "this block is odd" in report.as_dict()["stopped"]
    assert "partial" in [caution.kind for caution in loaded(report).cautions]
    with pytest.raises(UsageError, match="does not say which token"):
        generate(report.path, "x")


def test_what_cannot_be_exported_is_refused(folder: Path, text: Path, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="calibrated on text"):
        export_whole(folder, tmp_path / "b")
    (tmp_path / "empty.txt").write_text("\n")
    with pytest.raises(CalibrationError, match="empty"):
        export_whole(folder, tmp_path / "b", calibrate=tmp_path / "empty.txt")
    with pytest.raises(InputError):
        export_whole(tmp_path / "none", tmp_path / "b", calibrate=text)
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "mine").write_text("x")
    with pytest.raises(OutputExistsError):
        export_whole(folder, tmp_path / "full", calibrate=text, force=True)
    assert not (tmp_path / "b").exists()


@pytest.mark.parametrize(("card", "licence"), [
    ("---\nlicense: mit\n---\n", "mit"), ("---\nlicense: 'apache-2.0'\n---\n", "apache-2.0"),
    ("license: mit\n", None), ("---\nname: x\n---\nlicense: mit\n", None), ("", None),
    ("---\nlicense: other\x1b[1m\n---\n", None)])
def test_the_licence_of_a_card(card: str, licence: str | None, tmp_path: Path) -> None:
    (tmp_path / "README.md").write_text(card)
    assert licence_of(tmp_path) == licence
