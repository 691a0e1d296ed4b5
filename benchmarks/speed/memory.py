"""Bytes that an attachment holds over the float model, and the peak of a forward over float's."""

from __future__ import annotations

import gc
from pathlib import Path
from tempfile import TemporaryDirectory

import torch

from benchmarks.speed.child import PASSIVE, forget_peak, fresh, peak
from benchmarks.speed.figures import Figure, Plan
from benchmarks.speed.models import (
    TEST,
    attached,
    calibration,
    from_bundle,
    smollm2,
    tokens_of,
)
from neuromorph.memory import give_back

HELD_GOAL, PEAK_GOAL = 50.0, 1.25


def measure(plan: Plan) -> list[Figure]:
    tokens = 512 if plan.quick else 2048
    with TemporaryDirectory() as folder:
        held = fresh(held_bytes, folder, tokens, environment=PASSIVE).result
        (before, floating), (held_before, spiking) = (
            fresh(peak_of_forward, bundle, tokens, environment=PASSIVE).result
            for bundle in (None, folder))
    return [Figure(f"attachment, 2 × {tokens} tokens, held over float", held / 1e6, "MB",
                   HELD_GOAL),
            Figure(f"forward of {tokens}, peak", spiking / floating, "× float", PEAK_GOAL,
                   f"float {floating / 1e9:.2f} GB"),
            Figure(f"forward of {tokens}, peak beyond what is held before",
                   (spiking - held_before) / (floating - before), "× float", judged=False,
                   beside=f"float {(floating - before) / 1e9:.2f} GB")]


def held_bytes(folder: str, tokens: int) -> int:
    """What the process holds with an attachment, less what it held before; saves a bundle."""
    model, tokenizer = smollm2()
    batches = calibration(tokenizer, tokens)
    with torch.no_grad():
        model(**batches[0])
    before = resident()
    attachment = attached(model, batches, "graded")
    held = resident() - before
    attachment.save(folder, force=True)
    return held


def peak_of_forward(bundle: str | None, tokens: int) -> tuple[int, int]:
    """Bytes of the process before a forward pass, and the most during it."""
    model, tokenizer = smollm2()
    row = tokens_of(tokenizer, TEST, 1, tokens)
    if bundle is not None:
        from_bundle(model, bundle)
    before = resident()
    forget_peak()
    with torch.no_grad():
        model(input_ids=row)
    return before, peak()


def resident() -> int:
    """Bytes of this process in memory, after all that is free has been given back."""
    gc.collect()
    give_back()
    pages = int(Path("/proc/self/statm").read_text("ascii").split()[1])
    return pages * 4096
