"""Fields of a configuration: each changes what is read, is refused by name, or has no effect."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import small_models as small

from neuromorph.api.collect import visible
from neuromorph.errors import ModelStructureError
from neuromorph.models import AttentionModel, LinearScaling, Llama3Scaling, Rotary, open_model
from neuromorph.models.families.fields import concerns_attention

GONE = object()
LINEAR = {"rope_type": "linear", "factor": 4.0}
LLAMA3 = {"rope_type": "llama3", "factor": 8.0, "low_freq_factor": 1.0, "high_freq_factor": 4.0}
SLIDING, FULL = "sliding_attention", "full_attention"


def opened(path: Path, kind: str, **changes: Any) -> AttentionModel:
    """A small model of this type, whose configuration is changed; `GONE` takes a field out."""
    if kind == "gpt2":
        tensors, config = small.gpt2_tensors(), small.gpt2_config()
    elif kind in ("llama", "mistral", "qwen2"):
        tensors, config = small.llama_tensors(), small.llama_config(model_type=kind)
    else:
        tensors = small.bert_tensors(inner="attention" if kind == "vit" else "self")
        config = small.bert_config(model_type=kind)
    fields = {name: value for name, value in (config | changes).items() if value is not GONE}
    return open_model(small.folder(path / "m", tensors, fields))


def windows(model: AttentionModel) -> list[int | None]:
    return [layer.window for layer in model.layers]


# --- rotary positions


@pytest.mark.parametrize(("changes", "rotary"), [
    ({"rope_scaling": LINEAR, "rope_parameters": {"rope_type": "default"}},
     Rotary(1e4, LinearScaling(4.0))),
    ({"rope_scaling": LINEAR, "rope_parameters": {"rope_theta": 5e5}, "rope_theta": GONE},
     Rotary(1e4, LinearScaling(4.0))),
    ({"rope_scaling": {}, "rope_parameters": LINEAR}, Rotary(1e4, LinearScaling(4.0))),
    ({"rope_scaling": None, "rope_parameters": LINEAR}, Rotary(1e4, LinearScaling(4.0))),
    ({"rope_theta": 7e4, "rope_parameters": {"rope_theta": 2e4}}, Rotary(2e4)),
    ({"rope_parameters": {"rope_type": "default", "factor": 3.0}}, Rotary(1e4)),
    ({"rope_parameters": {"rope_type": "default", "type": "yarn"}}, Rotary(1e4)),
    ({"rope_scaling": LLAMA3, "max_position_embeddings": 256},
     Rotary(1e4, Llama3Scaling(8.0, 1.0, 4.0, 256))),
    ({"rope_scaling": {**LLAMA3, "original_max_position_embeddings": 64},
      "original_max_position_embeddings": 32}, Rotary(1e4, Llama3Scaling(8.0, 1.0, 4.0, 32))),
])
def test_the_order_in_which_rotary_settings_count(
    changes: dict[str, Any], rotary: Rotary, tmp_path: Path
) -> None:
    assert opened(tmp_path, "llama", **changes).layers[0].rotary == rotary


def test_what_rope_scaling_hides_is_told(tmp_path: Path) -> None:
    hidden = {"rope_scaling": LINEAR, "rope_parameters": {"rope_theta": 5e5}, "rope_theta": GONE}
    assert opened(tmp_path, "llama", **hidden).notes == (
        "rope_scaling stands beside rope_parameters and replaces them, as in transformers",
        "the configuration has no rope_theta: 10000 assumed")


@pytest.mark.parametrize("changes", [
    {"rope_parameters": {"rope_theta": 5e5}},
    {"rope_parameters": LINEAR, "rope_scaling": LINEAR},
])
def test_nothing_hidden_nothing_told(changes: dict[str, Any], tmp_path: Path) -> None:
    assert opened(tmp_path, "llama", **changes).notes == ()


# --- windows


@pytest.mark.parametrize(("kind", "changes", "expected"), [
    ("qwen2", {"sliding_window": None, "max_window_layers": 1}, [None, None]),
    ("qwen2", {"sliding_window": 7, "max_window_layers": 0}, [7, 7]),
    ("qwen2", {"max_window_layers": 0}, [4096, 4096]),
    ("qwen2", {"sliding_window": 7}, [None, None]),
    ("qwen2", {"sliding_window": 7, "layer_types": ["attention", SLIDING]}, [None, 7]),
    ("mistral", {"sliding_window": 7, "layer_types": [SLIDING, SLIDING]}, [7, 7]),
    ("llama", {"layer_types": [FULL, FULL]}, [None, None]),
])
def test_windows(kind: str, changes: dict[str, Any], expected: list[int | None],
                 tmp_path: Path) -> None:
    model = opened(tmp_path, kind, **{"use_sliding_window": True, **changes})
    assert windows(model) == expected


@pytest.mark.parametrize(("kind", "note"), [
    ("llama", "sliding_window has no effect on a llama, as in transformers"),
    ("mistral", "use_sliding_window has no effect on a mistral, as in transformers: it slides"),
])
def test_a_window_without_effect_is_told(kind: str, note: str, tmp_path: Path) -> None:
    model = opened(tmp_path, kind, sliding_window=7, use_sliding_window=False)
    assert model.notes == (note,)


def test_a_window_of_a_bidirectional_model_has_two_sides() -> None:
    near = np.array([[1, 1, 0, 0], [1, 1, 1, 0], [0, 1, 1, 1], [0, 0, 1, 1]], bool)
    np.testing.assert_array_equal(visible(4, 4, False, 1), near)
    np.testing.assert_array_equal(visible(4, 4, True, 2), np.tril(near))


# --- who looks where


@pytest.mark.parametrize(("kind", "changes", "causal"), [
    ("llama", {"is_causal": False}, False),
    ("llama", {"is_causal": True}, True),
    ("gpt2", {"is_causal": False}, False),
    ("bert", {"is_decoder": True, "is_causal": False}, False),
    ("bert", {"is_decoder": True, "is_causal": True}, True),
    ("bert", {"is_causal": False}, False),
    ("vit", {"is_causal": False}, False),
])
def test_is_causal(kind: str, changes: dict[str, Any], causal: bool, tmp_path: Path) -> None:
    assert opened(tmp_path, kind, **changes).causal is causal


# --- heads and biases


@pytest.mark.parametrize(("kind", "count"), [("mistral", 8), ("qwen2", 32)])
def test_missing_key_value_heads_are_those_of_the_type(
    kind: str, count: int, tmp_path: Path
) -> None:
    """Whatever the heads, of which there are 4 here; the key-value heads are 2."""
    with pytest.raises(ModelStructureError, match=f"found 4 heads, {count} key-value heads"):
        opened(tmp_path, kind, num_key_value_heads=GONE)


def test_newer_names_in_gpt2(tmp_path: Path) -> None:
    layer = opened(tmp_path, "gpt2", n_head=GONE, num_attention_heads=2, n_embd=GONE,
                   hidden_size=small.WIDTH).layers[0]
    assert (layer.heads, layer.head_size) == (2, small.WIDTH // 2)


def test_wide_heads_of_a_vision_transformer(tmp_path: Path) -> None:
    with pytest.raises(ModelStructureError, match=r"query weight has the wrong shape; found "
                       r"\[12, 12\]; expected \[20, 12\]"):
        opened(tmp_path, "vit", head_dim=5)


def test_biases_that_should_be_there_are_told(tmp_path: Path) -> None:
    assert opened(tmp_path, "qwen2").notes == tuple(
        f"model.layers.{n}.self_attn: no projection has a bias, though the configuration says so"
        for n in range(small.LAYERS))


# --- refused by name


REFUSED: list[tuple[str, dict[str, Any], str]] = [
    *[("llama", {"rope_scaling": {"rope_type": kind, "factor": 2.0},
                 "rope_parameters": {"rope_type": "default"}},
       f"rope_scaling: this scaling of rotary positions is not supported; found {kind}")
      for kind in ("dynamic", "yarn", "longrope", "proportional")],
    ("llama", {"rope_scaling": {"rope_type": None, "type": "linear", "factor": 2.0}},
     "has no rope_type"),
    ("llama", {"rope_theta": None}, "has no rope_theta"),
    ("llama", {"rope_scaling": LINEAR, "rope_parameters": "linear"}, "rope_parameters is not us"),
    ("llama", {"rope_scaling": {**LLAMA3, "original_max_position_embeddings": None}},
     "has no original_max_position_embeddings"),
    ("llama", {"rope_scaling": {**LLAMA3, "low_freq_factor": 4.0}},
     "low_freq_factor must be below high_freq_factor; found 4 and 4"),
    ("llama", {"partial_rotary_factor": 0.5}, "rotary positions on a part of each head"),
    ("llama", {"rope_scaling": LLAMA3}, "has no max_position_embeddings"),
    ("llama", {"rope_parameters": {FULL: {"rope_theta": 1e4}}},
     "a setting of the rotary positions is not known here; found full_attention"),
    ("qwen2", {"rope_scaling": {"rope_type": "default", "mrope_section": [1, 2]}},
     "found mrope_section"),
    ("llama", {"is_causal": None}, "is_causal is not usable; found None"),
    ("bert", {"is_causal": True}, "is_causal has no effect on an encoder"),
    ("vit", {"is_causal": True}, "is_causal has no effect on an encoder"),
    ("qwen2", {"use_sliding_window": None}, "use_sliding_window is not usable; found None"),
    ("qwen2", {"max_window_layers": None, "use_sliding_window": True}, "has no max_window_layers"),
    ("qwen2", {"max_window_layers": -1, "use_sliding_window": True},
     "max_window_layers is not usable; found -1; expected a whole number from 0"),
    ("qwen2", {"layer_types": [FULL, SLIDING]}, "layer 1 is to slide, but there is no window"),
    ("qwen2", {"layer_types": [FULL]}, "does not name every layer once; found 1 kinds"),
    ("qwen2", {"layer_types": [FULL, "chunked_attention"]},
     "a kind of layer that is not supported; found chunked_attention"),
    ("llama", {"layer_types": [SLIDING, FULL]}, "says of layer 0 what a llama does not do"),
    ("mistral", {"layer_types": [SLIDING, FULL]}, "says of layer 1 what a mistral does not do"),
    ("llama", {"num_attention_heads": 8, "head_dim": 2}, "the heads do not divide the width"),
    ("mistral", {"sliding_window": 0}, "sliding_window is not usable; found 0"),
    ("mistral", {"attention_bias": True}, "attention_bias has no effect on a mistral"),
    ("qwen2", {"attention_bias": False}, "attention_bias has no effect on a qwen2"),
    ("vit", {"qkv_bias": False}, "a bias that the configuration denies; found 'encoder.layer.0"),
    ("gpt2", {"hidden_size": 24}, "n_embd and hidden_size disagree; found 12 and 24"),
    ("gpt2", {"position_embedding_type": "alibi"}, "'position_embedding_type': 'alibi'"),
    ("gpt2", {"multi_query": True}, "'multi_query': True"),
    *[("llama", {name: value}, f"may change attention and is not known here; found '{name}'")
      for name, value in {
          "attention_multiplier": 0.5, "query_pre_attn_scalar": 8, "attn_logit_softcapping": 50.0,
          "use_bidirectional_attention": True, "per_layer_config": {"0": {"head_dim": 8}},
          "qk_layernorm": True, "rope_interleaved": True, "use_rope": False,
          "dual_chunk_attention_config": {"chunk_size": 8}, "attention_sinks": 4,
          "num_kv_heads": 1, "attention_chunk_size": 64}.items()],
    ("bert", {"pruned_heads": {"0": [1]}}, "'pruned_heads'"),
    ("bert", {"head_dim": 5}, "'head_dim': 5"),
    ("bert", {"layer_types": [FULL, SLIDING]}, "'layer_types'"),
]


@pytest.mark.parametrize(("kind", "changes", "text"), REFUSED)
def test_refused_by_name(kind: str, changes: dict[str, Any], text: str, tmp_path: Path) -> None:
    with pytest.raises(ModelStructureError) as caught:
        opened(tmp_path, kind, **changes)
    assert text in str(caught.value)


def test_a_refusal_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(ModelStructureError, match="Take it out of the configuration if it has no"):
        opened(tmp_path, "llama", attention_multiplier=2)


def test_biases_that_the_configuration_denies(tmp_path: Path) -> None:
    tensors = small.llama_tensors()
    tensors["model.layers.1.self_attn.k_proj.bias"] = small.random((8,))
    folder = small.folder(tmp_path / "m", tensors, small.llama_config())
    with pytest.raises(ModelStructureError, match=r"denies; found 'model\.layers\.1\.self_attn\."):
        open_model(folder)
    small.folder(folder, tensors, small.llama_config(attention_bias=True))
    assert open_model(folder).layers[1].key_bias is not None


# --- without effect


@pytest.mark.parametrize("fields", [
    {"attention_dropout": 0.1, "attn_implementation": "eager", "use_flash_attn": True,
     "_attn_implementation_autoset": True, "cache_implementation": "sliding_window"},
    {"rope_interleaved": False, "use_mrope": False, "use_qk_norm": False, "is_llama_config": True},
    {"alibi": None, "attention_sinks": None, "softcap": {}, "qk_norms": []},
    {"pooler_num_attention_heads": 12, "context_window": 4096, "max_sequence_length": 9,
     "pretraining_tp": 2, "custom_note": "innocuous", "layerscale_value": 1.0},
])
def test_without_effect(fields: dict[str, Any], tmp_path: Path) -> None:
    model = opened(tmp_path, "llama", **fields)
    assert (model.layers[0].rotary, model.causal, windows(model), model.notes) == (
        Rotary(1e4), True, [None, None], ())


@pytest.mark.parametrize("name", ["attention_scale", "num_kv_heads", "AttnScale", "_rope_base",
                                  "local-window", "per_layer_config"])
def test_names_that_concern_attention(name: str) -> None:
    assert concerns_attention(name)


@pytest.mark.parametrize("name", ["hidden_size", "intermediate_size", "lm_head_bias", "keys", "",
                                  "attention_dropout", "chunk_size_feed_forward", "windows"])
def test_names_that_do_not(name: str) -> None:
    assert not concerns_attention(name)
