"""Which token comes next: the likeliest, or one that is drawn."""

from __future__ import annotations

import math
from numbers import Integral
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neuromorph.api.seed import check_seed
from neuromorph.errors import UsageError

HOTTEST = 100.0


class Chooser:
    """Chooses a token by its logits.

    ::

        greedy:  argmax_i y_i                                of integers as of floats
        else:    p_i ~ exp(y_i / temperature) of the top_k largest, by the seed's generator

    Parameters
    ----------
    temperature : float
        0 (greedy) to 100.
    top_k : int, optional
        At least 1.
    seed : int

    Raises
    ------
    UsageError
    """

    def __init__(self, temperature: float = 0.0, top_k: int | None = None, seed: int = 0) -> None:
        check_seed(seed)
        if not (isinstance(temperature, int | float) and math.isfinite(temperature)
                and 0 <= temperature <= HOTTEST):
            raise UsageError("the temperature is out of range", found=repr(temperature),
                             expected=f"0 to {HOTTEST:g}")
        if top_k is not None:
            _check_top_k(top_k, temperature)
        self.temperature, self.top_k, self.seed = temperature, top_k, seed
        self._random = np.random.default_rng(seed)

    def again(self) -> Chooser:
        """The same choices from the first on."""
        return Chooser(self.temperature, self.top_k, self.seed)

    def choose(self, answer: NDArray[Any], places: int = 0) -> int:
        """A token.

        Parameters
        ----------
        answer : array, shape (vocabulary,)
            Logits, or integers with ``places`` bits after the point.
        places : int
        """
        if self.temperature == 0:
            return int(answer.argmax())
        count = len(answer) if self.top_k is None else min(self.top_k, len(answer))
        # By rank, equal ones by number: a partition alone would leave them to chance.
        best = np.argsort(-answer.astype(np.float64), kind="stable")[:count]
        below = (answer[best] - answer[best[0]]).astype(np.float64) * 2.0**-places
        with np.errstate(over="ignore"):  # of a temperature near 0: nothing else is drawn
            shares = np.exp(below / self.temperature)
        return int(best[self._random.choice(count, p=shares / shares.sum())])


def _check_top_k(top_k: int, temperature: float) -> None:
    if isinstance(top_k, bool) or not isinstance(top_k, Integral) or top_k < 1:
        raise UsageError("top_k must be a whole number of at least 1", found=repr(top_k))
    if temperature == 0:
        raise UsageError("the likeliest token is taken, and none is drawn of the top_k",
                         found=f"top_k = {top_k}, temperature = 0",
                         hint="add a temperature, 0.8 for instance, or leave top_k out")
