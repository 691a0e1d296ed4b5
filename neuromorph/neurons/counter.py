"""Counters: programmable neurons that act at given steps of a period, and are silent otherwise."""

from __future__ import annotations

from abc import ABC
from dataclasses import dataclass
from itertools import combinations
from typing import Annotated, Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from neuromorph.errors import NetworkError
from neuromorph.neurons.contract import Accumulator, NeuronModel, Parameter, Range, Register
from neuromorph.numerics.interval import Interval
from neuromorph.numerics.limits import DECAY_UNITY, STATE_MAX
from neuromorph.shapes import Bool, Num

PERIOD_MAX = 1 << 16

LARGEST_FLOAT = 2.0**53
"""Of a limit in floats: whole numbers are exact below."""

AT_ONCE = 0
"""A period of a neuron that waits for no step."""


def acts(step: int, period: Parameter, at: Parameter) -> Annotated[Bool, "..."]:
    """Whether a neuron acts in a step: step mod period = at; always, for a period of 0 or 1."""
    due: NDArray[np.bool_] = np.asarray(step % max(period, 1) == at)
    return due


def silent_unless(
    due: Annotated[Bool, "..."], sent: Annotated[Num, "size"]
) -> Annotated[Num, "size"]:
    """What is sent, where it is due."""
    return np.where(due, sent, np.zeros_like(sent))


@dataclass(frozen=True, eq=False)
class Counted(NeuronModel, ABC):
    """Base of models that act at given steps of a ``period`` and send payloads within +-``limit``.

    A model declares both among its own parameters, where they belong in order, and so the steps
    that it names in `moments`; in step ``at`` it sends.

    Attributes
    ----------
    moments : tuple of str
        Parameters that are steps of the period.
    arrivals : tuple of str
        Those of them in which inputs come: no two are the same step.
    shortest : int
        Steps that a period has at the least.
    """

    moments: ClassVar[tuple[str, ...]] = ("at",)
    arrivals: ClassVar[tuple[str, ...]] = ()
    shortest: ClassVar[int] = 1
    whole: ClassVar[tuple[str, ...]] = ("shift", "period", "at")

    @property
    def _limit(self) -> int:
        return int(self.parameters()["limit"])

    @property
    def _period(self) -> int:
        return int(self.parameters()["period"])

    @property
    def payload_bits(self) -> int:
        """Width of what is sent, with its sign."""
        return self._limit.bit_length() + 1

    @property
    def timed(self) -> bool:
        """Whether it counts steps."""
        return self._period > 1

    @property
    def counts(self) -> int:
        """Its period."""
        return max(self._period, 1)

    def later(self, steps: int) -> NeuronModel:
        """The model that acts so many steps later."""
        if self.counts == 1:
            return self
        numbers = self.parameters()
        return self.with_parameters(**{name: (np.asarray(numbers[name]) + steps) % self.counts
                                       for name in self.moments})

    def is_moment(self, step: int, moment: str) -> Annotated[Bool, "..."]:
        """Which neurons have that moment in a step."""
        return acts(step, self._period, self.parameters()[moment])

    def since(self, step: int, moment: str = "at") -> Any:
        """Steps that have passed since that moment of the period, from 0."""
        return (step - self.parameters()[moment]) % self.counts

    def due(self, step: int) -> Annotated[Bool, "..."]:
        """Which neurons may send something in a step."""
        return self.is_moment(step, "at")

    def widest(self, size: int) -> Interval:
        """Up to the limit."""
        return Interval.same(size, -self._limit, self._limit)

    def check(self, where: str, size: int, domain: str) -> None:
        """Besides the limits: the steps are of the period, and each another one."""
        super().check(where, size, domain)
        steps = {name: self.parameters()[name] for name in self.moments}
        for at in steps.values():
            if np.any(np.asarray(at) >= self.counts):
                raise NetworkError("a neuron acts at a step that its period does not have",
                                   where=where, found=int(np.max(at)),
                                   expected=f"0 to {self.counts - 1}")
        for one, other in combinations(self.arrivals, 2):
            if np.any(steps[one] == steps[other]):
                raise NetworkError("two of a neuron's steps are the same, and would be one sum",
                                   where=where, found=f"{one} = {other} = {steps[one]}",
                                   expected="each input in a step of its own",
                                   hint="another delay, and another step")

    def moments_within(self, domain: str) -> dict[str, Range]:
        """What limit, period and steps may be."""
        return {**counted_limits(domain, self.shortest),
                **dict.fromkeys(self.moments, (0, PERIOD_MAX - 1))}


def within(name: Accumulator, room: int) -> Register:
    """A sum that has to stay within +-``room`` for nothing to be cut off.

    0 lets nothing arrive; below it, something is cut off even then.
    """
    most = max(room, -1)
    return Register(name, DECAY_UNITY, 0, -most, most, clips=name != "sum")


def counted_limits(domain: str, shortest: int = 1) -> dict[str, Range]:
    """What limit, period and step may be."""
    limit = (1, STATE_MAX) if domain == "fixed" else (0, LARGEST_FLOAT)
    return {"limit": limit, "period": (shortest, PERIOD_MAX), "at": (0, PERIOD_MAX - 1)}
