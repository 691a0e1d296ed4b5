"""Hopfield retrieval: stored patterns found again from noisy cues, by spiking attention in a loop.

A run of the circuit is one step, xi' = softmax(beta X xi) X. The read-out, its one division and
the rounding of the next query are the host's.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Annotated, Any

import numpy as np
from numpy.typing import NDArray

from neuromorph import backends
from neuromorph.api.circuits.outcome import Outcome
from neuromorph.api.circuits.settings import Meaning, check_limits
from neuromorph.api.circuits.small_head import SMALL_HEAD
from neuromorph.api.spiking_store import SpikingStore
from neuromorph.circuits import latency_attention
from neuromorph.circuits.hopfield import HopfieldStore, Retrieval, store_patterns
from neuromorph.papers.hopfield import step_hopfield
from neuromorph.progress import Progress
from neuromorph.report.hopfield import cosine, draw_retrieval

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Settings:
    """Random black-and-white images, and cues in which some pixels are flipped."""

    patterns: Annotated[int, Meaning(
        "Images in the store, each of which is asked for.", low=1, high=4096)] = 6
    side: Annotated[int, Meaning("Pixels along an image's side.", low=2, high=32)] = 10
    beta: Annotated[float, Meaning(
        "Nats a pixel in which state and pattern agree more than they differ: small finds the "
        "mean of all images, large a single one.")] = 0.07
    noise: Annotated[float, Meaning(
        "Share of a cue's pixels that are flipped.", low=0, high=1)] = 0.35
    max_runs: Annotated[int, Meaning(
        "Runs of the circuit after which a cue is given up as unsettled.")] = 12
    spikes: Annotated[str, Meaning("graded (payloads) or binary (stock neurons).")] = "graded"
    written: Annotated[str, Meaning(
        "How the patterns enter the synapses: static (built in) or hebbian (by "
        "plasticity).")] = "static"

    def __post_init__(self) -> None:
        check_limits(self)


def why_not(backend: backends.Backend) -> str | None:
    """The reason against a small one of its kind, None if it runs."""
    return backend.why_not(
        latency_attention.build(SMALL_HEAD, np.ones((2, 1), np.int32), np.ones((2, 1), np.int32)))


def run(settings: Settings, *, backend: str, seed: int, progress: Progress) -> Outcome:
    """Store random images, ask for each by a noisy cue, compare with the float network."""
    images, cues = make_images(settings, np.random.default_rng(seed))
    store = store_patterns(images, settings.beta, written=settings.written)
    spiking = SpikingStore(store, backend, settings.spikes)
    progress(f"recalling {len(cues)} patterns")
    found = spiking.recall(cues, max_runs=settings.max_runs)
    target = float_path(store, cues, len(found.path) - 1)
    numbers = _numbers(spiking, found, target[-1])
    return Outcome(numbers, _sentences(numbers),
                   partial(_draw, store.patterns, found, target, settings.side))


def make_images(settings: Settings, rng: np.random.Generator) -> tuple[Floats, Floats]:
    """Smooth random images of -1 and 1, half of each, and noisy cues; (patterns, side^2) each."""
    from scipy.ndimage import gaussian_filter

    grain = rng.standard_normal((settings.patterns, settings.side, settings.side))
    smooth = gaussian_filter(grain, (0, 1, 1), mode="wrap").reshape(settings.patterns, -1)
    images = np.where(smooth > np.median(smooth, axis=1, keepdims=True), 1.0, -1.0)
    flipped = np.zeros(images.shape, np.bool_)
    flipped[:, : round(settings.noise * images.shape[1])] = True
    return images, np.where(rng.permuted(flipped, axis=1), -images, images)


def float_path(store: HopfieldStore, cues: Floats, steps: int) -> Floats:
    """The cues and the float network's states after each step, shape (steps + 1, cues, size)."""
    path = [cues]
    for _ in range(steps):
        path.append(step_hopfield(store.patterns, path[-1], store.beta))
    return np.stack(path)


def _numbers(spiking: SpikingStore, found: Retrieval, target: Floats) -> dict[str, Any]:
    patterns, tally = spiking.store.patterns, spiking.layer.tally
    overlaps = cosine(found.states, patterns)
    nearest = (found.states @ patterns.T).argmax(axis=1)
    right = (patterns[nearest] == patterns).all(axis=1)  # a duplicate is as good
    return {
        "patterns": len(patterns), "size": patterns.shape[1],
        "duplicates": spiking.store.duplicates, "patterns_merged_by_codes": spiking.merged,
        "retrieved": int(right.sum()), "settled": int(found.settled.sum()),
        "settled_in_a_cycle": int((found.period > 1).sum()),
        "most_runs": int(found.runs.max()), "least_overlap": float(overlaps.min()),
        "least_cosine_to_float": float(cosine(found.states, target).min()),
        "window_steps": spiking.layer.code.heads[0].window, **tally.as_dict(),
    }


def _sentences(numbers: dict[str, Any]) -> tuple[str, ...]:
    count = numbers["patterns"]
    said = [
        (f"{numbers['retrieved']} of {count} cues led back to their own pattern; the smallest "
         f"overlap with it is {numbers['least_overlap']:.3f}."),
        (f"{numbers['settled']} of {count} settled, after {numbers['most_runs']} runs of the "
         "circuit at the most."),
        ("The smallest cosine between the spiking and the float network's state is "
         f"{numbers['least_cosine_to_float']:.4f}."),
    ]
    if numbers["patterns_merged_by_codes"]:
        said.append(f"{numbers['patterns_merged_by_codes']} patterns look to the circuit like an "
                    f"earlier one; {numbers['duplicates']} of them are equal to it.")
    return tuple(said)


def _draw(patterns: Floats, found: Retrieval, target: Floats, side: int, path: Path) -> None:
    draw_retrieval(patterns.reshape(-1, side, side), found.path, target, path)
