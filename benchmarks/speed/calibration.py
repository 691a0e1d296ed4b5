"""How long `neuromorph.attach` takes to calibrate SmolLM2 on real text."""

from __future__ import annotations

import time

from benchmarks.speed.child import PASSIVE, fresh
from benchmarks.speed.figures import Figure, Plan
from benchmarks.speed.models import attached, calibration, smollm2

GOALS = {512: 5.0, 2048: 22.0}


def measure(plan: Plan) -> list[Figure]:
    figures = []
    for tokens in list(GOALS)[:1] if plan.quick else GOALS:
        wall, processor = fresh(seconds, tokens, environment=PASSIVE).result
        figures += [Figure(f"attach, 2 × {tokens} tokens, clock", wall, "s", GOALS[tokens]),
                    Figure(f"attach, 2 × {tokens} tokens, processor", processor, "s")]
    return figures


def seconds(tokens: int) -> tuple[float, float]:
    """By the clock and of the processor, with as many threads as there are processors."""
    model, tokenizer = smollm2()
    batches = calibration(tokenizer, tokens)
    began = time.perf_counter(), time.process_time()
    attached(model, batches, "graded")
    return time.perf_counter() - began[0], time.process_time() - began[1]
