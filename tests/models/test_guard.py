"""What both doors refuse before a weight is read, each in the same words."""

from __future__ import annotations

import os
import socket
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import small_models as small

from neuromorph.errors import InputError
from neuromorph.huggingface.loading import open_weights
from neuromorph.models import open_model
from neuromorph.models.guard import check_unused

Edit = Callable[[small.Tensors], object]
LLAMA = "model.layers.1.self_attn"
BERT = "encoder.layer.1.attention.self"


def text_door(folder: Path) -> None:
    open_weights(folder).close()


DOORS = pytest.mark.parametrize("door", [open_model, text_door])


def added(name: str, array: Any = None) -> Edit:
    return lambda tensors: tensors.update({name: small.random((4,)) if array is None else array})


def unchanged(_: small.Tensors) -> None:
    pass


def made(folder: Path, kind: str, edit: Edit = unchanged, **config: Any) -> Path:
    tensors = getattr(small, f"{kind}_tensors")()
    edit(tensors)
    return small.folder(folder / "m", tensors, getattr(small, f"{kind}_config")(**config))


@DOORS
@pytest.mark.parametrize("name", [
    "weight_scale", "weight_scale_inv", "input_scale", "SCB", "scales", "qweight", "qzeros",
    "weight.absmax", "weight.quant_state.bitsandbytes__nf4", "weight_packed", "weight_zero_point"])
@pytest.mark.parametrize("part", ["self_attn.q_proj", "mlp.down_proj"])
def test_a_scale_that_nobody_applies(door: Any, name: str, part: str, tmp_path: Path) -> None:
    path = made(tmp_path, "llama", added(f"model.layers.1.{part}.{name}"))
    with pytest.raises(InputError, match=rf"a scale is in the file that is not applied.*{name}"):
        door(path)


@DOORS
@pytest.mark.parametrize(("tensors", "config", "says"), [
    (added(f"{LLAMA}.q_norm.weight"), {}, rf"a meaning that is not known.*{LLAMA}\.q_norm"),
    (added(f"{LLAMA}.q_proj.bias", small.random((16,))), {},
     rf"a bias that the configuration denies.*{LLAMA}\.q_proj\.bias"),
    (added(f"{LLAMA}.q_proj.bias", small.random((16,))), {"model_type": "mistral"},
     "a bias that the configuration denies"),
    (added("model.layers.2.mlp.up_proj.weight", np.ones((4, 4), np.int8)), {},
     r"'model\.layers\.2\.mlp\.up_proj\.weight' cannot be a weight: its dtype is I8"),
    (unchanged, {"num_hidden_layers": 10**7}, "num_hidden_layers is more than the file can hold"),
    (unchanged, {"num_hidden_layers": 3}, "number of attention layers.*found 2; expected 3"),
    (unchanged, {"text_config": {"depths": [2, 10**9]}}, r"text_config\.depths is more than the"),
    (unchanged, {"vocab_size": 10**12}, "vocab_size is more than the file can hold"),
    (unchanged, {"max_position_embeddings": 10**12}, "max_position_embeddings is more than"),
    (unchanged, {"quantization_config": {"quant_method": "fp8"}}, "are quantised; found fp8"),
    (unchanged, {"text_config": {"quantization_config": {"bits": 4}}}, "the weights are quantised"),
    (unchanged, {"transformers_weights": "other.safetensors"}, "names other files"),
    (unchanged, {"attn_implementation": "some/kernel"}, "code from elsewhere, in attn_impl"),
    (unchanged, {"_attn_implementation": {"text_config": "some/kernel"}}, "code from elsewhere"),
    (unchanged, {"configuration_files": ["config.4.json"]}, "names other files"),
])
def test_what_would_be_left_out_of_a_llama(
    door: Any, tensors: Edit, config: dict[str, Any], says: str, tmp_path: Path
) -> None:
    with pytest.raises(InputError, match=says):
        door(made(tmp_path, "llama", tensors, **config))


@DOORS
@pytest.mark.parametrize(("tensors", "config", "says"), [
    (added(f"{BERT}.distance_embedding.weight"), {}, r"not known here.*distance_embedding"),
    (unchanged, {"position_embedding_type": "relative_key"}, "relative positions.*relative_key"),
    *[(added(name), {}, rf"positions that this family does not apply; found '{name}'")
      for name in ("alibi", "bert.encoder.alibi_slopes", "encoder.relative_attention_bias.weight")],
])
def test_what_would_be_left_out_of_a_bert(
    door: Any, tensors: Edit, config: dict[str, Any], says: str, tmp_path: Path
) -> None:
    with pytest.raises(InputError, match=says):
        door(made(tmp_path, "bert", tensors, **config))


@DOORS
def test_eight_bit_floats_are_codes(door: Any, tmp_path: Path) -> None:
    path = made(tmp_path, "llama", added(f"{LLAMA}.o_proj.weight", np.ones((12, 16), np.int8)))
    file = path / "model.safetensors"
    file.write_bytes(file.read_bytes().replace(b'"I8"', b'"F8_E4M3"'.ljust(4)))
    content = file.read_bytes()
    length = content.index(b"}}") + 2 - 8
    file.write_bytes(length.to_bytes(8, "little") + content[8:])
    with pytest.raises(InputError, match="holds codes of F8_E4M3, which need their scales"):
        door(path)


@DOORS
@pytest.mark.parametrize("shard", ["../outside.safetensors", "/tmp/x.safetensors",
                                   "pytorch_model.bin"])
def test_an_index_that_leads_elsewhere(door: Any, shard: str, tmp_path: Path) -> None:
    path = small.sharded(tmp_path / "m", small.bert_tensors(), small.bert_config())
    index = path / "model.safetensors.index.json"
    index.write_text(index.read_text().replace("model-00001-of-00002.safetensors", shard))
    with pytest.raises(InputError, match="a shard that is not a file beside it"):
        door(path)


@DOORS
def test_large_numbers_that_stand_for_no_tensor(door: Any, tmp_path: Path) -> None:
    door(made(tmp_path, "llama", max_position_embeddings=131072, rope_theta=10**8,
              bos_token_id=128000, max_window_layers=28, attn_implementation="sdpa"))
    door(made(tmp_path, "llama", added(f"{LLAMA}.q_proj.bias", small.random((16,))),
              attention_bias=True))


# --- what a loader left out

MODULES = {"": 0, "layers": 0, "layers.0": 0, "layers.0.self_attn": 0, "embed_tokens": 0}


@pytest.mark.parametrize("name", [
    "lm_head.weight", "cls.predictions.transform.dense.weight", "classifier.bias", "score.weight",
    "model.layers.0.self_attn.rotary_emb.inv_freq", "embeddings.position_ids", "pooler.dense.bias",
    "vocab_projector.weight", "layers.0.self_attn.masked_bias", "layers.0.self_attn.mask",
    "lm_head.layer_norm.weight", "generator_predictions.dense.weight", "final_logits_bias"])
def test_harmless(name: str) -> None:
    check_unused([name], MODULES, "model", {"layers.0.self_attn.mask": "BOOL"}, "m")


@pytest.mark.parametrize("name", [
    "model.layers.0.self_attn.q_norm.weight", "layers.0.self_attn.q_proj.bias",
    "layers.1.self_attn.q_proj.weight", "embed_tokens.norm.weight",
    "layers.0.self_attn.distance_embedding.weight", "embedding_norm.weight"])
def test_not_harmless(name: str) -> None:
    with pytest.raises(InputError, match=r"without a tensor that is in|has no place for"):
        check_unused([name], MODULES, "model", {}, "m")


# --- files beside the weights


def fifo(path: Path) -> None:
    os.mkfifo(path)


def a_socket(path: Path) -> None:
    here = Path.cwd()
    os.chdir(path.parent)  # a socket's path may have 108 bytes
    try:
        with closing(socket.socket(socket.AF_UNIX)) as bound:
            bound.bind(path.name)
    finally:
        os.chdir(here)


@pytest.mark.parametrize("name", ["tokenizer.json", "tokenizer_config.json", "vocab.txt",
                                  "generation_config.json", "special_tokens_map.json",
                                  "tokenizer.model", "merges.txt", "chat_template.jinja"])
@pytest.mark.parametrize(("make", "says"), [
    (fifo, "found a FIFO"), (Path.mkdir, "found a folder"), (a_socket, "cannot be opened"),
    (lambda p: p.symlink_to("/dev/zero"), "found a character device"),
    (lambda p: p.symlink_to("gone"), "no such file"),
    (lambda p: p.write_text("version https://git-lfs.github.com/spec/v1\n"), "Run: git lfs pull"),
    (lambda p: p.write_text("<!DOCTYPE html>"), "an HTML or XML page"),
])
def test_files_that_transformers_would_open(
    name: str, make: Callable[[Path], object], says: str, tmp_path: Path
) -> None:
    path = made(tmp_path, "llama")
    make(path / name)
    with pytest.raises(InputError, match=says):
        text_door(path)


def test_an_adapter_is_no_part_of_the_weights(tmp_path: Path) -> None:
    path = made(tmp_path, "llama")
    (path / "adapter_config.json").write_text("{}")
    with pytest.raises(InputError, match="an adapter lies beside the weights"):
        text_door(path)


def test_weights_that_transformers_would_take_first(tmp_path: Path) -> None:
    path = made(tmp_path, "llama")
    name = "shard-00000-model-00001-of-00001.safetensors"
    (path / name).write_bytes((path / "model.safetensors").read_bytes())
    with pytest.raises(InputError, match=f"a distributed checkpoint; found {name}"):
        text_door(path)


def test_links_to_files_and_what_nobody_opens(tmp_path: Path) -> None:
    path = made(tmp_path, "llama")
    (tmp_path / "elsewhere").write_text("{}")
    (path / "tokenizer.json").symlink_to(tmp_path / "elsewhere")
    os.mkfifo(path / "notes")
    text_door(path)


@DOORS
def test_a_configuration_that_was_not_fetched(door: Any, tmp_path: Path) -> None:
    path = made(tmp_path, "llama")
    (path / "config.json").write_text("version https://git-lfs.github.com/spec/v1\noid sha256:0\n")
    with pytest.raises(InputError, match="not a JSON file; found a Git-LFS pointer"):
        door(path)


@pytest.mark.parametrize(("name", "says"), [
    ("model.gguf", "give the .gguf file itself"),
    ("model.pt", "or give the file of weights itself")])
def test_a_folder_without_safetensors(name: str, says: str, tmp_path: Path) -> None:
    path = made(tmp_path, "llama")
    (path / "model.safetensors").rename(path / name)
    with pytest.raises(InputError, match=f"(?i){says}"):
        text_door(path)
