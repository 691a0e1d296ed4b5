"""Which phases of the schedules are active in each step of units that run side by side."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, TypeAlias

import numpy as np
from numpy.typing import NDArray

from neuromorph.network import Schedule
from neuromorph.shapes import Int64

Steps: TypeAlias = NDArray[np.int64]
Active = tuple[str, ...]
"""Names of the phases that are active in a step, in the order of their schedules."""


def phases_of(schedule: Schedule | None, steps: int) -> list[Active]:
    """The phases of each step of a run that begins with a period.

    ::

        phases of step t  =  all with start <= t mod period < stop

    Steps after the last whole period, in which it settles, are in no phase; so are all steps
    without a schedule.
    """
    if schedule is None or schedule.period < 1:
        return [()] * steps
    active = [tuple(dict.fromkeys(p.name for p in schedule.phases if p.start <= t < p.stop))
              for t in range(min(schedule.period, steps))]
    whole = max(steps // schedule.period, 1) * schedule.period
    return [active[t % schedule.period] if t < whole else () for t in range(steps)]


def side_by_side(periods: Sequence[int], steps: Sequence[int]) -> list[Annotated[Int64, "_"]]:
    """Steps of units whose n-th periods all begin together: those that are done wait.

    ::

        step t of a unit is step  n max(periods) + t - n period        n = t // period

    What follows its last whole period begins when that of the longest is over.

    Parameters
    ----------
    periods, steps : sequence of int
        By unit: its period and the length of its run.

    Returns
    -------
    list of int array, shape (steps,)
        By unit, what `count_steps` takes as ``at``.
    """
    longest = max(periods)
    found = []
    for period, length in zip(periods, steps, strict=True):
        t = np.arange(length)
        found.append(t + t // period * (longest - period))
    return found


def step_classes(
    schedules: Sequence[Schedule | None], at: Sequence[Annotated[Int64, "_"]]
) -> dict[Active, Annotated[Int64, "_"]]:
    """The steps of a program by the set of phases that are active in them, in any unit.

    Units in different phases share the step: it is of all of these phases at once. Classes are in
    the order of their first steps.

    Parameters
    ----------
    schedules : sequence of Schedule or None
        By unit.
    at : sequence of int array, shape (steps,)
        By unit, the steps of the program in which its steps are.
    """
    total = max((int(found.max(initial=-1)) + 1 for found in at), default=0)
    active: list[dict[str, None]] = [{} for _ in range(total)]
    for schedule, there in zip(schedules, at, strict=True):
        for step, names in zip(there.tolist(), phases_of(schedule, len(there)), strict=True):
            active[step] |= dict.fromkeys(names)
    rank = {name: n for n, name in enumerate(dict.fromkeys(
        p.name for schedule in schedules if schedule for p in schedule.phases))}
    found: dict[Active, list[int]] = {}
    for step, together in enumerate(active):
        found.setdefault(tuple(sorted(together, key=rank.__getitem__)), []).append(step)
    return {names: np.array(steps, np.int64) for names, steps in found.items()}
