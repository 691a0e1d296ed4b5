"""A memory with flipped signs comes back through neurons, synapses and astrocyte processes."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Annotated, NamedTuple

import numpy as np
from numpy.typing import NDArray

from neuromorph import backends
from neuromorph.api.budget import WORD, require
from neuromorph.api.circuits.outcome import Outcome
from neuromorph.api.circuits.settings import Meaning, check_limits
from neuromorph.errors import UnsupportedError, UsageError
from neuromorph.papers.naam import NAAM, NAAMState, step_naam
from neuromorph.progress import Progress
from neuromorph.report.canvas import ACCENT, INK, new_axes, write_png

_NO_SPIKES = ("it is a flow of real numbers, in which astrocyte processes drive one another; "
              "such couplings are no synapses and nothing in it spikes")

COPIES = 16
"""Arrays of one number a synapse that a step holds at most."""

NEWS_EVERY = 100
"""Steps from one line of progress to the next."""


@dataclass(frozen=True)
class Settings:
    """Sizes and steps; the paper has 500 neurons and 1000 steps."""

    neurons: Annotated[int, Meaning(
        "Neurons; synapses and astrocyte processes are as many squared.", low=1)] = 200
    memories: Annotated[int, Meaning("Random patterns that the processes hold.", low=1)] = 10
    flips: Annotated[float, Meaning(
        "Share of the first memory's signs that the cue has wrong.", low=0, high=1)] = 0.1
    beta: Annotated[float, Meaning("Steepness of every tanh.", above=0)] = 5.0
    dt: Annotated[float, Meaning("Euler's step, in time constants.", above=0)] = 0.05
    steps: Annotated[int, Meaning("How many of them.", low=1, high=1_000_000)] = 400

    def __post_init__(self) -> None:
        check_limits(self)


class _Course(NamedTuple):
    """Distance to the memory and energy, before each step and after the last."""

    distance: NDArray[np.float64]
    energy: NDArray[np.float64]
    state: NAAMState


def why_not(backend: backends.Backend) -> str | None:
    """It is no network, but equations as they stand: what a reference is for."""
    return None if backend.evidence == "reference" else _NO_SPIKES


def run(settings: Settings, *, backend: str, seed: int, progress: Progress) -> Outcome:
    """Recall the first memory from a cue with flipped signs.

    Parameters
    ----------
    settings : Settings
    backend : str
        ``reference``.
    seed : int
        Of memories and flips.
    progress : callable

    Raises
    ------
    UnsupportedError
        On any other backend.
    MemoryBudgetError
        If the synapses would not fit into memory.
    InputError
        If there is no start: beta too large, or nearly as many memories as neurons.
    UsageError
        If the state runs away, since dt is too large.
    """
    if reason := why_not(backends.get(backend)):
        raise UnsupportedError(reason, where=f"naam on backend {backend}")
    neurons, memories = float(settings.neurons), float(settings.memories)
    require(COPIES * WORD * neurons * (neurons + memories), "naam")
    rng = np.random.default_rng(seed)
    model = NAAM(rng.choice([-1.0, 1.0], (settings.memories, settings.neurons)),
                 beta=settings.beta, dt=settings.dt)
    wrong = rng.choice(settings.neurons, round(settings.flips * settings.neurons), replace=False)
    cue = model.memories[0].copy()
    cue[wrong] *= -1
    course = _recall(model, cue, settings.steps, progress)
    numbers = _numbers(model, course) | {"signs_flipped": len(wrong)}
    return Outcome(numbers, _sentences(settings, numbers), partial(_draw, course))


def _recall(
    model: NAAM, cue: NDArray[np.float64], steps: int, progress: Progress
) -> _Course:
    state, memory = model.start(cue), model.memories[0]
    distances, energies = [model.distance(state, memory)], []
    for step in range(steps):
        if step % NEWS_EVERY == 0 and step:
            progress(f"step {step} of {steps}")
        state, energy = _checked_step(model, state)
        energies.append(energy)
        distances.append(model.distance(state, memory))
    energies.append(_checked_step(model, state)[1])
    return _Course(np.array(distances), np.array(energies), state)


def _checked_step(model: NAAM, state: NAAMState) -> tuple[NAAMState, float]:
    with np.errstate(over="ignore", invalid="ignore"):
        after, energy = step_naam(model, state)
    if not math.isfinite(energy):
        raise UsageError("the state ran away: Euler's step is too large", where="dt",
                         found=model.dt, hint="take a smaller one")
    return after, energy


def _numbers(model: NAAM, course: _Course) -> dict[str, float | int | bool | None]:
    exact = np.flatnonzero(course.distance == 0)
    rise = max(0.0, float(np.diff(course.energy).max()))
    signs = np.sign(course.state.neurons) != model.memories[0]
    return {
        "distance_at_start": float(course.distance[0]),
        "distance_at_end": float(course.distance[-1]),
        "signs_wrong_at_end": int(signs.sum()),
        "exact_from_step": int(exact[0]) if exact.size and course.distance[-1] == 0 else None,
        "energy_at_start": float(course.energy[0]),
        "energy_at_end": float(course.energy[-1]),
        "largest_energy_rise": rise,
        "largest_energy_rise_over_energy": rise / float(np.abs(course.energy).max()),
    }


def _sentences(
    settings: Settings, numbers: dict[str, float | int | bool | None]
) -> tuple[str, ...]:
    wrong, share = numbers["signs_wrong_at_end"], numbers["largest_energy_rise_over_energy"]
    found = ("every sign came back" if wrong == 0 else
             f"{wrong} of {settings.neurons} signs were wrong at the end")
    cue = (f"The cue was the first of {settings.memories} memories with "
           f"{numbers['signs_flipped']} of {settings.neurons} signs flipped; {found}.")
    distance = (f"The distance to the memory went from {numbers['distance_at_start']:.3g} to "
                f"{numbers['distance_at_end']:.3g} in {settings.steps} steps.")
    energy = (f"The energy went from {numbers['energy_at_start']:.6g} to "
              f"{numbers['energy_at_end']:.6g}; its largest rise in a step was {share:.1g} of it.")
    return cue, distance, energy


def _draw(course: _Course, path: Path) -> None:
    """Distance and energy, step by step."""
    figure, axes = new_axes(2, 1, figsize=(8, 6), sharex=True)
    axes[0].plot(course.distance, color=ACCENT, linewidth=1.8)
    axes[0].set(title="distance to the memory", ylabel="‖tanh βx - η‖", ylim=(0, None))
    axes[1].plot(course.energy, color=INK, linewidth=1.8)
    axes[1].set(title="energy of neurons, synapses and processes", xlabel="Euler step",
                ylabel="energy", xscale="symlog", xlim=(0, None))
    for one in axes:
        one.spines[["top", "right"]].set_visible(False)
    write_png(figure, path)
