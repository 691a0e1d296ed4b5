"""The packaged vision transformer on its test split, float against both kinds of spikes."""

from __future__ import annotations

import tempfile
from pathlib import Path
from statistics import median
from typing import Any

from benchmarks.kinds import KINDS
from neuromorph.api.export import export
from neuromorph.api.simulate import simulate
from neuromorph.models.digits import WEIGHTS, DigitsViT, load_split, uniform_attention


def measure() -> dict[str, Any]:
    test = load_split().test
    vit = DigitsViT.load()
    result: dict[str, Any] = {
        "images": len(test),
        "accuracy_float": accuracy(vit.logits(test.images), test),
        "accuracy_uniform_attention": accuracy(vit.logits(test.images, uniform_attention), test),
    }
    with tempfile.TemporaryDirectory() as folder:
        for kind, options in KINDS.items():
            report = export(WEIGHTS, Path(folder) / kind, options=options)
            inputs = {"images": test.images, "labels": test.labels}
            run = simulate(report.path, inputs=inputs)
            emitted = simulate(report.path, inputs=inputs, readout="emitted")
            result[kind] = {
                "accuracy": run.accuracy, "accuracy_emitted": emitted.accuracy,
                "median_steps": median(f.steps for f in run.fidelity),
                "mean_cosine": sum(f.cosine for f in run.fidelity) / len(run.fidelity),
                **run.tally.as_dict()}
    return result


def accuracy(logits: Any, test: Any) -> float:
    return float((logits.argmax(axis=1) == test.labels).mean())
