"""Iterated retrieval: the circuit's answer becomes its next query, until nothing new comes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated

import numpy as np
from numpy.typing import NDArray

from neuromorph.errors import UsageError
from neuromorph.shapes import Bool, Float64, Int32, Int64, Num
from neuromorph.shown import Shown

Floats = NDArray[np.float64]
Codes = NDArray[np.int32]


@dataclass(frozen=True, eq=False, repr=False)
class Retrieval(Shown):
    """States on their way from cues to what the circuit remembers.

    Attributes
    ----------
    path : float64 array, shape (runs + 1, cues, size)
        The cues, then the states after each run of the circuit. A settled state stays.
    runs : int64 array, shape (cues,)
        Runs of the circuit that each cue took.
    period : int64 array, shape (cues,)
        After how many runs the last state's codes were asked again: 1 at a fixed point, 2 where
        rounding sends a code to and fro, 0 where no codes came twice. The circuit is
        deterministic, so what has come twice comes for ever.
    """

    path: Annotated[Float64, "_ cues size"]
    runs: Annotated[Int64, "cues"]
    period: Annotated[Int64, "cues"]

    @property
    def settled(self) -> Annotated[Bool, "cues"]:
        """Whether nothing new would come of more runs, shape (cues,)."""
        settled: NDArray[np.bool_] = self.period > 0
        return settled

    @property
    def states(self) -> Annotated[Float64, "cues size"]:
        """The last states, shape (cues, size)."""
        states: Floats = self.path[-1]
        return states


def retrieve(
    cues: Annotated[Float64, "cues size"],
    encode: Callable[[Annotated[Float64, "cues size"]], Annotated[Int32, "cues size"]],
    attend: Callable[[Annotated[Int32, "cues size"]], Annotated[Num, "cues size"]],
    *,
    max_runs: int,
) -> Retrieval:
    """xi' = attend(encode(xi)) until encode(xi') has been asked before, each cue for itself.

    Parameters
    ----------
    cues : float64 array, shape (cues, size)
    encode : callable
        States (cues, size) to the integer queries that the circuit is asked.
    attend : callable
        Queries to the next states, shape (queries, size): a run of the circuit, read out.
        Asked only for cues that still move.
    max_runs : int
        Runs after which a cue is given up as unsettled; at least 1.

    Raises
    ------
    UsageError
        If ``max_runs`` is no such number.
    """
    if isinstance(max_runs, bool) or not isinstance(max_runs, int) or max_runs < 1:
        raise UsageError("the number of runs is out of range", found=repr(max_runs),
                         expected="a whole number of at least 1")
    path, asked = [cues], [encode(cues)]
    runs, period = np.zeros(len(cues), np.int64), np.zeros(len(cues), np.int64)
    while (period == 0).any() and len(path) <= max_runs:
        moving = period == 0
        state = path[-1].copy()
        state[moving] = attend(asked[-1][moving])
        runs += moving
        codes = encode(state)
        period[moving] = _runs_since(asked, codes)[moving]
        path.append(state)
        asked.append(codes)
    return Retrieval(np.stack(path), runs, period)


def _runs_since(asked: list[Codes], codes: Codes) -> NDArray[np.int64]:
    """How many runs ago each cue's codes were asked, the last time; 0 where never."""
    ago = np.zeros(len(codes), np.int64)
    for n, earlier in enumerate(asked):
        ago[(earlier == codes).all(axis=1)] = len(asked) - n
    return ago
