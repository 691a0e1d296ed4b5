"""Where work is done, and whether it goes on from an earlier run."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from numbers import Integral

from neuromorph.errors import UnsupportedError, UsageError
from neuromorph.shown import Shown

MOST = 256
"""Processes of one run on one machine."""


@dataclass(frozen=True, repr=False)
class Spread(Shown):
    """Where pieces of work are done.

    Attributes
    ----------
    jobs : int
        Processes of this machine, 1 to 256; with 1 it is this one.
    scheduler : str, optional
        Address of a Dask scheduler, whose workers do it instead: ``tcp://host:8786``.
    resume : bool
        Go on from what an interrupted run kept. A journal of the same work with other inputs,
        options or version is refused, instead of being left aside.

    Raises
    ------
    UsageError
        If they make no sense.
    """

    jobs: int = 1
    scheduler: str | None = None
    resume: bool = False

    def __post_init__(self) -> None:
        if isinstance(self.jobs, bool) or not isinstance(self.jobs, Integral) or not (
                1 <= self.jobs <= MOST):
            raise UsageError("the number of processes must be a whole number", where="--jobs",
                             found=repr(self.jobs), expected=f"1 to {MOST}")
        if self.scheduler is not None and self.jobs > 1:
            raise UsageError("--jobs and --scheduler contradict each other",
                             hint="leave one of them out: a scheduler has workers of its own")
        if self.jobs > 1 and sys.platform == "win32":
            raise UnsupportedError("several processes need a system that hands descriptors to "
                                   "children", where="--jobs", hint="use a Dask cluster")

    @property
    def here(self) -> bool:
        """Whether all is done in this process, and nothing need be sent to another."""
        return self.jobs == 1 and self.scheduler is None


HERE = Spread()
