"""Calibration on text: folders that transformers wrote, a GGUF file, and what is no text."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest

import neuromorph
from neuromorph.errors import (
    CalibrationError,
    FileFormatError,
    InputError,
    MissingFileError,
    UsageError,
)
from neuromorph.huggingface import texts
from neuromorph.huggingface.texts import collect_text, load_model, read_passages

pytestmark = pytest.mark.hf
torch = pytest.importorskip("torch", reason="torch is not installed")
transformers = pytest.importorskip("transformers", reason="transformers is not installed")

from hf_folders import PASSAGES, save_model, save_tokenizer  # noqa: E402
from hf_models import FAMILIES, REFUSED, SLOTS, closeness, minilm, run, smollm2  # noqa: E402

# --- what works


def test_a_folder_and_a_text(bert_folder: Path, passages: Path) -> None:
    collected = collect_text(bert_folder, passages)
    assert (collected["family"], collected["causal"], collected["notes"]) == ("bert", False, ())
    assert list(collected["samples"]) == [f"encoder.layer.{i}.attention.self" for i in (0, 1)]
    for seen in collected["samples"].values():
        # [CLS] and [SEP] on top of the words
        assert [s.keys.shape for s in seen] == [(4, len(p.split()) + 2, 16) for p in PASSAGES]
    provenance = collected["provenance"]
    assert provenance["model"] == "tiny-bert"
    assert provenance["calibration"] == "4 passages, passages.txt"
    assert list(provenance["files"]) == ["model.safetensors"]
    assert len(provenance["files"]["model.safetensors"]["sha256"]) == 64


def test_the_weights_are_those_of_the_folder(bert_folder: Path) -> None:
    model, tokenizer = load_model(bert_folder)
    inputs = tokenizer(PASSAGES[0], return_tensors="pt")
    assert torch.equal(model(**inputs)[0], FAMILIES["bert"].build()(**inputs)[0])
    assert not model.training
    assert model.dtype == torch.float32


def test_export_then_attach(bert_folder: Path, passages: Path, tmp_path: Path) -> None:
    from neuromorph.api.export import export

    report = export(bert_folder, tmp_path / "bundle", calibrate=passages)
    assert min(head.cosine for head in report.fidelity) > 0.95
    model, tokenizer = load_model(bert_folder)
    inputs = tokenizer(PASSAGES, return_tensors="pt", padding=True)
    own = run(model, inputs)
    with neuromorph.attach(model, tmp_path / "bundle"):
        assert closeness(run(model, inputs), own) > 0.995


def test_attach_to_texts(bert_folder: Path) -> None:
    model, tokenizer = load_model(bert_folder)
    inputs = tokenizer(PASSAGES, return_tensors="pt", padding=True)
    own = run(model, inputs)
    for source in (PASSAGES, tuple(PASSAGES), (p for p in PASSAGES), " ".join(PASSAGES)):
        with neuromorph.attach(model, source, tokenizer=tokenizer, options=SLOTS) as spiking:
            assert closeness(run(model, inputs), own) > 0.99
    assert spiking.samples["encoder.layer.0.attention.self"].keys.shape[1] == 32


def test_attach_takes_either_texts_or_tensors(bert_folder: Path) -> None:
    model, tokenizer = load_model(bert_folder)
    with pytest.raises(UsageError, match="tokenizer="):
        neuromorph.attach(model, PASSAGES)
    with pytest.raises(UsageError, match="found str"):
        neuromorph.attach(model, [PASSAGES[0], tokenizer(PASSAGES[1], return_tensors="pt")],
                          tokenizer=tokenizer)
    with neuromorph.attach(model, tokenizer(PASSAGES[1], return_tensors="pt"),
                           tokenizer=tokenizer) as spiking:
        assert spiking.attached


def test_a_decoder_in_a_folder(tmp_path: Path, passages: Path) -> None:
    folder = save_model(tmp_path / "tiny-llama", FAMILIES["llama"])
    collected = collect_text(folder, passages)
    assert (collected["family"], collected["causal"]) == ("llama", True)


def test_weights_in_half_precision_and_several_files(tmp_path: Path, passages: Path) -> None:
    folder = tmp_path / "sharded"
    save_tokenizer(folder)
    FAMILIES["bert"].build().bfloat16().save_pretrained(folder, max_shard_size="60kB")
    collected = collect_text(folder, passages)
    assert len(collected["provenance"]["files"]) > 1
    assert all(s.keys.dtype == np.float32 for seen in collected["samples"].values() for s in seen)


def test_a_head_is_left_out_and_only_what_was_read_is_named(
    tmp_path: Path, passages: Path
) -> None:
    folder = tmp_path / "headed"
    save_tokenizer(folder)
    FAMILIES["bert"].build().save_pretrained(folder)
    whole = transformers.BertForMaskedLM(transformers.BertConfig(**FAMILIES["bert"].sizes))
    whole.save_pretrained(folder)
    shutil.copy(folder / "model.safetensors", folder / "other.safetensors")
    collected = collect_text(folder, passages)
    assert list(collected["provenance"]["files"]) == ["model.safetensors"]


def test_long_lines_are_cut_to_what_the_model_takes(bert_folder: Path, tmp_path: Path) -> None:
    path = tmp_path / "long.txt"
    path.write_text("the key " * 300, "utf-8")
    collected = collect_text(bert_folder, path)
    assert {s.keys.shape[1] for seen in collected["samples"].values() for s in seen} == {90}
    shorter = collect_text(bert_folder, path, tokens=40)
    assert {s.keys.shape[1] for seen in shorter["samples"].values() for s in seen} == {40}


def test_of_much_text_some_passages_are_taken(
    bert_folder: Path, passages: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    everything = sum(s.keys.shape[1] for s in collect_text(bert_folder, passages)["samples"][
        "encoder.layer.0.attention.self"])
    a_token = 2 * 3 * 64 * 4 + 11  # two layers, and one mask for both
    monkeypatch.setattr(texts, "SAMPLE_BYTES", everything * a_token * 2 // 3)
    collected = collect_text(bert_folder, passages)
    assert [len(seen) for seen in collected["samples"].values()] == [2, 2]
    assert collected["notes"][0].startswith("calibrated on 2 of 4 passages, evenly spread")


# --- what is refused


@pytest.mark.parametrize(("content", "error", "says"), [
    (b"", InputError, "empty"),
    (b"\n \n\t\n", CalibrationError, "empty.*one passage a line"),
    (b"\xff\xfe\x00", CalibrationError, "not UTF-8"),
    (b"version https://git-lfs", FileFormatError, "Git-LFS pointer.*git lfs pull"),
    (b"x" * 101, CalibrationError, "too long; found 101 bytes; expected at most 100"),
    (None, MissingFileError, "passages.txt"),
])
def test_a_text_that_is_none(
    bert_folder: Path, tmp_path: Path, content: bytes | None, error: type[Exception], says: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(texts, "TEXT_LIMIT", 100)
    path = tmp_path / "passages.txt"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(error, match=says):
        collect_text(bert_folder, path)


def test_lines_of_a_text(tmp_path: Path) -> None:
    path = tmp_path / "passages.txt"
    path.write_bytes(b"\xef\xbb\xbffirst\r\n\r\n  \nsecond\n")
    assert read_passages(path) == ["first", "second"]


def test_a_family_without_interface_is_recorded_by_hooks(tmp_path: Path, passages: Path) -> None:
    folder = save_model(tmp_path / "bloom", REFUSED["bloom"])
    assert list(collect_text(folder, passages)["samples"]) == [
        f"h.{i}.self_attention" for i in (0, 1)]


def test_a_model_that_takes_no_text(tmp_path: Path, passages: Path) -> None:
    folder = save_model(tmp_path / "vit", FAMILIES["vit"])
    with pytest.raises(CalibrationError, match="cannot be run on this text"):
        collect_text(folder, passages)


# --- trained models


def test_minilm(tmp_path: Path) -> None:
    """Calibrated on some sentences, close on others."""
    model, tokenizer = load_model(minilm())
    fitted = ["Spiking neurons match a query to the keys that were written into their synapses.",
              "The ferry to the island leaves at nine, unless the wind is too strong.",
              "Add the flour slowly, stir until smooth, and let the dough rest for an hour.",
              "Shares fell on Monday after the central bank kept its rates unchanged."]
    tried = tokenizer(["A brain is slow, wet and very good at forgetting what does not matter.",
                       "Prices of wheat rose sharply after two months without rain."],
                      return_tensors="pt", padding=True)
    own = run(model, tried)
    with neuromorph.attach(model, fitted, tokenizer=tokenizer) as spiking:
        assert closeness(run(model, tried), own) > 0.99
        spiking.save(tmp_path / "bundle")
    assert (len(spiking.codes), spiking.report()["heads"]) == (6, 72)
    with neuromorph.attach(model, tmp_path / "bundle"):
        assert closeness(run(model, tried), own) > 0.99
    assert closeness(run(model, tried), own) == pytest.approx(1, abs=1e-6)


@pytest.mark.slow
def test_smollm2(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A language model from a GGUF file goes on as it does by itself."""
    path = tmp_path / "passages.txt"
    path.write_text("The capital of Italy is Rome, and the capital of Spain is Madrid.\n"
                    "Water boils at a hundred degrees, and freezes at zero.\n", "utf-8")
    loaded = load_model(smollm2())  # takes a while: transformers reads the file three times
    monkeypatch.setattr(texts, "load_model", lambda _: loaded)
    collected = collect_text(smollm2(), path)
    assert (collected["family"], collected["causal"], len(collected["samples"])) == (
        "llama", True, 30)
    model, tokenizer = loaded
    prompt = tokenizer("The capital of France is", return_tensors="pt")
    with neuromorph.attach(model, read_passages(path), tokenizer=tokenizer), torch.no_grad():
        tokens = model.generate(**prompt, do_sample=False, max_new_tokens=3)
    assert "Paris" in tokenizer.decode(tokens[0])
