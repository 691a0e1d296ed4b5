"""Multitasking memory: several patterns with gaps answer one cue, and unsure spins are silent.

Agliari et al. 2023, with a silent state, without which patterns that nobody asked for are raised.
Where it helps and where not: docs/circuit.md.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Annotated, Any

import numpy as np
from numpy.typing import NDArray

from neuromorph import backends
from neuromorph.api.circuits.outcome import Outcome
from neuromorph.api.circuits.settings import Meaning, check_limits
from neuromorph.api.equal import require_equal
from neuromorph.circuits.multitasking import (
    WRITE_STEPS,
    Multitasking,
    Selectivity,
    at_rest,
    build,
    build_written,
    in_fields,
    random_patterns,
    retrieved,
    selectivity,
    threshold_for,
    together,
    trains,
    warnings_of,
    write_then_ask,
    written,
)
from neuromorph.errors import UsageError
from neuromorph.network import Probe
from neuromorph.papers.multitasking import step_multitasking
from neuromorph.progress import Progress
from neuromorph.report.multitasking import Dilutions, draw_dilutions
from neuromorph.translate import Caution

SPINS = (Probe("plus", "spikes"), Probe("minus", "spikes"))

CURVE_GAPS = (0.0, 0.2, 0.4, 0.5, 0.6, 0.7, 0.8, 0.85, 0.9, 0.95)
CURVE_CUES = 8

WRITTEN = ("static", "plasticity")

Spins = NDArray[np.int64]


@dataclass(frozen=True)
class Settings:
    """Random patterns with gaps, and cues that show parts of several."""

    size: Annotated[int, Meaning("Spins of a pattern.", low=8, high=8192)] = 1024
    patterns: Annotated[int, Meaning("Patterns in the memory.", low=1, high=4096)] = 8
    dilution: Annotated[float, Meaning(
        "Share of a pattern's places that are gaps, within its field.", low=0, high=0.999)] = 0.9
    fields: Annotated[int, Meaning(
        "Fields of which each pattern has one; they divide the places.", low=1, high=256)] = 1
    queries: Annotated[int, Meaning(
        "Patterns that a cue asks for at once, of different fields.", low=1, high=256)] = 2
    known: Annotated[float, Meaning(
        "Share of a pattern's places that a cue shows.", above=0, high=1)] = 0.5
    threshold: Annotated[float, Meaning(
        "A spin speaks above so much of a cue's overlap.", low=0, high=1)] = 0.5
    sweeps: Annotated[int, Meaning(
        "How often all spins are updated.", low=1, high=64)] = 4
    cues: Annotated[int, Meaning("Cues, one after the other.", low=1, high=4096)] = 10
    written: Annotated[str, Meaning(
        "static (synapses that hold the patterns) or plasticity (a learning rule writes them, one "
        "after another, before the first cue).")] = "static"

    def __post_init__(self) -> None:
        check_limits(self)
        if self.written not in WRITTEN:
            raise UsageError("patterns cannot be written like that", where="written",
                             found=repr(self.written), expected=" or ".join(WRITTEN))
        in_fields(self.patterns, self.size, self.fields)
        room = self.patterns if self.fields == 1 else self.fields
        if self.queries > room:
            raise UsageError("a cue asks for more patterns than there are", where="queries",
                             found=self.queries, expected=f"at most {room}",
                             hint="a cue asks for one of each field")


def why_not(backend: backends.Backend) -> str | None:
    """The reason against a small one of its kind, None if it runs."""
    return backend.why_not(build(np.array([[1, -1, 0]]), 0))


def run(settings: Settings, *, backend: str, seed: int, progress: Progress) -> Outcome:
    """Ask for several patterns at once by parts of each, and compare with the closed form."""
    rng = np.random.default_rng(seed)
    patterns, asked, cues = make(settings, rng)
    theta = threshold_for(patterns, settings.known, settings.threshold)
    progress(f"{len(cues)} cues that ask for {settings.queries} of {len(patterns)} patterns")
    ask = recall if settings.written == "static" else write_and_recall
    found = ask(patterns, cues, theta, settings.sweeps, backend)
    seen = selectivity(patterns, asked, found[:, -1])
    progress("other dilutions, in closed form")
    curve = _curve(settings, rng)
    numbers = _numbers(settings, patterns, theta, seen, binary(patterns, asked, cues, rng))
    mark = (settings.dilution, seen.asked, seen.unasked)
    return Outcome(numbers, _sentences(settings, numbers), partial(_draw, curve, mark),
                   tuple(Caution("full-memory", "multitasking", said)
                         for said in warnings_of(patterns, seen)))


def recall(
    patterns: NDArray[Any], cues: NDArray[Any], theta: int, sweeps: int, backend: str
) -> Spins:
    """The cues and the spins after each sweep, shape (cues, sweeps + 1, size), by the circuit.

    Raises
    ------
    DisagreementError
        If they are not what the closed form says.
    """
    network = build(patterns, theta, sweeps)
    numbers = Multitasking(patterns.shape[1], len(patterns), theta, sweeps)
    inputs, steps = trains(numbers, cues)
    said = backends.get(backend).run(network, inputs, list(SPINS), steps)
    return _require_settled(numbers, said, 0, patterns, cues)


def write_and_recall(
    patterns: NDArray[Any], cues: NDArray[Any], theta: int, sweeps: int, backend: str
) -> Spins:
    """As `recall`, by a memory that a learning rule writes before the first cue.

    Raises
    ------
    DisagreementError
        If the weights are not a host's matrix, or the spins not what the closed form says.
    """
    numbers = Multitasking(patterns.shape[1], len(patterns), theta, sweeps)
    inputs, steps, begun = write_then_ask(numbers, patterns, cues)
    said = backends.get(backend).run(build_written(numbers), inputs, list(SPINS), steps)
    wanted = written(numbers, patterns)
    require_equal("the written memory", "multitasking", [
        (name, said.synapses[name][0], weights) for name, weights in (
            ("for", wanted), ("against", -wanted), ("recall plus", wanted.T),
            ("recall minus", -wanted.T))], "synapse")
    return _require_settled(numbers, said, begun, patterns, cues)


def _require_settled(
    numbers: Multitasking, said: backends.Recording, begun: int, patterns: NDArray[Any],
    cues: NDArray[Any],
) -> Spins:
    found = retrieved(numbers, said.spikes("plus")[begun:], said.spikes("minus")[begun:],
                      len(cues))
    wanted = at_rest(patterns, cues, numbers.threshold, numbers.sweeps)
    require_equal("the multitasking memory", "multitasking",
                  [(f"sweep {n}", found[:, n], wanted[:, n]) for n in range(numbers.sweeps + 1)],
                  "spin")
    return found


def make(
    settings: Settings, rng: np.random.Generator
) -> tuple[NDArray[np.int32], NDArray[np.int64], Spins]:
    """Random patterns, which of them each cue asks for, and the cues."""
    patterns = random_patterns(settings.patterns, settings.size, settings.dilution, rng,
                               settings.fields)
    asked = np.stack([_asked(settings, rng) for _ in range(settings.cues)])
    return patterns, asked, together(patterns, asked, settings.known, rng)


def _asked(settings: Settings, rng: np.random.Generator) -> NDArray[np.int64]:
    """Patterns of different fields, or of the only one."""
    shuffled: NDArray[np.int64] = rng.permutation(settings.patterns)
    if settings.fields == 1:
        return shuffled[: settings.queries]
    _, first = np.unique(shuffled % settings.fields, return_index=True)
    of_each: NDArray[np.int64] = shuffled[rng.permutation(first)[: settings.queries]]
    return of_each


def binary(
    patterns: NDArray[Any], asked: NDArray[Any], cues: NDArray[Any], rng: np.random.Generator,
    sweeps: int = 4,
) -> Selectivity:
    """The published form: spins of -1 and 1 alone, which begin anywhere where a cue is silent."""
    states = np.where(cues == 0, rng.choice([-1, 1], cues.shape), cues)
    for _ in range(sweeps):
        states = np.stack([step_multitasking(patterns, state) for state in states])
    return selectivity(patterns, asked, states)


def _curve(settings: Settings, rng: np.random.Generator) -> Dilutions:
    silent, spoken = list[Selectivity](), list[Selectivity]()
    for gaps in CURVE_GAPS:
        patterns, asked, cues = make(replace(settings, dilution=gaps, cues=CURVE_CUES), rng)
        theta = threshold_for(patterns, settings.known, settings.threshold)
        silent.append(selectivity(patterns, asked,
                                  at_rest(patterns, cues, theta, settings.sweeps)[:, -1]))
        spoken.append(binary(patterns, asked, cues, rng, settings.sweeps))
    own = f", in {settings.fields} fields" if settings.fields > 1 else ""
    return Dilutions(
        f"{settings.queries} of {settings.patterns} patterns asked for at once{own}",
        settings.queries if settings.fields == 1 else 1, np.array(CURVE_GAPS),
        *(np.array([getattr(one, name) for one in some]) for some, name in
          ((silent, "asked"), (silent, "unasked"), (spoken, "unasked"))))


def _numbers(
    settings: Settings, patterns: NDArray[Any], theta: int, seen: Selectivity,
    published: Selectivity,
) -> dict[str, Any]:
    memory = Multitasking(settings.size, settings.patterns, theta, settings.sweeps)
    return {
        "size": settings.size, "patterns": settings.patterns, "dilution": settings.dilution,
        "fields": settings.fields, "queries": settings.queries, "cues": settings.cues,
        "threshold": theta, **{f"{name}_overlap": value for name, value in seen.as_dict().items()},
        "binary_asked_overlap": published.asked, "binary_unasked_overlap": published.unasked,
        "steps_a_cue": memory.period, **_store(settings, patterns),
    }


def _store(settings: Settings, patterns: NDArray[Any]) -> dict[str, Any]:
    """What holds the patterns: gaps are no synapses, unless they could be written."""
    if settings.written == "static":
        return {"written": "static", "synapses_of_patterns": 4 * int(np.count_nonzero(patterns)),
                "bits_a_synapse": 2}
    return {"written": "plasticity", "synapses_of_patterns": 4 * patterns.size,
            "bits_a_synapse": 8, "steps_a_write": WRITE_STEPS, "equal_to_host_matrix": True}


def _sentences(settings: Settings, numbers: dict[str, Any]) -> tuple[str, ...]:
    found = (f"Asked for {settings.queries} of {settings.patterns} patterns at once by "
             f"{settings.known:.0%} of each, it holds {numbers['asked_overlap']:.3f} of what was "
             f"asked for, and of any other pattern {numbers['unasked_overlap']:.3f}.")
    spoken = (f"Spins that may not be silent, the published form, hold "
              f"{numbers['binary_asked_overlap']:.3f} of what was asked for, and "
              f"{numbers['binary_unasked_overlap']:.3f} of some other.")
    lost = ("Where patterns share places one of them is wrong: about (Q - 1) (1 - d) / 2 of each. "
            "Patterns without gaps are not found together at all." if settings.fields == 1 else
            f"Patterns of {settings.fields} fields collide nowhere: it is {settings.fields} small "
            f"memories of {settings.size // settings.fields} spins on one core, each with the "
            "capacity of its own size.")
    exact = "Every spin after every sweep is that of the closed form."
    if settings.written == "plasticity":
        exact = (f"A learning rule wrote the patterns in {numbers['steps_a_write']} steps each: "
                 f"every weight is that of a host's matrix. {exact}")
    return found, spoken, exact, lost


def _draw(curve: Dilutions, mark: tuple[float, float, float], path: Path) -> None:
    draw_dilutions(curve, mark, path)
