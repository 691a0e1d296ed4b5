"""SmolLM2-135M with binary heads in whole and half steps: what each loses, in how many steps."""

from __future__ import annotations

import os
from collections.abc import Iterable
from statistics import median
from typing import Any

import numpy as np
import torch

import neuromorph
from benchmarks.smollm2 import loaded, ratio
from neuromorph.translate import TranslateOptions
from neuromorph.translate.preference import preferring

BINARY = TranslateOptions(spikes="binary")
KINDS = {"whole steps": BINARY, "prefer steps": preferring("steps", BINARY),
         "prefer cores": preferring("cores", BINARY), "graded": TranslateOptions()}


def measure() -> dict[str, Any]:
    """Of the first ``HALF_STEPS_WINDOWS`` windows of 512 tokens; of all four if not set."""
    model, _, calibration, test = loaded()
    test = test[: int(os.environ.get("HALF_STEPS_WINDOWS", "4"))]
    result: dict[str, Any] = {"tokens": int(test.numel())}
    for name, options in KINDS.items():
        attachment = neuromorph.attach(model, calibration, options=options)
        result[name] = {**lost(attachment, test), **steps(attachment)}
        attachment.detach()
        print(name, result[name], flush=True)
    return result


def lost(attachment: Any, rows: Iterable[Any]) -> dict[str, Any]:
    """KL to float of every next token, nats, and ratio of perplexities; windows one by one."""
    kl, more = [], []
    for row in rows:
        attachment.detach()
        exact = predicted(attachment.model, row)
        attachment.attach()
        spiking = predicted(attachment.model, row)
        kl.append((exact.exp() * (exact - spiking)).sum(-1).double().numpy())
        right = row[1:, None]
        more.append((exact[:-1].gather(1, right) - spiking[:-1].gather(1, right))[:, 0]
                    .double().numpy())
        print(f"window {len(kl)}: KL {np.concatenate(kl).mean():.5f} so far", flush=True)
    by_window = [float(one.mean()) for one in kl]
    error = np.std(by_window, ddof=1) / len(kl)**.5 if len(kl) > 1 else None
    return {"kl": float(np.mean(by_window)), "kl_95_by_window": error and 1.96 * float(error),
            **ratio(np.concatenate(more)), **attachment.tally.as_dict()}


def predicted(model: Any, row: Any) -> Any:
    """Log-probabilities of every next token of one window."""
    with torch.no_grad():
        return torch.log_softmax(model(input_ids=row[None]).logits[0], -1)


def steps(attachment: Any) -> dict[str, float]:
    """Steps from one query to the next, over all heads."""
    found = [head.period for code in attachment.codes.values() for head in code.heads]
    return {"median_steps": median(found), "most_steps": max(found)}
