"""One experiment over several seeds, and the means that stand beside the published numbers."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from examples.papers.ellwood_control import EFFICACY, LEVEL, Controlled, control
from examples.papers.ellwood_model import Matching, Setup, match
from examples.papers.ellwood_noise import Floats
from examples.papers.ellwood_roc import auc, threshold_at, true_positives


@dataclass(frozen=True)
class Effort:
    """How much is drawn: trials for each seed."""

    trials: int
    seeds: tuple[int, ...]


QUICK = Effort(1500, (0, 1, 2))
FULL = Effort(10_000, (0, 1, 2, 3, 4))


@dataclass(frozen=True, eq=False)
class Measured:
    """Each seed's scores and control windows.

    Attributes
    ----------
    positive, negative : float array, shape (seeds, trials)
        Score of the matched axon; largest of the others.
    controlled : tuple of Controlled, a seed each
        Empty where only the match was measured.
    """

    positive: Floats
    negative: Floats
    controlled: tuple[Controlled, ...]

    @property
    def auc(self) -> float:
        return mean([auc(p, n) for p, n in zip(self.positive, self.negative, strict=True)])

    def true_positives(self, false_positives: float) -> float:
        return mean([true_positives(p, n, false_positives)
                     for p, n in zip(self.positive, self.negative, strict=True)])

    @property
    def threshold(self) -> float:
        """That a tenth of the trials' best others pass, in units of the paper's at 1 s."""
        return mean([threshold_at(n, 0.1) for n in self.negative])

    @property
    def success(self) -> float:
        return mean([float(np.nanmean(c.success)) for c in self.controlled])

    @property
    def spurious(self) -> float:
        return mean([float(c.spurious.mean()) for c in self.controlled])

    def success_with(self, spikes: int) -> float:
        """Success of the trials whose query had so many spikes, all seeds together."""
        return Controlled(*(np.concatenate([getattr(c, name) for c in self.controlled])
                            for name in ("counts", "success", "spurious"))).success_with(spikes)


def measure(
    setup: Setup, effort: Effort, *, threshold: float | None = None, efficacy: float = EFFICACY,
    level: float = LEVEL,
) -> Measured:
    """Match, then control with this threshold; without one, with what passes 10 % of trials."""
    return _measured(setup, effort, lambda matching, rng: control(
        matching, threshold_at(matching.best_other, 0.1) if threshold is None else threshold,
        rng, efficacy, level=level))


def measure_match(setup: Setup, effort: Effort) -> Measured:
    """The match windows alone."""
    return _measured(setup, effort, None)


def _measured(
    setup: Setup, effort: Effort,
    then: Callable[[Matching, np.random.Generator], Controlled] | None,
) -> Measured:
    positive, negative, controlled = [], [], []
    for seed in effort.seeds:
        rng = np.random.default_rng(seed)
        matching = match(setup, effort.trials, rng)
        positive.append(matching.matched)
        negative.append(matching.best_other)
        if then is not None:
            controlled.append(then(matching, rng))
    return Measured(np.array(positive), np.array(negative), tuple(controlled))


def mean(values: list[float]) -> float:
    return float(np.mean(values))
