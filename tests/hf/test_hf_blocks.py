"""Blocks of tiny Llamas and relatives: as floats they are transformers', as integers close."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hf_models import shaken, text
from small_float_blocks import clocked

from neuromorph.circuits.block.closed_form import run
from neuromorph.errors import ModelStructureError
from neuromorph.huggingface.blocks import float_block, float_blocks
from neuromorph.translate import TranslateOptions
from neuromorph.translate.block import BlockOptions, compare_block, prove_block, translate_block

pytestmark = pytest.mark.hf

SIZES = {"hidden_size": 32, "num_attention_heads": 4, "num_key_value_heads": 2,
         "num_hidden_layers": 3, "intermediate_size": 48, "vocab_size": 80,
         "max_position_embeddings": 96, "pad_token_id": 0}
KINDS: dict[str, dict[str, Any]] = {
    "Llama": {}, "Llama3": {"rope_parameters": {
        "rope_type": "llama3", "rope_theta": 5e5, "factor": 8.0, "low_freq_factor": 1.0,
        "high_freq_factor": 4.0, "original_max_position_embeddings": 32}},
    "Mistral": {"sliding_window": None}, "Qwen2": {}, "Qwen3": {"head_dim": 16}}


def tiny(kind: str, **changed: Any) -> Any:
    transformers = pytest.importorskip("transformers")
    family = "Llama" if kind == "Llama3" else kind
    config = getattr(transformers, f"{family}Config")(**{**SIZES, **KINDS[kind], **changed})
    model = shaken(getattr(transformers, f"{family}ForCausalLM")(config))
    if kind == "Qwen3":
        _sharpened(model)
    return model


def _sharpened(model: Any) -> None:
    """Gains far from 1, of both signs: all ones would reveal no fault in them."""
    import torch

    generator = torch.Generator().manual_seed(5)
    with torch.no_grad():
        for name, gain in model.named_parameters():
            if name.endswith(("q_norm.weight", "k_norm.weight")):
                gain.copy_(.3 + 2 * torch.rand(gain.shape, generator=generator))
                gain[::5] *= -1


def states(model: Any) -> list[Any]:
    """Hidden states between blocks, one array (sequences, tokens, width) each."""
    import torch

    with torch.no_grad():
        found = model(input_ids=text(batch=4)["input_ids"], output_hidden_states=True)
    return [state.double().numpy() for state in found.hidden_states]


@pytest.mark.parametrize("kind", KINDS)
def test_float_blocks_are_those_of_transformers(kind: str) -> None:
    model = tiny(kind)
    found = states(model)
    blocks = float_blocks(model)
    assert len(blocks) == 3
    for layer, block in enumerate(blocks[:-1]):  # what leaves the last is normed there
        for before, behind in zip(found[layer], found[layer + 1], strict=True):
            assert np.abs(block.run(before).end - behind).max() < 2e-4 * np.abs(behind).max()


@pytest.mark.parametrize("kind", ["Llama", "Qwen2", "Qwen3"])
def test_their_integers_are_close_on_text_that_was_not_seen(kind: str) -> None:
    model = tiny(kind)
    texts = states(model)[1]
    block = translate_block(float_block(model, 1), list(texts[:3]),
                            BlockOptions(attention=TranslateOptions(slots=24)))
    found = compare_block(block, texts[3])
    assert found.state_mean > .998
    assert min(found.state_worst, found.update_worst) > .98
    assert max(row.share for row in prove_block(block.block)) <= 1


@pytest.mark.parametrize("layer", [0, 1])
@pytest.mark.parametrize("kind", ["Llama", "Qwen3"])
def test_a_tiny_llama_by_the_clock_is_its_closed_form(kind: str, layer: int) -> None:
    """Its own tokens, and its own weights; the ring of slots is wrapped."""
    model = tiny(kind)
    texts = states(model)[layer]
    options = BlockOptions(attention=TranslateOptions(slots=6, window_nats=5.0))
    block = translate_block(float_block(model, layer), [some[:6] for some in texts[:3]], options)
    stream = block.encode(texts[3][:9])[0]
    whole = run(block.block, stream, block.angles(9))
    assert np.array_equal(clocked(block, stream), whole.end)


def test_what_is_not_known_is_refused_by_name() -> None:
    transformers = pytest.importorskip("transformers")
    other = transformers.AlbertModel(transformers.AlbertConfig(
        **SIZES, embedding_size=16))
    with pytest.raises(ModelStructureError, match="albert"):
        float_blocks(other)
    with pytest.raises(ModelStructureError, match="found relu"):
        float_blocks(tiny("Llama", hidden_act="relu"))
    with pytest.raises(ModelStructureError, match="window 8"):
        float_blocks(tiny("Mistral", sliding_window=8))
    with pytest.raises(ModelStructureError, match="qwen3, window 8"):
        float_blocks(tiny("Qwen3", sliding_window=8, use_sliding_window=True, max_window_layers=0))
    with pytest.raises(ModelStructureError, match="0 to 2"):
        float_block(tiny("Llama"), 3)


def test_a_part_that_would_be_passed_over_is_refused() -> None:
    import torch

    model = tiny("Llama")
    model.model.layers[1].self_attn.q_norm = torch.nn.LayerNorm(8)
    assert float_block(model, 0).width == 32
    with pytest.raises(ModelStructureError, match=r"layers\.1: .*self_attn\.q_norm"):
        float_block(model, 1)
    model = tiny("Qwen3")
    del model.model.layers[1].self_attn.k_norm
    assert float_block(model, 0).key_norm is not None
    with pytest.raises(ModelStructureError, match=r"lacks a part; expected self_attn\.k_norm"):
        float_block(model, 1)


def test_a_norm_of_all_heads_together_is_refused_by_name() -> None:
    import torch
    import transformers

    olmo = transformers.Olmo2ForCausalLM(transformers.Olmo2Config(**SIZES))
    with pytest.raises(ModelStructureError, match=r"olmo2.*norm of all heads' numbers together"):
        float_blocks(olmo)
    model = tiny("Qwen3")
    model.model.layers[0].self_attn.q_norm.weight = torch.nn.Parameter(torch.ones(64))
    with pytest.raises(ModelStructureError, match=r"query_norm: .*not of each head; found \(64,\)"):
        float_block(model, 0)
