"""Dense memory: far more binary patterns than a Hopfield network holds, without exp or quotient.

Three spins interact at once (Krotov and Hopfield 2016; Albanese et al. 2021): neurons that
multiply take the place of softmax. Where it helps and where not: docs/circuit.md.
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
from neuromorph.api.equal import require_equal
from neuromorph.circuits.dense_memory import (
    DenseMemory,
    Load,
    build,
    critical_load,
    load_of,
    recalled,
    settled,
    trains,
)
from neuromorph.circuits.dense_memory.capacity import HOPFIELD_LOAD
from neuromorph.circuits.dense_memory.store import ORDER
from neuromorph.network import Probe
from neuromorph.progress import Progress
from neuromorph.report.dense_memory import Curve, draw_curve
from neuromorph.translate import Caution

SPIN = Probe("spin", "spikes")

CURVE_LOADS = 8
CURVE_CUES = 24


@dataclass(frozen=True)
class Settings:
    """Random patterns of -1 and 1, and cues in which some spins are flipped."""

    size: Annotated[int, Meaning("Spins of a pattern.", low=2, high=256)] = 64
    patterns: Annotated[int, Meaning("Patterns in the memory.", low=1, high=1 << 16)] = 150
    cues: Annotated[int, Meaning("Patterns that are asked for.", low=1, high=4096)] = 30
    noise: Annotated[float, Meaning(
        "Share of a cue's spins that are flipped.", low=0, high=1)] = 0.05
    sweeps: Annotated[int, Meaning(
        "How often all spins are updated.", low=1, high=64)] = 4

    def __post_init__(self) -> None:
        check_limits(self)


def why_not(backend: backends.Backend) -> str | None:
    """The reason against a small one of its kind, None if it runs."""
    return backend.why_not(build(np.array([[1, -1]])))


def run(settings: Settings, *, backend: str, seed: int, progress: Progress) -> Outcome:
    """Ask for stored patterns by noisy cues, and compare with the closed form."""
    rng = np.random.default_rng(seed)
    patterns, cues = make(settings, rng, settings.patterns, settings.cues)
    load = load_of(patterns, rng)
    progress(f"recalling {len(cues)} of {len(patterns)} patterns")
    found = recall(patterns, cues, settings.sweeps, backend)
    progress("other loads, in closed form")
    curve = _curve(settings, rng)
    overlaps = (found * patterns[: len(cues), None]).mean(axis=-1)
    numbers = _numbers(settings, load, overlaps)
    mark = (load.load, float(overlaps[:, -1].mean()))
    return Outcome(numbers, _sentences(settings, numbers), partial(_draw, curve, mark),
                   tuple(Caution("full-memory", "dense_memory", said)
                         for said in load.warnings()))


def recall(
    patterns: NDArray[Any], cues: NDArray[Any], sweeps: int, backend: str
) -> NDArray[np.int64]:
    """The cues and the spins after each sweep, shape (cues, sweeps + 1, size), by the circuit.

    Raises
    ------
    DisagreementError
        If they are not what the closed form says.
    """
    network, numbers = build(patterns, sweeps), DenseMemory(patterns.shape[1], len(patterns),
                                                            sweeps)
    inputs, steps = trains(numbers, cues)
    spins = backends.get(backend).run(network, inputs, [SPIN], steps).spikes("spin")
    found, wanted = recalled(numbers, spins, len(cues)), settled(patterns, cues, sweeps)
    require_equal("the dense memory", "dense_memory",
                  [(f"sweep {n}", found[:, n], wanted[:, n]) for n in range(sweeps + 1)], "spin")
    return found


def make(
    settings: Settings, rng: np.random.Generator, count: int, cues: int
) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
    """Random patterns, and noisy cues of the first; at most one a pattern."""
    patterns = rng.choice(np.array([-1, 1], np.int32), (count, settings.size))
    asked = patterns[:cues]
    flipped = np.zeros(asked.shape, np.bool_)
    flipped[:, : round(settings.noise * settings.size)] = True
    return patterns, np.where(rng.permuted(flipped, axis=1), -asked, asked)


def _curve(settings: Settings, rng: np.random.Generator) -> Curve:
    """Mean overlaps at rising loads, up to twice the critical one."""
    most = 2 * critical_load(ORDER) * settings.size ** (ORDER - 1)
    counts = np.unique(np.linspace(1, max(2, most), CURVE_LOADS).astype(int))
    cued: list[float] = []
    exact: list[float] = []
    for count in counts.tolist():
        patterns, cues = make(settings, rng, count, CURVE_CUES)
        for starts, kept in ((cues, cued), (patterns[:CURVE_CUES], exact)):
            last = settled(patterns, starts, settings.sweeps)[:, -1]
            kept.append(float((last * patterns[: len(starts)]).mean()))
    return Curve(settings.size, settings.noise, counts, np.array(cued), np.array(exact))


def _numbers(settings: Settings, load: Load, overlaps: NDArray[Any]) -> dict[str, Any]:
    last = overlaps[:, -1]
    memory = DenseMemory(settings.size, settings.patterns, settings.sweeps)
    return {
        "size": settings.size, "patterns": settings.patterns, "cues": len(last),
        "retrieved": int((last == 1).sum()), "cue_overlap": float(overlaps[:, 0].mean()),
        "mean_overlap": float(last.mean()), "least_overlap": float(last.min()),
        "patterns_of_a_hopfield_network": int(HOPFIELD_LOAD * settings.size),
        "steps_a_cue": memory.period, "bits_shifted_out": memory.shift,
        **load.as_dict(),
    }


def _sentences(settings: Settings, numbers: dict[str, Any]) -> tuple[str, ...]:
    found = (f"{numbers['retrieved']} of {numbers['cues']} patterns were found to the last spin, "
             f"from cues with {settings.noise:.0%} of their spins flipped; mean overlap "
             f"{numbers['mean_overlap']:.4f}.")
    room = (f"{numbers['patterns']} patterns of {numbers['size']} spins are a load of "
            f"{numbers['load']:.4f}; critical is {numbers['critical_load']:.4f}, and up to "
            f"{numbers['most_patterns']} random patterns lose at most 1 % of their bits in a "
            "sweep. A Hopfield network, of two-spin interactions, holds "
            f"{numbers['patterns_of_a_hopfield_network']}.")
    saved = ("It takes as many synapses and neurons as softmax attention with as many slots: what "
             "it saves is the ramp and the quotient.")
    return found, room, "Every spin after every sweep is that of the closed form.", saved


def _draw(curve: Curve, mark: tuple[float, float], path: Path) -> None:
    draw_curve(curve, mark, path)
