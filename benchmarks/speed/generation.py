"""One token more at some context, with the key-value cache: spiking / float, one thread."""

from __future__ import annotations

import time
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import torch
from transformers import DynamicCache

from benchmarks.speed.child import fresh
from benchmarks.speed.figures import Figure, Plan, ratio
from benchmarks.speed.forward import prepare
from benchmarks.speed.models import KINDS, TEST, from_bundle, smollm2, tokens_of, twin

CONTEXTS = (16, 128, 448)
TOKENS_A_TURN = 3
"""The models go on with the same text, from each context once: 21 tokens in 7 turns."""

WARM_UP = 2
GOAL = 1.15
CALIBRATED_ON = 512


def measure(plan: Plan) -> list[Figure]:
    with TemporaryDirectory() as folder:
        prepare(folder, CALIBRATED_ON)
        found = fresh(pairs, folder, TOKENS_A_TURN * plan.turns, threads=1).result
    return [ratio(f"context {context}, {kind}", found[kind][at], GOAL)
            for at, context in enumerate(CONTEXTS) for kind in KINDS]


def pairs(folder: str, tokens: int) -> dict[str, list[list[tuple[float, float]]]]:
    """(float, spiking) seconds a token, by kind and context."""
    model, tokenizer = smollm2()
    row = tokens_of(tokenizer, TEST, 1, CALIBRATED_ON)
    found = {}
    for kind in KINDS:
        spiking = twin(model)
        from_bundle(spiking, str(Path(folder) / kind))
        found[kind] = [after(model, spiking, row[:, : context + WARM_UP + tokens], context)
                       for context in CONTEXTS]
    return found


def after(model: Any, spiking: Any, row: Any, context: int) -> list[tuple[float, float]]:
    """Both go on from the same context, a token each in turns."""
    both = [(one, DynamicCache()) for one in (model, spiking)]
    for one, cache in both:
        step(one, cache, row[:, :context])
    rows = []
    for at in range(context, row.shape[1]):
        floating, spike = (step(one, cache, row[:, at : at + 1]) for one, cache in both)
        rows.append((floating, spike))
    return rows[WARM_UP:]


def step(model: Any, cache: Any, ids: Any) -> float:
    began = time.process_time()
    with torch.no_grad():
        model(input_ids=ids, past_key_values=cache, use_cache=True)
    return time.process_time() - began
