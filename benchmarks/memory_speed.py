"""Memories of the gated delta rule in closed form: compiled beside NumPy, in turns."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import numpy as np

from neuromorph import backends, threads
from neuromorph.circuits.gated_delta import Codes, Remembered
from neuromorph.dynamics.gated_delta import DeltaSample
from neuromorph.translate.delta_code import DeltaCode, calibrate_delta

SHAPES = ((1, 16, 128), (1, 32, 256), (1, 128, 512), (8, 128, 512))
"""Sequences side by side, size of a head, tokens."""

TURNS = 5


def measure() -> dict[str, Any]:
    """Processor time of one head's sequences, the least of a few turns."""
    return {"threads": threads.count(), **{
        f"{batch} x {tokens} tokens, heads of {size}": of_shape(batch, size, tokens)
        for batch, size, tokens in SHAPES}}


def of_shape(batch: int, size: int, tokens: int) -> dict[str, Any]:
    """Seconds of both, and how many times as fast."""
    ways = {name: backends.remembering(name) for name in ("reference", "fast")}
    sample = drawn(np.random.default_rng(0), batch, size, tokens)
    code = calibrate_delta([sample], remembering=ways["fast"])
    codes = code.encode(sample)[0]
    took: dict[str, list[float]] = {name: [] for name in ways}
    said: dict[str, Remembered] = {}
    for _ in range(TURNS):
        for name, way in ways.items():
            seconds, said[name] = timed(way, code, codes)
            took[name].append(seconds)
    least = {name: min(seconds) for name, seconds in took.items()}
    same = all(np.array_equal(getattr(said["fast"], part), getattr(said["reference"], part))
               for part in ("answers", "errors", "weights"))
    return {**{f"{name}_ms": round(1e3 * seconds, 2) for name, seconds in least.items()},
            "ratio": round(least["reference"] / least["fast"], 1), "equal": same}


def timed(
    way: Callable[..., Remembered], code: DeltaCode, codes: Codes
) -> tuple[float, Remembered]:
    """Processor seconds, and what was said."""
    begun = time.process_time()
    done = way(code.numbers, codes)
    return time.process_time() - begun, done


def drawn(rng: np.random.Generator, batch: int, size: int, tokens: int) -> DeltaSample:
    """Keys and queries of norm 1, values of deviation 1, gates around .99 and .7."""
    shape = (batch, tokens, size)
    queries, keys = (some / np.linalg.norm(some, axis=-1, keepdims=True)
                     for some in rng.normal(size=(2, *shape)))
    return DeltaSample(queries, keys, rng.normal(size=shape), rng.uniform(0.98, 1, shape[:-1]),
                       rng.uniform(0.4, 1, shape[:-1]))
