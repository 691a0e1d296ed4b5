"""Run benchmarks by name, print their numbers, and keep them in out/bench/."""

from __future__ import annotations

import argparse
import importlib
import json
import os
import platform
from pathlib import Path

NAMES = ("digits", "speed", "match_and_control", "written", "compile", "allocators", "partition",
         "startup", "minilm", "smollm2", "query_bits", "calibration", "compile_smollm2")


def main() -> None:
    os.environ.setdefault("HF_HUB_OFFLINE", "1")
    os.environ.setdefault("HF_HUB_DISABLE_PROGRESS_BARS", "1")
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("names", nargs="*", default=NAMES, choices=[*NAMES, []], metavar="NAME",
                        help=", ".join(NAMES))
    parser.add_argument("-o", "--output", type=Path, default=Path("out/bench"))
    chosen = parser.parse_args()
    chosen.output.mkdir(parents=True, exist_ok=True)
    for name in chosen.names or NAMES:
        print(f"== {name}", flush=True)
        result = {"machine": f"{platform.machine()}, {os.cpu_count()} cores, "
                             f"Python {platform.python_version()}",
                  **importlib.import_module(f"benchmarks.{name}").measure()}
        text = json.dumps(result, indent=2)
        (chosen.output / f"{name}.json").write_text(text + "\n", "utf-8")
        print(text, flush=True)


if __name__ == "__main__":
    main()
