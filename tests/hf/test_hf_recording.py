"""What recording asks of a model, keeps of its calls, and gives back."""

from __future__ import annotations

import gc
import weakref
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import neuromorph
from neuromorph.huggingface import attachment, texts
from neuromorph.huggingface.recording import record
from neuromorph.translate import Sample

pytestmark = pytest.mark.hf
torch = pytest.importorskip("torch", reason="torch is not installed")
transformers = pytest.importorskip("transformers", reason="transformers is not installed")

from hf_folders import PASSAGES  # noqa: E402
from hf_models import FAMILIES, SLOTS, closeness, run, same, text  # noqa: E402


def language_model() -> Any:
    return transformers.LlamaForCausalLM(
        transformers.LlamaConfig(**FAMILIES["llama"].sizes)).eval()


def asked_with(model: Any, batch: dict[str, Any]) -> dict[str, Any]:
    """What the model is called with while a batch is recorded."""
    calls: list[dict[str, Any]] = []
    hook = model.register_forward_pre_hook(
        lambda _, __, kwargs: calls.append(kwargs), with_kwargs=True)
    record(model, [batch])
    hook.remove()
    [call] = calls
    return {name: value for name, value in call.items() if name not in batch}


def test_logits_that_nobody_reads_are_not_made() -> None:
    model, ids = language_model(), text("no")["input_ids"]
    assert asked_with(model, {"input_ids": ids}) == {"logits_to_keep": 1}
    assert asked_with(model, {"input_ids": ids, "labels": ids}) == {}
    assert asked_with(model, {"input_ids": ids, "logits_to_keep": 0}) == {}
    assert asked_with(FAMILIES["bert"].build(), {"input_ids": ids}) == {}


@pytest.mark.parametrize("name", ["llama", "llama, padded left", "mistral", "bert", "bart"])
def test_the_model_runs_as_it_does_alone(name: str) -> None:
    """Attention of a causal model goes another way than that under other masks."""
    family, outputs = FAMILIES[name], []
    model, inputs = family.build(), family.inputs()
    own = run(model, inputs)
    hook = model.register_forward_hook(lambda _, __, output: outputs.append(output))
    record(model, [inputs])
    hook.remove()
    [found] = outputs
    mine = run(lambda **_: found, inputs)
    assert closeness({name: mine[name] for name in own}, own) > 1 - 1e-5


def masks_of(samples: Mapping[str, list[Sample]]) -> set[int]:
    return {id(sample.mask) for seen in samples.values() for sample in seen}


def test_layers_share_the_masks_that_are_equal() -> None:
    ids = text("no")["input_ids"]
    llama = FAMILIES["llama"].build()
    gemma = FAMILIES["gemma3"].build(layer_types=["sliding_attention", "full_attention"])
    assert len(masks_of(record(llama, [{"input_ids": ids}, {"input_ids": ids}]))) == len(ids)
    windows = record(gemma, [{"input_ids": ids[:1]}])
    distinct = {seen[0].mask.tobytes() for seen in windows.values()}
    assert len(masks_of(windows)) == len(distinct) == 2


def test_a_mask_that_changes_under_way_is_looked_at_again() -> None:
    """One tensor, other values: what was known of it does not hold."""
    model, ids = FAMILIES["llama"].build(), text("no")["input_ids"][:1]
    mask = torch.ones(1, 1, ids.shape[1], ids.shape[1], dtype=torch.bool).tril()

    def hide(*_: Any) -> None:
        mask[..., :3] = False

    hook = model.layers[0].register_forward_hook(hide)
    one, other = (seen[0].mask for seen in
                  record(model, [{"input_ids": ids, "attention_mask": mask}]).values())
    hook.remove()
    assert one.shape[1] == ids.shape[1]
    assert other.shape[1] == ids.shape[1] - 3


def test_an_attachment_lets_go_of_what_calibration_saw(monkeypatch: pytest.MonkeyPatch) -> None:
    recorded: list[weakref.ref[Any]] = []

    def watched(model: Any, batches: Iterable[Any], *more: Any) -> dict[str, list[Sample]]:
        samples = record(model, batches, *more)
        for sample in (s for seen in samples.values() for s in seen):
            recorded.extend([weakref.ref(sample), weakref.ref(sample.mask),
                             weakref.ref(sample.queries)])
        return samples

    monkeypatch.setattr(attachment, "record", watched)
    model, inputs = FAMILIES["llama"].build(), FAMILIES["llama"].inputs()
    with neuromorph.attach(model, inputs, options=SLOTS) as spiking:
        gc.collect()
        assert len(recorded) == 18
        assert not any(seen() is not None for seen in recorded)
        longest = max(len(row) for row in inputs["input_ids"])
        assert {s.keys.shape[1] for s in spiking.samples.values()} == {longest}


def test_no_passage_runs_twice(
    bert_folder: Path, passages: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lengths: list[int] = []

    def watched(model: Any, batches: Iterable[Any], *more: Any) -> dict[str, list[Sample]]:
        batches = list(batches)
        lengths.extend(int(batch["input_ids"].shape[1]) for batch in batches)
        return record(model, batches, *more)

    monkeypatch.setattr(texts, "record", watched)
    collected = texts.collect_text(bert_folder, passages)
    assert lengths == [len(passage.split()) + 2 for passage in PASSAGES]
    assert [s.keys.shape[1] for s in collected["samples"]["encoder.layer.0.attention.self"]
            ] == lengths


def test_a_gguf_file_is_read_once_and_as_before() -> None:
    gguf = pytest.importorskip("gguf", reason="gguf is not installed")
    from hf_models import smollm2

    from neuromorph.huggingface.gguf_reading import read_once

    path, own = smollm2(), (gguf.GGUFReader, gguf.get_tensor_name_map)
    plain = gguf.GGUFReader(path)
    with read_once():
        quick = gguf.GGUFReader(path)
        assert gguf.GGUFReader(path) is quick
    assert (gguf.GGUFReader, gguf.get_tensor_name_map) == own
    assert list(quick.fields) == list(plain.fields)
    for one, other in zip(quick.fields.values(), plain.fields.values(), strict=True):
        assert (one.data, one.types) == (other.data, other.types)
        assert b"".join(map(bytes, one.parts)) == b"".join(map(bytes, other.parts))
    for one, other in zip(quick.tensors, plain.tensors, strict=True):
        assert one.name == other.name
        np.testing.assert_array_equal(one.data, other.data)


def test_a_model_is_left_with_the_mask_it_had() -> None:
    model, inputs = FAMILIES["llama"].build(), FAMILIES["llama"].inputs()
    own = run(model, inputs)
    record(model, [inputs])
    assert same(run(model, inputs), own)
