"""SmolLM2-135M in integers: single blocks beside float, then all in a chain, in closed form."""

from __future__ import annotations

import math
import time
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import torch

from benchmarks.smollm2 import loaded, ratio
from neuromorph import backends
from neuromorph.circuits.block.build import OUT, build
from neuromorph.circuits.block.closed_form import run
from neuromorph.circuits.block.tokens import stimulate
from neuromorph.compile.ranges.contract import prove_contract
from neuromorph.huggingface.blocks import float_blocks
from neuromorph.network import Probe
from neuromorph.translate import TranslateOptions
from neuromorph.translate.block import (
    BlockOptions,
    FloatBlock,
    Linear,
    TranslatedBlock,
    compare_block,
    prove_block,
    translate_block,
)
from neuromorph.translate.block.compared import closeness, saturations
from neuromorph.translate.block.scales import rows_of

TOKENS = 64
"""Of the text on which single blocks are compared."""

WINDOWS, LENGTH, SLOTS = 2, 256, 512
"""Of the text that goes through the chain; tokens that a head has room for."""

RING = 48
"""Slots of a block that runs by the clock: fewer than tokens."""

FORMS = {"plain": BlockOptions(fold=0.0, compensate=False, correct=False),
         "folded": BlockOptions(compensate=False, correct=False),
         "compensated": BlockOptions(correct=False),
         "corrected": BlockOptions()}
"""Each with what those before it have."""


def measure() -> dict[str, Any]:
    model, _, calibration, test = loaded()
    blocks = float_blocks(model)
    ids = [row["input_ids"][0] for row in calibration]
    streams = [embedded(model, row) for row in ids]
    result: dict[str, Any] = {
        "calibrated_on": f"{len(ids)} windows of {len(ids[0])} tokens, articles 0-59",
        "measured_on": "articles 150-299", "slots": SLOTS, "blocks": {}}
    rows = test[:WINDOWS, :LENGTH]
    ways = {name: [embedded(model, row) for row in rows]
            for name in ("float", "int8 weights alone", "integers")}
    cut: dict[str, int] = {}
    massive, began = massive_block(blocks, streams), time.time()
    for layer, floats in enumerate(blocks):
        traces = [floats.run(stream) for stream in streams]
        if layer in (0, massive, massive + 1):
            text = ways["float"][0][:TOKENS]
            result["blocks"][layer] = single(floats, streams, traces, text)
        block = translate_block(floats, streams, with_slots(BlockOptions()), traces)
        ways = {"float": [floats.run(stream).end for stream in ways["float"]],
                "int8 weights alone": [int8(floats).run(stream).end
                                       for stream in ways["int8 weights alone"]],
                "integers": [through(block, stream, cut) for stream in ways["integers"]]}
        streams = [trace.end for trace in traces]
        print(f"block {layer}: {time.time() - began:.0f} s", flush=True)
    result["chain"] = {"tokens": rows.numel(), "massive_block": massive, "saturations": cut,
                       **chain(model, rows, ways)}
    return result


def embedded(model: Any, ids: Any) -> Any:
    """What enters the first block, float64."""
    with torch.no_grad():
        return model.get_input_embeddings()(ids).double().numpy()


def massive_block(blocks: Sequence[FloatBlock], streams: Sequence[Any]) -> int:
    """The block whose output's largest number is most times its input's, the first apart."""
    largest = []
    for floats in blocks:
        streams = [floats.run(stream[:TOKENS]).end for stream in streams]
        largest.append(max(float(np.abs(stream).max()) for stream in streams))
    grows = np.array(largest[1:]) / np.array(largest[:-1])
    grows[np.array(largest[1:]) < max(largest) / 2] = 0
    return 1 + int(grows.argmax())


def with_slots(options: BlockOptions, slots: int = SLOTS) -> BlockOptions:
    return replace(options, attention=TranslateOptions(slots=slots))


def clocked(block: TranslatedBlock, text: Any) -> dict[str, Any]:
    """The network of a block on `fast`, a token every period, more tokens than slots."""
    numbers, stream = block.block, block.encode(text)[0]
    network, ends = build(numbers), numbers.timeline.end_at
    angles = block.angles(len(stream))
    sent, steps = stimulate(numbers, stream, angles)
    done = backends.get("fast").run(network, sent, (Probe(OUT),), steps)
    found = done.spikes(OUT)[ends :: numbers.period]
    whole = run(numbers, stream, angles)
    return {"tokens": len(stream), "slots": numbers.slots, "steps": steps,
            "neurons": sum(p.size for p in network.populations),
            "bit_exact": bool(np.array_equal(found, whole.end)),
            "proved": prove_contract(network).proved}


def single(floats: FloatBlock, streams: list[Any], traces: list[Any], text: Any) -> dict[str, Any]:
    """One block beside float on the same float hidden states, by form."""
    exact = floats.run(text)
    found: dict[str, Any] = {
        "largest": float(np.abs(exact.end).max()),
        "median_rms": float(np.median(np.sqrt((exact.end**2).mean(axis=1)))),
        "int8 weights alone": closeness(text, exact.end, int8(floats).run(text).end).as_dict()}
    for name, options in FORMS.items():
        block = translate_block(floats, streams, with_slots(options), traces)
        found[name] = compare_block(block, text, exact).as_dict()
    numbers = block.block
    return found | {
        "clocked": clocked(translate_block(floats, streams, with_slots(FORMS["folded"], RING),
                                           traces), text),
        "places": block.places, "turns": numbers.turns, "period": numbers.period,
        "payloads": [norm.length / norm.size**0.5
                     for norm in (numbers.attention_norm, numbers.mlp_norm)],
        "unit_vector": numbers.unit_norm.length,
        "room_used": {row.layer: round(row.share, 3) for row in prove_block(numbers)}}


def int8(floats: FloatBlock) -> FloatBlock:
    """The float block with 8-bit weights, one scale a row, and gains folded into them."""
    gains = dict.fromkeys(("query", "key", "value"), floats.attention_norm.gain) | dict.fromkeys(
        ("gate", "up"), floats.mlp_norm.gain)
    layers = {}
    for name, layer in floats.layers.items():
        gain = gains.get(name, np.ones(layer.weight.shape[1]))
        weights, scale = rows_of(layer.weight * gain)
        layers[name] = Linear(weights * scale[:, None] / gain, layer.bias)
    return replace(floats, **layers)


def through(block: TranslatedBlock, stream: Any, cut: dict[str, int]) -> Any:
    """A hidden state in integers, which the next block takes as it is: places are the same."""
    codes, beyond = block.encode(stream)
    token = run(block.block, codes, block.angles(len(stream)))
    for name, count in {"stream": beyond, **saturations(block.block, codes, token)}.items():
        cut[name] = cut.get(name, 0) + count
    return block.decode(token.end)


def chain(model: Any, rows: Any, ways: dict[str, list[Any]]) -> dict[str, Any]:
    """Float head on every way's last hidden states: KL to float, perplexity, agreement."""
    found: dict[str, Any] = {}
    exact, wanted = logged(model, ways.pop("float")), rows[:, 1:]
    losses = {"float": lost(exact, wanted)}
    for name, states in ways.items():
        logs = logged(model, states)
        kl = (exact.exp() * (exact - logs)).sum(dim=-1)
        losses[name] = lost(logs, wanted)
        found[name] = {"kl": float(kl.mean()), "kl_worst": float(kl.max()),
                       "top1": float((exact.argmax(-1) == logs.argmax(-1)).double().mean()),
                       **ratio(losses[name] - losses["float"])}
    return {"perplexity_float": math.exp(losses["float"].mean()), **found}


def logged(model: Any, states: list[Any]) -> Any:
    """Log-probabilities of the next token."""
    with torch.no_grad():
        hidden = torch.tensor(np.stack(states), dtype=torch.float32)
        return model.lm_head(model.model.norm(hidden)).double().log_softmax(dim=-1)


def lost(logs: Any, wanted: Any) -> Any:
    return -logs[:, :-1].gather(-1, wanted[..., None])[..., 0].numpy().ravel()
