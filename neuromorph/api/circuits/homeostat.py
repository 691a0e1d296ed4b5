"""Homeostasis: neurons keep their rate when their input drifts, by a plastic bias each.

The local half of learning at test time (Tang et al., CVPR 2023): what modulates a channel is its
own rate beside a target's. What it is worth on damaged images: `make paper`.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import Annotated, Any

import numpy as np
from numpy.typing import NDArray

from neuromorph import backends
from neuromorph.api.circuits.outcome import Outcome
from neuromorph.api.circuits.settings import Meaning, check_limits
from neuromorph.api.equal import require_equal
from neuromorph.backends.interface import Recording
from neuromorph.circuits.homeostat import Homeostat, build, target_train
from neuromorph.network import Probe
from neuromorph.numerics.limits import WEIGHT_MAX
from neuromorph.progress import Progress
from neuromorph.report.homeostat import draw_rates

SPIKES, BIASES = Probe("unit", "spikes"), Probe("bias", "weights")
SHARE = 5
"""A rate is measured over one in so many steps before and after the drift."""


@dataclass(frozen=True)
class Settings:
    """How many neurons, what drives them, and how that drifts half-way."""

    units: Annotated[int, Meaning("Neurons.", low=1, high=256)] = 16
    inputs: Annotated[int, Meaning("Spike trains that drive them.", low=1, high=256)] = 40
    rate: Annotated[float, Meaning("Spikes a step that neurons shall have.", above=0, high=0.5)
                    ] = 0.05
    drive: Annotated[float, Meaning("Spikes a step of an input at first.", above=0, high=1)] = 0.1
    drift: Annotated[float, Meaning("What that is multiplied by half-way.", low=0, high=10)] = 2.0
    steps: Annotated[int, Meaning("Steps in all.", low=100, high=100_000)] = 6000

    def __post_init__(self) -> None:
        check_limits(self)


def why_not(backend: backends.Backend) -> str | None:
    """The reason against a small one of its kind, None if it runs."""
    return backend.why_not(build(Homeostat(np.array([[2]], np.int32))))


def run(settings: Settings, *, backend: str, seed: int, progress: Progress) -> Outcome:
    """Drive neurons, let the drive drift half-way, with plastic biases and without.

    Raises
    ------
    DisagreementError
        If a bias is not the spikes that its target had more.
    """
    rng = np.random.default_rng(seed)
    homeostat = Homeostat(2 * rng.integers(-30, 40, (settings.units, settings.inputs)).astype(
        np.int32))
    trains = _trains(settings, rng)
    progress(f"running {settings.steps} steps with plastic biases, and without")
    plastic = backends.get(backend).run(build(homeostat), trains, [SPIKES, BIASES], settings.steps)
    static = backends.get(backend).run(build(homeostat, plastic=False), trains, [SPIKES],
                                       settings.steps)
    biases = checked(plastic, trains["target"])
    numbers = _numbers(settings, plastic.spikes("unit"), static.spikes("unit"), biases)
    return Outcome(numbers, _sentences(numbers), partial(
        draw_rates, plastic.spikes("unit"), static.spikes("unit"), biases, settings.rate,
        settings.steps // 2))


def _trains(settings: Settings, rng: np.random.Generator) -> dict[str, NDArray[np.int64]]:
    late = np.arange(settings.steps)[:, None] >= settings.steps // 2
    rates = np.minimum(1, settings.drive * np.where(late, settings.drift, 1))
    return {"input": (rng.random((settings.steps, settings.inputs)) < rates).astype(np.int64),
            "one": np.ones((settings.steps, 1), np.int64),
            "target": np.repeat(target_train(settings.rate, settings.steps), settings.units,
                                axis=1)}


def checked(recording: Recording, target: NDArray[np.int64]) -> NDArray[np.int64]:
    """Biases of every step, shape (steps, units): what the target's spikes were more, in 8 bits.

    Raises
    ------
    DisagreementError
        If they are not.
    """
    found = recording.weights("bias")[:, :, 0].astype(np.int64)
    more, held = target - (recording.spikes("unit") != 0), np.zeros(target.shape, np.int64)
    now = np.zeros(target.shape[1], np.int64)
    for step, change in enumerate(more):
        now = np.clip(now + change, -WEIGHT_MAX - 1, WEIGHT_MAX)
        held[step] = now
    require_equal("the homeostat", "homeostat", [("bias", found, held)], "neuron")
    return found


def _numbers(
    settings: Settings, plastic: NDArray[Any], static: NDArray[Any], biases: NDArray[np.int64]
) -> dict[str, Any]:
    half, some = settings.steps // 2, settings.steps // (2 * SHARE)

    def rate(spikes: NDArray[Any], stop: int) -> float:
        return float((spikes[stop - some : stop] != 0).mean())

    return {
        "target": settings.rate, "before": rate(plastic, half),
        "just_after": rate(plastic, half + some), "in_the_end": rate(plastic, settings.steps),
        "before_without": rate(static, half), "in_the_end_without": rate(static, settings.steps),
        "farthest_neuron_in_the_end": float(np.abs(
            (plastic[-some:] != 0).mean(axis=0) - settings.rate).max()),
        "largest_bias": int(np.abs(biases).max()),
    }


def _sentences(numbers: dict[str, Any]) -> tuple[str, ...]:
    kept = (f"With plastic biases neurons spike {numbers['before']:.3f} times a step before the "
            f"drift, {numbers['just_after']:.3f} just after it, {numbers['in_the_end']:.3f} in the "
            f"end; {numbers['target']:g} was wanted.")
    fixed = (f"Without, {numbers['before_without']:.3f} before it and "
             f"{numbers['in_the_end_without']:.3f} in the end.")
    return kept, fixed, "Every bias is what its target spiked more, in 8 bits."
