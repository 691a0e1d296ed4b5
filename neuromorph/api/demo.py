"""The demo: a trained vision transformer reads digits with all its attention in spikes."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass, replace
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neuromorph import backends
from neuromorph.api.compare import Comparison, compare, part_of
from neuromorph.api.export import export
from neuromorph.api.progress import Progress, silent
from neuromorph.api.simulate import classify
from neuromorph.bundle import Bundle, atomic_folder
from neuromorph.circuits.latency_attention import PROBES, build, stimulate
from neuromorph.models.digits import WEIGHTS, DigitsViT, Part, load_split, uniform_attention
from neuromorph.report.page import render_page
from neuromorph.report.pictures import (
    Episode,
    draw_accuracy,
    draw_maps,
    draw_raster,
    require_matplotlib,
)
from neuromorph.runtime import SpikingLayer, Tally
from neuromorph.translate import Sample, TranslateOptions
from neuromorph.translate.fidelity import float_attention

MARKER = "bundle/manifest.toml"
LAVA_QUERIES = 5
"""Queries a head that are re-run on Lava, which takes its time."""


@dataclass(frozen=True, eq=False)
class DemoReport:
    """Where the demo left its results, and the numbers of ``summary.json``."""

    path: Path
    summary: dict[str, Any]

    def as_dict(self) -> dict[str, Any]:
        """Plain values, for JSON."""
        return {"report": str(self.path), **self.summary}


def run_demo(
    output: str | os.PathLike[str],
    *,
    force: bool = False,
    seed: int = 0,
    progress: Progress = silent,
) -> DemoReport:
    """Export the packaged model, classify the test images in spikes, compare, and draw.

    Parameters
    ----------
    output : path
        Folder for ``summary.json``, ``index.html``, the pictures and ``bundle/``.
    force : bool
        Replace an earlier demo.
    seed : int
        Chooses which image is drawn and re-run on the slow backends.
    progress : callable, optional

    Raises
    ------
    DisagreementError
        If the backends do not agree to the bit.
    """
    require_matplotlib()
    vit, test = DigitsViT.load(), load_split().test
    with atomic_folder(output, force=force, marker=MARKER) as folder:
        graded = export(WEIGHTS, folder / "bundle", progress=progress).bundle
        with_stock = export(WEIGHTS, folder / "bundle-binary", progress=progress,
                            options=TranslateOptions(spikes="binary")).bundle
        progress(f"classifying {len(test)} images")
        summary = _measure(vit, test, graded, with_stock)
        picked = int(np.random.default_rng(seed).integers(len(test)))
        comparisons = _compare_all({"graded": graded, "binary": with_stock}, progress)
        summary |= {"bit_exact": True, "compared": [vars(c) for c in comparisons],
                    "image_drawn": picked}
        progress("drawing")
        _draw(folder, vit, graded, test, picked, summary)
        (folder / "summary.json").write_text(json.dumps(summary, indent=2) + "\n", "utf-8")
    return DemoReport(Path(output), summary)


def _measure(vit: DigitsViT, test: Part, graded: Bundle, binary: Bundle) -> dict[str, Any]:
    """Accuracies on the test images, and what the spikes did."""
    def accuracy(logits: NDArray[Any]) -> float:
        return float((logits.argmax(axis=1) == test.labels).mean())

    tally, tally_binary = Tally(), Tally()
    logits, fidelity = classify(vit, graded.codes, test.images, backends.DEFAULT, tally)
    logits_binary, _ = classify(vit, binary.codes, test.images, backends.DEFAULT, tally_binary)
    periods = [h.period for code in graded.codes.values() for h in code.heads]
    return {
        "accuracy_float": accuracy(vit.logits(test.images)),
        "accuracy_spiking": accuracy(logits),
        "accuracy_spiking_binary": accuracy(logits_binary),
        "accuracy_uniform_attention": accuracy(vit.logits(test.images, uniform_attention)),
        "images": len(test),
        "heads": len(periods),
        "median_steps": median(periods),
        "forced_spikes": tally.forced,
        "forced_spikes_binary": tally_binary.forced,
        "unmatched_queries": tally.unmatched,
        "spikes_per_query": tally.spikes / tally.queries,
        "mean_cosine": float(np.mean([f.cosine for f in fidelity])),
        "backend": backends.DEFAULT,
        "evidence": backends.get(backends.DEFAULT).evidence,
    }


def _compare_all(bundles: dict[str, Bundle], progress: Progress) -> list[Comparison]:
    """Whole sample on `reference`; a few queries of a head of every layer on Lava."""
    result = []
    for kind, bundle in bundles.items():
        for name, sample in bundle.samples.items():
            layer = SpikingLayer(bundle.codes[name])
            work = layer.encode(sample.queries[None], sample.keys[None], sample.values[None],
                                sample.mask[None])
            result += compare(f"{kind}, {name}", work, ("fast", "reference"), progress)
        result += compare(f"{kind}, {name}, head 0", part_of(work, 0, 0, LAVA_QUERIES),
                          ("fast", "reference", "lava"), progress)
    return result


def _draw(
    folder: Path, vit: DigitsViT, bundle: Bundle, test: Part, picked: int, summary: dict[str, Any]
) -> None:
    seen: list[Sample] = []

    def watch(_: int, q: NDArray[Any], k: NDArray[Any], v: NDArray[Any]) -> NDArray[Any]:
        mask = np.ones((q.shape[2], k.shape[2]), bool)
        seen.append(Sample(q[0] / np.sqrt(q.shape[-1]), k[0], v[0], mask))
        return float_attention(seen[-1])[1][None]

    vit.logits(test.images[picked : picked + 1], watch)
    digit = test.labels[picked]
    name, code = next(iter(bundle.codes.items()))
    run = SpikingLayer(code).run_sample(seen[0])
    draw_maps(float_attention(seen[0])[0], run.weights(code.step_nats)[0], folder / "maps.png",
              f"Attention of {name} on test image {picked} (a {digit})")
    draw_raster(episode(bundle, name, seen[0]), folder / "raster.png",
                f"One query of {name}, head 0: the class token looks at a {digit}")
    draw_accuracy({
        "float softmax": summary["accuracy_float"],
        "graded spikes": summary["accuracy_spiking"],
        "binary spikes": summary["accuracy_spiking_binary"],
        "uniform attention": summary["accuracy_uniform_attention"],
    }, folder / "accuracy.png", f"{summary['images']} test images")
    (folder / "index.html").write_text(_page(summary), "utf-8")


def episode(bundle: Bundle, name: str, sample: Sample, head: int = 0, query: int = 0) -> Episode:
    """One query of one head on the reference backend, every step of it."""
    code = bundle.codes[name]
    work = SpikingLayer(code).encode(sample.queries[None], sample.keys[None],
                                     sample.values[None], sample.mask[None])
    part = part_of(work, 0, head, query + 1)
    circuit = replace(part.heads[0], slots=part.keys.shape[2])
    network = build(circuit, part.keys[0, 0], part.values[0, 0])
    inputs, steps = stimulate(circuit, part.queries[0, 0, query:], part.mask[0, query:])
    recording = backends.get("reference").run(network, inputs, PROBES, steps)
    read_at = int(np.flatnonzero(recording.spikes("done"))[0])
    return Episode(circuit, part.queries[0, 0, query], recording.spikes("match"),
                   recording.potential("control"), read_at)


def _page(summary: dict[str, Any]) -> str:
    shown = {key.replace("_", " "): value for key, value in summary.items() if key != "compared"}
    lead = ("A vision transformer reads handwritten digits. Every attention head runs as match, "
            "control and normaliser neurons in Loihi's integer arithmetic.")
    return render_page("Attention in spikes", lead, shown, (
        ("accuracy.png", "Accuracy"),
        ("maps.png", "Attention, float above spikes"),
        ("raster.png", "One query, step by step")))
