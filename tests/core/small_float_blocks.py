"""Random blocks in floats, text that goes through them, and a translated one by the clock."""

from __future__ import annotations

from typing import Any

import numpy as np

from neuromorph import backends
from neuromorph.circuits.block.build import OUT, build
from neuromorph.circuits.block.numbers import Ints
from neuromorph.circuits.block.tokens import stimulate
from neuromorph.models.rotary import Rotary
from neuromorph.network import Probe
from neuromorph.translate.block import FloatBlock, FloatNorm, Linear, TranslatedBlock

Floats = np.ndarray[Any, np.dtype[np.float64]]


def a_float_block(
    seed: int = 0, *, width: int = 12, size: int = 4, heads: int = 2, groups: int = 1,
    hidden: int = 20, biased: bool = False, **changed: Any,
) -> FloatBlock:
    rng = np.random.default_rng(seed)

    def linear(rows: int, columns: int, gain: float) -> Linear:
        weight = rng.normal(0, gain / columns**.5, (rows, columns))
        return Linear(weight, rng.normal(0, .1, rows) if biased else None)

    fields: dict[str, Any] = {
        "name": "layers.0", "attention_norm": FloatNorm(rng.uniform(.5, 2, width), 1e-5),
        "mlp_norm": FloatNorm(rng.uniform(.5, 2, width), 1e-5),
        "query": linear(heads * size, width, 1.5), "key": linear(groups * size, width, 1.5),
        "value": linear(groups * size, width, 1), "output": linear(width, heads * size, 1),
        "gate": linear(hidden, width, 1), "up": linear(hidden, width, 1),
        "down": linear(width, hidden, 1), "heads": heads, "groups": groups, "rotary": Rotary(),
        "scale": size**-.5}
    return FloatBlock(**{**fields, **changed})


def a_text(seed: int, tokens: int = 24, width: int = 12, massive: float = 60.0) -> Floats:
    """Usual tokens, and a first one with a massive number."""
    text = np.random.default_rng(1000 + seed).normal(0, 1, (tokens, width))
    text[0, 3] = massive
    return text


def clocked(block: TranslatedBlock, stream: Ints) -> Ints:
    """R'' of tokens of which one comes every period."""
    numbers = block.block
    sent, steps = stimulate(numbers, stream, block.angles(len(stream)))
    done = backends.get("fast").run(build(numbers), sent, (Probe(OUT),), steps)
    return done.spikes(OUT)[numbers.timeline.end_at :: numbers.period]
