"""Random layers of attention as calibration makes them, and codes that it never saw."""

from __future__ import annotations

import math
import warnings
from typing import Any

import numpy as np
from small_heads import codes, masks

from neuromorph.backends import AttentionBatch
from neuromorph.translate import LayerCode, Sample, TranslateOptions, calibrate_layer

Rng = np.random.Generator
KINDS = ("graded", "binary", "loihi1", "paired", "unflushed")
EMITTING = tuple(kind for kind in KINDS if kind != "paired")
"""Kinds without a late flush, which comes before a context is sent."""


def random_layer(seed: int, kind: str) -> AttentionBatch:
    """One to four heads of any shape, grouped in any way, with up to three sequences.

    Codes are those of the calibration's own data, of louder data, or any that the limits allow.
    """
    return _work(*random_code(seed, kind))


def random_code(
    seed: int, kind: str, key_size: int | None = None, value_size: int | None = None,
    tokens: int | None = None,
) -> tuple[Rng, LayerCode, Sample]:
    """A calibrated layer, what it was calibrated on, and where chance goes on."""
    rng = np.random.default_rng((seed, KINDS.index(kind)))
    kv_heads, group = ((1, 1), (1, 2), (2, 1), (2, 2), (1, 4), (3, 1))[rng.integers(6)]
    drawn = int(rng.integers(1, 20)), int(rng.integers(1, 12)), int(rng.integers(1, 24))
    given = key_size, value_size, tokens
    size, values, count = (own if own is not None else one
                           for own, one in zip(given, drawn, strict=True))
    sample = _sample(rng, kv_heads * group, kv_heads, count, size, values)
    options = _options(rng, kind, count)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it is not about how well these fare
        code = calibrate_layer([sample], options)
    return rng, code, sample


def _sample(rng: Rng, heads: int, kv_heads: int, tokens: int, key_size: int,
            value_size: int) -> Sample:
    """Peaked or flat, centred or not, now and then with an outlier."""
    queries = rng.normal(size=(heads, tokens, key_size)) * rng.choice([0.01, 0.5, 2, 8])
    keys = rng.normal(size=(kv_heads, tokens, key_size)) + rng.choice([0, 3])
    values = rng.normal(size=(kv_heads, tokens, value_size)) + rng.choice([0, -2])
    if rng.random() < 0.2:
        queries[0, 0] *= 20
    mask = np.tril(np.ones((tokens, tokens), bool)) if rng.random() < 0.5 else np.ones(
        (tokens, tokens), bool)
    return Sample(queries / math.sqrt(key_size), keys, values, mask)


def _options(rng: Rng, kind: str, tokens: int) -> TranslateOptions:
    chosen: dict[str, Any] = {
        "spikes": "graded" if kind == "graded" else "binary",
        "target": "loihi1" if kind == "loihi1" else "loihi2",
        "window_nats": float(rng.uniform(1, 12)), "margin_nats": float(rng.uniform(0, 2)),
        "headroom": float(rng.choice([1.0, 1.1, 2.0])),
        "slots": None if rng.random() < 0.5 else tokens + int(rng.integers(40)),
        "query_bits": None if rng.random() < 0.5 else int(rng.integers(2, 9)),
        "neurons_per_key": 2 if kind in ("paired", "unflushed") else 1,
        "late_flush": False if kind == "unflushed" else None}
    if kind != "graded":
        chosen["step_nats"] = float(rng.choice([0.1, 0.3, math.log(2), 1.2]))
    return TranslateOptions(**chosen)


def _work(rng: Rng, code: LayerCode, sample: Sample) -> AttentionBatch:
    head = code.heads[0]
    sequences, asked = int(rng.integers(1, 3)), int(rng.integers(1, 4))
    keys = int(rng.integers(1, min(head.slots, 24) + 1))
    heads, kv_heads = len(code.heads), len(code.key_scale)
    mask = masks(rng, (sequences, asked, keys))
    if rng.random() < 0.4:  # any codes
        return AttentionBatch(
            code.heads, codes(rng, (sequences, heads, asked, head.key_size), head.query_limit),
            codes(rng, (sequences, kv_heads, keys, head.key_size), head.key_limit),
            codes(rng, (sequences, kv_heads, keys, head.value_size), head.value_limit), mask)
    louder = float(rng.choice([0.3, 1, 1, 4]))
    tokens = sample.keys.shape[1]
    at, to = (rng.integers(tokens, size=(sequences, count)) for count in (asked, keys))
    encoded = (code.encode_queries(sample.queries * louder), code.encode_keys(sample.keys * louder),
               code.encode_values(sample.values))
    queries, key_codes, values = (
        np.stack([whole[:, rows] for rows in picked])
        for (whole, _), picked in zip(encoded, (at, to, to), strict=True))
    return AttentionBatch(code.heads, queries, key_codes, values, mask)
