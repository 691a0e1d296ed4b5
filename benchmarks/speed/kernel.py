"""One layer from floats to floats, ns a causal pair of query and key, 64 columns, one thread.

Coding and decoding are in it, as they are in what torch's own attention is compared with.
"""

from __future__ import annotations

from collections.abc import Callable
from statistics import median
from typing import Any

import torch
from torch.nn.functional import scaled_dot_product_attention

from benchmarks.speed.child import fresh
from benchmarks.speed.figures import Figure, Plan, in_turns
from benchmarks.speed.models import CALIBRATION, KINDS, TEST, smollm2, tokens_of
from benchmarks.speed.recorded import recorded
from neuromorph.backends import FloatWork, Sight
from neuromorph.runtime import SpikingLayer
from neuromorph.translate import Sample, TranslateOptions, calibrate_layer

LAYERS = (0, 6, 12, 18, 24, 29)
LENGTHS = (512, 2048)
GOALS = {"graded": 8.0, "binary": 6.0}


def measure(plan: Plan) -> list[Figure]:
    figures = []
    for tokens in LENGTHS[:1] if plan.quick else LENGTHS:
        found = fresh(nanoseconds, tokens, plan.turns, threads=1).result
        figures += [Figure(f"{tokens} tokens, {kind}", median(found[kind]), "ns a pair",
                           GOALS[kind], f"layers {min(found[kind]):.1f}–{max(found[kind]):.1f}")
                    for kind in KINDS]
        figures.append(Figure(f"{tokens} tokens, torch's SDPA in float32", median(found["torch"]),
                              "ns a pair", judged=False))
    return figures


def nanoseconds(tokens: int, turns: int) -> dict[str, list[float]]:
    """Of every layer, by kind: the median over turns in which all kinds run one after the other."""
    model, tokenizer = smollm2()
    seen, asked = (recorded(model, tokens_of(tokenizer, chosen, 1, tokens), LAYERS)
                   for chosen in (CALIBRATION, TEST))
    found: dict[str, list[float]] = {name: [] for name in (*KINDS, "torch")}
    for layer in LAYERS:
        sample = asked[layer]
        works = [spiking(seen[layer], sample, kind) for kind in KINDS] + [floating(sample)]
        rows = in_turns(works, turns, "processor")
        pairs = sample.queries.shape[0] * sample.mask.sum()
        for name, seconds in zip(found, zip(*rows, strict=True), strict=True):
            found[name].append(float(1e9 * median(seconds) / pairs))
    return found


def spiking(seen: Sample, asked: Sample, kind: Any) -> Callable[[], object]:
    code = calibrate_layer([seen], TranslateOptions(spikes=kind, slots=len(asked.mask)))
    layer = SpikingLayer(code)
    work = FloatWork(asked.queries[None], asked.keys[None], asked.values[None],
                     Sight(asked.mask[None]))
    return lambda: layer.answer(work)


def floating(asked: Sample) -> Callable[[], object]:
    queries, keys, values = (torch.from_numpy(array)[None]
                             for array in (asked.queries, asked.keys, asked.values))
    keys, values = (x.repeat_interleave(asked.group, dim=1) for x in (keys, values))
    return lambda: scaled_dot_product_attention(queries, keys, values, is_causal=True, scale=1.0)
