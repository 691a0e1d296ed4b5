"""Whole models on boards: cores against the bound, context against chips, seconds and memory.

NEUROMORPH_BUNDLES names bundles of whole models, as `neuromorph export --whole` makes them, with
``:`` between them. Each run is a process of its own, so that its peak of memory is its own.
"""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

from neuromorph.api.compile import compile_bundle
from neuromorph.bundle.whole import WholeBundle, load_whole
from neuromorph.circuits.transformer.numbers import Transformer

BUNDLES = "NEUROMORPH_BUNDLES"
BOARDS = ("alia_point", "hala_point")
SLOTS = (128, 256)
"""Contexts beside the bundle's own, on the first board; longer ones are another export."""


def measure() -> dict[str, Any]:
    paths = [Path(one) for one in os.environ.get(BUNDLES, "").split(":") if one]
    if not paths:
        return {"left out": f"{BUNDLES} names no bundle"}
    found: dict[str, Any] = {}
    for path in paths:
        for board in BOARDS:
            found[f"{path.name}, {board}"] = _alone(path, board, None)
        causal = load_whole(path).model.causal
        for slots in SLOTS if causal else ():
            found[f"{path.name}, {BOARDS[0]}, {slots} slots"] = _alone(path, BOARDS[0], slots)
    return found


def _alone(path: Path, board: str, slots: int | None) -> dict[str, Any]:
    done = subprocess.run(
        [sys.executable, "-m", __spec__.name, str(path), board, str(slots or 0)], check=True,
        capture_output=True, text=True)
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    print(path.name, board, slots, found, flush=True)
    return found


def with_slots(model: Transformer, slots: int) -> Transformer:
    """The model with another context: what its heads remember has no weights."""
    return replace(model, blocks=tuple(
        replace(block, heads=tuple(replace(head, slots=slots) for head in block.heads))
        for block in model.blocks))


def _one(path: Path, board: str, slots: int) -> dict[str, Any]:
    bundle = load_whole(path)
    if slots:
        bundle = WholeBundle(with_slots(bundle.model, slots), bundle.family)
    began = time.perf_counter()
    report = compile_bundle(bundle, board).report
    seconds = time.perf_counter() - began
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    if not report["fits"]:
        return {"fits": False, "changes": report["changes"], "seconds": round(seconds, 1)}
    return {"cores": report["cores_used"], "bound": report["cores_lower_bound"],
            "ratio": round(report["cores_used"] / report["cores_lower_bound"], 3),
            "chips": report["chips_used"], "neurons": report["cut"]["neurons"],
            "cores_48k": report["second_memory"]["cores"], "steps": report["steps"],
            "seconds": round(seconds, 1), "GiB": round(memory, 2),
            **{pace: {name: [ends["low"], ends["high"]]
                      for name, ends in band["bands"].items() if ends is not None}
               for pace, band in report["paces"].items()}}


if __name__ == "__main__":
    print(json.dumps(_one(Path(sys.argv[1]), sys.argv[2], int(sys.argv[3]))))
