"""Homeostatic channels: a layer's mean and spread come back when its input drifts.

The modulator of learning at test time (Tang et al., CVPR 2023) as neurons: a gain and a threshold
each, which follow two slow traces. What it is worth on damaged images: `make paper`.
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
from neuromorph.circuits.homeostat import Channels, build_channels, channel_trains, followed
from neuromorph.network import Probe
from neuromorph.neurons.homeostatic import ONE_BITS
from neuromorph.progress import Progress
from neuromorph.report.homeostatic_channels import Drifted, draw_channels

CODES = 255
"""Largest magnitude of a code."""

SPIKES, GAINS = Probe("channel", "spikes"), Probe("channel", "gain")
WINDOW = 50
"""Codes of which spread and mean are measured."""

SHARE = 5
"""What is told of a half is of one in so many windows."""

KNOWN = 2000
"""Codes of each channel to calibrate on."""


@dataclass(frozen=True)
class Settings:
    """Channels of normal codes, and how these drift half-way."""

    channels: Annotated[int, Meaning("Channels.", low=1, high=1024)] = 16
    codes: Annotated[int, Meaning("Codes in all, one a step.", low=100, high=100_000)] = 8000
    factor: Annotated[float, Meaning("What codes are multiplied by half-way.", low=0, high=10)
                      ] = 0.3
    added: Annotated[int, Meaning("What is added to them then.", low=-CODES, high=CODES)] = 20
    every: Annotated[int, Meaning("Codes from one adaptation to the next.", low=1, high=4096)] = 36
    trace: Annotated[int, Meaning("Slow means are over about 2^trace codes.", low=0, high=11)] = 8

    def __post_init__(self) -> None:
        check_limits(self)


def why_not(backend: backends.Backend) -> str | None:
    """The reason against a small one of its kind, None if it runs."""
    return backend.why_not(build_channels(Channels.of(np.array([[1]]), 1)))


def run(settings: Settings, *, backend: str, seed: int, progress: Progress) -> Outcome:
    """Send codes that drift half-way, and compare what channels say with their equation.

    Raises
    ------
    DisagreementError
        If it is not the same.
    """
    known, codes = _codes(settings, np.random.default_rng(seed))
    channels = Channels.of(known, CODES, settings.trace)
    inputs, steps = channel_trains(codes, settings.every)
    progress(f"{settings.codes} codes of {settings.channels} channels")
    done = backends.get(backend).run(build_channels(channels), inputs, [SPIKES, GAINS], steps)
    said = done.spikes("channel")[1:].astype(np.int64)
    require_equal("the channels", "homeostatic channels",
                  [("z", said, followed(channels, codes, settings.every))], "channel")
    gains = 1 + done.traces[GAINS][-1] / (1 << ONE_BITS)
    at, kept = _windows(said, known)
    _, raw = _windows(codes, known)
    numbers = _numbers(settings, kept, raw, gains)
    picture = Drifted(kept[0], raw[0], kept[1], raw[1], at, settings.codes // 2)
    return Outcome(numbers, _sentences(settings, numbers), partial(draw_channels, picture))


def _codes(
    settings: Settings, rng: np.random.Generator
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Codes to calibrate on, and those that drift."""
    mean, spread = rng.integers(-20, 21, settings.channels), rng.uniform(20, 40, settings.channels)
    drawn = mean + spread * rng.standard_normal((KNOWN + settings.codes, settings.channels))
    late = np.arange(len(drawn))[:, None] >= KNOWN + settings.codes // 2
    drifted = np.where(late, settings.factor * drawn + settings.added, drawn)
    codes = np.clip(np.rint(drifted), -CODES, CODES).astype(np.int64)
    return codes[:KNOWN], codes[KNOWN:]


def _windows(
    z: NDArray[np.int64], known: NDArray[np.int64]
) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Codes that had come at each window's end, and spread and distance of calibration's, (2, …).

    Both are means over channels of what a window of codes shows.
    """
    count = len(z) // WINDOW
    rows = z[: count * WINDOW].reshape(count, WINDOW, -1)
    deviation = np.maximum(known.std(axis=0), 1)
    found = ((rows.std(axis=1) / deviation).mean(axis=1),
             (np.abs(rows.mean(axis=1) - known.mean(axis=0)) / deviation).mean(axis=1))
    return WINDOW * np.arange(1, count + 1), np.array(found)


def _numbers(
    settings: Settings, kept: NDArray[Any], raw: NDArray[Any], gains: NDArray[Any]
) -> dict[str, Any]:
    half = kept.shape[1] // 2
    some = max(1, half // SHARE)
    found: dict[str, Any] = {"channels": settings.channels, "equal_to_closed_form": True}
    for number, name in enumerate(("spread", "mean_off")):
        found |= {f"{name}_before": float(kept[number, half - some : half].mean()),
                  f"{name}_just_after": float(kept[number, half]),
                  f"{name}_in_the_end": float(kept[number, -some:].mean()),
                  f"{name}_in_the_end_without": float(raw[number, -some:].mean())}
    return found | {"mean_gain_in_the_end": float(gains.mean())}


def _sentences(settings: Settings, numbers: dict[str, Any]) -> tuple[str, ...]:
    kept = (f"After the drift channels have {numbers['spread_in_the_end']:.2f} of the spread that "
            f"they had on calibration data, and a mean {numbers['mean_off_in_the_end']:.2f} "
            f"deviations away; codes as they come have {numbers['spread_in_the_end_without']:.2f} "
            f"and {numbers['mean_off_in_the_end_without']:.2f}.")
    gain = (f"Codes were multiplied by {settings.factor:g}; gains are "
            f"{numbers['mean_gain_in_the_end']:.2f} in the end.")
    return kept, gain, "Everything that channels said is what their equation says."
