"""Heads whose keys and values plasticity writes, against static ones: equal to the bit?"""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Any

import numpy as np

from examples.papers import minilm
from neuromorph import backends
from neuromorph.api.circuits.digits_head import digits_layer
from neuromorph.backends.attention import Memory, attend_clocked
from neuromorph.runtime import SpikingLayer
from neuromorph.translate import Sample, TranslateOptions, calibrate_layer

DIGITS_LAYERS, DIGITS_IMAGES = 2, 2
MINILM_LAYER, MINILM_TEXT, CALIBRATION = 3, slice(200, 201), slice(0, 16)


def measure() -> dict[str, Any]:
    result: dict[str, Any] = {}
    for kind in ("graded", "binary"):
        rows = [_layer(seen.sample, seen.training, kind, memory)
                for layer in range(DIGITS_LAYERS) for image in range(DIGITS_IMAGES)
                for seen in [digits_layer(image, layer, 0, 32)]
                for memory in ("written", "causal")]
        result[f"digits, {kind}"] = _sum(rows)
        reason = minilm.why_not()
        if reason:
            result[f"MiniLM, {kind}"] = reason
            continue
        training = [text[MINILM_LAYER] for text in minilm.record(CALIBRATION)]
        sample = minilm.record(MINILM_TEXT)[0][MINILM_LAYER]
        result[f"MiniLM, {kind}"] = _layer(sample, training, kind, "written", heads=1)
    return result


def _layer(
    sample: Sample, training: Sequence[Sample], kind: Any, memory: Memory, heads: int | None = None
) -> dict[str, Any]:
    """All heads of a layer, or the first few, written and static."""
    layer = SpikingLayer(calibrate_layer(training, TranslateOptions(spikes=kind), "layer"))
    tokens = sample.keys.shape[1]
    mask = np.tri(tokens, dtype=bool) if memory == "causal" else np.ones((tokens, tokens), bool)
    work = layer.encode(sample.queries[None], sample.keys[None], sample.values[None], mask[None])
    if heads is not None:
        work = type(work)(work.heads[:heads], work.queries[:, :heads], work.keys[:, :heads],
                          work.values[:, :heads], work.mask)
    began = time.perf_counter()
    written = attend_clocked(backends.get("fast"), work, memory=memory)
    seconds = time.perf_counter() - began
    static = backends.attend("fast", work, times=True)
    return {"heads": len(work.heads), "tokens": tokens, "seconds": seconds,
            "queries": int(written.last.size), "equal": written.differs_from(static) is None}


def _sum(rows: list[dict[str, Any]]) -> dict[str, Any]:
    return {"heads": sum(r["heads"] for r in rows), "tokens": rows[0]["tokens"],
            "queries": sum(r["queries"] for r in rows), "equal": all(r["equal"] for r in rows),
            "seconds": sum(r["seconds"] for r in rows)}
