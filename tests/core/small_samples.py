"""Calibration samples with the statistics of trained attention, and how well they fare."""

from __future__ import annotations

import math

import numpy as np

from neuromorph.runtime import SpikingLayer
from neuromorph.translate import (
    HeadFidelity,
    Sample,
    TranslateOptions,
    calibrate_layer,
    measure_fidelity,
)

GRADED = TranslateOptions()
LN2 = math.log(2)


def binary(step_nats: float) -> TranslateOptions:
    return TranslateOptions(spikes="binary", step_nats=step_nats)


def gaussian(seed: int = 0, *, heads: int = 2, kv_heads: int = 2, tokens: int = 48, size: int = 16,
             std: float = 2.0, causal: bool = True) -> Sample:
    """Logits of a standard deviation of ``std``, as trained models have them."""
    rng = np.random.default_rng(seed)
    mask = np.ones((tokens, tokens), bool)
    return Sample(rng.normal(size=(heads, tokens, size)) * std / math.sqrt(size),
                  rng.normal(size=(kv_heads, tokens, size)),
                  rng.normal(size=(kv_heads, tokens, size)), np.tril(mask) if causal else mask)


def fidelity(options: TranslateOptions, *samples: Sample) -> list[HeadFidelity]:
    """Calibrate on the samples, run them all, compare with float attention."""
    code = calibrate_layer(samples, options)
    runs = [SpikingLayer(code).run_sample(sample) for sample in samples]
    return measure_fidelity("layer", code, samples, runs)


def cosine(options: TranslateOptions, *samples: Sample) -> float:
    return float(np.mean([head.cosine for head in fidelity(options, *samples)]))


def times(sample: Sample, factor: float) -> Sample:
    """All of a sample larger or smaller."""
    return Sample(sample.queries * factor, sample.keys * factor, sample.values * factor,
                  sample.mask)
