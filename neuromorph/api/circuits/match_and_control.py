"""Match and control: spiking neurons find the axon in step with their query, and follow it.

Ellwood 2024 in Loihi's integers: potentiating synapses gather coincidences in a match window;
after a gap the axons fire their values, and the soma repeats those of the axon that matched.
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
from neuromorph.circuits.match_and_control import PROBES, Control, Episode, build, read, stimulate
from neuromorph.dynamics.match_control import MatchControl, for_window
from neuromorph.network import Probe
from neuromorph.papers.trains import MATCH_OFFSET, RATE, renewal_trains, to_steps
from neuromorph.progress import Progress
from neuromorph.report.match_and_control import Trace, draw_episode

CONTROL_MS = 1000
"""Length of the control window, as in the paper."""


@dataclass(frozen=True)
class Settings:
    """A random episode: trains of 6 Hz with a dead time of 50 ms, each query a copy of one key."""

    axons: Annotated[int, Meaning(
        "Axons, each with a key and a value; 150 in the paper.", low=1, high=4096)] = 150
    queries: Annotated[int, Meaning(
        "Match-and-control neurons, each in step with an axon of its own choice.",
        low=1, high=4096)] = 8
    window: Annotated[float, Meaning("Match window in seconds: 0.5, 1 or 2.")] = 1.0
    gap: Annotated[int, Meaning("Steps of 1 ms between match and control.")] = 500
    jitter: Annotated[float, Meaning(
        "Standard deviation of the query's spikes around the key's, ms.", low=0, high=100)] = 0.0
    rate: Annotated[float, Meaning("Spikes a second in every train.")] = RATE

    def __post_init__(self) -> None:
        check_limits(self)


def why_not(backend: backends.Backend) -> str | None:
    """The reason against a small one of its kind, None if it runs."""
    return backend.why_not(build(1, 1))


def run(settings: Settings, *, backend: str, seed: int, progress: Progress) -> Outcome:
    """Draw one episode, run it, and look who took control."""
    neuron = for_window(settings.window, seed)
    episode, matched = make_episode(settings, np.random.default_rng(seed))
    progress(f"{settings.queries} neurons, {settings.axons} axons, "
             f"{episode.schedule.period} steps")
    control = _run(episode, neuron, backend)
    busiest = int(episode.queries.sum(axis=0).argmax())
    progress(f"following neuron {busiest}")
    trace = _follow(episode, busiest, int(matched[busiest]), neuron)
    return Outcome(_numbers(control, episode, matched), _sentences(control, matched, busiest),
                   partial(draw_episode, trace))


def make_episode(
    settings: Settings, rng: np.random.Generator
) -> tuple[Episode, NDArray[np.int64]]:
    """Random keys and values, the axon that each query matches, and the queries' trains."""
    match = round(settings.window * 1000)
    keys = _train(rng, settings, match)
    matched = rng.integers(0, settings.axons, settings.queries)
    queries = np.zeros((match, settings.queries), np.int64)
    for m, axon in enumerate(matched):
        late = np.flatnonzero(keys[:, axon]) + MATCH_OFFSET
        late = np.rint(late + rng.normal(0, settings.jitter, len(late))).astype(np.int64)
        queries[late[(late >= 0) & (late < match)], m] = 1
    return Episode(keys, queries, _train(rng, settings, CONTROL_MS), settings.gap), matched


def _train(rng: np.random.Generator, settings: Settings, steps: int) -> NDArray[np.int64]:
    times = renewal_trains(rng, (settings.axons,), steps - 1.0, rate=settings.rate)
    return to_steps(times, steps).astype(np.int64)


def _run(episode: Episode, neuron: MatchControl, backend: str) -> Control:
    network = build(episode.keys.shape[1], episode.queries.shape[1], neuron)
    inputs, steps = stimulate(episode)
    recording = backends.get(backend).run(network, inputs, PROBES, steps)
    return read(episode, recording.spikes("soma"), recording.synapses["spine"][0])


def _follow(episode: Episode, query: int, matched: int, neuron: MatchControl) -> Trace:
    """One neuron again, by itself, with its synapses recorded at every step."""
    alone = Episode(episode.keys, episode.queries[:, [query]], episode.values, episode.gap)
    inputs, steps = stimulate(alone)
    probes = (*PROBES, Probe("spine", "weights"), Probe("spine", "tags"))
    recording = backends.get(backends.DEFAULT).run(build(alone.keys.shape[1], 1, neuron),
                                                   inputs, probes, steps)
    return Trace(episode.schedule, inputs["axon"], inputs["query"][:, 0],
                 recording.spikes("soma")[:, 0], recording.weights("spine")[:, 0],
                 recording.traces[probes[-1]][:, 0], matched, neuron.threshold)


def _numbers(
    control: Control, episode: Episode, matched: NDArray[np.int64]
) -> dict[str, Any]:
    success = control.success(matched)
    rows = np.arange(len(matched))
    others = control.potentiated.copy()
    others[rows, matched] = False
    return {
        "axons": control.potentiated.shape[1], "queries": len(matched),
        "steps": episode.schedule.period,
        "query_spikes_mean": float(episode.queries.sum(axis=0).mean()),
        "matched_in_control": int(control.potentiated[rows, matched].sum()),
        "queries_with_another_axon_in_control": int(others.any(axis=1).sum()),
        "value_spikes_followed": None if np.isnan(success).all() else float(np.nanmean(success)),
        "soma_spikes_in_control_window_mean": float(control.spikes.mean()),
    }


def _sentences(
    control: Control, matched: NDArray[np.int64], followed: int
) -> tuple[str, ...]:
    numbers = control.potentiated[np.arange(len(matched)), matched]
    success = control.success(matched)
    said = [f"The matched axon took control of {int(numbers.sum())} of {len(matched)} neurons."]
    if not np.isnan(success).all():
        said.append(f"{100 * np.nanmean(success):.0f} % of the matched axons' value spikes were "
                    "answered by their soma within 20 ms.")
    said.append(f"The picture follows neuron {followed}, whose query fired most often.")
    return tuple(said)
