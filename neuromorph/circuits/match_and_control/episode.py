"""One episode: keys and queries in a match window, a gap, values in a control window."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

import numpy as np

from neuromorph.circuits.match_and_control.ports import inputs_of
from neuromorph.dynamics.match_control import GATE_PERIOD, GATE_STEP, RELAY_STEPS
from neuromorph.errors import UsageError
from neuromorph.network import Phase, Probe, Schedule
from neuromorph.network.ports import silence
from neuromorph.numerics.limits import WEIGHT_MAX
from neuromorph.shapes import Int64, Integer
from neuromorph.shown import Shown

PROBES = (Probe("soma"), Probe("relay"))
"""What `read` needs."""

GATE_STEPS = (1 << GATE_PERIOD) * -(-WEIGHT_MAX // GATE_STEP)
"""Steps that a gate needs to open."""


@dataclass(frozen=True, eq=False, repr=False)
class Episode(Shown):
    """Spike trains of one episode, one step a millisecond.

    Attributes
    ----------
    keys : integer array, shape (match steps, axons)
        0 or 1.
    queries : integer array, shape (match steps, queries)
    values : integer array, shape (control steps, axons)
    gap : int
        Steps between the windows.

    Raises
    ------
    UsageError
        If shapes or values do not fit, or a window is shorter than what must happen in it.
    """

    keys: Annotated[Integer, "matchsteps axons"]
    queries: Annotated[Integer, "matchsteps queries"]
    values: Annotated[Integer, "controlsteps axons"]
    gap: int = 500

    def __post_init__(self) -> None:
        for name in ("keys", "queries", "values"):
            train = getattr(self, name)
            if train.ndim != 2 or not np.isin(train, (0, 1)).all():
                raise UsageError("a train is an array (steps, neurons) of 0 and 1", where=name,
                                 found=f"shape {train.shape}, {train.dtype}")
        if len(self.keys) != len(self.queries):
            raise UsageError("keys and queries share the match window", where="queries",
                             found=f"{len(self.queries)} steps", expected=len(self.keys))
        if self.keys.shape[1] != self.values.shape[1]:
            raise UsageError("every axon has a key and a value", where="values",
                             found=self.values.shape[1], expected=self.keys.shape[1])
        if len(self.keys) <= RELAY_STEPS + 1:
            raise UsageError("the match window is shorter than the axons' delay",
                             found=f"{len(self.keys)} steps", expected=f"over {RELAY_STEPS + 1}")
        if self.gap < 0 or len(self.keys) + self.gap < GATE_STEPS:
            raise UsageError("match window and gap are shorter than the gate needs to open",
                             where="gap", found=f"{len(self.keys)} + {self.gap} steps",
                             expected=f"{GATE_STEPS} in all")

    @property
    def control_start(self) -> int:
        """First step of the control window."""
        return len(self.keys) + self.gap

    @property
    def schedule(self) -> Schedule:
        """Its three phases."""
        match, stop = len(self.keys), self.control_start + len(self.values)
        return Schedule(stop, (Phase("match", 0, match), Phase("gap", match, match + self.gap),
                               Phase("control", match + self.gap, stop)))


TAIL_STEPS = RELAY_STEPS + 3
"""Steps after the control window until its last spike has reached the soma."""


def stimulate(episode: Episode) -> tuple[dict[str, Annotated[Int64, "_ _"]], int]:
    """Source trains of an episode, arrays of shape (steps, size), and the number of steps."""
    steps = episode.schedule.period + TAIL_STEPS
    inputs = silence(inputs_of(episode.keys.shape[1], episode.queries.shape[1]), steps)
    inputs["axon"][: len(episode.keys)] = episode.keys
    inputs["axon"][episode.control_start : episode.schedule.period] = episode.values
    inputs["query"][: len(episode.queries)] = episode.queries
    return inputs, steps
