"""The same circuit and queries on every backend, in one run."""

from __future__ import annotations

import time
from collections.abc import Callable
from statistics import median
from typing import Any

import numpy as np

from neuromorph import backends
from neuromorph.api.compare import part_of
from neuromorph.backends import AttentionBatch
from neuromorph.runtime import SpikingLayer
from neuromorph.translate import Sample, TranslateOptions, calibrate_layer

SLOTS, KEY_SIZE, QUERIES = 64, 32, 16


def measure() -> dict[str, Any]:
    result: dict[str, Any] = {"slots": SLOTS, "key_size": KEY_SIZE, "queries": QUERIES}
    for kind in ("binary", "graded"):
        work = part_of(_work(kind), 0, 0, QUERIES)
        fast = backends.attend("fast", work, times=True)
        seconds = {"fast": median(_time(lambda w=work: backends.attend("fast", w), 50)),
                   "reference": min(_time(lambda w=work: backends.attend("reference", w), 3)),
                   **_lava(work)}
        for name in ("reference", "lava"):
            other = backends.attend(name, work, times=True)
            if fast.differs_from(other) is not None:
                raise SystemExit(f"{name} differs from fast in {fast.differs_from(other)}")
        result[kind] = {
            "steps": work.heads[0].period * QUERIES, "seconds": seconds,
            "fast_against_reference": seconds["reference"] / seconds["fast"],
            "fast_against_lava_whole": seconds["lava"] / seconds["fast"],
            "fast_against_lava_without_start": seconds["lava_without_start"] / seconds["fast"],
            "equal_to_the_bit": True}
    return result


def _lava(work: AttentionBatch) -> dict[str, float]:
    """A whole run, and its share beyond a run of one query: what a step costs without start-up."""
    whole = min(_time(lambda: backends.attend("lava", work), 3))
    one = min(_time(lambda: backends.attend("lava", part_of(work, 0, 0, 1)), 3))
    return {"lava": whole, "lava_without_start": (whole - one) * QUERIES / (QUERIES - 1)}


def _work(kind: Any) -> AttentionBatch:
    rng = np.random.default_rng(0)
    sample = Sample(2 * rng.normal(size=(1, SLOTS, KEY_SIZE)) / KEY_SIZE**0.5,
                    rng.normal(size=(1, SLOTS, KEY_SIZE)), rng.normal(size=(1, SLOTS, KEY_SIZE)),
                    np.ones((SLOTS, SLOTS), bool))
    code = calibrate_layer([sample], TranslateOptions(spikes=kind))
    return SpikingLayer(code).encode(sample.queries[None], sample.keys[None],
                                     sample.values[None], sample.mask[None])


def _time(work: Callable[[], object], runs: int) -> list[float]:
    work()
    seconds = []
    for _ in range(runs):
        began = time.perf_counter()
        work()
        seconds.append(time.perf_counter() - began)
    return seconds
