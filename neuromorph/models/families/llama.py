"""Llama and its relatives: grouped key-value heads, rotary positions, causal."""

from __future__ import annotations

from neuromorph.errors import ModelStructureError, did_you_mean
from neuromorph.models.config import Config
from neuromorph.models.families.base import Family, LayerPlan
from neuromorph.models.families.common import causal, encoder_layers
from neuromorph.models.head_checks import check_heads, size_of_heads
from neuromorph.models.rotary import LinearScaling, Llama3Scaling, Rotary

_THETA = 10000.0
_MISTRAL_WINDOW = 4096
_SCALINGS = ("default", "linear", "llama3")


def _plan(config: Config, layer: int) -> LayerPlan:
    width, heads = config.count("hidden_size"), config.count("num_attention_heads")
    kv_heads = config.count("num_key_value_heads", default=heads)
    check_heads(heads, kv_heads, config.where)
    size = (config.count("head_dim") if config.has("head_dim")
            else size_of_heads(width, heads, config.where))
    return LayerPlan(width, heads, kv_heads, size, _rotary(config), window=_window(config, layer))


def _rotary(config: Config) -> Rotary:
    """Base and scaling, from ``rope_parameters`` or the older ``rope_theta``, ``rope_scaling``."""
    rope = config.section("rope_parameters", "rope_scaling")
    outer = config.number("rope_theta", default=_THETA, low=1)
    theta = rope.number("rope_theta", default=outer, low=1)
    for part in (config, rope):
        if part.number("partial_rotary_factor", default=1.0) != 1.0:
            raise ModelStructureError("rotary positions on a part of each head are not supported",
                                      where=part.where)
    return Rotary(theta, _scaling(rope))


def _scaling(rope: Config) -> LinearScaling | Llama3Scaling | None:
    kind = rope.text("rope_type", "type", default="default")
    if kind == "default":
        return None
    if kind not in _SCALINGS:
        raise ModelStructureError("this scaling of rotary positions is not supported",
                                  where=rope.where, found=kind, hint=did_you_mean(kind, _SCALINGS))
    factor = rope.number("factor", low=1, high=1e6)
    if kind == "linear":
        return LinearScaling(factor)
    low = rope.number("low_freq_factor", low=1e-3, high=1e6)
    high = rope.number("high_freq_factor", low=1e-3, high=1e6)
    if low >= high:
        raise ModelStructureError("low_freq_factor must be below high_freq_factor",
                                  where=rope.where, found=f"{low:g} and {high:g}")
    return Llama3Scaling(factor, low, high, rope.count("original_max_position_embeddings"))


def _window(config: Config, layer: int) -> int | None:
    """Tokens that a token of this layer sees; each relative says it in its own way."""
    kind = config.text("model_type")
    if kind == "mistral":
        return _mistral_window(config)
    if kind != "qwen2" or not config.flag("use_sliding_window", default=False):
        return None
    if config.has("layer_types"):
        kinds = config.texts("layer_types")
        slides = layer < len(kinds) and kinds[layer] == "sliding_attention"
    else:
        slides = layer >= config.count("max_window_layers", default=28)
    return config.count("sliding_window", default=4096) if slides else None


def _mistral_window(config: Config) -> int | None:
    """Null means none; not there at all means the value of the first Mistral."""
    if "sliding_window" not in config.fields:
        return _MISTRAL_WINDOW
    return config.count("sliding_window") if config.has("sliding_window") else None


def _notes(config: Config) -> tuple[str, ...]:
    if config.has("rope_theta") or config.section("rope_parameters").has("rope_theta"):
        return ()
    return (f"the configuration has no rope_theta: {_THETA:g} assumed",)


LLAMA = Family(
    name="llama",
    model_types=frozenset({"llama", "mistral", "qwen2"}),
    module="layers.{layer}.self_attn",
    parts={"query": "q_proj", "key": "k_proj", "value": "v_proj"},
    layer_count=encoder_layers,
    plan=_plan,
    causal=causal,
    beside=frozenset({"o_proj", "rotary_emb"}),
    notes=_notes,
)
