"""How long a Lava run may take before it is taken for hung."""

from __future__ import annotations

import math
import os

from neuromorph.errors import UsageError
from neuromorph.network import Network

VARIABLE = "NEUROMORPH_LAVA_DEADLINE"
"""Environment variable that sets the deadline, in seconds."""

START_SECONDS = 60.0
SECONDS_PER_PROCESS_STEP = 5e-3
SECONDS_PER_SYNAPSE_STEP = 1e-7
SECONDS_PER_PLASTIC_SYNAPSE_STEP = 2e-6
"""About ten times what runs of 3 to 9 processes took on two cores with ten others waiting."""


def deadline_for(network: Network, steps: int, chosen: float | None) -> float:
    """The caller's choice, else the environment's, else 60 s + 5 ms a process a step + synapses.

    Raises
    ------
    UsageError
        If a choice is not a positive number of seconds.
    """
    if chosen is not None:
        return _seconds(chosen, "deadline")
    if VARIABLE in os.environ:
        return _seconds(os.environ[VARIABLE], VARIABLE)
    processes = len(network.populations) + len(network.projections)
    synapses = sum(p.weights.size * (1 + p.delay) for p in network.projections)
    plastic = sum(p.weights.size for p in network.plastic)
    return START_SECONDS + steps * (processes * SECONDS_PER_PROCESS_STEP
                                    + synapses * SECONDS_PER_SYNAPSE_STEP
                                    + plastic * SECONDS_PER_PLASTIC_SYNAPSE_STEP)


def _seconds(value: float | str, where: str) -> float:
    try:
        seconds = float(value)
    except ValueError:
        seconds = math.nan
    if not 0 < seconds < math.inf:
        raise UsageError("a deadline must be a positive number of seconds", where=where,
                         found=value)
    return seconds
