"""A drive: one line of a program of constants, said in the same steps of every period."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from neuromorph.neurons.constant import Constant
from neuromorph.neurons.contract import Parameter, Range, State, Stepped
from neuromorph.neurons.registry import register
from neuromorph.numerics.interval import Interval

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
class Drive(Constant):
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
    def self_driven(self) -> bool:
        """Whether it waits for nothing."""
        return not self.waits

    def limits(self, domain: str) -> dict[str, Range]:
        """What each parameter may be."""
        return {"waits": (0, 1), **self.moments_within(domain)}

    def _step(self, state: State, a_in: NDArray[Any], t: int) -> Stepped:
        started = np.where(a_in != 0, 1, state["started"])
        speaks = self.due(t) & ((started != 0) | (self.waits == 0))
        return {"started": started}, np.where(speaks, self.payload, 0)

    def payloads(self, size: int, arrived: Mapping[str, Interval]) -> Interval:
        """The constant, whatever arrives; one that waits may be silent."""
        return self.widest(size) if self.waits else self._constant(size)
