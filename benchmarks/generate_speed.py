"""Generating text in integers, beside torch in float32: a random model of SmolLM2-135M's size.

Both read the same prompt and go on from it, turn by turn in one process, with one thread and with
two. Times are by the clock, and processor time of the process, the best of some turns: other
programs share the machine, so look at the ratios. Memory is what a process of its own holds after
it has generated, beside what it holds with nothing but the libraries loaded.
"""

from __future__ import annotations

import gc
import json
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from neuromorph.backends.fast.transformer import Session
from neuromorph.circuits.block.numbers import Block, Dense
from neuromorph.circuits.transformer.numbers import Transformer
from neuromorph.circuits.transformer.tiny import tiny_transformer

BLOCKS, WIDTH, HEADS, GROUPS, SIZE, HIDDEN = 30, 576, 9, 3, 64, 1536
VOCABULARY, SLOTS, WINDOW, VALUE_SHIFT = 49152, 512, 20, 4
PROMPT, CONTEXTS, TURNS, TOKENS = 512, (64, 448), 3, 24
THREADS = 1, 2
LAYERS = "query", "key", "value", "output", "gate", "up", "down"


def measure() -> dict[str, Any]:
    model, other = _integers(), _float()
    found: dict[str, Any] = {"first call of a process, with what is compiled in the cache, seconds":
                             _first(model)}
    for threads in THREADS:
        found[f"{threads} threads"] = _compared(model, other, threads)
    del model, other
    gc.collect()
    return {**found, "resident memory, MB": _memory()}


def _compared(model: Transformer, other: Any, threads: int) -> dict[str, Any]:
    import torch

    torch.set_num_threads(threads)
    tokens = np.random.default_rng(0).integers(0, VOCABULARY, PROMPT + 1)
    ours, theirs = _best([lambda: Session(model).feed(tokens[:PROMPT]),
                          lambda: _read(other, tokens[:PROMPT], None)], TURNS)
    found: dict[str, Any] = {f"prefill of {PROMPT} tokens": _row(ours, theirs, 1)}
    for context in CONTEXTS:
        session = Session(model)
        session.feed(tokens[:context])
        cache = _read(other, tokens[:context], None)
        ours, theirs = _best([lambda s=session: s.feed(tokens[:1]),  # type: ignore[misc]
                              lambda c=cache: _read(other, tokens[:1], c)], TOKENS)  # type: ignore[misc]
        found[f"tokens a second from context {context}"] = {
            "ours": round(1 / ours[0], 1), "torch": round(1 / theirs[0], 1),
            **_row(ours, theirs, -1)}
    return found


def _row(ours: tuple[float, float], theirs: tuple[float, float], sense: int) -> dict[str, float]:
    """Seconds, and ratios: of times for a prefill, of speeds for a token."""
    return {"ours, ms": round(ours[0] * 1e3, 1), "torch, ms": round(theirs[0] * 1e3, 1),
            "ratio by the clock": round((ours[0] / theirs[0]) ** sense, 2),
            "ratio of processor time": round((ours[1] / theirs[1]) ** sense, 2)}


def _best(
    runs: list[Callable[[], Any]], turns: int
) -> list[tuple[float, float]]:
    """The least time by the clock, and of the processors, of each; they take turns."""
    times: list[list[tuple[float, float]]] = [[] for _ in runs]
    for run in runs:
        run()
    for _ in range(turns):
        for mine, run in zip(times, runs, strict=True):
            clock, process = time.perf_counter(), time.process_time()
            run()
            mine.append((time.perf_counter() - clock, time.process_time() - process))
    return [(min(t[0] for t in mine), min(t[1] for t in mine)) for mine in times]


def _first(model: Transformer) -> float:
    begun = time.perf_counter()
    Session(model).feed(np.arange(3))
    return round(time.perf_counter() - begun, 2)


def _integers() -> Transformer:
    """`tiny_transformer`, scaled as a trained one is, with blocks that differ in their weights."""
    made = tiny_transformer(
        0, blocks=2, vocabulary=VOCABULARY, tokens=2048, width=WIDTH, heads=HEADS, groups=GROUPS,
        size=SIZE, hidden=HIDDEN, slots=SLOTS, window=WINDOW)
    blocks = tuple(_block(made.blocks[n % 2], n) for n in range(BLOCKS))
    dense = made.head.dense
    assert dense is not None
    # The embedding's bytes serve as the head's too, as in SmolLM2.
    head = replace(made.head, dense=replace(dense, weights=made.embedding.weights))
    return replace(made, blocks=blocks, head=head)


def _block(block: Block, n: int) -> Block:
    layers: dict[str, Any] = {name: _bytes(getattr(block, name), n) for name in LAYERS}
    heads = tuple(replace(head, value_shift=VALUE_SHIFT) for head in block.heads)
    return replace(block, heads=heads, **layers)


def _bytes(layer: Dense, n: int) -> Dense:
    return replace(layer, weights=np.roll(layer.weights.astype(np.int8), n, axis=1))


def _float() -> Any:
    import torch
    from transformers import LlamaConfig, LlamaForCausalLM

    torch.manual_seed(0)
    config = LlamaConfig(
        vocab_size=VOCABULARY, hidden_size=WIDTH, intermediate_size=HIDDEN,
        num_hidden_layers=BLOCKS, num_attention_heads=HEADS, num_key_value_heads=GROUPS,
        head_dim=SIZE, max_position_embeddings=2048, tie_word_embeddings=True)
    return LlamaForCausalLM(config).eval()


def _read(model: Any, tokens: Any, cache: Any) -> Any:
    """Logits of the last token; what the model remembers."""
    import torch

    with torch.no_grad():
        said = model(torch.as_tensor(tokens)[None], past_key_values=cache, use_cache=True,
                     logits_to_keep=1)
    return said.past_key_values


def _memory() -> dict[str, Any]:
    """Of processes that read a prompt and generate, and of the same before there is a model."""
    found = {name: json.loads(subprocess.run(
        [sys.executable, "-m", "benchmarks.generate_speed", name], check=True,
        capture_output=True, text=True).stdout) for name in ("ours", "torch")}
    ours, theirs = found["ours"], found["torch"]
    return {**found, "ratio": round(ours["generating"] / theirs["generating"], 2),
            "ratio beyond the libraries": round(
                (ours["generating"] - ours["libraries"])
                / (theirs["generating"] - theirs["libraries"]), 2)}


def _generate(name: str) -> dict[str, float]:
    """What this process holds: with libraries alone, and after it has generated."""
    tokens = np.random.default_rng(0).integers(0, VOCABULARY, 64)
    if name == "ours":
        libraries = _resident()
        session = Session(_integers())
        session.feed(tokens)
        for token in tokens:
            session.feed(token[None])
    else:
        import torch  # noqa: F401 - it counts among the libraries
        import transformers.models.llama.modeling_llama  # noqa: F401

        libraries = _resident()
        model = _float()
        cache = _read(model, tokens, None)
        for token in tokens:
            cache = _read(model, token[None], cache)
    gc.collect()
    return {"libraries": libraries, "generating": _resident()}


def _resident() -> float:
    """Megabytes that this process holds."""
    for line in Path("/proc/self/status").read_text("ascii").splitlines():
        if line.startswith("VmRSS"):
            return round(int(line.split()[1]) / 1024, 1)
    raise RuntimeError("the system does not say what a process holds")


if __name__ == "__main__":
    print(json.dumps(_generate(sys.argv[1])))
