"""What the drive axon says, step by step of a query, and what other axons may say."""

from __future__ import annotations

from itertools import groupby
from typing import Annotated

import numpy as np

from neuromorph.circuits.latency_attention.curve import rises
from neuromorph.circuits.latency_attention.motif import LatencyAttention
from neuromorph.circuits.latency_attention.slope import pace_of
from neuromorph.network.ports import Course
from neuromorph.shapes import Int64

FRACTIONS_FREE = ("match",)
"""Populations where the rounding of a score decides no spike.

The clear leaves a potential 1/64 of a unit above a whole number, and all but scores is whole; so it
crosses a threshold with the score rounded down exactly when it does with the score as it is.
"""


def drive_waveform(head: LatencyAttention) -> Annotated[Int64, "steps"]:
    """One period of the drive axon: clear …, lift …, a pause if there is one, ramp …, go."""
    down, up = [-head.clear] * head.clears, [head.clear] * head.lifts
    ramp = [0] * head.pause + rises(head).tolist()
    return np.array([*down, *up, head.lift, *ramp, head.go], np.int64)


def drive_course(head: LatencyAttention, after: int = 0) -> Course:
    """The waveform as what is to be sent in which steps, ``after`` steps later."""
    found, step = list[tuple[int, int, int, int]](), after
    for value, run in groupby(drive_waveform(head).tolist()):
        start, step = step, step + len(list(run))
        found.append((start, step, value, value))
    return tuple(found)


def alphabets(head: LatencyAttention) -> dict[str, tuple[int, ...]]:
    """What a host sends besides 0, by source, where that is a few values only."""
    drive = tuple(value for value in np.unique(drive_waveform(head)).tolist() if value)
    known = {"drive": drive, "mask": (head.clear,), "flush": (head.flush,)}
    known |= {"ahead": (head.ahead,)} if head.ahead else {}
    return known | ({"pace": (pace_of(head),)} if head.slope else {})
