"""Llama and its relatives: grouped key-value heads, rotary positions, causal."""

from __future__ import annotations

from neuromorph.errors import ModelStructureError
from neuromorph.models.config import Config
from neuromorph.models.families.base import Family, LayerPlan
from neuromorph.models.families.common import causal, encoder_layers, head_size
from neuromorph.models.families.rope import read_rope, rope_notes
from neuromorph.models.families.windows import read_window, window_notes
from neuromorph.models.head_checks import check_heads, size_of_heads

_KV_HEADS = {"mistral": 8, "qwen2": 32}
"""Where the configuration does not say; null, and a Llama, means as many as heads."""

_BIASES = {"mistral": False, "qwen2": True}
"""Relatives that have no choice."""


def _plan(config: Config, layer: int) -> LayerPlan:
    width, heads = config.count("hidden_size"), config.count("num_attention_heads")
    kv_heads = _kv_heads(config, heads)
    check_heads(heads, kv_heads, config.where)
    if config.text("model_type") == "llama":
        size_of_heads(width, heads, config.where)  # must be whole, also where head_dim is given
    return LayerPlan(width, heads, kv_heads, head_size(config, width, heads), read_rope(config),
                     window=read_window(config, layer))


def _kv_heads(config: Config, heads: int) -> int:
    name = "num_key_value_heads"
    if config.gives(name):
        return config.count(name, default=heads)
    return _KV_HEADS.get(config.text("model_type"), heads)


def _biases(config: Config) -> bool:
    """``attention_bias``, where it may contradict neither the relative nor the weights."""
    model = config.text("model_type")
    always = _BIASES.get(model, False)
    says = config.flag("attention_bias", default=always)
    if model in _BIASES and says != always:
        raise ModelStructureError(f"attention_bias has no effect on a {model}",
                                  where=config.where, found=says, expected=always)
    return says


def _notes(config: Config) -> tuple[str, ...]:
    return (*rope_notes(config), *window_notes(config))


LLAMA = Family(
    name="llama",
    model_types=frozenset({"llama", "mistral", "qwen2"}),
    module="layers.{layer}.self_attn",
    parts={"query": "q_proj", "key": "k_proj", "value": "v_proj"},
    layer_count=encoder_layers,
    plan=_plan,
    causal=causal,
    biases=_biases,
    reads=frozenset({
        "attention_bias", "head_dim", "is_causal", "layer_types", "max_window_layers",
        "num_attention_heads", "num_key_value_heads", "partial_rotary_factor", "rope_parameters",
        "rope_scaling", "rope_theta", "sliding_window", "use_sliding_window"}),
    beside=frozenset({"o_proj", "rotary_emb"}),
    notes=_notes,
)
