"""Folders and GGUF files that transformers would load wrongly, or not at all."""

from __future__ import annotations

import json
import logging
import sys
from pathlib import Path
from typing import Any

import pytest

from neuromorph.errors import (
    CalibrationError,
    FileFormatError,
    InputError,
    MissingFileError,
)
from neuromorph.huggingface.loading import as_error
from neuromorph.huggingface.texts import collect_text, load_model

pytestmark = pytest.mark.hf
torch = pytest.importorskip("torch", reason="torch is not installed")
transformers = pytest.importorskip("transformers", reason="transformers is not installed")

from hf_folders import save_model  # noqa: E402
from hf_models import FAMILIES, REFUSED  # noqa: E402

sys.path.insert(0, str(Path(__file__).parents[1] / "robustness"))
from small_gguf import llama_gguf  # noqa: E402


def _pickled(folder: Path) -> None:
    (folder / "model.safetensors").unlink()
    torch.save({"x": torch.zeros(1)}, folder / "pytorch_model.bin")


def _cut(folder: Path) -> None:
    path = folder / "model.safetensors"
    path.write_bytes(path.read_bytes()[:-100])


def _without_a_tensor(folder: Path) -> None:
    from safetensors.torch import load_file, save_file

    tensors = load_file(folder / "model.safetensors")
    del tensors["encoder.layer.1.attention.self.key.weight"]
    save_file(tensors, folder / "model.safetensors", {"format": "pt"})


def _configured(**changes: Any) -> Any:
    def spoil(folder: Path) -> None:
        path = folder / "config.json"
        path.write_text(json.dumps({**json.loads(path.read_text("utf-8")), **changes}), "utf-8")

    return spoil


def _with_code(folder: Path) -> None:
    _configured(model_type="mine", architectures=["Mine"],
                auto_map={"AutoConfig": "mine.Config", "AutoModel": "mine.Mine"})(folder)
    (folder / "mine.py").write_text("raise SystemExit('code of the model was run')", "utf-8")


def _removed(*names: str) -> Any:
    def spoil(folder: Path) -> None:
        for name in names:
            (folder / name).unlink()

    return spoil


def _with_other_words(folder: Path) -> None:
    words = [*"abc", "[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *(f"x{n}" for n in range(90))]
    (folder / "vocab.txt").write_text("\n".join([*words, "key", "late"]), "utf-8")
    (folder / "tokenizer.json").unlink()


def _written(name: str, content: str) -> Any:
    return lambda folder: (folder / name).write_text(content, "utf-8")


def _with(**tensors: Any) -> Any:
    """The folder with more tensors in its file; two underscores in a name stand for a dot."""
    def spoil(folder: Path) -> None:
        from safetensors.torch import load_file, save_file

        path = folder / "model.safetensors"
        added = {name.replace("__", "."): value for name, value in tensors.items()}
        save_file({**load_file(path), **added}, path, {"format": "pt"})

    return spoil


@pytest.mark.parametrize(("spoil", "error", "says"), [
    (_pickled, FileFormatError, "lacks weights that the model needs"),
    (_removed("model.safetensors"), MissingFileError, "has neither model.safetensors nor"),
    (_removed("config.json"), MissingFileError, "config.json: no such file"),
    (_removed("tokenizer.json", "vocab.txt"), MissingFileError,
     "has no tokenizer; expected vocab.txt or tokenizer.json"),
    (_cut, FileFormatError, "lies outside the file"),
    (_without_a_tensor, InputError,
     r"key projection is missing.*layer\.1\.attention\.self\.key\.weight"),
    (_configured(hidden_size=128), InputError,
     r"shape is not what the configuration says; found \[64\]; expected \[128\]"),
    (_configured(intermediate_size=128), InputError,
     r"layer\.0\.intermediate\.dense\.bias: a tensor's shape.*found \[64\]; expected \[128\]"),
    (_configured(hidden_size=65536), InputError, "a larger model than the file holds"),
    (_configured(model_type="nonsense"), InputError,
     "transformers knows no models of this type; found nonsense"),
    (_configured(num_hidden_layers="two"), InputError, "num_hidden_layers is not usable"),
    (_configured(num_hidden_layers=10**7), InputError, "num_hidden_layers is more than the file"),
    (_with_code, InputError, "no models of this type; found mine. Code that comes with a model"),
    (_written("config.json", "{"), FileFormatError, "the file is not JSON"),
    (_written("tokenizer.json", "{}"), FileFormatError, "cannot load this model"),
    (_written("tokenizer.json", "<html>"), FileFormatError, "an HTML or XML page"),
    (_configured(vocab_size=3), InputError, r"shape is not what the configuration says.*\[3, 64\]"),
    (_with(encoder__layer__0__output__extra__weight=torch.ones(3)), InputError,
     r"without a tensor that is in the file; found 'encoder\.layer\.0\.output\.extra\.weight'"),
    (_with_other_words, CalibrationError,
     "tokens that the model does not know; found token 99; expected below 80. It belongs to anoth"),
    (_with(embedding_norm__weight=torch.ones(3)), InputError, "has no place for.*embedding_norm"),
])
def test_a_folder_that_is_spoilt(
    model_folder: Path, passages: Path, spoil: Any, error: type[Exception], says: str
) -> None:
    spoil(model_folder)
    with pytest.raises(error, match=says) as caught:
        collect_text(model_folder, passages)
    assert len(str(caught.value)) < 800
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("name", ["attn_implementation", "_attn_implementation"])
def test_a_kernel_that_is_not_here_is_not_needed(
    model_folder: Path, passages: Path, name: str
) -> None:
    """Spikes take the place of whatever kernel the model's owner used."""
    usual = collect_text(model_folder, passages)["samples"]
    _configured(**{name: "flash_attention_2"})(model_folder)
    asked = collect_text(model_folder, passages)["samples"]
    for layer, seen in usual.items():
        for one, other in zip(seen, asked[layer], strict=True):
            assert (one.queries == other.queries).all()


def test_a_model_of_images_has_no_tokenizer(tmp_path: Path, passages: Path) -> None:
    FAMILIES["vit"].build().save_pretrained(tmp_path / "vit")
    with pytest.raises(MissingFileError, match=r"has no tokenizer\. .*images is calibrated on arr"):
        collect_text(tmp_path / "vit", passages)


@pytest.mark.parametrize("length", [0, -5])
def test_a_tokenizer_that_claims_no_length(
    model_folder: Path, passages: Path, length: int
) -> None:
    path = model_folder / "tokenizer_config.json"
    fields = json.loads(path.read_text("utf-8")) | {"model_max_length": length}
    path.write_text(json.dumps(fields), "utf-8")
    assert collect_text(model_folder, passages)["samples"]


@pytest.mark.parametrize(("name", "error", "says"), [
    ("nothing", MissingFileError, "no such model"),
    ("google-bert/bert-base-uncased", MissingFileError, "no such model"),
    ("tiny-bert/model.safetensors", FileFormatError, "Give the Hugging Face folder"),
    ("passages.txt", FileFormatError, "is a folder or a GGUF file"),
    ("wrong.gguf", FileFormatError, "the version is not read here"),
    ("empty.gguf", FileFormatError, "the file is empty"),
])
def test_what_is_no_model(
    model_folder: Path, passages: Path, name: str, error: type[Exception], says: str
) -> None:
    (model_folder.parent / "wrong.gguf").write_bytes(b"GGUF" + bytes(range(200)))
    (model_folder.parent / "empty.gguf").touch()
    with pytest.raises(error, match=says):
        collect_text(model_folder.parent / name, passages)


def test_loading_is_quiet_and_leaves_transformers_as_it_was(
    bert_folder: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    from transformers.utils import logging

    before = logging.get_verbosity(), logging.is_progress_bar_enabled()
    capfd.readouterr()
    load_model(bert_folder)
    assert capfd.readouterr() == ("", "")
    assert (logging.get_verbosity(), logging.is_progress_bar_enabled()) == before


def test_a_class_that_reads_more_files(
    bert_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(transformers.BertConfig, "extra_files", ("head.safetensors",))
    with pytest.raises(InputError, match=r"weights in other files too; found head\.safetensors"):
        load_model(bert_folder)


def test_nothing_is_said_of_the_interface_that_is_missing(
    tmp_path: Path, passages: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """transformers would log that the class keeps its attention."""
    folder = save_model(tmp_path / "bloom", REFUSED["bloom"])
    said: list[str] = []
    handler = logging.Handler()
    monkeypatch.setattr(handler, "emit", lambda record: said.append(record.getMessage()))
    transformers.utils.logging.add_handler(handler)
    try:
        collect_text(folder, passages)
    finally:
        transformers.utils.logging.remove_handler(handler)
    assert said == []


def test_gguf_without_a_bar(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    path = llama_gguf(tmp_path / "tiny.gguf")
    capfd.readouterr()
    model, _ = load_model(path)
    assert capfd.readouterr() == ("", "")
    assert model.config.num_hidden_layers == 1


def test_gguf_that_asks_for_more_than_it_holds(tmp_path: Path) -> None:
    path = llama_gguf(tmp_path / "tiny.gguf", wide=1 << 22)
    with pytest.raises(InputError, match="a larger model than the file holds"):
        load_model(path)


def test_an_error_of_a_library_is_one_line() -> None:
    from neuromorph.errors import brief

    assert brief(ValueError("\n first\nsecond")) == "ValueError: first"
    assert brief(ValueError("Errors in x:\n\t size\nmore")) == "ValueError: Errors in x: size"
    assert brief(KeyError()) == "KeyError"
    with pytest.raises(FileFormatError, match="found weights that do not fit"), \
            as_error(FileFormatError, "no", "m"):
        raise RuntimeError("look at the above report!")


def test_a_family_that_is_not_read_from_weights(tmp_path: Path, passages: Path) -> None:
    """What such a model leaves out is known when it has been loaded."""
    folder = save_model(tmp_path / "gemma", FAMILIES["gemma3"])
    assert collect_text(folder, passages)["family"] == "gemma3_text"
    _with(layers__1__self_attn__relative_table__weight=torch.ones(3))(folder)
    with pytest.raises(InputError, match=r"without a tensor.*relative_table"):
        collect_text(folder, passages)
