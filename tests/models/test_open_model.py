"""Opening small models of every family, in every arrangement of files."""

from __future__ import annotations

import hashlib
import json
import math
from pathlib import Path

import numpy as np
import pytest
import small_models as small

from neuromorph.errors import TensorError
from neuromorph.models import LinearScaling, Llama3Scaling, Rotary, open_model, open_tensors

X = small.random((5, small.WIDTH), 77)


def _bert_like(path: Path, prefix: str, inner: str, kind: str, **config: object) -> Path:
    return small.folder(path / "model", small.bert_tensors(prefix, inner),
                        small.bert_config(model_type=kind, **config))


@pytest.mark.parametrize(("prefix", "inner", "kind", "family"), [
    ("", "self", "bert", "bert"),
    ("bert.", "self", "bert", "bert"),
    ("roberta.", "self", "roberta", "bert"),
    ("", "self", "xlm-roberta", "bert"),
    ("vit.", "attention", "vit", "vit"),
    ("", "attention", "dinov2", "vit"),
])
def test_encoder_families(prefix: str, inner: str, kind: str, family: str, tmp_path: Path) -> None:
    model = open_model(_bert_like(tmp_path, prefix, inner, kind))
    tensors = small.bert_tensors(prefix, inner)
    assert (model.family, model.causal, model.notes) == (family, False, ())
    assert [layer.name for layer in model.layers] == [
        f"{prefix}encoder.layer.{n}.attention.{inner}" for n in range(small.LAYERS)]
    for layer in model.layers:
        assert (layer.heads, layer.kv_heads, layer.head_size, layer.value_size) == (4, 4, 3, 3)
        assert layer.rotary is layer.window is layer.scale is None
        # Square weights are taken as they stand: (out, in), never turned.
        np.testing.assert_array_equal(layer.query_weight, tensors[f"{layer.name}.query.weight"])
        np.testing.assert_array_equal(layer.value_bias, tensors[f"{layer.name}.value.bias"])


def test_bert_decoder_is_causal(tmp_path: Path) -> None:
    assert open_model(_bert_like(tmp_path, "bert.", "self", "bert", is_decoder=True)).causal


def test_llama(tmp_path: Path) -> None:
    model = open_model(small.folder(tmp_path / "m", small.llama_tensors(), small.llama_config()))
    assert (model.family, model.causal, model.notes) == ("llama", True, ())
    layer = model.layers[0]
    assert (layer.heads, layer.kv_heads, layer.head_size, layer.value_size) == (4, 2, 4, 4)
    assert layer.rotary == Rotary(10000.0)
    assert layer.query_bias is layer.window is None
    q, k, v = layer.project(X)
    assert (q.shape, k.shape, v.shape) == ((4, 5, 4), (2, 5, 4), (2, 5, 4))


@pytest.mark.parametrize(("config", "rotary"), [
    ({"rope_theta": 5e5}, Rotary(5e5)),
    ({"rope_theta": None, "rope_parameters": {"rope_theta": 2e4, "rope_type": "default"}},
     Rotary(2e4)),
    ({"rope_scaling": {"type": "linear", "factor": 2.0}}, Rotary(1e4, LinearScaling(2.0))),
    ({"rope_parameters": {"rope_type": "llama3", "factor": 8.0, "low_freq_factor": 1.0,
                          "high_freq_factor": 4.0, "original_max_position_embeddings": 8192}},
     Rotary(1e4, Llama3Scaling(8.0, 1.0, 4.0, 8192.0))),
])
def test_rotary_settings(config: dict[str, object], rotary: Rotary, tmp_path: Path) -> None:
    model = open_model(small.folder(tmp_path / "m", small.llama_tensors(),
                                    small.llama_config(**config)))
    assert model.layers[0].rotary == rotary


def test_assumed_theta_is_reported(tmp_path: Path) -> None:
    config = small.llama_config()
    del config["rope_theta"]
    model = open_model(small.folder(tmp_path / "m", small.llama_tensors(), config))
    assert model.layers[0].rotary == Rotary(1e4)
    assert model.notes == ("the configuration has no rope_theta: 10000 assumed",)


@pytest.mark.parametrize(("config", "windows"), [
    ({"model_type": "llama", "sliding_window": 7}, [None, None]),
    ({"model_type": "mistral", "sliding_window": 7}, [7, 7]),
    ({"model_type": "mistral", "sliding_window": None}, [None, None]),
    ({"model_type": "mistral"}, [4096, 4096]),
    ({"model_type": "qwen2", "sliding_window": 7}, [None, None]),
    ({"model_type": "qwen2", "sliding_window": 7, "use_sliding_window": True,
      "max_window_layers": 1}, [None, 7]),
    ({"model_type": "qwen2", "sliding_window": 7, "use_sliding_window": True,
      "layer_types": ["sliding_attention", "full_attention"]}, [7, None]),
])
def test_windows(config: dict[str, object], windows: list[int | None], tmp_path: Path) -> None:
    model = open_model(small.folder(tmp_path / "m", small.llama_tensors(""),
                                    small.llama_config(**config)))
    assert [layer.window for layer in model.layers] == windows


def test_gpt2(tmp_path: Path) -> None:
    """The fused weight is (in, out): x W + b, then three equal parts."""
    tensors = small.gpt2_tensors()
    model = open_model(small.folder(tmp_path / "m", tensors, small.gpt2_config()))
    assert (model.family, model.causal) == ("gpt2", True)
    flat = (X @ tensors["transformer.h.1.attn.c_attn.weight"]
            + tensors["transformer.h.1.attn.c_attn.bias"])
    for got, part in zip(model.layers[1].project(X), np.split(flat, 3, axis=1), strict=True):
        np.testing.assert_allclose(got.transpose(1, 0, 2).reshape(5, -1), part, atol=1e-5)


@pytest.mark.parametrize(("config", "scales"), [
    ({}, [1 / math.sqrt(3)] * 2),
    ({"scale_attn_weights": False}, [1.0, 1.0]),
    ({"scale_attn_by_inverse_layer_idx": True}, [1 / math.sqrt(3), 0.5 / math.sqrt(3)]),
])
def test_gpt2_scales(config: dict[str, object], scales: list[float], tmp_path: Path) -> None:
    model = open_model(small.folder(tmp_path / "m", small.gpt2_tensors(""),
                                    small.gpt2_config(**config)))
    assert [layer.logit_scale for layer in model.layers] == pytest.approx(scales)


def test_digits_in_one_file(tmp_path: Path) -> None:
    model = open_model(small.digits(tmp_path / "digits.safetensors"))
    assert (model.family, model.causal, len(model.layers)) == ("digits-vit", False, small.LAYERS)
    np.testing.assert_array_equal(model.layers[1].key_weight,
                                  small.digits_tensors()["blocks.1.attention.key.weight"])


def test_digits_in_a_folder(tmp_path: Path) -> None:
    small.digits(tmp_path / "model.safetensors")
    assert open_model(tmp_path).family == "digits-vit"


def test_embedded_configuration_comes_first(tmp_path: Path) -> None:
    small.digits(tmp_path / "model.safetensors")
    (tmp_path / "config.json").write_text("{not json")
    assert open_model(tmp_path).family == "digits-vit"


def test_file_with_its_configuration_beside_it(tmp_path: Path) -> None:
    folder = small.folder(tmp_path / "m", small.bert_tensors(), small.bert_config())
    assert open_model(folder / "model.safetensors").family == "bert"
    assert open_model(str(folder / "model.safetensors")).family == "bert"


def test_shards_are_the_same_model(tmp_path: Path) -> None:
    tensors, config = small.bert_tensors(), small.bert_config()
    one = open_model(small.folder(tmp_path / "one", tensors, config))
    folder = small.sharded(tmp_path / "many", tensors, config, shards=3)
    for path in (folder, folder / "model.safetensors.index.json"):
        many = open_model(path)
        assert len(many.provenance["files"]) == 3
        assert many.provenance["tensors"] == one.provenance["tensors"]
        for a, b in zip(one.layers, many.layers, strict=True):
            np.testing.assert_array_equal(a.project(X)[0], b.project(X)[0])


def test_shards_that_are_links(tmp_path: Path) -> None:
    """As in the cache of Hugging Face, where every file of a snapshot is a link."""
    folder = small.sharded(tmp_path / "many", small.bert_tensors(), small.bert_config())
    for number, path in enumerate(sorted(folder.iterdir())):
        path.rename(tmp_path / f"blob{number}")
        path.symlink_to(tmp_path / f"blob{number}")
    assert open_model(folder).family == "bert"


def test_sharded_tensors(tmp_path: Path) -> None:
    tensors = small.bert_tensors()
    source = open_tensors(small.sharded(tmp_path / "many", tensors, small.bert_config()))
    assert set(source.names) == set(tensors)
    for name, values in tensors.items():
        np.testing.assert_array_equal(source.read(name), values)
    with pytest.raises(TensorError, match="there is no tensor 'embedding'"):
        source.info("embedding")
    source.close()


def test_some_biases_only_is_legal_and_reported(tmp_path: Path) -> None:
    tensors = small.bert_tensors()
    del tensors["encoder.layer.1.attention.self.key.bias"]
    model = open_model(small.folder(tmp_path / "m", tensors, small.bert_config()))
    assert model.layers[1].key_bias is None
    assert model.layers[1].query_bias is not None
    (note,) = model.notes
    assert note == ("encoder.layer.1.attention.self: only query and value have a bias; the others "
                    "have none")


def test_values_of_another_size_than_keys(tmp_path: Path) -> None:
    tensors = small.llama_tensors()
    for layer in range(small.LAYERS):
        tensors[f"model.layers.{layer}.self_attn.v_proj.weight"] = small.random((6, small.WIDTH))
    model = open_model(small.folder(tmp_path / "m", tensors, small.llama_config()))
    assert model.layers[0].value_size == 3


def test_half_precision_weights(tmp_path: Path) -> None:
    tensors = {name: array.astype(np.float16) for name, array in small.llama_tensors().items()}
    model = open_model(small.folder(tmp_path / "m", tensors, small.llama_config()))
    assert model.layers[0].query_weight.dtype == np.float32


def test_layers_are_in_the_order_of_their_numbers(tmp_path: Path) -> None:
    tensors = {f"blocks.{n}.attention.{part}.weight": np.full((4, 4), n, np.float32)
               for n in (10, 2, 0, 1, 3, 4, 5, 6, 7, 8, 9) for part in ("query", "key", "value")}
    config = {"family": "digits-vit", "width": 4, "heads": 2, "layers": 11}
    path = small.write(tmp_path / "x.safetensors", tensors, {"config": json.dumps(config)})
    assert [layer.query_weight[0, 0] for layer in open_model(path).layers] == list(range(11))


def test_provenance(tmp_path: Path) -> None:
    folder = small.folder(tmp_path / "m", small.llama_tensors(), small.llama_config())
    model = open_model(folder)
    content = (folder / "model.safetensors").read_bytes()
    assert model.provenance["files"] == {"model.safetensors": {
        "bytes": len(content), "sha256": hashlib.sha256(content).hexdigest()}}
    assert model.provenance["tensors"]["model.layers.0.self_attn.k_proj.weight"] == {
        "dtype": "F32", "shape": [8, 12]}
    assert "model.norm.weight" not in model.provenance["tensors"]
    assert json.loads(json.dumps(model.provenance)) == model.provenance
