"""What the host does: the first step's winners vote, a wrong or missing winner allocates a row."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Annotated, Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from neuromorph.circuits.prototypes.closed_form import SILENT, first_steps
from neuromorph.circuits.prototypes.numbers import Prototypes
from neuromorph.circuits.prototypes.timeline import Timeline, rows_needed
from neuromorph.shapes import Int64, Integer
from neuromorph.shown import Shown

NOBODY = -1
"""The answer where no row fires: nothing known is similar."""

Match: TypeAlias = Callable[
    [Prototypes, Annotated[Integer, "rows features"], Annotated[Integer, "queries features"], int],
    Annotated[Int64, "queries rows"],
]
"""First steps of rows, as `first_steps` gives them."""


def vote(steps: Annotated[Integer, "rows"], labels: Annotated[Integer, "rows"]) -> int:
    """The class of most rows that fired first; of equals the lowest, `NOBODY` if none fired.

    Parameters
    ----------
    steps : int array, shape (rows,)
        First step of each row, -1 where it was silent.
    labels : int array, shape (rows,)
    """
    fired = np.flatnonzero(steps != SILENT)
    if not len(fired):
        return NOBODY
    winners = fired[steps[fired] == steps[fired].min()]
    return int(np.bincount(labels[winners]).argmax())


@dataclass(frozen=True, eq=False, repr=False)
class Learned(Shown):
    """One pass over some samples.

    Attributes
    ----------
    rows : tuple of int
        The samples that became prototypes, in the order of their rows.
    answers : tuple of int
        What was answered to each sample before it was learned.
    """

    rows: tuple[int, ...]
    answers: tuple[int, ...]


@dataclass(eq=False, repr=False)
class Learner(Shown):
    """A memory of prototypes with its host, who sees first spikes only.

    Attributes
    ----------
    numbers : Prototypes
    match : callable
        Who fires when: the closed form, of which a run of the network must say the same.
    """

    numbers: Prototypes
    match: Match = first_steps
    _codes: list[NDArray[np.int64]] = field(default_factory=list)
    _labels: list[int] = field(default_factory=list)

    @property
    def codes(self) -> Annotated[Int64, "rowsinuse features"]:
        """The prototypes, shape (rows in use, features)."""
        return np.array(self._codes, np.int64).reshape(-1, self.numbers.features)

    @property
    def labels(self) -> Annotated[Int64, "count"]:
        """Their classes."""
        return np.array(self._labels, np.int64)

    def learn(
        self, codes: Annotated[Integer, "samples features"], labels: Sequence[int],
        timeline: Timeline | None = None,
    ) -> Learned:
        """Ask for each sample once; if the answer is not its label, imprint it.

        Parameters
        ----------
        codes : int array, shape (samples, features)
        labels : sequence of int
        timeline : Timeline, optional
            Is told what was asked and written.

        Raises
        ------
        FitError
            If there are more prototypes than rows.
        UsageError
            If a code or label does not fit, with a timeline.
        """
        rows, answers = list[int](), list[int]()
        for n, (code, label) in enumerate(zip(codes, labels, strict=True)):
            if timeline is not None:
                timeline.query(code, test=False)
            answers.append(self._ask(code, self.numbers.learning))
            if answers[-1] != label:
                self._allocate(code, int(label), timeline)
                rows.append(n)
        return Learned(tuple(rows), tuple(answers))

    def answer(
        self, codes: Annotated[Integer, "count size"], timeline: Timeline | None = None
    ) -> Annotated[Int64, "count"]:
        """The class of each query, `NOBODY` where no row fires before the window ends."""
        if timeline is not None:
            for code in codes:
                timeline.query(code)
        steps = self.match(self.numbers, self.codes, np.asarray(codes), self.numbers.window)
        return np.array([vote(row, self.labels) for row in steps], np.int64)

    def _ask(self, code: NDArray[Any], ramp: int) -> int:
        if not self._codes:
            return NOBODY
        return vote(self.match(self.numbers, self.codes, code[None], ramp)[0], self.labels)

    def _allocate(self, code: NDArray[Any], label: int, timeline: Timeline | None) -> None:
        if len(self._codes) == self.numbers.rows:
            raise rows_needed(self.numbers)
        if timeline is not None:
            timeline.write(code, label)
        self._codes.append(np.asarray(code, np.int64))
        self._labels.append(label)
