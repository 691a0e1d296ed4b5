"""The clocked engine of `fast`: synaptic events a second, long chains, and compiling it.

Networks of leaky integrate-and-fire neurons that fire in one step of fifty: 20 Hz at 1 ms. An event
is one spike at one synapse that is there. The comparison does the same step in thirty lines of
NumPy, without delays, payloads, exponents, or a current that could wrap. All times are processor
time, the best of some runs: other programs share the machine.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neuromorph import backends
from neuromorph.backends.fast import engine
from neuromorph.network import CubaLIF, Network, Population, Probe, Projection, Source

STEPS, LONG_CHAIN_STEPS, RUNS = 1000, 100, 5
SIZES = {"1000 dense": (1000, 1000), "2000 dense": (2000, 2000),
         "10000 x 100 sparse": (10_000, 100)}
CHAINS = 200, 800, 1600, 10_000
LENGTH = 32
"""Neurons of a population of a chain."""

NEURON = CubaLIF(du=4096, dv=0, vth=400, bias_mant=8, bias_exp=6)
"""By its bias alone it fires once in fifty steps."""

Ints = NDArray[Any]


def measure() -> dict[str, Any]:
    return {"events a second": {name: _speed(*size) for name, size in SIZES.items()},
            f"chains, seconds of {LONG_CHAIN_STEPS} steps": {str(n): _chain(n) for n in CHAINS},
            "compiling, seconds": _compiling()}


def _speed(size: int, fan: int) -> dict[str, Any]:
    network = balanced(size, fan)
    fast = backends.get("fast")
    train = {"kick": np.eye(STEPS, 1, dtype=int)}

    def run(*probes: Probe) -> backends.Recording:
        return fast.run(network, train, probes, STEPS)

    spikes = np.count_nonzero(run(Probe("n")).spikes("n"), axis=1)
    events = int(spikes.sum()) * fan
    clock, whole = _in_clock(run), _best(run)
    weights, kick = (p.weights for p in network.projections)
    numpy_spikes, numpy_seconds = _numpy(weights, kick[:, 0])
    if not np.array_equal(spikes, numpy_spikes):
        raise SystemExit("NumPy's network does not spike as that of fast")
    return {"rate": float(spikes.mean() / size), "fast": events / clock,
            "fast, whole run": events / whole, "numpy": events / numpy_seconds,
            "microseconds a step": 1e6 * clock / STEPS}


def _in_clock(run: Callable[[], object]) -> float:
    """Seconds of all steps alone, without checks and tables."""
    whole, seconds = engine.clock, []

    def timed(*, plastic: bool) -> Callable[..., None]:
        def steps(*given: Any) -> None:
            before = time.process_time()
            whole(plastic=plastic)(*given)
            seconds.append(time.process_time() - before)

        return steps

    engine.clock = timed  # type: ignore[assignment]
    try:
        for _ in range(RUNS + 1):
            run()
    finally:
        engine.clock = whole
    return min(seconds)


def balanced(size: int, fan: int) -> Network:
    """Neurons driven by their bias, that excite and inhibit ``fan`` others each."""
    rng = np.random.default_rng(0)
    weights = np.zeros((size, size), np.int8)
    if fan == size:
        weights[...] = 2 * rng.choice([-1, 1], (size, size))
    else:
        for j in range(size):
            some = rng.choice(size, fan, replace=False)
            weights[some, j] = 2 * rng.integers(1, 6, fan) * rng.choice([-1, 1], fan)
    kick = (2 * rng.integers(0, 127, (size, 1))).astype(np.int16)
    return Network("balanced", "fixed",
                   (Population("kick", 1, Source()), Population("n", size, NEURON)),
                   (Projection("loop", "n", "n", weights), Projection("start", "kick", "n", kick)))


def _numpy(weights: Ints, kick: Ints) -> tuple[Ints, float]:
    """Spikes a step, and seconds, of the plain loop over steps; rows by presynaptic neuron."""
    size = len(kick)
    rows = _sparse_rows(weights) if np.count_nonzero(weights) < weights.size / 2 else None
    by_pre = None if rows else np.ascontiguousarray(weights.T)

    def run() -> Ints:
        v, arrived = np.zeros(size, np.int32), np.zeros(size, np.int32)
        counts = np.zeros(STEPS, int)
        for t in range(STEPS):
            v += (arrived << 6) + NEURON.bias
            np.clip(v, -(2**23) + 1, 2**23 - 1, out=v)
            who = np.flatnonzero(v > int(NEURON.vth) << 6)
            v[who] = 0
            counts[t] = len(who)
            if by_pre is not None:
                arrived = by_pre[who].sum(axis=0, dtype=np.int32)
            elif rows is not None:
                targets, values = rows
                arrived = np.bincount(targets[who].ravel(), values[who].ravel(),
                                      size).astype(np.int32)
            if t == 0:
                arrived += kick
        return counts

    return run(), _best(run)


def _sparse_rows(weights: Ints) -> tuple[Ints, Ints]:
    """Targets and weights of each neuron, of which all have as many."""
    pre, post = np.nonzero(weights.T)
    return post.reshape(len(weights), -1), weights[post, pre].reshape(len(weights), -1)


def _chain(length: int) -> dict[str, float]:
    """Populations that all fire, each wired to the next by 32 x 32 weights."""
    rng = np.random.default_rng(0)
    weights = (2 * rng.integers(-4, 5, (LENGTH, LENGTH))).astype(np.int8)
    network = Network("chain", "fixed", (
        Population("p0", LENGTH, Source()),
        *(Population(f"p{i}", LENGTH, NEURON) for i in range(1, length))),
        tuple(Projection(f"w{i}", f"p{i}", f"p{i + 1}", weights) for i in range(length - 1)))
    train = {"p0": (rng.random((LONG_CHAIN_STEPS, LENGTH)) < 0.2).astype(int)}
    last = [Probe(f"p{length - 1}")]
    return {"fast": _best(lambda: backends.get("fast").run(network, train, last,
                                                           LONG_CHAIN_STEPS))}


def _compiling() -> dict[str, float]:
    """Processor time of a process that runs a small network: nothing compiled yet, and again."""
    code = ("import time; from benchmarks import engine; from neuromorph import backends;"
            "import neuromorph.backends.fast.backend, numba; a = time.process_time();"
            "engine._chain(2); print(time.process_time() - a)")
    with tempfile.TemporaryDirectory() as folder:
        there = {**os.environ, "NUMBA_CACHE_DIR": folder}
        root = Path(__file__).parents[1]
        return {name: float(subprocess.run([sys.executable, "-c", code], env=there, cwd=root,
                                           check=True, capture_output=True, text=True).stdout)
                for name in ("cold", "from disk")}


def _best(work: Callable[[], object]) -> float:
    work()
    seconds = []
    for _ in range(RUNS):
        before = time.process_time()
        work()
        seconds.append(time.process_time() - before)
    return min(seconds)
