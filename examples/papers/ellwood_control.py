"""The control window, in its simplest form, and the paper's two numbers for it.

After the match window and a gap of 0.5 s the axons fire their values for 1 s. An axon controls the
soma at a value spike if its gate is nearly open then, that is if the delayed copy of its score
exceeds `LEVEL` thresholds; the soma then follows at once with probability 0.955. Nothing else makes
the soma fire. What it fires meets the axons' values as it met their keys: scores go on growing.

success  = share of the matched axons' value spikes that a somatic spike follows within 20 ms
spurious = share of somatic spikes that follow no such value spike within 20 ms; 0 if there are none

each for a trial, then averaged over trials, as in the paper.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from examples.papers.ellwood_model import REACH, Matching
from examples.papers.ellwood_noise import Floats, Ints
from neuromorph.dynamics.coincidence import copy_response
from neuromorph.papers.trains import renewal_trains

GAP = 500.0
"""Between match and control window, ms."""

CONTROL = 1000.0
"""Control window, ms."""

LEVEL = 1.08
"""Copy at which an axon controls, in thresholds: where its gain is 6.8 of 8. Windows of 0.5 and 1 s
come nearest to the paper at different levels; one has to do."""

EFFICACY = 0.955
"""Chance that a potentiated axon's spike makes the soma fire."""

SOME = 1000
"""Somatic spikes whose coincidences are looked for at once."""

WITHIN = 20.0
"""A somatic spike this long after a value spike, ms, counts as its effect."""


@dataclass(frozen=True, eq=False)
class Controlled:
    """What came of the control windows.

    Attributes
    ----------
    counts : int array, shape (trials,)
        Spikes of each trial's query.
    success, spurious : float array, shape (trials,)
        Shares; success is NaN where the matched axons had no value spike.
    """

    counts: Ints
    success: Floats
    spurious: Floats

    def success_with(self, spikes: int) -> float:
        """Mean success of the trials whose query had so many spikes; NaN if there are none."""
        chosen = self.success[self.counts == spikes]
        return float(np.nanmean(chosen)) if len(chosen) else float("nan")


def control(
    matching: Matching, threshold: float, rng: np.random.Generator, efficacy: float = EFFICACY,
    *, level: float = LEVEL, learning: bool = True,
) -> Controlled:
    """Let the axons fire their values, and count what the soma makes of them.

    Parameters
    ----------
    matching : Matching
        What the match windows left.
    threshold : float
        Of the score, in units of the paper's at 1 s.
    rng : numpy Generator
    efficacy : float
        Chance that the soma follows an axon that controls it.
    level : float
        Delayed copy at which an axon controls, in thresholds.
    learning : bool
        Whether coincidences of values and the soma's own spikes count, as in the paper.
    """
    setup, trials = matching.setup, len(matching.counts)
    values = renewal_trains(rng, (trials, setup.axons), CONTROL)
    lucky = (rng.random(values.shape) < efficacy) & np.isfinite(values)
    error = setup.noise.of_coincidences(rng, values.shape) if learning else None
    passed = lucky & _controlling(matching, values, level * threshold)
    new = passed
    # What passes only adds to scores, and only later: this ends, at the one answer there is.
    while error is not None and new.any():
        matching = grown_scores(matching, values, error, new)
        later = lucky & _controlling(matching, values, level * threshold)
        passed, new = later, later & ~passed
    return _judged(matching.counts, values, passed, setup.matches)


def _controlling(matching: Matching, values: Floats, least: float) -> NDArray[np.bool_]:
    """Whether the delayed copy of an axon's score exceeds ``least`` at its value spikes."""
    total = np.bincount(matching.synapse, matching.weight, values.shape[0] * values.shape[1])
    synapses = np.flatnonzero(total > least)  # a copy never exceeds the score: the rest are shut
    trains = values.reshape(-1, values.shape[2])
    weight, time = _gathered(matching, synapses)
    age = matching.setup.window + GAP + trains[synapses][:, :, None] - time[:, None, :]
    copy = np.nansum(weight[:, None, :] * copy_response(np.maximum(age, 0)), axis=2)
    controls = np.zeros(trains.shape, np.bool_)
    controls[synapses] = copy > least
    return controls.reshape(values.shape)


def _gathered(matching: Matching, synapses: Ints) -> tuple[Floats, Floats]:
    """Weights and times of these synapses' coincidences, (synapses, most of them)."""
    listed = np.flatnonzero(np.isin(matching.synapse, synapses))
    order = listed[np.argsort(matching.synapse[listed], kind="stable")]
    ranked = matching.synapse[order]
    first = np.searchsorted(ranked, synapses, "left")
    number = np.searchsorted(ranked, synapses, "right") - first
    column = np.arange(number.max(initial=0))
    there = column < number[:, None]
    index = order[np.where(there, first[:, None] + column, 0)] if len(order) else there.astype(int)
    return (np.where(there, matching.weight[index], 0.0),
            np.where(there, matching.time[index], 0.0))


def grown_scores(
    matching: Matching, values: Floats, error: Floats, fired: NDArray[np.bool_]
) -> Matching:
    """With the coincidences of all axons' values and the spikes that the soma fires at some."""
    parts = list(_coincidences(matching, values, error, fired))
    synapse, weight, time = (np.concatenate(part) for part in zip(*parts, strict=True))
    return replace(matching, synapse=np.concatenate([matching.synapse, synapse]),
                   weight=np.concatenate([matching.weight, weight]),
                   time=np.concatenate([matching.time, time]))


def _coincidences(
    matching: Matching, values: Floats, error: Floats, fired: NDArray[np.bool_]
) -> Iterator[tuple[Ints, Floats, Floats]]:
    """Some somatic spikes at a time: all pairs at once would be large."""
    setup = matching.setup
    trials, somatic = np.nonzero(fired)[0], values[fired]
    for first in range(0, len(trials), SOME):
        trial, post = trials[first : first + SOME], somatic[first : first + SOME]
        lags = post[:, None, None] - values[trial]
        spike, axon, before = np.nonzero((lags > 0) & (lags < REACH))
        synapse = trial[spike] * setup.axons + axon
        weight = (setup.kernel(lags[spike, axon, before]) * matching.factor[synapse]
                  * error[trial[spike], axon, before])
        yield synapse, weight, setup.window + GAP + post[spike]


def _judged(
    counts: Ints, values: Floats, passed: NDArray[np.bool_], matches: int
) -> Controlled:
    """Success and spurious of each trial; the first axons match."""
    trials = len(counts)
    own = values[:, :matches].reshape(trials, -1)
    hit = passed[:, :matches].reshape(trials, -1).copy()
    fired = passed.sum(axis=(1, 2))
    trial, axon, spike = np.nonzero(passed[:, matches:])
    time = values[:, matches:][trial, axon, spike]
    after = time[:, None] - own[trial]
    follows = (after >= 0) & (after <= WITHIN)
    np.logical_or.at(hit, trial, follows)
    stray = np.bincount(trial, ~follows.any(axis=1), trials)
    number = np.isfinite(own).sum(axis=1)
    success = np.where(number > 0, hit.sum(axis=1) / np.maximum(number, 1), np.nan)
    return Controlled(counts, success, stray / np.maximum(fired, 1))
