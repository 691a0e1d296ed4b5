"""Attaching and detaching, in any order, also when something fails on the way."""

from __future__ import annotations

import copy
import gc
import json
import logging
import weakref
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import neuromorph
from neuromorph.errors import (
    BackendError,
    CalibrationError,
    InputError,
    MemoryBudgetError,
    TensorError,
    UsageError,
)
from neuromorph.huggingface import hook, recording

pytestmark = pytest.mark.hf
torch = pytest.importorskip("torch", reason="torch is not installed")
transformers = pytest.importorskip("transformers", reason="transformers is not installed")

from hf_models import (  # noqa: E402
    FAMILIES,
    FINE,
    REFUSED,
    SLOTS,
    closeness,
    run,
    same,
    shaken,
    text,
)

BERT, LLAMA = FAMILIES["bert"], FAMILIES["llama"]


class Tried:
    """A tiny BERT, its input and what it says by itself."""

    def __init__(self, seed: int = 0, **sizes: Any) -> None:
        self.model, self.inputs = BERT.build(seed, **sizes), text()
        self.own = run(self.model, self.inputs)

    def attach(self, **options: Any) -> neuromorph.Attachment:
        return neuromorph.attach(self.model, self.inputs, options=SLOTS, **options)

    def now(self) -> dict[str, Any]:
        return run(self.model, self.inputs)

    def is_itself(self) -> bool:
        return (self.model.config._attn_implementation == "sdpa"
                and not hook.connections(self.model) and same(self.now(), self.own))


@pytest.fixture
def bert() -> Tried:
    return Tried()


# --- attach, detach, attach again


def test_heads_may_send_their_context_themselves(bert: Tried) -> None:
    """Not by the shortcut that takes floats; nearly the same, and not the same."""
    with bert.attach() as spiking:
        host = bert.now()
    assert spiking.report()["readout"] == "host"
    with bert.attach(readout="emitted") as spiking:
        sent = bert.now()
        assert spiking.report()["readout"] == "emitted"
    assert not same(sent, host)
    assert closeness(sent, host) > 0.9999


def test_an_unknown_readout_is_refused_before_calibration(bert: Tried) -> None:
    with pytest.raises(UsageError, match="no such read-out; found chip"):
        bert.attach(readout="chip")
    assert bert.is_itself()


def test_detach_twice_and_attach_again(bert: Tried) -> None:
    spiking = bert.attach()
    first = bert.now()
    assert spiking.attached
    spiking.detach()
    spiking.detach()
    assert not spiking.attached
    assert bert.is_itself()
    spiking.attach()
    spiking.attach()
    assert same(bert.now(), first)
    spiking.detach()
    assert bert.is_itself()


def test_an_eager_model_gets_its_own_name_back(bert: Tried) -> None:
    bert.model.set_attn_implementation("eager")
    own = bert.now()
    bert.attach().detach()
    assert bert.model.config._attn_implementation == "eager"
    assert same(bert.now(), own)


def test_context_manager(bert: Tried) -> None:
    with bert.attach() as spiking:
        assert not same(bert.now(), bert.own)
    assert bert.is_itself()
    with spiking:
        assert not same(bert.now(), bert.own)
    assert bert.is_itself()


def test_context_manager_detaches_after_an_error(bert: Tried) -> None:
    with pytest.raises(ZeroDivisionError), bert.attach():
        _ = 1 / 0
    assert bert.is_itself()


def test_the_second_attachment_replaces_the_first(bert: Tried) -> None:
    first = bert.attach()
    fine = neuromorph.attach(bert.model, bert.inputs, options=FINE)
    assert fine.attached
    assert not first.attached
    before = fine.tally.queries
    bert.now()
    assert fine.tally.queries > before
    assert first.tally.queries == 0
    first.detach()
    assert fine.attached
    fine.detach()
    assert bert.is_itself()


def test_the_user_may_choose_another_attention_in_between(bert: Tried) -> None:
    spiking = bert.attach()
    bert.model.set_attn_implementation("eager")
    assert not spiking.attached
    assert spiking.report()["attached"] is False
    spiking.detach()
    assert bert.model.config._attn_implementation == "eager"
    assert closeness(bert.now(), bert.own) > 0.99999


def test_after_another_attention_it_is_attached_again(bert: Tried) -> None:
    spiking = bert.attach()
    first = bert.now()
    bert.model.set_attn_implementation("eager")
    spiking.attach()
    assert spiking.attached
    assert same(bert.now(), first)
    spiking.detach()
    assert bert.model.config._attn_implementation == "eager"


def test_part_of_a_model_can_be_attached(bert: Tried) -> None:
    whole = shaken(transformers.BertForMaskedLM(BERT.build().config))
    own = run(whole, bert.inputs)
    spiking = neuromorph.attach(whole.bert, bert.inputs, options=SLOTS)
    assert closeness(run(whole, bert.inputs), own) > 0.999
    assert spiking.tally.queries > 0
    spiking.detach()
    assert same(run(whole, bert.inputs), own)


# --- several models


def test_two_models_at_the_same_time() -> None:
    one, other = Tried(1), Tried(2)
    first, second = one.attach(), other.attach()
    both = one.now(), other.now()
    first.detach()
    assert one.is_itself()
    assert same(other.now(), both[1])
    first.attach()
    assert same(one.now(), both[0])
    second.detach()
    assert other.is_itself()
    assert first.tally.queries == second.tally.queries > 0


def test_two_models_that_share_their_configuration() -> None:
    one = Tried(1)
    other = Tried(2)
    other.model = shaken(transformers.BertModel(one.model.config), 2)
    first = one.attach()
    with pytest.raises(BackendError, match=r"never attached.*shares its configuration"):
        other.now()
    second = other.attach()
    spiking = other.now()
    first.detach()
    assert same(other.now(), spiking)
    second.detach()
    assert one.is_itself()
    assert other.is_itself()


def test_a_copy_of_an_attached_model_is_not_attached(bert: Tried) -> None:
    spiking = bert.attach()
    twin = Tried()
    twin.model = copy.deepcopy(bert.model)
    with pytest.raises(BackendError, match="copy of an attached model"):
        twin.now()
    second = twin.attach()
    assert same(twin.now(), bert.now())
    spiking.detach()
    assert bert.is_itself()
    assert second.attached
    second.detach()
    assert twin.is_itself()


def test_a_copy_of_a_detached_model_is_itself(bert: Tried) -> None:
    bert.attach().detach()
    bert.model = copy.deepcopy(bert.model)
    assert bert.is_itself()


@pytest.mark.parametrize("detached", [True, False])
def test_a_model_that_nobody_needs_goes_away(detached: bool) -> None:
    tried = Tried()
    spiking = tried.attach()
    tried.now()
    if detached:
        spiking.detach()
    gone = weakref.ref(tried.model)
    del tried, spiking
    gc.collect()
    assert gone() is None


def test_an_attachment_that_was_dropped_goes_on(bert: Tried) -> None:
    bert.attach()
    gc.collect()
    assert not same(bert.now(), bert.own)
    assert closeness(bert.now(), bert.own) > 0.999


def test_a_saved_configuration_does_not_know_of_spikes(bert: Tried, tmp_path: Path) -> None:
    bert.attach()
    bert.model.save_pretrained(tmp_path)
    assert hook.NAME not in (tmp_path / "config.json").read_text("utf-8")
    loaded = transformers.AutoModel.from_pretrained(tmp_path, local_files_only=True)
    assert same(run(loaded, bert.inputs), bert.own)


# --- what is refused, and leaves the model as it was


def broken_inputs() -> list[dict[str, Any]]:
    return [text(), {"input_ids": torch.full((1, 3), 10_000)}]


def test_failing_calibration_leaves_the_model_as_it_was(bert: Tried) -> None:
    with pytest.raises(IndexError):
        neuromorph.attach(bert.model, broken_inputs(), options=SLOTS)
    assert bert.is_itself()


def test_failing_calibration_leaves_the_attachment_as_it_was(bert: Tried) -> None:
    spiking = bert.attach()
    first = bert.now()
    with pytest.raises(IndexError):
        neuromorph.attach(bert.model, broken_inputs(), options=SLOTS)
    assert spiking.attached
    assert same(bert.now(), first)
    spiking.detach()
    assert bert.is_itself()


def test_training_is_refused(bert: Tried) -> None:
    with pytest.raises(UsageError, match=r"training mode.*eval"):
        neuromorph.attach(bert.model.train(), bert.inputs, options=SLOTS)
    bert.model.eval()
    assert bert.is_itself()


def test_weights_that_are_not_finite_are_refused(bert: Tried) -> None:
    spiking = bert.attach()
    with torch.no_grad():
        bert.model.encoder.layer[1].attention.self.key.bias[3] = torch.nan
    with pytest.raises(TensorError, match=r"layer\.1\.attention\.self: keys hold NaN"):
        bert.now()
    with pytest.raises(CalibrationError, match=r"layer\.1\.attention\.self: the keys hold NaN"):
        bert.attach()
    assert spiking.attached


@pytest.mark.parametrize(("source", "error", "says"), [
    ([], CalibrationError, "no calibration data"),
    ([[torch.zeros(1, 3)]], UsageError, "is a list; found 1 entries.*without labels"),
    ([np.zeros((1, 3))], UsageError, "mappings of tensors; found ndarray.*from_numpy"),
    ((np.zeros((1, 3)),), UsageError, "mappings of tensors; found 0 in a ndarray"),
    ((), CalibrationError, "no calibration data"),
    (["some text"], UsageError, "found str.*tokenizer="),
    (None, UsageError, "mappings of tensors; found NoneType"),
    ({"input_ids": [1, 2, 3]}, UsageError, "found input_ids in a list.*return_tensors='pt'"),
    ("no/such/bundle", InputError, "no/such/bundle"),
    ({"input_ids": torch.zeros(1, 3).long(), "attention_mask": torch.zeros(1, 3)},
     CalibrationError, "layer.0.attention.self: all of the calibration data is masked"),
])
def test_calibration_data_that_is_none(
    bert: Tried, source: Any, error: type[Exception], says: str
) -> None:
    with pytest.raises(error, match=says):
        neuromorph.attach(bert.model, source)
    assert bert.is_itself()


def test_too_much_calibration_data(bert: Tried, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(recording, "SAMPLE_BYTES", 60_000)
    with pytest.raises(MemoryBudgetError, match=r"layer\.1.*60000 bytes.*fewer or shorter"):
        bert.attach()
    assert bert.is_itself()


@pytest.mark.parametrize("thing", [None, "model", torch.nn.ModuleList([torch.nn.Linear(2, 2)])])
def test_what_is_no_model(thing: Any) -> None:
    with pytest.raises(UsageError, match=r"this is no model; found .*torch\.nn\.Module"):
        neuromorph.attach(thing, text())


def test_an_unknown_backend_comes_first() -> None:
    with pytest.raises(UsageError, match="Did you mean 'fast'"):
        neuromorph.attach(None, None, backend="fasst")


def test_a_part_without_interface_is_caught_like_any_module(
    bert: Tried, caplog: pytest.LogCaptureFixture
) -> None:
    """And nobody is told of it by transformers."""
    bert.model.add_module("other", REFUSED["bloom"].build())
    with bert.attach() as spiking:
        assert list(spiking.codes) == [f"encoder.layer.{i}.attention.self" for i in (0, 1)]
        assert bert.model.config._attn_implementation == "sdpa"
        assert closeness(bert.now(), bert.own) > 0.999
        assert spiking.tally.queries > 0
    assert caplog.records == []
    assert bert.is_itself()


# --- what it tells


def test_report_is_plain_and_adds_up(bert: Tried) -> None:
    spiking = bert.attach()
    assert spiking.report()["queries"] == 0
    bert.now()
    report = json.loads(json.dumps(spiking.report()))
    assert (report["model"], report["backend"], report["attached"]) == ("BertModel", "fast", True)
    assert (report["layers"], report["heads"]) == (2, 8)
    layers = report["per_layer"]
    assert [layer["layer"] for layer in layers] == [
        f"encoder.layer.{i}.attention.self" for i in (0, 1)]
    for name, total in asdict(spiking.tally).items():
        assert report[name] == total == sum(layer[name] for layer in layers)
    tokens = bert.inputs["input_ids"].numel()
    assert [layer["queries"] for layer in layers] == [tokens * 4, tokens * 4]
    assert report["median_steps"] == spiking.median_steps() > 4
    assert {layer["slots"] for layer in layers} == {32}


def test_a_small_model_gets_no_more_slots_than_it_takes(bert: Tried) -> None:
    spiking = neuromorph.attach(bert.model, bert.inputs)
    assert {head.slots for code in spiking.codes.values() for head in code.heads} == {96}


def test_logging_is_quiet(bert: Tried, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING), bert.attach():
        bert.now()
    assert caplog.records == []


def test_an_attachment_shows_a_line_and_a_table(bert: Tried) -> None:
    spiking = bert.attach()
    bert.now()
    assert repr(spiking).startswith("Attachment(model='BertModel', attached=True, backend='fast'")
    assert len(repr(spiking)) < 500
    assert f">{spiking.tally.spikes}</td>" in spiking._repr_html_()
    assert "encoder.layer.1.attention.self" in spiking._repr_html_()
    assert "Linear" not in repr(spiking) + spiking._repr_html_()
    assert repr(neuromorph.Attachment(bert.model, {})).startswith("Attachment(model=BertModel")
