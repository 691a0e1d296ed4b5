"""ALiBi made by heads, beside the same from a host: closeness, steps, spikes, cores, energy."""

from __future__ import annotations

import warnings
from statistics import median
from tempfile import TemporaryDirectory
from typing import Any

import torch
import transformers

import neuromorph
from benchmarks.zoo import shaken
from neuromorph.translate import TranslateOptions

TOKENS, WIDTH, HEADS, WORDS = 512, 64, 4, 80
MODELS = {
    "bloom": (transformers.BloomModel, transformers.BloomConfig, {
        "hidden_size": WIDTH, "n_head": HEADS, "n_layer": 2, "vocab_size": WORDS}),
    "mpt": (transformers.MptModel, transformers.MptConfig, {
        "d_model": WIDTH, "n_heads": HEADS, "n_layers": 2, "vocab_size": WORDS,
        "max_seq_len": TOKENS}),
}


def measure() -> dict[str, Any]:
    """Tiny random models, calibrated on two texts of 512 tokens and judged on a third."""
    draw = torch.Generator().manual_seed(1)
    texts = [torch.randint(5, WORDS, (1, TOKENS), generator=draw) for _ in range(3)]
    return {f"{name} {spikes}": {"circuit" if own else "host": one(name, spikes, own, texts)
                                 for own in (True, False)}
            for name in MODELS for spikes in ("graded", "binary")}


def one(name: str, spikes: Any, own: bool, texts: list[Any]) -> dict[str, Any]:
    """One model with slopes of its own, or with a bias from the host."""
    made, config, sizes = MODELS[name]
    model = shaken(made(config(**sizes)), 0)
    wanted = hidden(model, texts[2])
    options = TranslateOptions(slots=TOKENS, slopes=own, spikes=spikes)
    with warnings.catch_warnings(), TemporaryDirectory() as folder:
        warnings.simplefilter("ignore")
        with neuromorph.attach(model, texts[:2], options=options) as spiking:
            found = hidden(model, texts[2])
            heads = [head for code in spiking.codes.values() for head in code.heads]
            path = spiking.save(f"{folder}/bundle")
        report = neuromorph.compile_bundle(path, "loihi2-graded").report
    return {
        "cosine": float(torch.cosine_similarity(found, wanted, dim=-1).mean()),
        "median_steps": median(head.period for head in heads),
        "most_steps": max(head.period for head in heads),
        "host_spikes_a_token": report["events"]["host_spikes"],
        "synaptic_ops_a_token": report["events"]["synaptic_ops"],
        "cores": report["cores_used"], "joules_a_token": report["energy_total_joules"]}


def hidden(model: Any, text: Any) -> Any:
    with torch.no_grad():
        return model(text).last_hidden_state[0]
