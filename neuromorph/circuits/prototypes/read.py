"""From recorded spikes to the step in which each row fired first, and what was answered."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

import numpy as np

from neuromorph.circuits.prototypes.closed_form import SILENT
from neuromorph.circuits.prototypes.timeline import Timeline
from neuromorph.shapes import Bool, Int64, Integer
from neuromorph.shown import Shown


@dataclass(frozen=True, eq=False, repr=False)
class Said(Shown):
    """What a run said to each query.

    Attributes
    ----------
    first : int array, shape (queries, rows)
        Steps after the query's arrival until each row fired, -1 where it was silent.
    classes : bool array, shape (queries, classes)
        The classes that spoke first: those that the first rows to fire were taught.
    spikes : int array, shape (queries,)
        Spikes of rows.
    """

    first: Annotated[Int64, "queries rows"]
    classes: Annotated[Bool, "queries classes"]
    spikes: Annotated[Int64, "queries"]


def said(
    timeline: Timeline, match: Annotated[Integer, "steps rows"],
    label: Annotated[Integer, "steps classes"],
) -> Said:
    """Read every query of a timeline from the spikes of rows and labels.

    Parameters
    ----------
    timeline : Timeline
    match, label : array, shape (steps, rows), (steps, classes)
    """
    asked = timeline.asked
    first = np.full((len(asked), match.shape[1]), SILENT, np.int64)
    classes = np.zeros((len(asked), label.shape[1]), np.bool_)
    spikes = np.zeros(len(asked), np.int64)
    for n, (start, ramp) in enumerate(asked.tolist()):
        rows = match[start : start + ramp + 1] != 0
        fired = rows.any(axis=0)
        first[n, fired] = rows.argmax(axis=0)[fired]
        spikes[n] = np.count_nonzero(rows)
        spoken = np.flatnonzero(label[start + 1 : start + ramp + 2].any(axis=1))
        if len(spoken):
            classes[n] = label[start + 1 + spoken[0]] != 0
    return Said(first, classes, spikes)
