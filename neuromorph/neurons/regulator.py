"""A leaky trace of errors that sends a learning rate, which rises with its square."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from neuromorph.neurons.contract import (
    A_IN,
    Arrived,
    Parameter,
    Range,
    Register,
    State,
    Stepped,
    decays,
)
from neuromorph.neurons.counter import LARGEST_FLOAT, Counted, silent_unless
from neuromorph.neurons.registry import register
from neuromorph.numerics import decay, saturate
from neuromorph.numerics.interval import Interval
from neuromorph.numerics.limits import DECAY_UNITY, PRODUCT_BITS, STATE_MAX
from neuromorph.numerics.scalar import decay_one, saturate_one

DV, BASE, SHIFT, LIMIT, PERIOD, AT = range(6)


def _kernel(own: Any, state: Any, arrived: Any, i: int, last: int, t: int) -> int:
    due = t % own[i, PERIOD] == own[i, AT]
    kept = decay_one(state[i, 0], own[i, DV]) if due else state[i, 0]
    trace = max(0, saturate_one(kept + arrived[i, 0]))
    state[i, 0] = trace
    if not due:
        return 0
    sent: int = min(own[i, BASE] + (trace * trace >> own[i, SHIFT]), own[i, LIMIT])
    return sent


@register
@dataclass(frozen=True, eq=False)
class Regulator(Counted):
    """Neuron of a programmable core that raises what it sends while errors go on.

    ::

        v[t] = clip(trunc(v[t-1] (4096 - dv) / 4096) + a_in[t], 0, 2^23 - 1)
                                                    it leaks where t mod period = at only
        s[t] = min(base + floor(v[t]^2 / 2^shift), limit)       there, else 0

    A trace has 7 bits, so with a limit of 127 it is a third factor as it is: the rate of
    `regulated_delta`. With an input of V / 10 for an error, dv = 410 and 2^shift = V^2 / (29 base)
    it is ``E <- .9 E + .1 error``, ``rate = base (1 + 29 E^2)``, where v = V E. In floats nothing
    is rounded, and v has no upper end.

    Attributes
    ----------
    dv : int or float
        What of the trace is lost in a period: of 4096 (fixed), or a share.
    base : int or float
        What it sends without errors, 0 to 2^23 - 1.
    shift : int
        0 to 47.
    limit : int or float
        The most that it sends, 1 to 2^23 - 1.
    period, at : int
        When it leaks and sends; ``at`` may be an array.
    """

    dv: float = 410
    base: float = 4
    shift: int = 20
    limit: float = 127
    period: int = 1
    at: Parameter = 0

    by_neuron: ClassVar[tuple[str, ...]] = ("at",)
    operations: ClassVar[Mapping[str, int]] = {"multiply": 1}
    at_once: ClassVar[bool] = True
    process: ClassVar[str] = "neuromorph.processes.regulator.process:Regulator"
    kernel = staticmethod(_kernel)

    @property
    def self_driven(self) -> bool:
        """Whether it sends something without errors."""
        return bool(self.base)

    def limits(self, domain: str) -> dict[str, Range]:
        """What each parameter may be."""
        most = STATE_MAX if domain == "fixed" else LARGEST_FLOAT
        return {"dv": decays(domain), "base": (0, most), "shift": (0, PRODUCT_BITS - 1),
                **self.moments_within(domain)}

    def step_fixed(self, state: State, arrived: Arrived, t: int) -> Stepped:
        """v and s as above."""
        due, before = self.due(t), state["v"].astype(np.int64)
        kept = np.where(due, decay(before, int(self.dv)), before)
        v = np.maximum(saturate(kept + arrived[A_IN]), 0)
        return {"v": v}, silent_unless(due, self._sent(v))

    def step_float(self, state: State, arrived: Arrived, t: int) -> Stepped:
        """v and s as above, not rounded."""
        due = self.due(t)
        v = np.maximum(np.where(due, 1 - self.dv, 1.0) * state["v"] + arrived[A_IN], 0.0)
        sent = np.minimum(self.base + v**2 * 2.0**-self.shift, self.limit)
        return {"v": v}, silent_unless(due, sent)

    def _sent(self, v: NDArray[Any]) -> NDArray[np.int64]:
        sent: NDArray[np.int64] = np.minimum(int(self.base) + (v * v >> int(self.shift)),
                                             self._limit)
        return sent

    def overflows(self, before: State, after: State, arrived: Arrived, t: int) -> int:
        """Neurons whose trace is at its upper end."""
        return int(np.count_nonzero(after["v"] >= STATE_MAX))

    def widest(self, size: int) -> Interval:
        """0 to the limit."""
        return Interval.same(size, 0, self._limit)

    def registers(self, size: int) -> tuple[Register, ...]:
        """The trace, which it cuts off itself; one that waits to leak is not bounded by leaking."""
        return (Register("potential", int(self.dv) if self.counts == 1 else 0, 0,
                         -DECAY_UNITY * STATE_MAX, STATE_MAX - 1, clips=True),)
