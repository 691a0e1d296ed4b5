"""The clocked engine of `fast`: synaptic events a second, learning, long chains, and compiling it.

Networks of leaky integrate-and-fire neurons that fire in one step of fifty: 20 Hz at 1 ms. An event
is one spike at one synapse that is there. The comparison does the same step in thirty lines of
NumPy, without delays, payloads, exponents, or a current that could wrap. Where all synapses learn,
it is a loop over the same spikes that adds up rows and updates what a pair of spikes changes, in
floats, unrounded; what it takes for the rule STDP stands beside every rule. All times are processor
time, the best of some runs: other programs share the machine.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neuromorph import backends
from neuromorph.backends.fast import engine
from neuromorph.learning import LearningRule
from neuromorph.learning.named import (
    bcm,
    decay,
    hebb,
    multiplicative,
    oja,
    short_term_potentiation,
)
from neuromorph.network import CubaLIF, Network, Population, Probe, Projection, Source

STEPS, LONG_CHAIN_STEPS, RUNS = 1000, 100, 5
SIZES = {"1000 dense": (1000, 1000), "2000 dense": (2000, 2000),
         "10000 x 100 sparse": (10_000, 100)}
LEARNERS, SHIFT = 1000, -7
"""Neurons that learn, and the exponent of what they send: it moves their rate by little."""

STDP = LearningRule(dw="2^-4*x1*y0 - 2^-4*y1*x0", x1_impulse=16, x1_tau=10, y1_impulse=16,
                    y1_tau=10)
HOUSE = {"hebb": hebb(), "decay": decay(), "decay every 2^7": decay(every=7), "oja": oja(),
         "bcm": bcm(), "multiplicative": multiplicative(sign="mixed"),
         "short-term potentiation": replace(short_term_potentiation(), sign="mixed")}
CHAINS = 200, 800, 1600, 10_000
LENGTH = 32
"""Neurons of a population of a chain."""

NEURON = CubaLIF(du=4096, dv=0, vth=400, bias_mant=8, bias_exp=6)
"""By its bias alone it fires once in fifty steps."""

Ints = NDArray[Any]


def measure() -> dict[str, Any]:
    return {"events a second": {name: _speed(*size) for name, size in SIZES.items()},
            f"plastic, {LEARNERS} dense": _plastic(),
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
    clock, whole = in_clock(run), _best(run)
    weights, kick = (p.weights for p in network.projections)
    numpy_spikes, numpy_seconds = _numpy(weights, kick[:, 0])
    if not np.array_equal(spikes, numpy_spikes):
        raise SystemExit("NumPy's network does not spike as that of fast")
    return {"rate": float(spikes.mean() / size), "fast": events / clock,
            "fast, whole run": events / whole, "numpy": events / numpy_seconds,
            "microseconds a step": 1e6 * clock / STEPS}


def _plastic() -> dict[str, Any]:
    """Events a second where every synapse learns, and how often the loop of NumPy's fits in."""
    rules = {"stdp": STDP, "stdp, epochs of 4": replace(STDP, epoch=4), **HOUSE}
    found: dict[str, Any] = {}
    for name, rule in rules.items():
        spikes, seconds = _learning(rule)
        events = np.count_nonzero(spikes) * LEARNERS
        found[name] = {"rate": float((spikes != 0).mean()), "fast": events / seconds,
                       "microseconds a step": 1e6 * seconds / STEPS}
        if rule is STDP:
            loop = _best(lambda spikes=spikes: _numpy_stdp(spikes))
            found["numpy's loop, stdp"] = numpy = events / loop
        found[name]["against numpy's loop"] = found[name]["fast"] / numpy
    return found


def _learning(rule: LearningRule) -> tuple[Ints, float]:
    """Spikes, shape (steps, neurons), and seconds of all steps alone."""
    static = balanced(LEARNERS, LEARNERS)
    loop, start = static.projections
    network = replace(static, projections=(replace(loop, rule=rule, exponent=SHIFT), start))
    train = {"kick": np.eye(STEPS, 1, dtype=int)}

    def run(*probes: Probe) -> backends.Recording:
        return backends.get("fast").run(network, train, probes, STEPS)

    return run(Probe("n")).spikes("n"), in_clock(run)


def _numpy_stdp(spikes: Ints) -> NDArray[Any]:
    """The weights after pairwise STDP by the spikes of all steps, by presynaptic neuron."""
    size, rate, left = spikes.shape[1], 2.0**-4, np.float32(np.exp(-1 / STDP.x1_tau))
    weights = np.zeros((size, size), np.float32)
    x, y = np.zeros(size, np.float32), np.zeros(size, np.float32)
    arrived = np.zeros(size, np.float32)
    for spoke in spikes != 0:
        who = np.flatnonzero(spoke)
        arrived += weights[who].sum(axis=0)
        x, y = left * x, left * y
        x[who] += np.float32(STDP.x1_impulse)
        y[who] += np.float32(STDP.y1_impulse)
        weights[who] = np.clip(weights[who] - rate * y, -256, 255)
        weights[:, who] = np.clip(weights[:, who] + rate * x[:, None], -256, 255)
    return weights


def in_clock(run: Callable[[], object]) -> float:
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
    code = ("import sys, time; from benchmarks import engine; from neuromorph import backends;"
            "import neuromorph.backends.fast.backend, numba; a = time.process_time();"
            "eval(sys.argv[1], vars(engine)); print(time.process_time() - a)")
    with tempfile.TemporaryDirectory() as folder:
        there = {**os.environ, "NUMBA_CACHE_DIR": folder}
        root = Path(__file__).parents[1]
        return {f"{name}, {when}": float(subprocess.run(
                    [sys.executable, "-c", code, work], env=there, cwd=root, check=True,
                    capture_output=True, text=True).stdout)
                for name, work in (("static", "_chain(2)"), ("plastic", "_learn_once()"))
                for when in ("cold", "from disk")}


def _learn_once() -> None:
    """A step of a small network that learns."""
    loop, start = (static := balanced(LENGTH, LENGTH)).projections
    network = replace(static, projections=(replace(loop, rule=STDP), start))
    backends.get("fast").run(network, {"kick": np.ones((1, 1), dtype=int)}, (), 1)


def _best(work: Callable[[], object]) -> float:
    work()
    seconds = []
    for _ in range(RUNS):
        before = time.process_time()
        work()
        seconds.append(time.process_time() - before)
    return min(seconds)
