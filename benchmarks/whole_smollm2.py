"""SmolLM2-135M whole, from tokens to logits in integers, beside float on text it never saw."""

from __future__ import annotations

import copy
import math
import time
from dataclasses import replace
from typing import Any

import numpy as np
import torch
from scipy.stats import bootstrap

from benchmarks.smollm2 import WINDOW, loaded, windows
from benchmarks.texts import articles
from neuromorph.backends.fast.transformer import run
from neuromorph.circuits.transformer.numbers import Transformer
from neuromorph.huggingface.whole import float_transformer
from neuromorph.translate import TranslateOptions
from neuromorph.translate.block import BlockOptions
from neuromorph.translate.block.scales import rows_of
from neuromorph.translate.transformer import TranslatedTransformer, translate_transformer

MEASURED, SLOTS = 32, 512
"""Windows of 512 tokens; tokens that a head has room for."""

BINARY_WINDOWS = 8

GRADED = BlockOptions(attention=TranslateOptions(slots=SLOTS), correct=False)
BINARY = replace(GRADED, attention=TranslateOptions(slots=SLOTS, spikes="binary"))


def measure() -> dict[str, Any]:
    model, tokenizer, calibration, _ = loaded()
    rows = windows(tokenizer, articles()[150:300], MEASURED)
    texts = [row["input_ids"][0].numpy() for row in calibration]
    floats = float_transformer(model)
    result: dict[str, Any] = {
        "calibrated_on": f"{len(texts)} windows of {WINDOW} tokens, articles 0-59",
        "measured_on": f"{rows.numel()} tokens, articles 150-299", "slots": SLOTS,
        "int8_alone": compared(model, rows, of_torch(int8(model)))}
    for name, options, some in (("graded", GRADED, rows), ("binary", BINARY,
                                                           rows[:BINARY_WINDOWS])):
        began = time.time()
        whole = translate_transformer(floats, texts, options, held_out=rows[-1].numpy())
        result[name] = {"translated_in_seconds": round(time.time() - began), **summary(whole),
                        **compared(model, some, of_integers(whole.model))}
        print(name, result[name], flush=True)
    return result


def summary(whole: TranslatedTransformer) -> dict[str, Any]:
    blocks = whole.model.blocks
    return {"period": blocks[0].period, "longest_window": max(block.window for block in blocks),
            "latency": sum(block.timeline.end_at for block in blocks),
            "weights": sum(layer.weights.size for block in blocks for layer in (
                block.query, block.key, block.value, block.output, block.gate, block.down,
                *([] if block.up is None else [block.up]))),
            "cosine_behind_the_last_block": whole.layers[-1].cosine}


def of_torch(model: Any) -> Any:
    def logits(row: Any) -> Any:
        with torch.no_grad():
            return model(input_ids=row[None]).logits[0].double()

    return logits


def of_integers(model: Transformer) -> Any:
    def logits(row: Any) -> Any:
        return torch.from_numpy(run(model, row.numpy()).answer * 2.0**-model.head.places)

    return logits


def compared(model: Any, rows: Any, other: Any) -> dict[str, Any]:
    """KL to float, top-1 agreement and perplexity; the interval is over windows."""
    exact, kls, agree, lost, losses = of_torch(model), [], [], [], []
    began = time.time()
    for row in rows:
        wanted, found = (logits(row).log_softmax(dim=-1) for logits in (exact, other))
        kls.append((wanted.exp() * (wanted - found)).sum(dim=-1).numpy())
        agree.append((wanted.argmax(-1) == found.argmax(-1)).double().numpy())
        losses.append(loss(wanted, row))
        lost.append(loss(found, row))
    differences = np.array(lost) - np.array(losses)
    interval = bootstrap((differences.mean(axis=1),), np.mean, random_state=0,
                         method="percentile").confidence_interval
    return {"tokens": rows.numel(), "kl": float(np.mean(kls)), "kl_worst": float(np.max(kls)),
            "top1": float(np.mean(agree)),
            "perplexity_float": math.exp(np.mean(losses)),
            "perplexity_ratio": math.exp(differences.mean()),
            "interval": [math.exp(end) for end in interval],
            "seconds": round(time.time() - began)}


def loss(logs: Any, row: Any) -> Any:
    return -logs[:-1].gather(-1, row[1:, None])[:, 0].numpy()


def int8(model: Any) -> Any:
    """The float model with 8-bit weights, rounded to the nearest: one scale a row, gains folded."""
    rounded = copy.deepcopy(model)
    with torch.no_grad():
        rounded.lm_head.weight = torch.nn.Parameter(rounded.lm_head.weight.clone())
        for layer in rounded.model.layers:
            attention, mlp = layer.self_attn, layer.mlp
            for dense in (attention.q_proj, attention.k_proj, attention.v_proj):
                _round(dense, layer.input_layernorm.weight)
            for dense in (mlp.gate_proj, mlp.up_proj):
                _round(dense, layer.post_attention_layernorm.weight)
            for dense in (attention.o_proj, mlp.down_proj):
                _round(dense)
        _round(rounded.lm_head, rounded.model.norm.weight)
        _round(rounded.model.embed_tokens)
    return rounded


def _round(dense: Any, gain: Any = None) -> None:
    gains = 1.0 if gain is None else gain.double().numpy()
    weights, scale = rows_of(dense.weight.double().numpy() * gains)
    dense.weight.copy_(torch.from_numpy(weights * scale[:, None] / gains))
