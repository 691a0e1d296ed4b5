"""Neurons that say a constant: what they have in common."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import Annotated, Any

import numpy as np
from numpy.typing import NDArray

from neuromorph.neurons.contract import A_IN, Arrived, Range, State, Stepped
from neuromorph.neurons.counter import PERIOD_MAX, Counted
from neuromorph.numerics.interval import Interval
from neuromorph.numerics.limits import STATE_MAX
from neuromorph.shapes import Bool


@dataclass(frozen=True, eq=False)
class Constant(Counted, ABC):
    """Base of models that say their ``payload`` in ``steps`` steps of a period, from ``at`` on."""

    @property
    def payload_bits(self) -> int:
        """Width of the largest constant, with its sign."""
        return int(np.max(np.abs(self.parameters()["payload"]))).bit_length() + 1

    def moments_within(self, domain: str) -> dict[str, Range]:
        """What payload and steps may be."""
        own = super().moments_within(domain)
        del own["limit"]
        payload = (-STATE_MAX, STATE_MAX) if domain == "fixed" else (-np.inf, np.inf)
        return {"payload": payload, "steps": (1, PERIOD_MAX), **own}

    @abstractmethod
    def _step(self, state: State, a_in: NDArray[Any], t: int) -> Stepped:
        """One step, in integers or floats: nothing is rounded."""

    def step_fixed(self, state: State, arrived: Arrived, t: int) -> Stepped:
        """s as above."""
        return self._step(state, arrived[A_IN], t)

    def step_float(self, state: State, arrived: Arrived, t: int) -> Stepped:
        """s as above."""
        return self._step(state, arrived[A_IN], t)

    def due(self, step: int) -> Annotated[Bool, "..."]:
        """In so many steps."""
        return np.asarray(self.since(step) < self.parameters()["steps"])

    def widest(self, size: int) -> Interval:
        """The constant, or silence."""
        return self._constant(size).with_silence

    def _constant(self, size: int) -> Interval:
        payload = np.broadcast_to(np.asarray(self.parameters()["payload"], np.int64), size)
        return Interval(payload, payload)
