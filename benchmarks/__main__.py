"""Run benchmarks by name, print their numbers, and keep them in out/bench/."""

from __future__ import annotations

import argparse
import importlib
import json
import os
import platform
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from benchmarks.speed import PARTS, QUICK
from benchmarks.speed.figures import Plan

NAMES = ("digits", "backends", "speed", "engine", "tools", "block", "match_and_control",
         "prototypes", "written", "compile", "allocators", "partition", "startup", "minilm",
         "smollm2", "query_bits", "half_steps", "half_steps_long", "calibration", "compile_smollm2",
         "block_smollm2", "block_doubled", "compile_whole", "whole_smollm2", "block_minilm",
         "generate_speed", "head_norms", "many", "ways", "families", "gated_delta",
         "memory_speed", "alibi", "soft_cap", "drift")
SPEED = {f"speed_{part}": part for part in PARTS}


def main() -> None:
    os.environ.setdefault("HF_HUB_OFFLINE", "1")
    os.environ.setdefault("HF_HUB_DISABLE_PROGRESS_BARS", "1")
    chosen = parsed()
    chosen.output.mkdir(parents=True, exist_ok=True)
    for name in wanted(chosen.names or NAMES, quick=chosen.quick):
        print(f"== {name}", flush=True)
        result = speed(SPEED[name], chosen) if name in SPEED else other(name)
        text = json.dumps(result, indent=2)
        (chosen.output / f"{name}.json").write_text(text + "\n", "utf-8")
        if name not in SPEED:
            print(text, flush=True)


def parsed() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", choices=[*NAMES, *SPEED, []],
                        help=f"{', '.join(NAMES)}; parts of speed: {', '.join(SPEED)}")
    parser.add_argument("-o", "--output", type=Path, default=Path("out/bench"))
    of_speed = parser.add_argument_group("speed")
    of_speed.add_argument("--quick", action="store_true", help="passages of 512 tokens only")
    of_speed.add_argument("--turns", type=int, default=7, help="measurements of each (7)")
    of_speed.add_argument("--commit", metavar="NOTE",
                          help="keep the figures in benchmarks/speed/committed.json, to be "
                               "compared with; the note says what was measured")
    chosen = parser.parse_args()
    if chosen.turns < 1:
        parser.error("--turns must be at least 1")
    return chosen


def wanted(names: tuple[str, ...] | list[str], *, quick: bool) -> Iterator[str]:
    """The names, with the parts of ``speed`` in its place."""
    for name in names:
        if name == "speed":
            yield from (f"speed_{part}" for part in (QUICK if quick else PARTS))
        else:
            yield name


def speed(part: str, chosen: argparse.Namespace) -> dict[str, Any]:
    from benchmarks.speed.page import measure

    return measure(part, Plan(chosen.turns, chosen.quick), chosen.commit)


def other(name: str) -> dict[str, Any]:
    return {"machine": f"{platform.machine()}, {os.cpu_count()} cores, "
                       f"Python {platform.python_version()}",
            **importlib.import_module(f"benchmarks.{name}").measure()}


if __name__ == "__main__":
    main()
