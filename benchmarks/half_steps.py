"""SmolLM2-135M with binary heads in whole and half steps: what each loses, in how many steps."""

from __future__ import annotations

import os
from collections.abc import Iterator
from statistics import median
from typing import Any

import numpy as np
import torch

import neuromorph
from benchmarks.smollm2 import loaded, losses, ratio
from neuromorph.translate import TranslateOptions
from neuromorph.translate.options import preferring

BINARY = TranslateOptions(spikes="binary")
KINDS = {"whole steps": BINARY, "prefer steps": preferring("steps", BINARY),
         "prefer cores": preferring("cores", BINARY), "graded": TranslateOptions()}


def measure() -> dict[str, Any]:
    """Of the first ``HALF_STEPS_WINDOWS`` windows of 512 tokens; of all four if not set."""
    model, _, calibration, test = loaded()
    test = test[: int(os.environ.get("HALF_STEPS_WINDOWS", "4"))]
    exact, beside = losses(model, test), list(logits(model, test))
    result: dict[str, Any] = {"tokens": int(test.numel())}
    for name, options in KINDS.items():
        attachment = neuromorph.attach(model, calibration, options=options)
        kl = np.concatenate([divergence(p, q)
                             for p, q in zip(beside, logits(model, test), strict=True)])
        steps = [head.period for code in attachment.codes.values() for head in code.heads]
        result[name] = {"kl": kl.mean(), **ratio(losses(model, test) - exact),
                        "median_steps": median(steps), "most_steps": max(steps)}
        attachment.detach()
        print(name, result[name], flush=True)
    return result


def logits(model: Any, rows: Any) -> Iterator[Any]:
    """Log-probabilities of every next token, window by window."""
    for row in rows:
        with torch.no_grad():
            yield torch.log_softmax(model(input_ids=row[None]).logits[0], -1)


def divergence(exact: Any, spiking: Any) -> Any:
    """KL(exact || spiking) of every token, in nats."""
    return (exact.exp() * (exact - spiking)).sum(-1).double().numpy()
