"""Threads that share the tasks of a compiled function, which lets go of Python's lock."""

from __future__ import annotations

import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor, wait
from functools import lru_cache
from typing import Any

from numpy.typing import NDArray

from neuromorph import threads
from neuromorph.backends.fast.openmp import Stripe, team_of_torch

PARALLEL_FROM = 1 << 18
"""Pairs of query and key, over all heads, from which threads pay for themselves."""


def threads_for(pairs: int) -> int:
    """How many threads share so many pairs of query and key."""
    return threads.count() if pairs >= PARALLEL_FROM else 1


def share(
    function: Callable[..., None], count: int, *arguments: Any, each: NDArray[Any] | None = None
) -> None:
    """Call ``function(first, stride, *arguments)`` on ``count`` threads, or fewer.

    Parameters
    ----------
    function : compiled function
        Does the tasks first, first + stride, …
    count : int
    each : array of ``count`` rows, optional
        Of which each thread is given one as a last argument.
    """
    def stripe(first: int, stride: int) -> None:
        function(first, stride, *arguments, *(() if each is None else (each[first],)))

    if count == 1:
        stripe(0, 1)
    else:
        (team_of_torch() or _team)(stripe, count)


def _team(stripe: Stripe, count: int) -> None:
    """The calling thread and some of a pool."""
    others = [_pool(count - 1).submit(stripe, first, count) for first in range(1, count)]
    try:
        stripe(0, count)
    finally:
        wait(others)  # nobody writes to the arrays any more when the first error is raised
        for other in others:
            other.result()


@lru_cache(maxsize=1)
def _pool(workers: int) -> ThreadPoolExecutor:
    return ThreadPoolExecutor(workers, thread_name_prefix="neuromorph")


if hasattr(os, "register_at_fork"):  # a child has none of its parent's threads
    os.register_at_fork(after_in_child=_pool.cache_clear)
