"""A product of two inputs: gates, rotations, squares."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from neuromorph.neurons.contract import (
    Arrived,
    Parameter,
    Range,
    Register,
    State,
    Stepped,
)
from neuromorph.neurons.counter import Counted, counted_limits, silent_unless
from neuromorph.neurons.registry import register
from neuromorph.numerics import saturate, shift
from neuromorph.numerics.interval import Interval
from neuromorph.numerics.limits import DECAY_UNITY, PRODUCT_BITS, STATE_MAX
from neuromorph.numerics.scalar import clip_one, saturate_one
from neuromorph.shapes import Float64, Int64, Integer, Num

SHIFT, LIMIT, PERIOD, AT = range(4)


def step_product_fixed(
    a: Annotated[Integer, "*shape"], b: Annotated[Integer, "*shape"], *, shift: int, limit: int
) -> Annotated[Int64, "*shape"]:
    """s = clip((sat24(a) sat24(b)) >> shift, -limit, limit), towards minus infinity."""
    return np.clip((saturate(a) * saturate(b)) >> shift, -limit, limit)


def step_product_float(
    a: Annotated[Num, "*shape"], b: Annotated[Num, "*shape"], *, limit: float
) -> Annotated[Float64, "*shape"]:
    """s = clip(a b, -limit, limit)."""
    sent: NDArray[np.float64] = np.clip(a.astype(np.float64) * b, -limit, limit)
    return sent


def _kernel(own: Any, state: Any, arrived: Any, i: int, last: int, t: int) -> int:
    if t % own[i, PERIOD] != own[i, AT]:
        return 0
    product = saturate_one(arrived[i, 0]) * saturate_one(arrived[i, 1])
    return clip_one(product >> own[i, SHIFT], own[i, LIMIT])


@register
@dataclass(frozen=True, eq=False)
class Product(Counted):
    """Neuron of a programmable core that multiplies what arrives at its two ports in a step.

    ::

        s[t] = clip((a[t] b[t]) >> shift, -limit, limit)       where t mod period = at, else 0

    a and b are sums of 24 bits, saturated; the product has 48. The shift is towards minus
    infinity. In the ``float`` domain nothing is shifted.

    Attributes
    ----------
    shift : int
        0 to 47.
    limit : int or float
        Largest magnitude that is sent, 1 to 2^23 - 1.
    period, at : int
        Step of a period in which it acts; every step if left out. ``at`` may be an array, one
        number a neuron.
    """

    shift: int = 0
    limit: float = STATE_MAX
    period: int = 1
    at: Parameter = 0

    ports: ClassVar[tuple[str, ...]] = ("a", "b")
    words: ClassVar[tuple[str, ...]] = ()
    records: ClassVar[tuple[str, ...]] = ("spikes",)
    by_neuron: ClassVar[tuple[str, ...]] = ("at",)
    operations: ClassVar[Mapping[str, int]] = {"multiply": 1}
    at_once: ClassVar[bool] = True
    process: ClassVar[str] = "neuromorph.processes.product.process:Product"
    kernel = staticmethod(_kernel)

    def limits(self, domain: str) -> dict[str, Range]:
        """What each parameter may be."""
        return {"shift": (0, 0 if domain == "float" else PRODUCT_BITS - 1),
                **counted_limits(domain)}

    def step_fixed(self, state: State, arrived: Arrived, t: int) -> Stepped:
        """s as above."""
        sent = step_product_fixed(arrived["a"], arrived["b"], shift=int(self.shift),
                                  limit=int(self.limit))
        return state, silent_unless(self.due(t), sent)

    def step_float(self, state: State, arrived: Arrived, t: int) -> Stepped:
        """s = clip(a b, -limit, limit)."""
        sent = step_product_float(arrived["a"], arrived["b"], limit=self.limit)
        return state, silent_unless(self.due(t), sent)

    def overflows(self, before: State, after: State, arrived: Arrived, t: int) -> int:
        """Neurons for which a or b saturated in a step in which they act."""
        beyond = (np.abs(arrived["a"]) > STATE_MAX) | (np.abs(arrived["b"]) > STATE_MAX)
        return int(np.count_nonzero(beyond & self.due(t)))

    def payloads(self, size: int, arrived: Mapping[str, Interval]) -> Interval:
        """The product of the intervals, shifted and clipped."""
        low, high = _products(arrived)
        limit = int(self.limit)
        return Interval(np.clip(shift(low, -int(self.shift)), -limit, limit),
                        np.clip(shift(high, -int(self.shift)), -limit, limit))

    @property
    def asked_at(self) -> tuple[str, ...]:
        """Silence in, silence out."""
        return self.ports

    def registers(self, size: int) -> tuple[Register, ...]:
        """The two sums; the product of two that are saturated always fits its 48 bits."""
        return tuple(Register("sum", DECAY_UNITY, 0, -STATE_MAX, STATE_MAX, port=port)
                     for port in self.ports)


def _products(arrived: Mapping[str, Interval]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Least and largest product of what 24 bits hold of two intervals, which both hold 0."""
    corners = [saturate(a) * saturate(b) for a in arrived["a"] for b in arrived["b"]]
    return np.minimum.reduce(corners), np.maximum.reduce(corners)
