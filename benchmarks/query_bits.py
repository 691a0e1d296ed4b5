"""SmolLM2-135M with heads for Loihi 1: perplexity against the width of query codes."""

from __future__ import annotations

from typing import Any

import neuromorph
from benchmarks.smollm2 import loaded, losses, ratio
from neuromorph.translate import TranslateOptions

BITS = (8, 7, 6, 5, 4)


def measure() -> dict[str, Any]:
    model, _, calibration, test = loaded()
    exact = losses(model, test)
    result: dict[str, Any] = {"tokens": len(exact)}
    for bits in BITS:
        options = TranslateOptions(spikes="binary", target="loihi1", query_bits=bits)
        attachment = neuromorph.attach(model, calibration, options=options)
        result[f"{bits}_bits"] = ratio(losses(model, test) - exact)
        attachment.detach()
    return result
