"""The same episodes in the integer circuit: spikes, 7-bit traces, 8-bit weights, no noise."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from examples.papers import ellwood_published as published
from examples.papers.common import Row, row
from examples.papers.ellwood_measure import Effort
from neuromorph import backends
from neuromorph.api.circuits.match_and_control import Settings, make_episode
from neuromorph.circuits.match_and_control import PROBES, build, read, stimulate
from neuromorph.dynamics.match_control import for_window

QUERIES = 64
"""Neurons that listen to one set of axons: as many trials at once."""


def circuit_rows(effort: Effort) -> Iterator[Row]:
    """Success and false control by window, beside the published ones, which have noise."""
    head = f"{published.PAPER}, integer circuit on fast, noise-free"
    for window, success in published.SUCCESS.items():
        found = [_episode(window, seed, episode) for seed in effort.seeds
                 for episode in range(-(-effort.trials // QUERIES))]
        matched, followed, others = (float(np.mean([f[i] for f in found])) for i in range(3))
        yield row(head, f"{window} s: success", success, followed, None)
        yield row(head, f"{window} s: matched axon in control at the end", None, matched, None)
        yield row(head, f"{window} s: another axon in control at the end", None, others, None)


def _episode(window: float, seed: int, episode: int) -> tuple[float, float, float]:
    """Shares of neurons whose axon took control, that followed its values, that have another."""
    settings = Settings(queries=QUERIES, window=window)
    drawn, matched = make_episode(settings, np.random.default_rng([seed, episode]))
    network = build(settings.axons, QUERIES, for_window(window, seed))
    inputs, steps = stimulate(drawn)
    recording = backends.get("fast").run(network, inputs, PROBES, steps)
    control = read(drawn, recording.spikes("soma"), recording.synapses["spine"][0])
    rows = np.arange(QUERIES)
    others = control.potentiated.copy()
    others[rows, matched] = False
    return (float(control.potentiated[rows, matched].mean()),
            float(np.nanmean(control.success(matched))), float(others.any(axis=1).mean()))
