"""Match-and-control, 150 axons and 64 queries for 2 s at 1 ms: fast, Lava and Brian2 in one run.

Brian2 runs in a Python of its own, with a C++ compiler, and is left out where there is none::

    python -m venv ENV && ENV/bin/pip install "numpy<2.3" brian2
    NEUROMORPH_BRIAN_PYTHON=ENV/bin/python python -m benchmarks match_and_control

`fast` is timed warm, as a whole `Backend.run`: checks, tables, all steps, spikes of somata and
relays, weights and tags; its *loop* is the best of some runs of all steps alone. Lava is too slow
for that: it runs two shorter stretches, and the difference between them is what a step costs
without start-up. Brian2 is compiled beforehand; its *process* is what its binary takes from start
to end, its *loop* only the steps.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.engine import in_clock
from neuromorph import backends
from neuromorph.api.circuits.match_and_control import Settings, make_episode
from neuromorph.circuits.match_and_control import PROBES, build, stimulate
from neuromorph.dynamics.coincidence import ELLWOOD_KERNEL
from neuromorph.dynamics.match_control import GATE_PERIOD, GATE_STEP, RELAY_STEPS, for_window
from neuromorph.numerics.limits import WEIGHT_MAX

AXONS, QUERIES, STEPS = 150, 64, 2000
SHORT, LONG = 100, 300
"""Steps of Lava's two stretches."""

RUNS, LAVA_RUNS = 9, 3
BRIAN = "NEUROMORPH_BRIAN_PYTHON"
NEURON = for_window(1.0)

Trains = dict[str, NDArray[np.int64]]


def measure() -> dict[str, Any]:
    trains = _trains()
    fast = _seconds(lambda: _run("fast", trains, STEPS), RUNS)
    result = {"axons": AXONS, "queries": QUERIES, "steps": STEPS,
              "fast": _summary(fast, _spikes("fast", trains, STEPS))
              | {"loop_seconds": in_clock(lambda: _run("fast", trains, STEPS))},
              "lava": _lava(trains, median(fast))}
    brian = _brian(trains)
    if isinstance(brian, str):
        print(f"Brian2 is left out: {brian}", flush=True)
        return result
    return result | {"brian2": brian}


def _trains() -> Trains:
    """A match window of 1 s, a gap of 0.5 s, and the first half of a control window."""
    settings = Settings(axons=AXONS, queries=QUERIES, window=1.0)
    episode, _ = make_episode(settings, np.random.default_rng(0))
    return {name: train[:STEPS] for name, train in stimulate(episode)[0].items()}


def _run(backend: str, trains: Trains, steps: int) -> backends.Recording:
    return backends.get(backend).run(
        build(AXONS, QUERIES, NEURON), {name: train[:steps] for name, train in trains.items()},
        PROBES, steps)


def _spikes(backend: str, trains: Trains, steps: int) -> NDArray[Any]:
    return _run(backend, trains, steps).spikes("soma")


def _summary(seconds: list[float], soma: NDArray[Any]) -> dict[str, Any]:
    return {"seconds": median(seconds), "runs": len(seconds), "best": min(seconds),
            "somatic_spikes": int(np.count_nonzero(soma))}


def _lava(trains: Trains, fast: float) -> dict[str, Any]:
    """What a step costs beyond start-up, from a shorter and a longer run."""
    if not np.array_equal(_spikes("lava", trains, LONG), _spikes("fast", trains, LONG)):
        raise SystemExit("lava differs from fast")
    short, long = (_seconds(lambda n=n: _run("lava", trains, n), LAVA_RUNS, warm=False)
                   for n in (SHORT, LONG))
    a_step = (median(long) - median(short)) / (LONG - SHORT)
    return {"steps": [SHORT, LONG], "seconds": [median(short), median(long)],
            "runs": LAVA_RUNS, "seconds_a_step": a_step,
            "without_start_scaled_to_all_steps": a_step * STEPS,
            "fast_against_lava_without_start": a_step * STEPS / fast, "equal_to_the_bit": True}


def _brian(trains: Trains) -> dict[str, Any] | str:
    """Brian2's times and ratios, or the reason why there are none."""
    python = os.environ.get(BRIAN, sys.executable)
    try:
        found = subprocess.run([python, "-c", "import brian2"], check=False, capture_output=True)
    except OSError as error:
        return f"{BRIAN}: {error}"
    if found.returncode:
        return f"{python} has no brian2; see benchmarks/match_and_control.py for {BRIAN}"
    with tempfile.TemporaryDirectory() as folder:
        return _compare(python, trains, Path(folder))


def _compare(python: str, trains: Trains, folder: Path) -> dict[str, Any]:
    """fast and Brian2 in turns, so that both meet the same noise of the machine."""
    job = folder / "job.json"
    job.write_text(json.dumps({**_equations(), **{
        name: np.argwhere(train).T.tolist() for name, train in trains.items()}}), "utf-8")
    script = Path(__file__).with_name("match_and_control_brian.py")
    built = subprocess.run([python, str(script), str(job), str(folder / "code")],
                           check=False, capture_output=True, text=True)
    if built.returncode:
        raise SystemExit(f"Brian2 failed:\n{built.stderr[-2000:]}")
    program, info = folder / "code" / "main", folder / "code" / "results" / "last_run_info.txt"
    fast, process, loop = [], [], []
    for _ in range(RUNS):
        fast += _seconds(lambda: _run("fast", trains, STEPS), 1)
        process += _seconds(lambda: subprocess.run(
            [program], cwd=program.parent, check=True, stdout=subprocess.DEVNULL), 1)
        loop.append(float(info.read_text("utf-8").split()[0]))
    return {"version": built.stdout.split()[-2], "somatic_spikes": int(built.stdout.split()[-1]),
            "runs": RUNS, "process_seconds_without_compiling": median(process),
            "loop_seconds": median(loop), "fast_seconds": median(fast),
            "fast_against_brian2_process": _ratio(process, fast),
            "fast_against_brian2_loop": _ratio(loop, fast)}


def _equations() -> dict[str, Any]:
    """The circuit's sizes, times in ms, and numbers."""
    return {"steps": STEPS, "axons": AXONS, "queries": QUERIES, "delay": RELAY_STEPS,
            "slow": ELLWOOD_KERNEL.slow, "fast": ELLWOOD_KERNEL.fast, "period": 1 << GATE_PERIOD,
            "numbers": {"impulse": NEURON.impulse, "threshold": NEURON.threshold,
                        "gate_step": GATE_STEP, "weight_max": WEIGHT_MAX,
                        "baseline": NEURON.baseline, "vth": NEURON.vth,
                        "drive": NEURON.query_weight << NEURON.query_exponent}}


def _ratio(slower: list[float], faster: list[float]) -> float:
    """Median of paired ratios."""
    return median(a / b for a, b in zip(slower, faster, strict=True))


def _seconds(work: Callable[[], object], runs: int, *, warm: bool = True) -> list[float]:
    if warm:
        work()
    seconds = []
    for _ in range(runs):
        began = time.perf_counter()
        work()
        seconds.append(time.perf_counter() - began)
    return seconds
