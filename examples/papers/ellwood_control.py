"""The control window, in its simplest form, and the paper's two numbers for it.

After the match window and a gap of 0.5 s the axons fire their values for 1 s. An axon controls the
soma at a value spike if its gate is open then, alpha > 1/2, that is if the delayed copy of its
score exceeds the threshold; the soma then follows at once with probability 0.955. Nothing
else makes the soma fire, and what it fires in the control window potentiates nothing more.

success  = share of the matched axons' value spikes that a somatic spike follows within 20 ms
spurious = share of somatic spikes that follow no such value spike within 20 ms; 0 if there are none

each for a trial, then averaged over trials, as in the paper.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from examples.papers.ellwood_model import Floats, Ints, Matching
from neuromorph.dynamics.coincidence import copy_response
from neuromorph.papers.trains import renewal_trains

GAP = 500.0
"""Between match and control window, ms."""

CONTROL = 1000.0
"""Control window, ms."""

EFFICACY = 0.955
"""Chance that a potentiated axon's spike makes the soma fire."""

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
    matching: Matching, threshold: float, rng: np.random.Generator, efficacy: float = EFFICACY
) -> Controlled:
    """Let the axons fire their values, and count what the soma makes of them."""
    setup, trials = matching.setup, len(matching.counts)
    synapses = np.arange(trials * setup.axons).reshape(trials, setup.axons)
    own = synapses[:, : setup.matches]
    # A delayed copy never exceeds the score itself: the other axons stay shut.
    others = np.flatnonzero(_may_open(matching, threshold) & ~np.isin(synapses, own))
    values, passed = _value_spikes(matching, own.ravel(), threshold, efficacy, rng)
    values, passed = values.reshape(trials, -1), passed.reshape(trials, -1)
    times, fired = _value_spikes(matching, others, threshold, efficacy, rng)
    source, place = np.nonzero(fired)
    return _judged(matching.counts, values, passed, others[source] // setup.axons,
                   times[source, place])


def _may_open(matching: Matching, threshold: float) -> NDArray[np.bool_]:
    total = np.bincount(matching.synapse, matching.weight,
                        len(matching.counts) * matching.setup.axons)
    return (total > threshold).reshape(-1, matching.setup.axons)


def _value_spikes(
    matching: Matching, synapses: Ints, threshold: float, efficacy: float,
    rng: np.random.Generator,
) -> tuple[Floats, NDArray[np.bool_]]:
    """Value spikes of these synapses, (synapses, spikes) with NaN, and which the soma follows."""
    values = renewal_trains(rng, (len(synapses),), CONTROL)
    weight, time = _gathered(matching, synapses)
    age = matching.setup.window + GAP + values[:, :, None] - time[:, None, :]
    copy = np.nansum(weight[:, None, :] * copy_response(age), axis=2)
    lucky = rng.random(values.shape) < efficacy
    return values, (copy > threshold) & lucky & np.isfinite(values)


def _gathered(matching: Matching, synapses: Ints) -> tuple[Floats, Floats]:
    """Weights and times of each synapse's coincidences, (synapses, most of them)."""
    order = np.argsort(matching.synapse, kind="stable")
    ranked = matching.synapse[order]
    first = np.searchsorted(ranked, synapses, "left")
    number = np.searchsorted(ranked, synapses, "right") - first
    column = np.arange(number.max(initial=0))
    there = column < number[:, None]
    index = order[np.where(there, first[:, None] + column, 0)] if len(order) else there.astype(int)
    return (np.where(there, matching.weight[index], 0.0),
            np.where(there, matching.time[index], 0.0))


def _judged(
    counts: Ints, values: Floats, passed: NDArray[np.bool_], trial: Ints, time: Floats
) -> Controlled:
    """Success and spurious of each trial; other axons' spikes are a flat list (trial, time)."""
    after = time[:, None] - values[trial]
    follows = (after >= 0) & (after <= WITHIN)
    hit = passed.copy()
    np.logical_or.at(hit, trial, follows)
    number = np.isfinite(values).sum(axis=1)
    stray = np.bincount(trial, ~follows.any(axis=1), len(counts))
    fired = passed.sum(axis=1) + np.bincount(trial, minlength=len(counts))
    success = np.where(number > 0, hit.sum(axis=1) / np.maximum(number, 1), np.nan)
    return Controlled(counts, success, stray / np.maximum(fired, 1))
