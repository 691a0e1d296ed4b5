"""SmolLM2's forward pass in spikes / in float, processor time of one thread."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import torch

from benchmarks.speed.child import PASSIVE, fresh
from benchmarks.speed.figures import Figure, Plan, in_turns, ratio
from benchmarks.speed.models import (
    KINDS,
    TEST,
    attached,
    calibration,
    from_bundle,
    smollm2,
    tokens_of,
    twin,
)

GOALS = {(512, "graded"): 1.08, (512, "binary"): 1.06}
GOAL = 1.2
"""For longer passages."""

CALIBRATED = 8192
"""Tokens to calibrate on at most, in windows as long as what is measured."""


def measure_at(tokens: int, plan: Plan) -> list[Figure]:
    with TemporaryDirectory() as folder:
        prepare(folder, tokens)
        found = fresh(pairs, folder, tokens, plan.turns, 1, KINDS, threads=1).result
    return [ratio(f"{tokens} tokens, {kind}", found[kind], GOALS.get((tokens, kind), GOAL))
            for kind in KINDS]


def prepare(folder: str, tokens: int) -> None:
    """One bundle a kind."""
    fresh(calibrated, folder, tokens, environment=PASSIVE)


def calibrated(folder: str, tokens: int) -> None:
    model, tokenizer = smollm2()
    batches = calibration(tokenizer, tokens, 2 if 2 * tokens <= CALIBRATED else 1)
    for kind in KINDS:
        attachment = attached(model, batches, kind)
        attachment.save(Path(folder) / kind)
        attachment.detach()


def pairs(
    folder: str, tokens: int, turns: int, threads: int, kinds: Sequence[str]
) -> dict[str, Any]:
    """(float, spiking) seconds in turns, by kind; by the clock for more than one thread."""
    torch.set_num_threads(threads)
    model, tokenizer = smollm2()
    row = tokens_of(tokenizer, TEST, 1, tokens)
    found = {}
    for kind in kinds:
        spiking = twin(model)
        from_bundle(spiking, str(Path(folder) / kind))
        found[kind] = in_turns([partial(run, model, row), partial(run, spiking, row)], turns,
                               "processor" if threads == 1 else "wall")
    return found


def run(model: Any, row: Any) -> None:
    with torch.no_grad():
        model(input_ids=row)
