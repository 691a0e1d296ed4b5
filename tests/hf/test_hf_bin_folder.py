"""Folders whose weights are pytorch_model.bin: read by the child, the same model, no code run."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hf_folders import PASSAGES, save_model
from hf_models import FAMILIES

from neuromorph.errors import FileFormatError, InputError, MissingFileError
from neuromorph.huggingface.loading import load_model
from neuromorph.models import open_model

torch = pytest.importorskip("torch", reason="torch is not installed")
pytest.importorskip("transformers", reason="transformers is not installed")
load_file = pytest.importorskip("safetensors.torch").load_file

pytestmark = pytest.mark.hf


class Code:
    """Whatever a pickle calls when it is read."""

    def __reduce__(self) -> tuple[Any, ...]:
        return os.system, ("touch was-run",)


def as_bin(folder: Path, shards: int = 1) -> Path:
    """The same weights, as older versions of transformers saved them."""
    state = load_file(folder / "model.safetensors")
    (folder / "model.safetensors").unlink()
    if shards == 1:
        torch.save(state, folder / "pytorch_model.bin")
        return folder
    names = [f"pytorch_model-{n + 1:05}-of-{shards:05}.bin" for n in range(shards)]
    where = {name: names[n % shards] for n, name in enumerate(sorted(state))}
    for file in names:
        torch.save({name: state[name] for name in state if where[name] == file}, folder / file)
    (folder / "pytorch_model.bin.index.json").write_text(json.dumps(
        {"metadata": {}, "weight_map": where}))
    return folder


@pytest.mark.parametrize("shards", [1, 2])
def test_the_same_heads_and_the_same_model(shards: int, tmp_path: Path) -> None:
    folder = save_model(tmp_path / "m", FAMILIES["gpt2"])
    (folder / "generation_config.json").write_text('{"eos_token_id": [7, 9]}')
    heads, (model, tokenizer) = open_model(folder), load_model(folder, causal=True)
    as_bin(folder, shards)
    for mine, theirs in zip(open_model(folder).layers, heads.layers, strict=True):
        np.testing.assert_array_equal(mine.key_weight, theirs.key_weight)
    other = load_model(folder, causal=True)[0]
    ids = torch.tensor([tokenizer(PASSAGES[0])["input_ids"]])
    with torch.no_grad():
        torch.testing.assert_close(other(ids).logits, model(ids).logits, rtol=0, atol=0)
    assert other.generation_config.eos_token_id == [7, 9]


def _code(folder: Path) -> None:
    torch.save({"x": Code()}, folder / "pytorch_model.bin")


def _one_tensor_less(folder: Path) -> None:
    state = torch.load(folder / "pytorch_model.bin", weights_only=True)
    del state["encoder.layer.1.output.dense.weight"]
    torch.save(state, folder / "pytorch_model.bin")


def _one_tensor_more(folder: Path) -> None:
    state = torch.load(folder / "pytorch_model.bin", weights_only=True)
    torch.save(state | {"encoder.layer.0.attention.self.extra": torch.ones(1)},
               folder / "pytorch_model.bin")


@pytest.mark.parametrize(("spoil", "says"), [
    (_code, "holds code, which is never run"),
    (_one_tensor_less, "lacks weights that the model needs"),
    (_one_tensor_more, "would run without a tensor|no role|encoder.layer.0.attention.self.extra"),
    (lambda folder: (folder / "pytorch_model.bin").write_bytes(b"GGUF" + bytes(40)), "GGUF file"),
])
def test_bins_that_are_refused(spoil: Any, says: str, tmp_path: Path,
                               monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    folder = as_bin(save_model(tmp_path / "m"))
    spoil(folder)
    with pytest.raises(InputError, match=says):
        load_model(folder)
    assert not (tmp_path / "was-run").exists()


@pytest.mark.parametrize(("change", "error", "says"), [
    (lambda f: (f / "pytorch_model-00002-of-00002.bin").unlink(), MissingFileError,
     "pytorch_model-00002-of-00002.bin.*The download is not complete"),
    (lambda f: _mapped(f, "../x.bin"), FileFormatError, "expected a plain file name that ends in"),
    (lambda f: _mapped(f, "model.safetensors"), FileFormatError, r"that ends in \.bin"),
    (lambda f: _mapped(f, "pytorch_model-00001-of-00002.bin"), FileFormatError,
     "does not say so|but it does not"),
])
def test_an_index_of_bins(change: Any, error: type[Exception], says: str, tmp_path: Path) -> None:
    folder = as_bin(save_model(tmp_path / "m"), shards=2)
    change(folder)
    with pytest.raises(error, match=says):
        open_model(folder)
    with pytest.raises(FileFormatError, match="this is one shard of a model"):
        open_model(folder / "pytorch_model-00001-of-00002.bin")


def _mapped(folder: Path, name: str) -> None:
    index = folder / "pytorch_model.bin.index.json"
    index.write_text(index.read_text().replace("pytorch_model-00002-of-00002.bin", name))
