"""What it would cost to prove sums doubled, as synapses of both signs store their weights.

A weight w lies in such a synapse as 2w. `circuits.block.layers.HALVED` halves the sum again;
without it every bound is twice as near. Here half the bound is given to the translation of all 30
blocks of SmolLM2, weights rounded to the nearest, and nothing else is changed: integers are those
of sums that are halved, so only payloads and the parts of W_o differ.
"""

from __future__ import annotations

from typing import Any
from unittest.mock import patch

from benchmarks import block_smollm2 as page
from neuromorph.huggingface.blocks import float_blocks
from neuromorph.numerics.limits import STATE_MAX
from neuromorph.translate.block import translate_block
from neuromorph.translate.block.norms import SPARE
from neuromorph.translate.block.options import BlockOptions

PLACE = "neuromorph.translate.block"


def measure() -> dict[str, Any]:
    whole = _chain()
    with (patch(f"{PLACE}.norms.SPARE", SPARE / 2), patch(f"{PLACE}.mlp.SPARE", SPARE / 2),
          patch(f"{PLACE}.attention.STATE_MAX", STATE_MAX // 2)):
        return {"halved by an exponent": whole, "doubled": _chain()}


def _chain() -> dict[str, Any]:
    model, _, calibration, test = page.loaded()
    streams = [page.embedded(model, row["input_ids"][0]) for row in calibration]
    rows = test[: page.WINDOWS, : page.LENGTH]
    ways = {name: [page.embedded(model, row) for row in rows] for name in ("float", "integers")}
    options, turns, cut = page.with_slots(BlockOptions(compensate=False)), [], dict[str, int]()
    for floats in float_blocks(model):
        traces = [floats.run(stream) for stream in streams]
        block = translate_block(floats, streams, options, traces)
        ways = {"float": [floats.run(stream).end for stream in ways["float"]],
                "integers": [page.through(block, stream, cut) for stream in ways["integers"]]}
        streams = [trace.end for trace in traces]
        turns.append(block.block.turns)
        print(f"block {len(turns) - 1}: {turns[-1]} parts of W_o", flush=True)
    return {"parts of W_o": [min(turns), max(turns)], **page.chain(model, rows, ways)["integers"]}
