"""Counters: programmable neurons that act at given steps of a period, and are silent otherwise."""

from __future__ import annotations

from abc import ABC
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from neuromorph.errors import NetworkError
from neuromorph.neurons.contract import NeuronModel, Parameter, Range
from neuromorph.numerics.interval import Interval
from neuromorph.numerics.limits import STATE_MAX

PERIOD_MAX = 1 << 16

LARGEST_FLOAT = 2.0**53
"""Of a limit in floats: whole numbers are exact below."""

AT_ONCE = 0
"""A period of a neuron that waits for no step."""


def acts(step: int, period: Parameter, at: Parameter) -> NDArray[np.bool_]:
    """Whether a neuron acts in a step: step mod period = at; always, for a period of 0 or 1."""
    due: NDArray[np.bool_] = np.asarray(step % max(period, 1) == at)
    return due


def silent_unless(due: NDArray[np.bool_], sent: NDArray[Any]) -> NDArray[Any]:
    """What is sent, where it is due."""
    return np.where(due, sent, np.zeros_like(sent))


@dataclass(frozen=True, eq=False)
class Counted(NeuronModel, ABC):
    """Base of models that send payloads within +-``limit``, in step ``at`` of a ``period``.

    A model declares the three among its own parameters, where they belong in order.
    """

    whole: ClassVar[tuple[str, ...]] = ("shift", "period", "at")

    @property
    def _limit(self) -> int:
        return int(self.parameters()["limit"])

    @property
    def _counter(self) -> tuple[int, Parameter]:
        numbers = self.parameters()
        return numbers["period"], numbers["at"]

    @property
    def payload_bits(self) -> int:
        """Width of what is sent, with its sign."""
        return self._limit.bit_length() + 1

    @property
    def timed(self) -> bool:
        """Whether it counts steps."""
        return self._counter[0] > 1

    @property
    def counts(self) -> int:
        """Its period."""
        return max(int(self._counter[0]), 1)

    def later(self, steps: int) -> NeuronModel:
        """The model that acts so many steps later."""
        period, at = self._counter
        if period <= 1:
            return self
        return self.with_parameters(at=(np.asarray(at) + steps) % period)

    def due(self, step: int) -> NDArray[np.bool_]:
        """Which neurons act in a step."""
        return acts(step, *self._counter)

    def widest(self, size: int) -> Interval:
        """Up to the limit."""
        return Interval.same(size, -self._limit, self._limit)

    def check(self, where: str, size: int, domain: str) -> None:
        """Besides the limits: the step is one of the period."""
        super().check(where, size, domain)
        period, at = self._counter
        if np.any(np.asarray(at) >= max(period, 1)):
            raise NetworkError("a neuron acts at a step that its period does not have",
                               where=where, found=int(np.max(at)),
                               expected=f"0 to {max(period, 1) - 1}")


def counted_limits(domain: str, shortest: int = 1) -> dict[str, Range]:
    """What limit, period and step may be."""
    limit = (1, STATE_MAX) if domain == "fixed" else (0, LARGEST_FLOAT)
    return {"limit": limit, "period": (shortest, PERIOD_MAX), "at": (0, PERIOD_MAX - 1)}
