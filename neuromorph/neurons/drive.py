"""A drive: one line of a program of constants, said in the same steps of every period."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from neuromorph.neurons.contract import A_IN, Arrived, Parameter, Range, State, Stepped
from neuromorph.neurons.counter import PERIOD_MAX, Counted
from neuromorph.neurons.registry import register
from neuromorph.numerics.interval import Interval
from neuromorph.numerics.limits import STATE_MAX

PAYLOAD, STEPS, WAITS, PERIOD, AT = range(5)


def _kernel(own: Any, state: Any, arrived: Any, i: int, last: int, t: int) -> int:
    if arrived[i, 0] != 0:
        state[i, 0] = 1
    if own[i, WAITS] and state[i, 0] == 0:
        return 0
    if (t - own[i, AT]) % own[i, PERIOD] >= own[i, STEPS]:
        return 0
    sent: int = own[i, PAYLOAD]
    return sent


@register
@dataclass(frozen=True, eq=False)
class Drive(Counted):
    """Neuron of a programmable core that says a constant in some steps of every period.

    ::

        s[t] = payload      where (t - at) mod period < steps, else 0

    A neuron is one line of a program: what a population sends to one neuron is a table of
    constants by step, ``sum_j payload_j [(t - at_j) mod period < steps_j]``. One that waits is
    silent until something arrives for the first time, and speaks in that very step if it is due.

    Attributes
    ----------
    payload : int or float
        24 bits, signed. One number, or one a neuron.
    steps : int
        How many steps it speaks, from ``at`` on. One number, or one a neuron.
    waits : int
        0 or 1: whether it waits for a start.
    period, at : int
        ``at`` may be an array.
    """

    payload: Parameter = 1
    steps: Parameter = 1
    waits: int = 0
    period: int = 1
    at: Parameter = 0

    words: ClassVar[tuple[str, ...]] = ("started",)
    records: ClassVar[tuple[str, ...]] = ("spikes", "started")
    by_neuron: ClassVar[tuple[str, ...]] = ("payload", "steps", "at")
    whole: ClassVar[tuple[str, ...]] = ("steps", "waits", "period", "at")
    at_once: ClassVar[bool] = True
    process: ClassVar[str] = "neuromorph.processes.drive.process:Drive"
    kernel = staticmethod(_kernel)

    @property
    def payload_bits(self) -> int:
        """Width of the largest constant, with its sign."""
        return int(np.max(np.abs(self.payload))).bit_length() + 1

    @property
    def self_driven(self) -> bool:
        """Whether it waits for nothing."""
        return not self.waits

    def limits(self, domain: str) -> dict[str, Range]:
        """What each parameter may be."""
        payload = (-STATE_MAX, STATE_MAX) if domain == "fixed" else (-np.inf, np.inf)
        own = self.moments_within(domain)
        del own["limit"]
        return {"payload": payload, "steps": (1, PERIOD_MAX), "waits": (0, 1), **own}

    def _step(self, state: State, a_in: NDArray[Any], t: int) -> Stepped:
        started = np.where(a_in != 0, 1, state["started"])
        speaks = self.due(t) & ((started != 0) | (self.waits == 0))
        return {"started": started}, np.where(speaks, self.payload, 0)

    def step_fixed(self, state: State, arrived: Arrived, t: int) -> Stepped:
        """s as above."""
        return self._step(state, arrived[A_IN], t)

    def step_float(self, state: State, arrived: Arrived, t: int) -> Stepped:
        """s as above."""
        return self._step(state, arrived[A_IN], t)

    def due(self, step: int) -> NDArray[np.bool_]:
        """In so many steps."""
        return np.asarray(self.since(step) < self.steps)

    def widest(self, size: int) -> Interval:
        """The constant, or silence."""
        payload = np.broadcast_to(np.asarray(self.payload, np.int64), size)
        return Interval(np.minimum(payload, 0), np.maximum(payload, 0))

    def payloads(self, size: int, arrived: Mapping[str, Interval]) -> Interval:
        """The constant, whatever arrives; one that waits may be silent."""
        if self.waits:
            return self.widest(size)
        payload = np.broadcast_to(np.asarray(self.payload, np.int64), size)
        return Interval(payload, payload)
