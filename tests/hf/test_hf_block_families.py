"""Blocks of BERT, GPT-2 and ViT: as floats they are transformers', as integers close."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import numpy as np
import pytest
from hf_models import images, minilm, package_file, text
from small_float_blocks import clocked

from neuromorph.errors import ModelStructureError
from neuromorph.huggingface.blocks import float_block, float_blocks
from neuromorph.translate import TranslateOptions
from neuromorph.translate.block import (
    BlockOptions,
    TranslatedBlock,
    compare_block,
    joined,
    prove_block,
    translate_block,
)
from neuromorph.translate.block.compared import cosines

pytestmark = pytest.mark.hf

SIZES = {"hidden_size": 32, "num_attention_heads": 4, "num_hidden_layers": 3,
         "intermediate_size": 48}
TEXT = {**SIZES, "vocab_size": 80, "max_position_embeddings": 96, "pad_token_id": 0}
MODELS: dict[str, tuple[str, str, dict[str, Any]]] = {
    "BERT": ("BertModel", "BertConfig", TEXT),
    "RoBERTa": ("RobertaModel", "RobertaConfig", TEXT),
    "BERT as decoder": ("BertLMHeadModel", "BertConfig", {**TEXT, "is_decoder": True}),
    "GPT-2": ("GPT2LMHeadModel", "GPT2Config", {
        "n_embd": 32, "n_head": 4, "n_layer": 3, "n_inner": 48, "vocab_size": 80,
        "n_positions": 96, "scale_attn_by_inverse_layer_idx": True, "bos_token_id": 1,
        "eos_token_id": 2}),
    "ViT": ("ViTForImageClassification", "ViTConfig", {
        **SIZES, "image_size": 32, "patch_size": 8})}
LOUDER = 2.5
"""Times the usual spread of weights of queries and keys: attention is else the same to all."""

OPTIONS = BlockOptions(attention=TranslateOptions(slots=24))


@lru_cache
def tiny(kind: str) -> Any:
    import torch
    import transformers

    name, config, sizes = MODELS[kind]
    torch.manual_seed(0)
    model = getattr(transformers, name)(getattr(transformers, config)(**sizes))
    with torch.no_grad():
        for path, parameter in model.named_parameters():
            if parameter.dim() > 1:
                parameter.copy_(.15 * torch.randn(parameter.shape))
            else:
                parameter.add_(.1 * torch.randn(parameter.shape))
            if any(part in path for part in ("query", "key", "q_proj", "k_proj", "c_attn")):
                parameter.mul_(LOUDER if "c_attn" not in path else 1.0)
                if "c_attn" in path:
                    parameter[..., : 2 * 32].mul_(LOUDER)
    return model.eval()


@lru_cache
def states(kind: str) -> list[Any]:
    """Hidden states between blocks, one array (sequences, tokens, width) each."""
    import torch

    inputs = images() if kind == "ViT" else {"input_ids": text(batch=4)["input_ids"]}
    if kind == "ViT":
        inputs = {"pixel_values": torch.cat([inputs["pixel_values"],
                                             inputs["pixel_values"][:1].flip(-1)])}
    with torch.no_grad():
        found = tiny(kind)(**inputs, output_hidden_states=True)
    return [state.double().numpy() for state in found.hidden_states]


@pytest.mark.parametrize("kind", MODELS)
def test_float_blocks_are_those_of_transformers(kind: str) -> None:
    found, blocks = states(kind), float_blocks(tiny(kind))
    assert len(blocks) == 3
    whole = len(blocks) if blocks[0].post else 2  # others norm what leaves the last
    for layer, block in enumerate(blocks[:whole]):
        for before, behind in zip(found[layer], found[layer + 1], strict=True):
            assert np.abs(block.run(before).end - behind).max() < 2e-4 * np.abs(behind).max()


@pytest.mark.parametrize("kind", MODELS)
def test_attention_is_far_from_uniform(kind: str) -> None:
    """Else it would not matter; if it were, this would be 1, or 3.8 of a causal block."""
    block = float_block(tiny(kind), 1)
    trace = block.run(states(kind)[1][0])
    assert trace.attended.sum() > 6 * block.heads


def chain(kind: str) -> list[TranslatedBlock]:
    found: list[TranslatedBlock] = []
    streams = list(states(kind)[0][:3])
    for floats in float_blocks(tiny(kind)):
        traces = [floats.run(stream) for stream in streams]
        block = translate_block(floats, streams, OPTIONS, traces,
                                entry=found[-1].places[2] if found else None)
        found[-1:] = [*(joined(before, block) for before in found[-1:]), block]
        streams = [trace.end for trace in traces]
    return found


@pytest.mark.parametrize("kind", MODELS)
def test_a_chain_of_integers_is_close_on_what_was_not_seen(kind: str) -> None:
    blocks, exact = chain(kind), states(kind)[0][3]
    stream = blocks[0].encode(exact)[0]
    for block in blocks:
        assert max(row.share for row in prove_block(block.block)) <= 1
        stream, exact = block.run(stream).end, block.floats.run(exact).end
        near = cosines(block.decode(stream), exact)
        assert near.mean() > .997
        assert near.min() > .95


@pytest.mark.parametrize("kind", ["BERT", "GPT-2"])
def test_by_the_clock_it_is_the_closed_form(kind: str) -> None:
    tokens = 6
    texts = [some[:tokens] for some in states(kind)[1]]
    block = translate_block(float_block(tiny(kind), 1), texts[:3],
                            BlockOptions(attention=TranslateOptions(slots=tokens)))
    stream = block.encode(texts[3])[0]
    passes = 1 if block.floats.causal else 2
    found = clocked(block, np.tile(stream, (passes, 1)))[-tokens:]
    assert np.array_equal(found, block.run(stream).end)


def test_parts_that_are_not_known_are_refused_by_name() -> None:
    import transformers

    crossed = transformers.BertModel(transformers.BertConfig(
        **TEXT, is_decoder=True, add_cross_attention=True))
    with pytest.raises(ModelStructureError, match=r"encoder\.layer\.0: .*crossattention"):
        float_blocks(crossed)
    crossed = transformers.GPT2Model(transformers.GPT2Config(**{
        **MODELS["GPT-2"][2], "add_cross_attention": True}))
    with pytest.raises(ModelStructureError, match=r"h\.0: .*cross"):
        float_blocks(crossed)
    rectified = transformers.ViTModel(transformers.ViTConfig(
        **SIZES, image_size=16, patch_size=8, hidden_act="relu"))
    with pytest.raises(ModelStructureError, match=r"layers\.0: .*found relu"):
        float_blocks(rectified)


def test_the_trained_blocks_of_minilm() -> None:
    """One block of a trained encoder, on news that calibration did not see."""
    import torch
    from transformers import AutoModel, AutoTokenizer

    tokenizer, model = (kind.from_pretrained(minilm()) for kind in (AutoTokenizer, AutoModel))
    path = package_file("gensim", "test/test_data/lee_background.cor")
    texts = path.read_text("utf-8").splitlines()
    streams = []
    for some in (0, 1, 2, 3, 200):
        inputs = tokenizer([texts[some]], return_tensors="pt", truncation=True, max_length=64)
        with torch.no_grad():
            streams.append(model.eval().embeddings(inputs["input_ids"])[0].double().numpy())
    floats = float_block(model, 0)
    block = translate_block(floats, streams[:4],
                            BlockOptions(attention=TranslateOptions(slots=64)))
    found = compare_block(block, streams[4])
    assert found.state_mean > .9997
    assert found.state_worst > .995
