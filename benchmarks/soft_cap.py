"""Softly capped logits: curved ramps, straight ones, and what calibration chooses."""

from __future__ import annotations

from statistics import median
from typing import Any

import numpy as np

from neuromorph.runtime import SpikingLayer, calibrated
from neuromorph.translate import (
    LayerCode,
    Sample,
    TranslateOptions,
    calibrate_and_tell,
    measure_fidelity,
)
from neuromorph.translate.softcap import without_cap

HEADS, TOKENS, SIZE = 4, 256, 64
CAPS = ((5, 3), (8, 5), (15, 5), (15, 8), (30, 8), (50, 8))
COMMON = (0.0, 1.0)
"""Size of what all keys share, beside what they do not: straight ramps take it away."""


def measure() -> dict[str, Any]:
    """Random causal heads; a cap, and the standard deviation of logits before it, in nats."""
    return {f"{cap} at {spread}, {common:g} in common": of(cap, spread, common)
            for common in COMMON for cap, spread in CAPS}


def of(cap: float, spread: float, common: float) -> dict[str, Any]:
    """What each kind of head keeps of capped float contexts."""
    seen = [sample(seed, cap, spread, common) for seed in range(3)]
    fitted, held = seen[:2], seen[2]
    kept = without_cap([held])
    binary = TranslateOptions(spikes="binary")
    codes = {"straight": calibrate_and_tell(fitted, binary)[0],
             "curved": calibrate_and_tell(fitted, binary, curved=True)[0],
             "chosen": calibrated(fitted, binary)[0],
             "graded": calibrated(fitted, TranslateOptions())[0]}
    return {"float_without_cap": None if kept is None else float(kept.mean()),
            **{name: judged(code, held) for name, code in codes.items()}}


def judged(code: LayerCode, held: Sample) -> dict[str, Any]:
    found = measure_fidelity("", code, [held], [SpikingLayer(code).run_sample(held)])
    return {"cosine": float(np.mean([one.cosine for one in found])),
            "median_steps": median(head.period for head in code.heads),
            "curved_heads": sum(head.cap > 0 for head in code.heads)}


def sample(seed: int, cap: float, spread: float, common: float) -> Sample:
    rng, shared = np.random.default_rng(seed), np.random.default_rng(99)
    keys = rng.normal(size=(HEADS, TOKENS, SIZE)) + common * shared.normal(size=(HEADS, 1, SIZE))
    scale = spread / np.sqrt(SIZE * (1 + common**2))
    return Sample(scale * rng.normal(size=(HEADS, TOKENS, SIZE)), keys,
                  rng.normal(size=(HEADS, TOKENS, SIZE)), np.tri(TOKENS, dtype=bool), None, cap)
