"""Whole models of each family: in floats they are transformers', in integers close to them."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import numpy as np
import pytest
from test_hf_block_families import tiny

from neuromorph.backends.fast.transformer import run
from neuromorph.errors import ModelStructureError
from neuromorph.huggingface.around import patches_of
from neuromorph.huggingface.whole import float_transformer
from neuromorph.translate import TranslateOptions
from neuromorph.translate.block import BlockOptions
from neuromorph.translate.block.compared import cosines
from neuromorph.translate.transformer import TranslatedTransformer, translate_transformer

pytestmark = pytest.mark.hf

OPTIONS = BlockOptions(attention=TranslateOptions(slots=24), correct=False)
KINDS = ("BERT", "RoBERTa", "GPT-2", "ViT")


def inputs(kind: str, seed: int) -> np.ndarray:
    rng = np.random.default_rng(seed)
    if kind == "ViT":
        return patches_of(rng.integers(0, 256, (1, 3, 32, 32)), 8)[0]
    return rng.integers(3, 80, 20)


def answered(kind: str, seed: int) -> np.ndarray:
    """By transformers."""
    import torch

    model = tiny(kind).eval()
    with torch.no_grad():
        if kind == "ViT":
            pixels = np.random.default_rng(seed).integers(0, 256, (1, 3, 32, 32)) / 127.5 - 1
            return model(torch.tensor(pixels, dtype=torch.float32)).logits.double().numpy()
        given = torch.tensor(inputs(kind, seed))[None]
        if kind == "GPT-2":
            return model(given).logits[0].double().numpy()
        return model(given).last_hidden_state[0].mean(dim=0, keepdim=True).double().numpy()


@lru_cache
def translated(kind: str) -> TranslatedTransformer:
    floats = float_transformer(tiny(kind))
    return translate_transformer(floats, [inputs(kind, seed) for seed in range(4)], OPTIONS,
                                 held_out=inputs(kind, 8))


@pytest.mark.parametrize("kind", KINDS)
def test_in_floats_it_is_the_model(kind: str) -> None:
    found = float_transformer(tiny(kind)).run(inputs(kind, 9))[1]
    np.testing.assert_allclose(found, answered(kind, 9), atol=2e-4)


@pytest.mark.parametrize("kind", KINDS)
def test_in_integers_it_is_close_to_the_model(kind: str) -> None:
    whole, given = translated(kind), inputs(kind, 9)
    answer: Any = run(whole.model, given).answer
    if whole.model.head.read == "mean":
        answer = whole.decoders[-1](answer / len(given))
    near = cosines(answer.astype(float), answered(kind, 9))
    assert near.mean() > .995
    assert near.min() > .95
    assert min(layer.cosine for layer in whole.layers) > .995


def test_heads_and_parts_that_are_not_known_are_refused_by_name() -> None:
    with pytest.raises(ModelStructureError, match="no circuit here; found cls"):
        float_transformer(tiny("BERT as decoder"))
    with pytest.raises(ModelStructureError, match="has no head; expected lm_head"):
        float_transformer(tiny("GPT-2").transformer)
