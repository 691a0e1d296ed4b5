"""Compiled code is kept under names of its own, so that nothing is loaded in another's place."""

from __future__ import annotations

import importlib
import os
import pkgutil
import subprocess
import sys
from pathlib import Path

import pytest
from numba.core.registry import CPUDispatcher

from neuromorph.backends import fast

BODY = """
import sys, numba, numpy as np
from neuromorph.runtime import SpikingLayer
from neuromorph.translate import Sample, TranslateOptions, calibrate_layer
rng = np.random.default_rng(0)
def sample(t):
    q, k, v = (rng.normal(size=(4, t, 16)).astype("f4") for _ in range(3))
    return Sample(q / 3, k, v, np.tril(np.ones((t, t), bool)))
layer = SpikingLayer(calibrate_layer([sample(64)], TranslateOptions(slots=512)))
layer.run_sample(sample(int(sys.argv[1])))
try:
    print(numba.threading_layer())
except ValueError:
    print("one thread")
"""


def dispatchers() -> list[CPUDispatcher]:
    found = {}
    for module in pkgutil.iter_modules(fast.__path__, f"{fast.__name__}."):
        for value in vars(importlib.import_module(module.name)).values():
            if isinstance(value, CPUDispatcher):
                found[id(value)] = value
    return list(found.values())


def test_no_two_compiled_functions_share_a_place_in_the_cache() -> None:
    kept = [(d.__module__, d._cache._impl.filename_base) for d in dispatchers()]
    assert len(kept) > 10
    assert len(set(kept)) == len(kept)


@pytest.mark.slow
def test_threads_are_at_work_after_a_second_start(tmp_path: Path) -> None:
    """A small batch first, in a fresh cache; then a large one in a new process."""
    environment = {**os.environ, "NUMBA_CACHE_DIR": str(tmp_path), "NUMBA_NUM_THREADS": "2"}

    def run(tokens: int) -> str:
        done = subprocess.run([sys.executable, "-c", BODY, str(tokens)], env=environment,
                              capture_output=True, text=True, check=True)
        return done.stdout.strip()

    assert run(8) == "one thread"
    assert run(512) != "one thread"
