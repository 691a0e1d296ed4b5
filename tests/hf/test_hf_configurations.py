"""Our reading of a configuration against transformers' own classes, over random ones.

What both take means the same; what transformers refuses, we refuse. No weights: thousands of
configurations are read in seconds.
"""

from __future__ import annotations

import copy
import random
from typing import Any

import numpy as np
import pytest

from neuromorph.errors import NeuromorphError
from neuromorph.models.config import Config
from neuromorph.models.families import FAMILIES
from neuromorph.models.families.fields import check_fields
from neuromorph.models.families.llama import LLAMA

pytestmark = pytest.mark.hf
pytest.importorskip("torch", reason="torch is not installed")
transformers = pytest.importorskip("transformers", reason="transformers is not installed")

LAYERS, SEEDS, CONFIGURATIONS = 3, 4, 400
NAMES = {"llama": "Llama", "mistral": "Mistral", "qwen2": "Qwen2"}
GONE = "(gone)"
LLAMA3 = {"rope_type": "llama3", "factor": 8.0, "low_freq_factor": 1.0, "high_freq_factor": 4.0}
ROPES: list[Any] = [
    GONE, None, {}, {"rope_theta": 5e5}, {"rope_type": "default"},
    {"rope_type": "default", "rope_theta": 2e4, "factor": 3.0},
    {"rope_type": "default", "partial_rotary_factor": None}, {"rope_type": "linear", "factor": 4.0},
    {"type": "linear", "factor": 2}, {"type": "linear", "rope_type": "default", "factor": 2},
    {"rope_type": None, "type": "linear", "factor": 2.0}, {"rope_type": "linear"},
    {"rope_type": "linear", "factor": 2.0, "rope_theta": None},
    {"rope_type": "linear", "factor": 2.0, "rope_theta": 1e6, "partial_rotary_factor": 0.5},
    {"rope_type": "linear", "factor": 2.0, "attention_factor": 3.0, "rope_theta": 3e4},
    LLAMA3, {**LLAMA3, "original_max_position_embeddings": 64},
    {**LLAMA3, "original_max_position_embeddings": None}, {"rope_type": "dynamic", "factor": 2.0},
    {"rope_type": "yarn", "factor": 4.0, "original_max_position_embeddings": 64},
    {"rope_type": "su", "factor": 2.0}, {"rope_type": "default", "mrope_section": [1, 2]},
    {"full_attention": {"rope_theta": 1e4}, "sliding_attention": {"rope_theta": 1e5}}, "linear"]
FULL, SLIDING = "full_attention", "sliding_attention"
FIELDS: dict[str, list[Any]] = {
    "rope_parameters": ROPES,
    "rope_scaling": ROPES,
    "rope_theta": [1e4, 7e4, 50000, None],
    "partial_rotary_factor": [GONE, GONE, None, 1.0, 0.5],
    "original_max_position_embeddings": [GONE, 32, None],
    "max_position_embeddings": [512, 1024],
    "head_dim": [GONE, 16, 8],
    "num_key_value_heads": [GONE, 2, 4, 3],
    "num_attention_heads": [4, 8],
    "hidden_size": [32, 48, 36],
    "sliding_window": [GONE, 7, None],
    "use_sliding_window": [GONE, True, True, False, None],
    "max_window_layers": [GONE, 0, 1, 2, 9],
    "layer_types": [GONE, None, [SLIDING] * 3, [FULL] * 3, [FULL, SLIDING, FULL], [SLIDING],
                    ["attention", SLIDING, FULL], ["chunked_attention"] * 3],
    "is_causal": [True, False, None],
    "attention_bias": [True, False, None],
    "query_pre_attn_scalar": [GONE, GONE, None, 4],
}


@pytest.mark.parametrize("seed", range(SEEDS))
def test_what_both_read_is_the_same(seed: int) -> None:
    draw = random.Random(seed)
    equal = 0
    for _ in range(CONFIGURATIONS):
        fields = _some_fields(draw)
        try:
            ours = _ours(fields)
        except NeuromorphError:
            continue  # by name; which of them, the fast tests say
        theirs = _theirs(fields)
        frequencies = ours.pop("frequencies"), theirs.pop("frequencies")
        assert ours == theirs, fields
        np.testing.assert_allclose(*frequencies, rtol=1e-6, err_msg=repr(fields))
        equal += 1
    assert equal > CONFIGURATIONS / 3


def _some_fields(draw: random.Random) -> dict[str, Any]:
    fields: dict[str, Any] = {
        "model_type": draw.choice(sorted(NAMES)), "num_hidden_layers": LAYERS, "hidden_size": 32,
        "num_attention_heads": 4, "num_key_value_heads": 2, "max_position_embeddings": 512}
    for name in draw.sample(sorted(FIELDS), draw.randint(1, 6)):
        fields[name] = copy.deepcopy(draw.choice(FIELDS[name]))
    return {name: value for name, value in fields.items() if value != GONE}


def _ours(fields: dict[str, Any]) -> dict[str, Any]:
    config = Config(copy.deepcopy(fields), "config.json")
    check_fields(config, LLAMA.reads)
    plans = [LLAMA.plan(config, layer) for layer in range(LAYERS)]
    first, rotary = plans[0], plans[0].rotary
    assert rotary is not None
    return {"heads": first.heads, "key-value heads": first.kv_heads, "size": first.head_size,
            "biases": LLAMA.biases(config), "windows": [plan.window for plan in plans],
            "causal": LLAMA.causal(config), "frequencies": rotary.frequencies(first.head_size)}


def _theirs(fields: dict[str, Any]) -> dict[str, Any]:
    """As a model of this type uses its configuration: see its attention and its masks."""
    kind = fields["model_type"]
    config = getattr(transformers, f"{NAMES[kind]}Config").from_dict(copy.deepcopy(fields))
    module = getattr(transformers.models, kind)
    rotary = getattr(getattr(module, f"modeling_{kind}"), f"{NAMES[kind]}RotaryEmbedding")(config)
    assert rotary.attention_scaling == 1
    assert rotary.rope_type in ("default", "linear", "llama3")
    size = getattr(config, "head_dim", None) or config.hidden_size // config.num_attention_heads
    return {"heads": config.num_attention_heads, "key-value heads": config.num_key_value_heads,
            "size": size, "biases": {"mistral": False, "qwen2": True}.get(
                kind, getattr(config, "attention_bias", None)),
            "windows": _windows(config), "causal": bool(getattr(config, "is_causal", True)),
            "frequencies": rotary.inv_freq.numpy()}


def _windows(config: Any) -> list[int | None]:
    if config.model_type != "qwen2":
        window = config.sliding_window if config.model_type == "mistral" else None
        return [window] * LAYERS
    windows = {FULL: None, SLIDING: config.sliding_window}
    assert SLIDING not in config.layer_types or config.sliding_window is not None
    return [windows[kind] for kind in config.layer_types]


@pytest.mark.parametrize(("kind", "reads"), [
    (kind, family.reads) for family in FAMILIES for kind in sorted(family.model_types)
    if family.name != "digits-vit"])
def test_every_default_of_transformers_is_known(kind: str, reads: frozenset[str]) -> None:
    """A configuration that says all its defaults is no other one."""
    config = transformers.CONFIG_MAPPING[kind]()
    check_fields(Config(config.to_dict(), kind), reads)
