"""Tiny models of many families, of transformers' own classes with random weights.

Each family's own configuration is made small by the names that it knows of `SMALL`. Weights are so
large that attention is far from uniform, and tables of position biases are random too.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any

VOCABULARY, TOKENS, WIDTH, HEADS = 80, 24, 64, 4

SMALL: Mapping[str, Any] = {
    **dict.fromkeys(("hidden_size", "d_model", "n_embd", "emb_dim", "embedding_size", "dim",
                     "input_embedding_size", "intermediate_size", "ffn_dim", "d_ff", "d_inner",
                     "hidden_dim", "encoder_ffn_dim", "decoder_ffn_dim", "dff", "n_inner",
                     "ffn_hidden_size", "moe_intermediate_size"), WIDTH),
    **dict.fromkeys(("num_hidden_layers", "num_layers", "n_layer", "n_layers", "encoder_layers",
                     "decoder_layers", "num_encoder_layers", "num_decoder_layers"), 2),
    **dict.fromkeys(("num_attention_heads", "n_head", "n_heads", "num_heads", "attention_heads",
                     "encoder_attention_heads", "decoder_attention_heads",
                     "num_encoder_attention_heads", "num_decoder_attention_heads"), HEADS),
    **dict.fromkeys(("num_key_value_heads", "num_kv_heads"), 2),
    **dict.fromkeys(("max_position_embeddings", "n_positions", "max_seq_len", "n_ctx"), 96),
    **dict.fromkeys(("head_dim", "d_kv", "d_head", "query_pre_attn_scalar"), WIDTH // HEADS),
    **dict.fromkeys(("num_experts", "num_local_experts", "n_routed_experts"), 4),
    "num_experts_per_tok": 4,  # all: a choice of experts jumps where attention moves a little
    "vocab_size": VOCABULARY, "image_size": 32, "patch_size": 8, "rotary_dim": 8,
    "pad_token_id": 0, "bos_token_id": 1, "eos_token_id": 2, "cls_token_id": 1, "sep_token_id": 2,
}


def ids(seed: int = 1) -> dict[str, Any]:
    """Three texts without padding."""
    import torch

    return {"input_ids": torch.randint(5, VOCABULARY, (3, TOKENS),
                                       generator=torch.Generator().manual_seed(seed))}


def padded() -> dict[str, Any]:
    """Three texts, two of them padded behind."""
    import torch

    mask = torch.ones(3, TOKENS, dtype=torch.long)
    mask[1, 19:] = 0
    mask[2, 14:] = 0
    return {**ids(), "attention_mask": mask}


def two_texts() -> dict[str, Any]:
    """A padded text, and what is said of it."""
    return {**padded(), "decoder_input_ids": ids(2)["input_ids"][:, :11]}


def pixels(side: int = 32) -> dict[str, Any]:
    """Three images."""
    import torch

    return {"pixel_values": torch.randn(3, 3, side, side,
                                        generator=torch.Generator().manual_seed(1))}


def masked_pixels() -> dict[str, Any]:
    """Three images, and the order in which patches are left out."""
    import torch

    return {**pixels(), "noise": torch.arange(16.0).expand(3, 16)}


def sound() -> dict[str, Any]:
    """Two waves."""
    import torch

    return {"input_values": torch.randn(2, 2400, generator=torch.Generator().manual_seed(1))}


@dataclass(frozen=True)
class Family:
    """How a tiny model of a family is built, and what it is fed."""

    inputs: Callable[[], dict[str, Any]] = padded
    sizes: Mapping[str, Any] = field(default_factory=dict)
    factors: Mapping[str, float] = field(default_factory=dict)

    def build(self, name: str) -> Any:
        """The model, in ``eval`` mode."""
        import torch
        import transformers
        from transformers.models.auto.configuration_auto import CONFIG_MAPPING

        kind = CONFIG_MAPPING[name]
        known, other_names = kind().to_dict(), kind.attribute_map
        sizes = {key: value for key, value in SMALL.items() if key in known or (
            key in other_names and other_names[key] not in SMALL)}
        config = kind(**{**sizes, **self.sizes})
        if not config.architectures:
            config.architectures = [kind.__name__.removesuffix("Config") + "Model"]
        model = shaken(transformers.AutoModel.from_config(config))
        with torch.no_grad():
            for part, factor in self.factors.items():
                for key, parameter in model.named_parameters():
                    if part in key and parameter.dim() > 1:
                        parameter.mul_(factor)
        return model


def shaken(model: Any, seed: int = 0) -> Any:
    """Random weights so large that attention is far from uniform."""
    import torch

    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for parameter in model.parameters():
            noise = torch.randn(parameter.shape, generator=generator)
            if parameter.dim() > 1:
                parameter.copy_(0.2 * noise)
            else:
                parameter.add_(0.1 * noise)
    return model.eval()

_STAGES = {"embed_dim": 16, "depths": [2, 2], "num_heads": [2, 4], "window_size": 4,
           "patch_size": 2}

ENCODERS = (
    "albert", "bert", "big_bird", "camembert", "canine", "data2vec-text", "deberta", "deberta-v2",
    "distilbert", "electra", "ernie", "esm", "eurobert", "flaubert", "fnet", "funnel", "ibert",
    "layoutlm", "longformer", "luke", "markuplm", "megatron-bert", "mobilebert", "modernbert",
    "mpnet", "mra", "nomic_bert", "nystromformer", "reformer", "rembert", "roberta",
    "roberta-prelayernorm", "roformer", "splinter", "squeezebert", "tapas", "xlm", "xlm-roberta",
    "xlm-roberta-xl", "xlnet", "xmod")
DECODERS = (
    "arcee", "biogpt", "bitnet", "bloom", "codegen", "cohere", "cohere2", "ctrl", "deepseek_v2",
    "deepseek_v3", "diffllama", "ernie4_5", "exaone4", "falcon", "gemma", "gemma2", "gemma3_text",
    "glm", "glm4", "gpt2", "gpt_bigcode", "gpt_neo", "gpt_neox", "gpt_neox_japanese", "gpt_oss",
    "gptj", "granite", "granitemoe", "helium", "jetmoe", "llama", "mamba", "ministral", "mistral",
    "mixtral", "mpt", "nemotron", "olmo", "olmo2", "olmo3", "olmoe", "openai-gpt", "opt",
    "persimmon", "phi", "phi3", "phimoe", "qwen2", "qwen2_moe", "qwen3", "qwen3_moe", "smollm3",
    "stablelm", "starcoder2", "xglm")
PAIRS = (
    "bart", "bigbird_pegasus", "blenderbot", "blenderbot-small", "fsmt", "led", "longt5",
    "m2m_100", "marian", "mbart", "mt5", "mvp", "pegasus", "pegasus_x", "plbart", "prophetnet",
    "switch_transformers", "t5", "umt5")
IMAGES = (
    "beit", "cvt", "data2vec-vision", "deit", "dinov2", "dinov2_with_registers", "dinov3_vit",
    "donut-swin", "dpt", "hiera", "ijepa", "levit", "pvt", "pvt_v2", "segformer",
    "siglip_vision_model", "swin", "swinv2", "vit", "vit_mae", "vit_msn", "yolos")
SOUNDS = ("hubert", "sew", "sew-d", "unispeech", "unispeech-sat", "wav2vec2", "wavlm")

_SIZES: Mapping[str, Mapping[str, Any]] = {
    "beit": {"use_relative_position_bias": True},
    "bigbird_pegasus": {"attention_type": "original_full"},
    "cvt": {"embed_dim": [16, 32, 64], "num_heads": [1, 2, 4], "depth": [1, 2, 4],
            "drop_path_rate": [0.0, 0.0, 0.0]},
    "data2vec-vision": {"use_relative_position_bias": True},
    "deberta": {"relative_attention": True, "pos_att_type": ["c2p", "p2c"]},
    "deberta-v2": {"relative_attention": True, "pos_att_type": ["c2p", "p2c"]},
    "deepseek_v2": {"num_key_value_heads": 4, "q_lora_rank": 16, "kv_lora_rank": 16,
                    "qk_rope_head_dim": 8, "qk_nope_head_dim": 8, "v_head_dim": 12,
                    "head_dim": 8, "first_k_dense_replace": 2},
    "deepseek_v3": {"num_key_value_heads": 4, "q_lora_rank": 16, "kv_lora_rank": 16,
                    "qk_rope_head_dim": 8, "qk_nope_head_dim": 8, "v_head_dim": 12,
                    "head_dim": 8, "first_k_dense_replace": 2, "n_group": 1, "topk_group": 1},
    "donut-swin": _STAGES,
    "funnel": {"block_sizes": [2], "num_decoder_layers": 1},
    "gpt_neo": {"attention_types": [[["global", "local"], 1]], "window_size": 7},
    "granite": {"attention_multiplier": 0.25},
    "granitemoe": {"attention_multiplier": 0.25},
    "hiera": {"image_size": [32, 32], "patch_size": [3, 3], "patch_stride": [2, 2],
              "patch_padding": [1, 1], "embed_dim": 16, "depths": [1, 1], "num_heads": [1, 2],
              "masked_unit_size": [4, 4], "query_stride": [2, 2], "num_query_pool": 1,
              "masked_unit_attention": [True, False]},
    "levit": {"hidden_sizes": [16, 24, 32], "num_attention_heads": [2, 3, 4],
              "depths": [1, 1, 1], "key_dim": [8, 8, 8], "drop_path_rate": 0, "patch_size": 16,
              "image_size": 128},
    "mobilebert": {"normalization_type": "layer_norm"},
    "phimoe": {"num_local_experts": 2},
    "pvt": {"hidden_sizes": [8, 16, 32, 64], "num_attention_heads": [1, 2, 4, 8],
            "depths": [1, 1, 1, 1]},
    "pvt_v2": {"image_size": 64, "hidden_sizes": [8, 16, 32, 64],
               "num_attention_heads": [1, 2, 4, 8], "depths": [1, 1, 1, 1]},
    "reformer": {"axial_pos_embds_dim": [32, 32], "axial_pos_shape": [4, 6],
                 "lsh_attn_chunk_length": 6, "local_attn_chunk_length": 6, "is_decoder": False},
    "segformer": {"image_size": 64, "hidden_sizes": [8, 16, 32, 64],
                  "num_attention_heads": [1, 2, 4, 8], "depths": [1, 1, 1, 1]},
    "swin": _STAGES, "swinv2": _STAGES,
    "xmod": {"languages": ["en_XX"], "default_language": "en_XX"},
    "yolos": {"image_size": [32, 32], "num_detection_tokens": 4},
}
"""What a family's configuration needs besides."""

# T5 and its kin do not divide queries by the root of their size, but are trained to small ones.
_FACTORS: Mapping[str, Mapping[str, float]] = {
    **{name: {".q.weight": (WIDTH // HEADS) ** -0.5}
       for name in ("longt5", "mt5", "switch_transformers", "t5", "umt5")},
    "cvt": {"projection_query": 2.5, "projection_key": 2.5},
    "levit": {"queries": 8.0},  # at 12 its last logits lie a million nats apart
    "markuplm": {"self.query": 4.0, "self.key": 4.0},
    "roformer": {"self.query": 3.0, "self.key": 3.0},
    "segformer": {"q_proj": 3.0, "k_proj": 3.0},
    "sew": {"q_proj": 3.0, "k_proj": 3.0},
    "squeezebert": {"attention.query": 2.0, "attention.key": 2.0},
}
"""By what the weights of parts with such names are multiplied, so that attention is neither uniform
nor a choice of one key."""

FAMILIES = {name: Family(inputs, _SIZES.get(name, {}), _FACTORS.get(name, {}))
            for names, inputs in ((ENCODERS, padded), (DECODERS, padded), (PAIRS, two_texts),
                                  (IMAGES, pixels), (SOUNDS, sound)) for name in names}
for _name, _side in (("levit", 128), ("pvt_v2", 64), ("segformer", 64)):
    FAMILIES[_name] = replace(FAMILIES[_name], inputs=partial(pixels, _side))
FAMILIES["vit_mae"] = Family(masked_pixels, {"mask_ratio": 0.25})
