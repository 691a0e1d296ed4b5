"""Where a spiking forward of 512 tokens goes, as shares of the float one; one thread."""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Callable
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import Any

from benchmarks.speed.child import fresh
from benchmarks.speed.figures import Figure, Plan, in_turns
from benchmarks.speed.forward import prepare, run
from benchmarks.speed.models import KINDS, TEST, from_bundle, smollm2, tokens_of, twin
from neuromorph.huggingface.hook import connections
from neuromorph.runtime import SpikingLayer

TOKENS = 512
INNER = {"layer": (SpikingLayer, "answer")}
"""Functions on the way of every call, by what they do."""


def measure(plan: Plan) -> list[Figure]:
    with TemporaryDirectory() as folder:
        prepare(folder, TOKENS)
        found = fresh(shares, folder, plan.turns, threads=1).result
    return [Figure(f"{kind}, {name}", share, "× float", judged=False)
            for kind in KINDS for name, share in found[kind].items()]


def shares(folder: str, turns: int) -> dict[str, dict[str, float]]:
    """Processor time of each part / that of the float forward; medians over turns."""
    spent: dict[str, float] = defaultdict(float)
    for name, (owner, attribute) in INNER.items():
        setattr(owner, attribute, timed(getattr(owner, attribute), spent, name))
    model, tokenizer = smollm2()
    row = tokens_of(tokenizer, TEST, 1, TOKENS)
    found = {}
    for kind in KINDS:
        spiking = twin(model)
        from_bundle(spiking, str(Path(folder) / kind))
        for connection in connections(spiking):
            connection.handler = timed(connection.handler, spent, "handler")
        found[kind] = parts(model, spiking, row, turns, spent)
    return found


def parts(
    model: Any, spiking: Any, row: Any, turns: int, spent: dict[str, float]
) -> dict[str, float]:
    rows = []
    for _ in range(turns):
        spent.clear()
        (floating, whole), = in_turns([lambda: run(model, row), lambda: run(spiking, row)], 1,
                                      "processor")
        half = {name: seconds / 2 for name, seconds in spent.items()}  # with the turn to warm up
        inside = half.pop("handler")
        rows.append({"whole": whole / floating, "outside of attention": (whole - inside) / floating,
                     **{name: seconds / floating for name, seconds in half.items()},
                     "rest of attention": (inside - sum(half.values())) / floating})
    return {name: median(one[name] for one in rows) for name in rows[0]}


def timed(function: Callable[..., Any], spent: dict[str, float], name: str) -> Callable[..., Any]:
    def inner(*args: Any, **kwargs: Any) -> Any:
        began = time.process_time()
        try:
            return function(*args, **kwargs)
        finally:
            spent[name] += time.process_time() - began

    return inner
