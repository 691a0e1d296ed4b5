"""Work is carried out: what is in the journal is taken, the rest done, each item up to three times.

Results stand in the order of the items, whoever came first: what is summed over them is the same.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias

from neuromorph.errors import InputError, NeuromorphError
from neuromorph.files.opening import StrPath
from neuromorph.parallel.journal import Journal
from neuromorph.parallel.spread import HERE, Spread
from neuromorph.parallel.work import Work
from neuromorph.parallel.workers import Here, Workers
from neuromorph.progress import Progress, silent
from neuromorph.shown import Shown

ATTEMPTS = 3
"""How often an item may fail, by an accident or with its worker, before the run ends."""


Each: TypeAlias = Callable[[int, Any], None]


@dataclass(frozen=True, eq=False, repr=False)
class Done(Shown):
    """What was carried out.

    Attributes
    ----------
    results : list
        One an item, in their order.
    resumed : int
        How many of them an earlier run, which was stopped, had done.
    journal : Journal
        To be cleared when what is made of the results stands.
    """

    results: list[Any]
    resumed: int
    journal: Journal


def carry_out(
    work: Work, spread: Spread = HERE, *, keep: StrPath | None = None,
    progress: Progress = silent, workers: Workers | None = None, each: Each | None = None,
) -> Done:
    """Do every item of a work.

    Parameters
    ----------
    work : Work
    spread : Spread
        Where.
    keep : path, optional
        Folder of journals.
    progress : callable, optional
    workers : Workers, optional
        Those of `workers_of`, for several works one after the other; they are
        left running.
    each : callable, optional
        Shown the number and the result of every item, in their order, as soon as may be.

    Raises
    ------
    NeuromorphError
        That of an item, with its place: at once, if it is one that a repetition would not mend,
        else the third time. What is done by then stays in the journal.
    """
    journal = Journal(None if keep is None else Path(keep), work)
    journal.check(resume=spread.resume)
    results = _kept(work, journal)
    resumed, show = len(results), _InOrder(results, each)
    show()
    left = [index for index in range(len(work.items)) if index not in results]
    if left:
        with workers_of(spread) if workers is None else _lent(workers) as team:
            for index, content in _contents(work, left, team, progress):
                journal.put(index, content)
                results[index] = work.doing.codec.decode(content)
                show()
    return Done([results[index] for index in range(len(work.items))], resumed, journal)


def workers_of(spread: Spread) -> Workers:
    """Workers, to be closed.

    Raises
    ------
    MissingExtraError
        If they are those of a Dask cluster, without the ``distributed`` package.
    """
    if spread.scheduler is not None:
        from neuromorph.parallel.cluster import Cluster

        return Cluster(spread.scheduler)
    if spread.jobs > 1:
        from neuromorph.parallel.processes import Processes

        return Processes(spread.jobs)
    return Here()


class _InOrder:
    """Shows results that are there, up to the first that is not."""

    def __init__(self, results: Mapping[int, Any], each: Each | None) -> None:
        self._results, self._each, self._next = results, each, 0

    def __call__(self) -> None:
        while self._each is not None and self._next in self._results:
            self._each(self._next, self._results[self._next])
            self._next += 1


@contextmanager
def _lent(workers: Workers) -> Iterator[Workers]:
    """Workers of the caller's, who keeps them."""
    try:
        yield workers
    except BaseException:
        workers.drop()
        raise


def _kept(work: Work, journal: Journal) -> dict[int, Any]:
    found = {}
    for index in range(len(work.items)):
        content = journal.get(index)
        if content is not None:
            try:
                found[index] = work.doing.codec.decode(content)
            except InputError:  # of no result: done anew
                continue
    return found


def _contents(
    work: Work, left: list[int], workers: Workers, progress: Progress
) -> Iterator[tuple[int, bytes]]:
    """The bytes of results, as they come."""
    failures: Counter[int] = Counter()
    for index in left:
        workers.give(index, work.doing, work.items[index])
    done = len(work.items) - len(left)
    while done < len(work.items):
        progress(f"{work.piece} {done + 1} of {len(work.items)}")
        answer = workers.answer()
        if answer.content is not None:
            done += 1
            yield answer.index, answer.content
            continue
        failures[answer.index] += 1
        if answer.final or failures[answer.index] == ATTEMPTS:
            raise _placed(answer.error, work.place(answer.index))
        workers.give(answer.index, work.doing, work.items[answer.index])


def _placed(error: Exception | None, place: str) -> Exception:
    """The error of an item, which says of which."""
    if isinstance(error, NeuromorphError):
        error.where = place if error.where is None else f"{place}: {error.where}"
    return error or RuntimeError(place)
