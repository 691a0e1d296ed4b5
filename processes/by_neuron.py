"""Parameters of Processes that are one number, or one a neuron."""

from __future__ import annotations

from typing import Any

import numpy as np
from lava.magma.core.process.variable import Var


def var_of(value: Any) -> Var:
    """A variable of shape (1,) for a number, or of the array's own shape."""
    return Var(shape=np.shape(value) or (1,), init=value)
