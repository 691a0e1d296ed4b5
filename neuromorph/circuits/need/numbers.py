"""The numbers of a layer whose errors regulate its rate, and its clock."""

from __future__ import annotations

from dataclasses import dataclass

from neuromorph.errors import UsageError
from neuromorph.neurons.regulator import Regulator
from neuromorph.numerics.limits import TRACE_MAX

PERIOD = 4
"""Steps a lesson."""

ASK_AT, SUM_AT, TEACH_AT = 0, 1, 2
"""Features ask; the sums come, and whether the guess was wrong is said; the lesson."""

SENT_MAX = 2 * TRACE_MAX
"""Of a feature: half of it is a trace."""

LEAST = 2
"""Of a feature: a payload of 0 is no spike, and would leave the trace of the lesson before."""

WRONG, WRONG_EXPONENT = 138, 3
"""What an error adds to a trace: V / 10, where V^2 is 29 4 2^20; 138 2^3 = 1104."""

FASTEST, SLOWEST = 13, 17

KEPT = Regulator()
"""What the trace of errors is like, whatever the base."""


@dataclass(frozen=True)
class Need:
    """A layer of weights that are 0 at first.

    ::

        v <- trunc(v (4096 - dv) / 4096) + 1104 [wrong]
        n =  min(base + floor(v^2 / 2^20), 127)
        w <- w + 2^-slowness n x (more - less)                  x: half of a feature

    Attributes
    ----------
    features, neurons : int
    base : int
        Rate without errors, 1 to 127.
    regulated : bool
        Whether errors raise it; else it is constant.
    slowness : int
        13 to 17: with 13 a product still fits the accumulator.

    Raises
    ------
    UsageError
        Naming what does not fit.
    """

    features: int
    neurons: int
    base: int = 4
    regulated: bool = True
    slowness: int = 16

    def __post_init__(self) -> None:
        for name, low, high in (("features", 1, None), ("neurons", 1, None),
                                ("base", 1, TRACE_MAX), ("slowness", FASTEST, SLOWEST)):
            value = getattr(self, name)
            if isinstance(value, bool) or value < low or (high is not None and value > high):
                raise UsageError("this makes no layer", where=f"need, {name}", found=value,
                                 expected=f"at least {low}" if high is None else f"{low} to {high}")

    @property
    def regulator(self) -> Regulator:
        """The neuron that says the rate; a constant one hears no error."""
        return Regulator(dv=KEPT.dv, base=self.base, shift=KEPT.shift, limit=TRACE_MAX,
                         period=PERIOD, at=TEACH_AT)
