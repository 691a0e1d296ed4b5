"""Counters: programmable neurons that act at given steps of a period, and are silent otherwise."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from neuromorph.errors import NetworkError
from neuromorph.neurons.contract import Parameter

PERIOD_MAX = 1 << 16


def acts(step: int, period: Parameter, at: Parameter) -> NDArray[np.bool_]:
    """Whether a neuron acts in a step: step mod period = at."""
    due: NDArray[np.bool_] = np.asarray(step % period == at)
    return due


def check_counter(where: str, period: Parameter, at: Parameter) -> None:
    """Refuse a step that no period has.

    Raises
    ------
    NetworkError
    """
    if np.any(np.asarray(at) >= period):
        raise NetworkError("a neuron acts at a step that its period does not have", where=where,
                           found=int(np.max(at)), expected=f"0 to {period - 1}")


def silent_unless(due: NDArray[np.bool_], sent: NDArray[Any]) -> NDArray[Any]:
    """What is sent, where it is due."""
    return np.where(due, sent, np.zeros_like(sent))
