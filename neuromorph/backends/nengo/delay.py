"""A synapse of Nengo that is late by whole steps, and does nothing else."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from typing import Any

import numpy as np
from nengo.params import IntParam
from nengo.synapses import Synapse
from numpy.typing import NDArray

Floats = NDArray[np.float64]


class Delay(Synapse):
    """y[t] = x[t - 1 - steps]; one step is what every synapse of Nengo takes at least."""

    steps = IntParam("steps", low=0)

    def __init__(self, steps: int = 0) -> None:
        super().__init__()
        self.steps = steps

    def make_state(self, *_: Any, **__: Any) -> dict[str, Any]:
        """None that Nengo holds."""
        return {}

    def make_step(
        self, shape_in: Any, shape_out: Any, dt: Any, rng: Any, state: Any
    ) -> Callable[[float, Floats], Floats]:
        """A step that gives what came in ``steps`` steps ago; Nengo delivers it in the next."""
        on_the_way: deque[Floats] = deque(np.zeros((self.steps, *shape_in)))

        def step(_: float, sent: Floats) -> Floats:
            on_the_way.append(sent)
            return on_the_way.popleft()

        return step
