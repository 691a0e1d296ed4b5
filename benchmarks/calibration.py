"""SmolLM2-135M run at 512 tokens, calibrated on shorter and shorter windows: what is said of it."""

from __future__ import annotations

import warnings
from typing import Any

import torch

import neuromorph
from benchmarks.smollm2 import PROMPT, loaded, losses, ratio
from neuromorph.translate import TranslateOptions

WINDOWS = (512, 256, 128, 64)


def measure() -> dict[str, Any]:
    model, tokenizer, calibration, test = loaded()
    exact = losses(model, test)
    tokens = torch.cat([batch["input_ids"] for batch in calibration])
    data = {f"{tokens.numel() // n} windows of {n}": list(tokens.reshape(-1, 1, n))
            for n in WINDOWS}
    data["one sentence"] = [tokenizer(PROMPT, return_tensors="pt").input_ids]
    result: dict[str, Any] = {"tokens": len(exact)}
    for name, rows in data.items():
        batches = [{"input_ids": row} for row in rows]
        result[name] = _run(model, batches, test, exact)
    return result


def _run(model: Any, batches: list[dict[str, Any]], test: Any, exact: Any) -> dict[str, Any]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", neuromorph.NeuromorphWarning)
        attachment = neuromorph.attach(
            model, batches, options=TranslateOptions(spikes="binary", slots=512))
        found = ratio(losses(model, test) - exact)
        attachment.detach()
    report = attachment.report()
    layers = [row["forced_a_query"] for row in report["per_layer"]]
    return {**found, "forced_a_query": report["forced_a_query"], "worst_layer": max(layers),
            "clipped_share": report["clipped_share"], "warnings": report["warnings"]}
