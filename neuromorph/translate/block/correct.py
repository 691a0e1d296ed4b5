"""Each row's mean error on calibration text goes into its bias."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Annotated, Any

import numpy as np
from numpy.typing import NDArray

from neuromorph.circuits.block.closed_form import fed_forward, normed, scaled
from neuromorph.circuits.block.numbers import Dense, Ints
from neuromorph.shapes import Float64
from neuromorph.translate.block.float_norm import Floats
from neuromorph.translate.block.floats import Trace

if TYPE_CHECKING:
    from neuromorph.translate.block.translated import TranslatedBlock

MASSIVE = 8.0
"""Times the median length beyond which a token's error counts for no other."""

TOKENS = 256
"""Of each sequence, from its first: enough for a mean."""

FIELDS = {"query": "query_x", "key": "key_x", "value": "value", "gate": "gate", "up": "up"}
"""What a layer behind a norm is called in a `Trace`."""


def corrected(
    translated: TranslatedBlock, streams: Sequence[Annotated[Float64, "_ width"]],
    traces: Sequence[Trace],
) -> TranslatedBlock:
    """The block with such biases, found layer by layer in the order of the way through it.

    ::

        bias_i <- bias_i + mean over tokens of (float_i - integer_i)

    Parameters
    ----------
    translated : TranslatedBlock
    streams, traces : sequences
        Calibration text, and what the float block makes of it. Massive tokens do not count: one
        of them would outweigh all others.
    """
    own = slice(TOKENS if translated.floats.causal else None)
    streams = [stream[own] for stream in streams]
    inputs = [translated.encode(stream)[0] for stream in streams]
    usual = np.concatenate([_usual(stream) & _usual(trace.end[own])
                            for stream, trace in zip(streams, traces, strict=True)])

    def wanted(field: str, unit: Floats | float) -> Floats:
        found: Floats = np.concatenate([getattr(trace, field)[own]
                                        for trace in traces])[usual] / unit
        return found

    def behind(h: Ints, *names: str) -> dict[str, Any]:
        layers = {name: getattr(translated.block, name) for name in names}
        return {name: _moved(layer, wanted(FIELDS[name], translated.units[name])
                             - scaled(layer, h), translated.block.x_limit(name))
                for name, layer in layers.items() if layer is not None}

    block = translated.block
    first = np.concatenate(inputs)[usual]
    h = first if block.post else normed(block.attention_norm, first)[0]
    block = replace(block, **behind(h, "query", "key", "value"))
    sent = replace(translated, block=block)
    middle = np.concatenate([sent.run(stream).middle for stream in inputs])[usual]
    missing = wanted("middle", 2.0 ** -translated.places[1]) - middle
    block = replace(block, output=_moved(block.output, missing))
    middle = middle + np.rint(missing.mean(axis=0)).astype(np.int64)
    block = replace(block, **behind(normed(block.mlp_norm, middle)[0], "gate", "up"))
    missing = wanted("total", 2.0 ** -translated.places[2]) - fed_forward(block, middle)[1]
    return replace(translated, block=replace(block, down=_moved(block.down, missing)))


def _moved(layer: Dense, missing: Floats, limit: int | None = None) -> Dense:
    bias = layer.bias + np.rint(missing.mean(axis=0)).astype(np.int64)
    return replace(layer, bias=bias if limit is None else np.clip(bias, -limit, limit))


def _usual(stream: Floats) -> NDArray[np.bool_]:
    """Tokens that are not massive, before the block or behind it."""
    lengths = np.linalg.norm(stream, axis=1)
    usual: NDArray[np.bool_] = lengths <= MASSIVE * np.median(lengths)
    return usual
