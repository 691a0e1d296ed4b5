"""The demo: a trained vision transformer reads digits, whole, in integers and spikes."""

from __future__ import annotations

import os
import shlex
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neuromorph import backends
from neuromorph.api.clocked import Part as WholePart
from neuromorph.api.compare import Comparison, compare, part_of
from neuromorph.api.demo_whole import WholeShown, show_whole
from neuromorph.api.evaluation.images import apart
from neuromorph.api.export import export
from neuromorph.api.seed import check_seed
from neuromorph.api.simulate import Tallies, classify
from neuromorph.api.whole import export_whole
from neuromorph.bundle import BUNDLE_FOLDER, Bundle
from neuromorph.bundle.whole import WHOLE_FOLDER, WholeBundle
from neuromorph.circuits.transformer import closed_form
from neuromorph.errors import MissingExtraError
from neuromorph.files.atomic import atomic_folder, check_target
from neuromorph.files.outputs import Output
from neuromorph.look.episode import episode
from neuromorph.models.digits import WEIGHTS, DigitsViT, Part, load_split, uniform_attention
from neuromorph.progress import Progress, silent
from neuromorph.report.block import draw_block
from neuromorph.report.bundle_page import WORDS
from neuromorph.report.canvas import require_matplotlib
from neuromorph.report.hidden_states import draw_hidden_states
from neuromorph.report.logits import draw_logits
from neuromorph.report.page import Commands, Picture, Rows, Terms, render_page
from neuromorph.report.pictures import Query, draw_accuracy, draw_maps, draw_raster
from neuromorph.report.shares import wilson
from neuromorph.report.tables import demo_rows, parts_rows
from neuromorph.report.text import to_json
from neuromorph.runtime import SpikingLayer, Tally, of_run, total
from neuromorph.shown import Shown
from neuromorph.translate import Sample, TranslateOptions
from neuromorph.translate.fidelity import float_attention
from neuromorph.translate.transformer.digits import digits_patches, digits_transformer

SUMMARY = "summary.json"
PICTURES = ("answer.png", "accuracy.png", "hidden.png", "block.png", "maps.png", "raster.png")
BUNDLES = {"whole": WHOLE_FOLDER, "bundle": BUNDLE_FOLDER, "bundle-binary": BUNDLE_FOLDER}
NAMES = (SUMMARY, "index.html", *PICTURES, *BUNDLES)
"""All that a folder of the demo's holds."""

FOLDER = Output("demo", NAMES, SUMMARY, BUNDLES)

LAVA_QUERIES = 5
"""Queries of one head that are run again on Lava, which takes its time."""


@dataclass(frozen=True, eq=False, repr=False)
class DemoReport(Shown):
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
    """Export the packaged model, classify the test images, compare, and draw.

    The whole model runs in integers and by the clock; and its attention alone in spikes, graded
    and plain, inside the float model.

    Parameters
    ----------
    output : path
        Folder for ``summary.json``, ``index.html``, the pictures, ``whole/`` and ``bundle/``.
    force : bool
        Replace an earlier demo.
    seed : int
        Chooses which image is drawn and re-run on the slow backends.
    progress : callable, optional

    Raises
    ------
    MissingExtraError
        Without matplotlib, before anything is done.
    DisagreementError
        If the backends do not agree to the bit.
    """
    check_seed(seed)
    check_target(output, ours=FOLDER, force=force)
    require_matplotlib()
    vit, test = DigitsViT.load(), load_split().test
    with atomic_folder(output, ours=FOLDER, force=force) as folder:
        graded = export(WEIGHTS, folder / "bundle", progress=progress).bundle
        binary = export(WEIGHTS, folder / "bundle-binary", progress=progress,
                        options=TranslateOptions(spikes="binary")).bundle
        whole = export_whole(WEIGHTS, folder / "whole", progress=progress).bundle
        progress(f"classifying {len(test)} images with attention in spikes")
        summary = _measure(vit, test, graded, binary)
        compared, skipped = _compare_all({"graded": graded, "binary": binary}, progress)
        picked = int(np.random.default_rng(seed).integers(len(test)))
        shown = show_whole(whole, vit, test, picked, progress)
        summary |= shown.numbers | {
                    "bit_exact": True, "compared": [vars(c) for c in compared],
                    "not_compared": skipped, "image_drawn": picked, "seed": seed}
        progress("drawing")
        _draw_whole(folder, vit, whole, shown, test, picked)
        _draw(folder, vit, graded, test, picked, summary)
        (folder / "index.html").write_text(
            _page(summary, shown.parts, Path(output)), "utf-8")
        (folder / SUMMARY).write_text(to_json(FOLDER.mark() | summary), "utf-8")
    return DemoReport(Path(output), summary)


def _measure(vit: DigitsViT, test: Part, graded: Bundle, binary: Bundle) -> dict[str, Any]:
    """Accuracies on the test images, and what the spikes did."""
    def accuracy(logits: NDArray[Any]) -> float:
        return float((logits.argmax(axis=1) == test.labels).mean())

    by_layer: dict[str, Tallies] = {kind: defaultdict(Tally) for kind in ("graded", "binary")}
    logits, fidelity = classify(vit, graded.codes, test.images, backends.DEFAULT,
                                by_layer["graded"])
    logits_binary, _ = classify(vit, binary.codes, test.images, backends.DEFAULT,
                                by_layer["binary"])
    tally, tally_binary = (total(by_layer[kind].values()) for kind in ("graded", "binary"))
    periods = [h.period for code in graded.codes.values() for h in code.heads]
    floats = vit.logits(test.images)
    return {
        "accuracy_float": accuracy(floats),
        "apart_spiking": apart(logits, floats, test.labels),
        "apart_spiking_binary": apart(logits_binary, floats, test.labels),
        "accuracy_spiking": accuracy(logits),
        "accuracy_spiking_binary": accuracy(logits_binary),
        "accuracy_uniform_attention": accuracy(vit.logits(test.images, uniform_attention)),
        "images": len(test),
        "heads": len(periods),
        "median_steps": median(periods),
        "queries": tally.queries,
        "spikes": tally.spikes,
        "spikes_per_query": tally.spikes / tally.queries,
        "forced_spikes": tally.forced,
        "forced_spikes_binary": tally_binary.forced,
        "mean_cosine": float(np.mean([f.cosine for f in fidelity])),
        "warnings": [f"{kind}: {caution}" for kind, tallies in by_layer.items()
                     for caution in of_run(tallies)],
        "backend": backends.DEFAULT,
        "evidence": backends.get(backends.DEFAULT).evidence,
    }


def _compare_all(
    bundles: Mapping[str, Bundle], progress: Progress
) -> tuple[list[Comparison], dict[str, str]]:
    """Every layer's sample on `reference`, and a head of the first on Lava where that is.

    Returns what was compared, and why a backend was not.
    """
    done: list[Comparison] = []
    skipped: dict[str, str] = {}
    for kind, bundle in bundles.items():
        works = {name: _work(bundle, name) for name in bundle.codes}
        for name, work in works.items():
            done += compare(f"{kind}, {name}", work, (backends.DEFAULT, "reference"), progress)
        name, work = next(iter(works.items()))
        try:
            done += compare(f"{kind}, {name}, head 0, {LAVA_QUERIES} queries",
                            part_of(work, 0, 0, LAVA_QUERIES), (backends.DEFAULT, "lava"), progress)
        except MissingExtraError as error:
            skipped["lava"] = error.what
    return done, skipped


def _work(bundle: Bundle, name: str) -> backends.AttentionBatch:
    sample = bundle.samples[name]
    return SpikingLayer(bundle.codes[name]).encode(
        sample.queries[None], sample.keys[None], sample.values[None], sample.mask[None])


def _draw(
    folder: Path, vit: DigitsViT, bundle: Bundle, test: Part, picked: int, summary: dict[str, Any]
) -> None:
    name, code = next(iter(bundle.codes.items()))
    sample = _first_layer(vit, test.images[picked])
    target = float_attention(sample)[0]
    spiking = SpikingLayer(code).run_sample(sample).weights(*code.clock)[0]
    digit = int(test.labels[picked])
    head = int(target[:, 0].max(axis=1).argmax())  # where the class token looks hardest
    draw_maps(target, spiking, folder / "maps.png",
              f"Attention maps of {name}, test image {picked} (a {digit})")
    draw_raster(
        episode(code, sample, head),
        Query(target[head, 0], spiking[head, 0], test.images[picked], vit.config.patch),
        folder / "raster.png",
        f"One query, step by step: the class token looks at a {digit} ({name}, head {head})")
    _draw_accuracies(folder, summary)


def _draw_accuracies(folder: Path, summary: dict[str, Any]) -> None:
    bars = {name: summary[key] for name, key in {
        "float model": "accuracy_float", "whole model in integers": "accuracy_whole",
        "attention in graded spikes": "accuracy_spiking",
        "attention in plain spikes": "accuracy_spiking_binary",
        "attention switched off": "accuracy_uniform_attention"}.items()}
    of = summary["images"]
    draw_accuracy(bars, folder / "accuracy.png",
                  f"{of} test images, never trained or calibrated on (95 % intervals)",
                  [wilson(round(share * of), of) for share in bars.values()])


def _draw_whole(
    folder: Path, vit: DigitsViT, whole: WholeBundle, shown: WholeShown, test: Part, picked: int
) -> None:
    """The image of the clocked run: its hidden states, its way through a block, its answer."""
    digit, answers, block = int(test.labels[picked]), shown.answers, shown.block
    patches = digits_patches(test.images[picked : picked + 1], vit.config.patch)[0]
    states, made = digits_transformer(vit).run(patches)[0], closed_form.run(whole.model, patches)
    if whole.streams is not None:
        found = [whole.streams.decode(n, stream) for n, stream in enumerate(made.streams)]
        draw_hidden_states(np.array(states), np.array(found), folder / "hidden.png",
                           f"Hidden states of test image {picked} (a {digit}), layer by layer")
    draw_block(block.picture, folder / "block.png")
    draw_logits(answers.floats[picked], answers.logits[picked], test.images[picked],
                folder / "answer.png", f"Test image {picked}, a {digit}: from pixels to classes")


def _first_layer(vit: DigitsViT, image: NDArray[Any]) -> Sample:
    """What one image brings to the first layer's attention."""
    seen: list[Sample] = []

    def watch(_: int, q: NDArray[Any], k: NDArray[Any], v: NDArray[Any]) -> NDArray[Any]:
        mask = np.ones((q.shape[2], k.shape[2]), bool)
        seen.append(Sample(q[0] / np.sqrt(q.shape[-1]), k[0], v[0], mask))
        return float_attention(seen[-1])[1][None]

    vit.logits(image[None], watch)
    return seen[0]


def _page(summary: dict[str, Any], parts: Sequence[WholePart], output: Path) -> str:
    return render_page("A whole transformer in integers and spikes", _LEAD, demo_rows(summary), (
        Picture("answer.png", "Pixels in, ten numbers out",
                "The host sends each patch's pixels and its position, and reads ten numbers: the "
                "largest is the answer. All between is neurons.",
                "the image, and the ten logits of the integers beside those of float"),
        Rows("What runs where", "One network, by part: all neurons on the chip, in its integers. "
             "A synapse is a weight other than 0; spikes are those of one image, whose tokens "
             "are sent once more than there are blocks: every token looks at all.",
             *parts_rows(parts)),
        Picture("accuracy.png", "Accuracy",
                "The same trained weights each time: in floats, whole in integers, and in floats "
                "with attention in spikes. With attention switched off every token gets the mean "
                "of all values: what is left is what the model can do without looking. Of so few "
                "images an accuracy is known within its interval, and no better.",
                "accuracies as bars, with intervals; the table has the numbers"),
        Picture("hidden.png", "Hidden states, layer by layer",
                "Above, how far those of each token are from the float model's; below, by how "
                "much each number is off.", "1 - cosine by layer, and errors number by number"),
        Picture("block.png", "One token through a block",
                "The class token on its way through the last block, in the run that gave the "
                "answer: who speaks and who listens in which step; below it, the tokens that are "
                "on their way at the same time.",
                "a row a population, a column a step, marks where it speaks"),
        Picture("maps.png", "What each token looks at",
                "Attention in spikes inside the float model. Above the trained model's softmax, "
                "below what the spikes stand for: a spike's payload, halved for every step that "
                "it came before the last one.",
                "attention maps, float above spikes, a pair a head"),
        Picture("raster.png", "One query, step by step",
                "The query charges the match neurons, all climb at one pace, and the best match "
                "fires last. Values arrive with the spikes and fade, so the last ones count most. "
                "When all have spoken, control divided by normaliser is the attention's output.",
                "query payloads, attention weights, match spikes and control potentials by step"),
        Terms("Words", WORDS),
        Commands("What to do next", {
            "Measure the whole model again, with intervals":
                shlex.join(["neuromorph", "evaluate", str(output / "whole")]),
            "Look at the attention in spikes by itself; or at a bundle of your own":
                shlex.join(["neuromorph", "report", str(output / "bundle"), "-o", "page.html"])}),
    ))


_LEAD = ("A vision transformer reads handwritten digits, from pixels to classes: embedding, layer "
         "norms, projections, attention, MLPs and head are integrate-and-fire and other neurons in "
         "Loihi's integer arithmetic, every sum of which is proved to fit, on this computer. "
         "Beside it, the float model with its attention alone in spikes.")
