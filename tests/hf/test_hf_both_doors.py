"""One configuration, two doors: queries, keys, values and masks as transformers has them.

The folder is opened without torch, by our reading of the configuration, and loaded by
transformers, by its own; what enters each layer's attention there goes through our projections.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from neuromorph.api.collect import visible
from neuromorph.huggingface.hook import Call, Connection
from neuromorph.huggingface.recording import float_attention
from neuromorph.models import AttentionModel, open_model

pytestmark = pytest.mark.hf
torch = pytest.importorskip("torch", reason="torch is not installed")
pytest.importorskip("transformers", reason="transformers is not installed")

from hf_models import VOCABULARY, shaken  # noqa: E402

LAYERS, TOKENS, WINDOW = 3, 20, 7
SIZES = {"hidden_size": 32, "num_attention_heads": 4, "num_hidden_layers": LAYERS,
         "intermediate_size": 16}
TEXT = {**SIZES, "vocab_size": VOCABULARY, "max_position_embeddings": 64}
GROUPED = {**TEXT, "num_key_value_heads": 2, "pad_token_id": 0}
IMAGE = {**SIZES, "image_size": 32, "patch_size": 8}
BASES: Mapping[str, tuple[str, dict[str, Any]]] = {
    "llama": ("Llama", {**GROUPED, "rope_parameters": {"rope_type": "default",
                                                       "rope_theta": 5e5}}),
    "llama, own heads": ("Llama", {**TEXT, "num_key_value_heads": 4, "pad_token_id": 0}),
    "llama, wide heads": ("Llama", {**GROUPED, "head_dim": 16}),
    "llama, biases": ("Llama", {**GROUPED, "attention_bias": True}),
    "mistral": ("Mistral", {**GROUPED, "sliding_window": WINDOW}),
    "qwen2": ("Qwen2", {**GROUPED, "use_sliding_window": True, "sliding_window": WINDOW,
                        "max_window_layers": 1}),
    "bert": ("Bert", TEXT),
    "electra": ("Electra", {**TEXT, "embedding_size": 16}),
    "roberta": ("Roberta", {**TEXT, "max_position_embeddings": 66}),
    "gpt2": ("GPT2", {"n_embd": 32, "n_head": 4, "n_layer": LAYERS, "n_positions": 64,
                      "vocab_size": VOCABULARY, "bos_token_id": 1, "eos_token_id": 2}),
    "vit": ("ViT", IMAGE),
    "vit, no biases": ("ViT", {**IMAGE, "qkv_bias": False}),
    "vit, wide heads": ("ViT", {**IMAGE, "head_dim": 16}),
    "dinov2": ("Dinov2", {**IMAGE, "mlp_ratio": 1}),
    "deit": ("DeiT", IMAGE),
}
"""Class of transformers, and how it is made; each is built once."""

GONE = object()
NO_ROPE = {"rope_parameters": GONE}
LINEAR = {"rope_type": "linear", "factor": 4.0}
LLAMA3 = {"rope_type": "llama3", "rope_theta": 5e5, "factor": 8.0, "low_freq_factor": 1.0,
          "high_freq_factor": 4.0, "original_max_position_embeddings": 32}
NO_CONTEXT = {name: LLAMA3[name] for name in LLAMA3 if not name.startswith("original")}
SLIDING, FULL = "sliding_attention", "full_attention"

CASES: Mapping[str, tuple[str, dict[str, Any]]] = {
    "llama as saved": ("llama", {}),
    "theta beside": ("llama", {**NO_ROPE, "rope_theta": 7e4}),
    "theta twice": ("llama", {"rope_theta": 7e4}),
    "no theta": ("llama", NO_ROPE),
    "linear, old names": ("llama", {**NO_ROPE, "rope_theta": 7e4,
                                    "rope_scaling": {"type": "linear", "factor": 2}}),
    "both names of the type": ("llama", {"rope_parameters": {**LINEAR, "type": "default"}}),
    "linear": ("llama", {"rope_parameters": LINEAR}),
    "rope_scaling beside rope_parameters": ("llama", {"rope_scaling": LINEAR}),
    "rope_scaling and theta beside": ("llama", {"rope_scaling": LINEAR, "rope_theta": 7e4}),
    "empty rope_scaling": ("llama", {"rope_scaling": {}}),
    "rope_scaling is null": ("llama", {"rope_scaling": None}),
    "a factor that default does not use": (
        "llama", {"rope_parameters": {"rope_type": "default", "factor": 8.0, "rope_theta": 2e4}}),
    "llama3": ("llama", {"rope_parameters": LLAMA3}),
    "llama3, wide heads": ("llama, wide heads", {"rope_parameters": LLAMA3}),
    "llama3 without its context": ("llama", {"rope_parameters": NO_CONTEXT}),
    "llama3 with its context outside": (
        "llama", {"rope_parameters": LLAMA3, "original_max_position_embeddings": 16}),
    "rotary on all of each head": ("llama", {"partial_rotary_factor": 1.0}),
    "llama that looks ahead": ("llama", {"is_causal": False}),
    "llama that says it is causal": ("llama", {"is_causal": True}),
    "llama with a window": ("llama", {"sliding_window": WINDOW}),
    "llama with kinds of layers": ("llama", {"layer_types": [FULL, "attention", FULL]}),
    "head_dim is null": ("llama", {"head_dim": None}),
    "key-value heads are null": ("llama, own heads", {"num_key_value_heads": None}),
    "key-value heads are missing": ("llama, own heads", {"num_key_value_heads": GONE}),
    "wide heads": ("llama, wide heads", {}),
    "biases": ("llama, biases", {}),
    "fields of no effect": ("llama", {
        "use_cache": False, "rope_interleaved": False, "attention_dropout": 0.1,
        "pretraining_tp": 2, "context_window": 9, "is_llama_config": True, "alibi": None}),
    "mistral as saved": ("mistral", {}),
    "mistral without a window": ("mistral", {"sliding_window": None}),
    "mistral that looks ahead": ("mistral", {"is_causal": False}),
    "mistral that says it does not slide": ("mistral", {"use_sliding_window": False}),
    "mistral with kinds of layers": ("mistral", {"layer_types": [SLIDING] * LAYERS}),
    "mistral, linear": ("mistral", {"rope_scaling": LINEAR}),
    "qwen2 as saved": ("qwen2", {"layer_types": GONE}),
    "qwen2, all layers slide": ("qwen2", {"layer_types": GONE, "max_window_layers": 0}),
    "qwen2, no layer slides": ("qwen2", {"layer_types": GONE, "max_window_layers": LAYERS}),
    "qwen2, window is null": ("qwen2", {"layer_types": GONE, "sliding_window": None}),
    "qwen2, window is not used": ("qwen2", {"layer_types": GONE, "use_sliding_window": False}),
    "qwen2, kinds of layers": ("qwen2", {"layer_types": [SLIDING, FULL, SLIDING]}),
    "qwen2 that looks ahead": ("qwen2", {"is_causal": False}),
    "qwen2, llama3": ("qwen2", {"rope_scaling": LLAMA3}),
    "bert as saved": ("bert", {}),
    "bert decoder": ("bert", {"is_decoder": True}),
    "bert decoder that looks ahead": ("bert", {"is_decoder": True, "is_causal": False}),
    "bert that says it is not causal": ("bert", {"is_causal": False}),
    "bert, absolute positions": ("bert", {"position_embedding_type": "absolute",
                                          "pruned_heads": {}}),
    "roberta": ("roberta", {}),
    "electra": ("electra", {}),
    "gpt2 as saved": ("gpt2", {}),
    "gpt2, not scaled": ("gpt2", {"scale_attn_weights": False}),
    "gpt2, scaled by layer": ("gpt2", {"scale_attn_by_inverse_layer_idx": True}),
    "gpt2, upcast": ("gpt2", {"reorder_and_upcast_attn": True}),
    "gpt2, newer names": ("gpt2", {
        "n_embd": GONE, "hidden_size": 32, "n_head": GONE, "num_attention_heads": 4,
        "n_layer": GONE, "num_hidden_layers": LAYERS}),
    "gpt2 that looks ahead": ("gpt2", {"is_causal": False}),
    "vit as saved": ("vit", {}),
    "vit, no biases": ("vit, no biases", {}),
    "vit, wide heads": ("vit, wide heads", {}),
    "dinov2": ("dinov2", {}),
    "deit": ("deit", {}),
}


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    """A folder of each base, with random weights; biases too, which are zero when new."""
    import transformers

    folders: dict[str, Path] = {}

    def folder(base: str) -> Path:
        if base not in folders:
            name, settings = BASES[base]
            config = getattr(transformers, f"{name}Config")(**settings)
            folders[base] = tmp_path_factory.mktemp("base")
            shaken(getattr(transformers, f"{name}Model")(config)).save_pretrained(folders[base])
        return folders[base]

    return folder


@pytest.mark.parametrize("case", CASES)
def test_both_doors_see_the_same(case: str, built: Callable[[str], Path], tmp_path: Path) -> None:
    base, changes = CASES[case]
    _with_changes(built(base), tmp_path, changes)
    ours, theirs = open_model(tmp_path), _load(tmp_path)
    calls = _calls(theirs)
    assert len(ours.layers) == len(calls) == LAYERS
    for layer, (hidden, call) in zip(ours.layers, calls, strict=True):
        q, k, v = layer.project(hidden)
        _close(q * layer.logit_scale, call.queries[0] * call.scale)
        _close(k, call.keys[0])
        _close(v, call.values[0])
        np.testing.assert_array_equal(_mask(ours, layer.window, len(hidden)), call.mask[0].numpy())


def _with_changes(base: Path, folder: Path, changes: Mapping[str, Any]) -> None:
    (folder / "model.safetensors").symlink_to(base / "model.safetensors")
    config = json.loads((base / "config.json").read_text()) | changes
    config = {name: value for name, value in config.items() if value is not GONE}
    (folder / "config.json").write_text(json.dumps(config))


def _load(folder: Path) -> Any:
    from transformers import AutoModel

    model, loaded = AutoModel.from_pretrained(folder, local_files_only=True, dtype="float32",
                                              output_loading_info=True)
    assert [name for name in loaded["missing_keys"] if "pooler" not in name] == []
    return model.eval()


def _calls(model: Any) -> list[tuple[np.ndarray, Call]]:
    """What enters each layer's attention module, and what its attention function is given."""
    hidden: dict[str, np.ndarray] = {}
    calls: list[Call] = []

    def keep(call: Call) -> Any:
        calls.append(call)
        return float_attention(call)

    def watch(name: str) -> Callable[..., None]:
        def hook(_: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
            hidden[name] = (args[0] if args else kwargs["hidden_states"])[0].numpy()
        return hook

    hooks = [module.register_forward_pre_hook(watch(name), with_kwargs=True)
             for name, module in model.named_modules() if "Attention" in type(module).__name__]
    connection = Connection(model, keep)
    try:
        with torch.no_grad():
            model(**_inputs(model))
    finally:
        connection.close()
        for hook in hooks:
            hook.remove()
    return [(hidden[call.layer], call) for call in calls]


def _inputs(model: Any) -> dict[str, Any]:
    generator = torch.Generator().manual_seed(1)
    if hasattr(model.config, "image_size"):
        return {"pixel_values": torch.randn(1, 3, 32, 32, generator=generator)}
    return {"input_ids": torch.randint(5, VOCABULARY, (1, TOKENS), generator=generator)}


def _mask(model: AttentionModel, window: int | None, tokens: int) -> np.ndarray:
    return visible(tokens, tokens, model.causal, window)


def _close(ours: np.ndarray, theirs: Any) -> None:
    np.testing.assert_allclose(ours, theirs.numpy(), atol=2e-5, rtol=2e-5)
