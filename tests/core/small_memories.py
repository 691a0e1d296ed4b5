"""A small bundle of memories, made of drawn sequences: no model, no torch."""

from __future__ import annotations

from typing import Any

import numpy as np
from small_gated_delta import layer

from neuromorph.bundle.memories import MemoriesBundle
from neuromorph.circuits.gated_delta import Rounding
from neuromorph.translate.delta_code import calibrate_delta


def memories_bundle(
    heads: int = 2, size: int = 6, tokens: int = 8, rounding: Rounding = "random", **more: Any
) -> MemoriesBundle:
    """Two layers, the second of linear attention."""
    codes, samples = {}, {}
    for i, forgets_key in enumerate((True, False)):
        rng = np.random.default_rng(i)
        sample = layer(rng, tokens, size, forgets_key=forgets_key, side_by_side=(heads,))
        codes[f"layers.{i}"] = tuple(calibrate_delta([sample.part(h)], rounding)
                                     for h in range(heads))
        samples[f"layers.{i}"] = sample
    return MemoriesBundle("drawn", codes, samples, {"rounding": rounding}, **more)
