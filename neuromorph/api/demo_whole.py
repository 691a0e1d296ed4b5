"""The demo's whole model: from pixels to classes in integers, by the clock on named backends."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neuromorph import backends
from neuromorph.api.circuits.block_run import BlockRun
from neuromorph.api.clocked import ClockedRun, Part, clocked, on_chip
from neuromorph.api.evaluation.images import Answers, answers_of
from neuromorph.bundle.whole import WholeBundle
from neuromorph.bundle.whole.bundle import weights_of
from neuromorph.circuits.transformer.build import build
from neuromorph.compile import Unit, compile_units
from neuromorph.compile.check import check_program
from neuromorph.compile.program_file import program_as_dict
from neuromorph.compile.ranges.contract import prove_contract
from neuromorph.models.digits import DigitsViT
from neuromorph.models.digits import Part as Images
from neuromorph.network import Network
from neuromorph.profiles import load_profile
from neuromorph.progress import Progress
from neuromorph.shown import Shown
from neuromorph.translate.transformer.digits import digits_patches

PROFILE = "loihi2-graded"
CLOCKED = 2
"""Images that run by the clock on `fast`, from the first pixel to the last answer."""

SOME_TOKENS = 1
"""Tokens of an image that run by the clock on `reference`, through all passes and blocks: a whole
image takes it minutes."""

NOT_ON = {"lava": "a process for each of hundreds of populations takes minutes to begin"}
"""Backends that the whole model is not run on, and why."""


@dataclass(frozen=True, eq=False, repr=False)
class WholeShown(Shown):
    """What the demo found out about the whole model.

    Attributes
    ----------
    numbers : dict
        For ``summary.json``.
    answers : Answers
        Of all test images.
    parts : list of Part
        What runs where.
    block : BlockRun
        The last block, until the class token has left it in the last pass.
    """

    numbers: dict[str, Any]
    answers: Answers
    parts: list[Part]
    block: BlockRun


def show_whole(
    bundle: WholeBundle, vit: DigitsViT, test: Images, picked: int, progress: Progress
) -> WholeShown:
    """Classify all images in integers, run some by the clock, and place the network on a chip.

    Parameters
    ----------
    bundle : WholeBundle
        Of the digits model.
    vit : DigitsViT
    test : Part
    picked : int
        The image that is drawn; it is run by the clock, and the one after it.
    progress : callable

    Raises
    ------
    DisagreementError
        If a number by the clock is not that of the closed form.
    """
    model = bundle.model
    answers = answers_of(bundle, vit, test.images, progress)
    progress("building the network of the whole model")
    network = build(model)
    proof = prove_contract(network)
    run, compared = _by_the_clock(bundle, network, _shown(vit, test, picked), progress)
    parts = run.parts()
    return WholeShown({
        **_figures(answers, test), **_sizes(on_chip(parts), run, bundle),
        "whole_proved": proof.proved, "whole_bit_exact": True, "whole_compared": compared,
        "whole_bit_exact_backends": sorted({one["backend"] for one in compared}),
        "whole_not_compared": dict(NOT_ON),
        **_placed(network, progress),
    }, answers, parts, run.block(len(model.blocks) - 1))


def _figures(answers: Answers, test: Images) -> dict[str, Any]:
    return {
        "accuracy_whole": answers.accuracy(test.labels),
        "apart_whole": answers.apart(test.labels),
        "whole_agrees": int(answers.agree.sum()),
        "whole_cosine_by_layer": answers.cosine.mean(axis=0).tolist(),
        "whole_worst_cosine": float(answers.worst.min()),
        "whole_saturations": answers.cut}


def _sizes(parts: Sequence[Part], run: ClockedRun, bundle: WholeBundle) -> dict[str, Any]:
    return {
        "whole_weights": weights_of(bundle.model), "whole_passes": bundle.model.passes,
        "whole_neurons": sum(part.neurons for part in parts),
        "whole_synapses": sum(part.synapses for part in parts),
        "whole_steps": run.steps, "whole_spikes": sum(part.spikes for part in parts),
        "whole_parts": [part._asdict() for part in run.parts()]}


def _shown(vit: DigitsViT, test: Images, picked: int) -> NDArray[np.int64]:
    numbers = [(picked + n) % len(test) for n in range(min(CLOCKED, len(test)))]
    return digits_patches(test.images[numbers], vit.config.patch)


def _by_the_clock(
    bundle: WholeBundle, network: Network, images: NDArray[np.int64], progress: Progress
) -> tuple[ClockedRun, list[dict[str, Any]]]:
    """The first image's spikes, all of them, and what was compared with the closed form."""
    runs: list[ClockedRun] = []
    compared: list[dict[str, Any]] = []
    some = [(backends.DEFAULT, image) for image in images]
    for backend, inputs in [*some, ("reference", images[0][:SOME_TOKENS])]:
        whole = len(inputs) == images.shape[1]
        told = "an image" if whole else f"tokens of an image: {len(inputs)}"
        progress(f"the whole model by the clock on {backend}, {told}")
        run = clocked(bundle.model, network, inputs, backend, every=not runs)
        runs.append(run)
        compared.append({"backend": backend, "evidence": backends.get(backend).evidence,
                         "against": "closed form", "tokens": run.tokens, "steps": run.steps,
                         "whole_image": whole})
    return runs[0], compared


def _placed(network: Network, progress: Progress) -> dict[str, Any]:
    """Cores of a chip, by a program that the checker accepts."""
    progress(f"placing the whole model on {PROFILE}")
    profile = load_profile(PROFILE)
    program = compile_units([Unit("whole", network)], profile).program
    return {"whole_profile": PROFILE, "whole_cores": program.cores,
            "whole_program_checked": check_program(*program_as_dict(program), profile).ok}
