"""Which options are tried, and in what order: kinds and slots first, then step by step.

::

    rank(trial) = (0, cost)        if it keeps what was wished
                  (1, shortfall)   if it does not

Each kind, the best first, begins with its best slots and goes along one axis after the other, as
far as that is better, until no axis leads further or there have been enough trials. No chance is
in it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TypeAlias

from neuromorph.api.tuning.space import KINDS, WAYS, axes_of, first_trials, moved, value_of
from neuromorph.api.tuning.trial import By, Trial
from neuromorph.api.tuning.wish import Wish, shortfall
from neuromorph.shown import Shown
from neuromorph.translate import TranslateOptions

Measure: TypeAlias = Callable[[Sequence[TranslateOptions]], list[Trial]]
"""Trials of some options, in their order."""

Rank: TypeAlias = tuple[int, float, float, float]


@dataclass(eq=False, repr=False)
class Search(Shown):
    """Trials so far, and what ranks them.

    Attributes
    ----------
    default : TranslateOptions
        What is kept where nothing is better.
    wishes : sequence of Wish
    by : str
        The cost that counts.
    measure : callable
    most : int
        Trials at most; all kinds and slots are tried anyway.
    fitted : bool
        Whether weights of fewer bits take less memory, where they are compiled for.
    trials : list of Trial
    """

    default: TranslateOptions
    wishes: Sequence[Wish]
    by: By
    measure: Measure
    most: int
    fitted: bool = False
    trials: list[Trial] = field(default_factory=list)

    def run(self, slots: tuple[int, ...]) -> Trial | None:
        """Try, and give the best that can be used; None if none can."""
        first = first_trials(self.default, slots)
        self._try(first, len(first))
        started = self._started()
        for left, trial in zip(range(len(started), 0, -1), started, strict=True):
            # a kind has its share of the trials, and what others left
            share = -(-max(0, self.most - len(self.trials)) // left)
            self._walk(trial, len(self.trials) + share)
        usable = [trial for trial in self.trials if trial.usable(self.by)]
        return min(usable, key=self.rank, default=None)

    def rank(self, trial: Trial) -> Rank:
        """Small is good; of equal ones the default, then the one that loses less."""
        missed, cost = shortfall(self.wishes, trial.found), trial.cost(self.by) or 0.0
        other = int(trial.options != self.default)
        return (1, missed, cost, other) if missed > 0 else (0, cost, other, missed)

    def _started(self) -> list[Trial]:
        """The best trial of each kind, the best kind first."""
        usable = [trial for trial in self.trials if trial.usable(self.by)]
        best = [min(own, key=self.rank) for kind in KINDS
                if (own := [trial for trial in usable if kind.has(trial.options)])]
        return sorted(best, key=self.rank)

    def _walk(self, best: Trial, most: int) -> None:
        start = None
        while best is not start:
            start = best
            for axis in axes_of(best.options, fitted=self.fitted):
                best = self._along(axis, best, most)

    def _along(self, axis: str, best: Trial, most: int) -> Trial:
        """The best trial on the way along an axis, in the direction that is better at first."""
        both = [made for way in WAYS if (made := moved(best.options, axis, way)) is not None]
        better = self._better(best, self._try(both, most))
        while better is not best:
            way = 1 if value_of(better.options, axis) > value_of(best.options, axis) else -1
            best, further = better, moved(better.options, axis, way)
            better = best if further is None else self._better(best, self._try([further], most))
        return best

    def _better(self, best: Trial, tried: list[Trial]) -> Trial:
        """The best of some trials, if it is better than the best so far."""
        usable = [best, *(one for one in tried if one.usable(self.by))]
        return min(usable, key=self.rank)  # the first of equal ones

    def _try(self, options: list[TranslateOptions], most: int) -> list[Trial]:
        """Those of some options that are known, or may still be tried."""
        known = {trial.options: trial for trial in self.trials}
        wanted = [one for one in options if one not in known]
        made = self.measure(wanted[:max(0, most - len(self.trials))])
        self.trials += made
        known |= {trial.options: trial for trial in made}
        return [known[one] for one in options if one in known]
