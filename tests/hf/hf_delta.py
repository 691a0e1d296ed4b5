"""Tiny models with memories of the gated delta rule, scaled so that their memories matter."""

from __future__ import annotations

from typing import Any

import torch
import transformers

from neuromorph.dynamics.gated_delta import gated_delta_rule
from neuromorph.huggingface.delta_layers import delta_modules
from neuromorph.huggingface.memory_calls import DeltaCall

WORDS = 200


def qwen3_next(size: int = 16, heads: int = 4, seed: int = 0) -> Any:
    """Three layers of memories and one of attention; alpha from 0.4 to 0.999, one a head."""
    torch.manual_seed(seed)
    config = transformers.Qwen3NextConfig(
        vocab_size=WORDS, hidden_size=48, intermediate_size=64, num_hidden_layers=4,
        num_attention_heads=2, num_key_value_heads=1, head_dim=16, linear_key_head_dim=size,
        linear_value_head_dim=size, linear_num_key_heads=heads // 2, linear_num_value_heads=heads,
        num_experts=0, max_position_embeddings=1024)
    return shaken(transformers.Qwen3NextForCausalLM(config).eval())


def minimax(heads: int = 4, seed: int = 0, layers: str = "ffsf") -> Any:
    """Lightning attention (f) and softmax (s); all experts are used, so that none jumps."""
    torch.manual_seed(seed)
    kinds = {"f": "linear_attention", "s": "full_attention"}
    config = transformers.MiniMaxConfig(
        vocab_size=WORDS, hidden_size=48, intermediate_size=64, num_hidden_layers=len(layers),
        num_attention_heads=heads, num_key_value_heads=2, head_dim=16, num_local_experts=2,
        num_experts_per_tok=2, block_size=32, layer_types=[kinds[one] for one in layers],
        max_position_embeddings=1024)
    model = transformers.MiniMaxForCausalLM(config).eval()
    with torch.no_grad():
        for module in delta_modules(model).values():
            module.qkv_proj.weight.normal_(0, module.qkv_proj.weight.shape[1] ** -0.5)
    return model


def shaken(model: Any) -> Any:
    """Weights of the memories' layers so large that outputs depend on old tokens."""
    with torch.no_grad():
        for module in delta_modules(model).values():
            for name, weight in module.named_parameters():
                if "in_proj" in name and weight.ndim == 2:
                    weight.normal_(0, weight.shape[1] ** -0.5)
                if name == "conv1d.weight":
                    weight.normal_(0, 0.7)
            module.A_log.copy_(torch.logspace(-3, 0, len(module.A_log)).log())
            module.dt_bias.zero_()
    return model


def texts(batch: int, tokens: int, seed: int = 1) -> dict[str, Any]:
    """Random words."""
    generator = torch.Generator().manual_seed(seed)
    return {"input_ids": torch.randint(0, WORDS, (batch, tokens), generator=generator)}


def called(batch: int, tokens: int, keys: int, values: int, size: int = 8, seed: int = 0) -> Any:
    """Arguments of the rule as a layer gives them: (query, key, value), and the rest by name."""
    rng = torch.Generator().manual_seed(seed)
    query, key = (torch.randn(batch, tokens, keys, size, generator=rng) for _ in range(2))
    value = torch.randn(batch, tokens, values, size + 2, generator=rng)
    gates = torch.rand(2, batch, tokens, values, generator=rng)
    return (query, key, value), {"g": -gates[0] / 4, "beta": gates[1]}


def in_floats(call: DeltaCall) -> Any:
    """The rule in floats, in the layer's place."""
    done = gated_delta_rule(call.sample, call.memory)
    return done.outputs, done.memory


def cosine(one: Any, other: Any) -> float:
    """Of all numbers."""
    return float(torch.cosine_similarity(one.flatten().double(), other.flatten().double(), dim=0))
