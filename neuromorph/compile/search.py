"""Spend some time on a placed program: other ways to cut it, other places; the best is kept.

::

    better  =  fewer chips; of as many, fewer cores; of as many, less of
    cost    =  busiest / busiest of the plain program  +  hops / hops of the plain program

busiest is the sum over phases of the fullest core's synapses (`packing.balance`), hops are mesh
steps of all packets, every neuron speaking once. What a try is depends on the seed and on nothing
else; how many there are on the clock, unless their number is given.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from itertools import count
from typing import TypeVar

import numpy as np

from neuromorph.compile.packing.balance import KEYS, VALUES, Loads
from neuromorph.compile.packing.choose import packed
from neuromorph.compile.packing.place import Places, hops, place
from neuromorph.compile.packing.swaps import swapped
from neuromorph.compile.packing.traffic import traffic
from neuromorph.compile.packing.ways import Ways
from neuromorph.compile.passes import Compiled
from neuromorph.errors import FitError
from neuromorph.progress import Progress, silent
from neuromorph.shown import Shown

_T = TypeVar("_T")

SPREAD = 0.15
"""Cores along the line change their order by so much of it before they are swapped, at most."""


@dataclass(frozen=True)
class Figures:
    """What programs are compared by.

    Attributes
    ----------
    chips, cores : int
    busiest : float
        Sum over phases of the fullest core's synapses.
    hops : float
    keys, values : float or None
        Fullest core over the mean, of synapses to match neurons and from them.
    """

    chips: int
    cores: int
    busiest: float
    hops: float
    keys: float | None
    values: float | None

    def rank(self, plain: Figures) -> tuple[int, int, float]:
        """Less is better."""
        cost = sum(mine / its if its else float(mine > 0) for mine, its in (
            (self.busiest, plain.busiest), (self.hops, plain.hops)))
        return self.chips, self.cores, cost


@dataclass(frozen=True, eq=False, repr=False)
class Found(Shown):
    """What a search came to.

    Attributes
    ----------
    compiled : Compiled
        The best program; the plain one, if nothing is better.
    before, after : Figures
    tries : int
        That were finished.
    ended : str
        By "seconds", "tries" or "interrupt".
    """

    compiled: Compiled
    before: Figures
    after: Figures
    tries: int
    ended: str


class _NoTimeLeftError(Exception):
    """The clock ends a try."""


def search(
    compiled: Compiled, seconds: float, *, seed: int = 0, tries: int | None = None,
    told: Progress = silent,
) -> Found:
    """Look for a better program than the plain one, which nothing is ever worse than.

    Parameters
    ----------
    compiled : Compiled
        Placed.
    seconds : float
        Nothing is begun that would not end by then, if it took as long as it ever did.
    seed : int
    tries : int, optional
        End after so many.
    told : callable

    Returns
    -------
    Found
    """
    looking = _Looking(compiled, seed, time.monotonic() + seconds)
    ended = "tries"
    try:
        for number in count(1):
            if tries is not None and number > tries:
                break
            told(f"try {number}: {looking.best[0].cores} cores")
            looking.again(number)
    except _NoTimeLeftError:
        ended = "seconds"
    except KeyboardInterrupt:
        ended = "interrupt"
    after, best = looking.best
    return Found(best, looking.before, after, looking.done, ended)


class _Looking:
    """The best so far."""

    def __init__(self, compiled: Compiled, seed: int, until: float) -> None:
        self.loads = Loads(compiled.program.units)
        self.rng, self.until, self.done = np.random.default_rng(seed), until, 0
        self.longest: dict[str, float] = {}
        self.before = self._figures(compiled)
        self.best = self.before, compiled

    def again(self, number: int) -> None:
        """One try: every third cuts otherwise, and all have other places."""
        state = self.best[1] if number % 3 else self._timed("cut", self._otherwise_cut)
        if state is not None and state.program.cores <= self.best[0].cores:
            figures, state = self._timed("place", partial(self._otherwise_placed, state))
            if figures.rank(self.before) < self.best[0].rank(self.before):
                self.best = figures, state
        self.done += 1

    def _otherwise_cut(self) -> Compiled | None:
        state, low, high = self.best[1], *np.array([(.4, .3, .6, .996), (.8, .8, .95, 1.004)])
        most, full, lead, tilt = self.rng.uniform(low, high).tolist()
        ways = Ways(most, full, int(self.rng.integers(16, 65)), lead, tilt)
        try:
            slices = packed(state.program, state.demands, state.limits, ways,
                            partial(self._going, "a cut"))
        except FitError:
            return None
        return replace(state, program=replace(state.program, slices=slices))

    def _otherwise_placed(self, state: Compiled) -> tuple[Figures, Compiled]:
        cores, limits = state.program.cores, state.limits
        amount = self.rng.uniform(0, SPREAD) * cores
        order = np.argsort(np.arange(cores) + self.rng.uniform(-amount, amount, cores))
        begun: Places = place(cores, limits)[order]
        places = swapped(begun, traffic(state.program), limits)
        state = replace(state, program=replace(state.program, places=places))
        return self._figures(state), state

    def _figures(self, state: Compiled) -> Figures:
        program, slices = state.program, state.program.slices
        return Figures(program.chips, program.cores, self.loads.busiest(slices),
                       hops(traffic(program), program.places, state.limits),
                       self.loads.balance(slices, KEYS), self.loads.balance(slices, VALUES))

    def _timed(self, what: str, job: Callable[[], _T]) -> _T:
        self._going(what)
        began = time.monotonic()
        result = job()
        self.longest[what] = max(self.longest.get(what, 0.0), time.monotonic() - began)
        return result

    def _going(self, what: str) -> None:
        if time.monotonic() + self.longest.get(what, 0.0) >= self.until:
            raise _NoTimeLeftError
