"""A relay: it sends on what its synapses bring, and keeps nothing."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from neuromorph.numerics import saturate


def step_relay_fixed(a_in: NDArray[Any], *, shift: int) -> NDArray[np.int64]:
    """s = saturate(a_in >> shift), towards minus infinity, to 24 bits signed."""
    return saturate(a_in.astype(np.int64) >> shift)


def step_relay_float(a_in: NDArray[Any]) -> NDArray[np.float64]:
    """s = a_in."""
    return a_in.astype(np.float64)
