"""A learning rule as data: Loihi's sums of products, and how the traces behave."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property
from numbers import Integral, Real
from typing import Literal, TypeAlias

from neuromorph.errors import LearningRuleError
from neuromorph.learning.parse import parse_series
from neuromorph.learning.terms import Term
from neuromorph.numerics.limits import TRACE_MAX

Payload: TypeAlias = Literal["impulse", "overwrite"]
Sign: TypeAlias = Literal["mixed", "excitatory", "inhibitory"]

TRACES = ("x1", "x2", "y1", "y2", "y3")
LONGEST_EPOCH = 63


@dataclass(frozen=True)
class LearningRule:
    """How the weights and tags of a plastic projection change.

    ::

        x_n <- x_n e^(-1/tau) + impulse at a presynaptic spike       (y_n: postsynaptic)
        w <- w + sum of the products in dw         at the end of each epoch
        t <- t + sum of the products in dt         (both from the values before)

    A product is a constant m 2^e times one condition (``x0``: there was a presynaptic spike,
    ``y0``: a postsynaptic one, ``u3``: every 2^3 epochs) times traces ``x1 x2 y1 y2 y3``, the
    weight ``w``, the tag ``t``, ``(x1 + 3)`` or ``sgn(t - 100)``. A trace under ``x0`` or
    ``y0`` has its value at that spike. Example: ``dw="2^-1*x1*y0 - 2^-5*w*u0"``.

    Attributes
    ----------
    dw, dt : str
        Rules of weight and tag; empty for none. One of them must say something.
    x1_impulse, …, y3_impulse : float
        What a spike adds, 0 to 127. In the fixed domain a fraction f is rounded at random: up
        with probability min(1, 2 f), as lava-nc holds 8 bits of it against a draw of 7.
    x1_tau, …, y3_tau : float
        Time constants in steps; 0 keeps a trace for the step of its spike only, infinity
        for ever.
    epoch : int
        Steps between updates, 1 to 63.
    payload : {"impulse", "overwrite"}
        "overwrite": a graded presynaptic spike sets x1 to half its payload.
    sign : {"mixed", "excitatory", "inhibitory"}
        Dale's law: weights that may not change sign stop at zero.
    seed : int
        Of the random rounding in the fixed domain.

    Raises
    ------
    LearningRuleError
        At once, naming the term and the allowed form.
    """

    dw: str = ""
    dt: str = ""
    x1_impulse: float = 0
    x1_tau: float = math.inf
    x2_impulse: float = 0
    x2_tau: float = math.inf
    y1_impulse: float = 0
    y1_tau: float = math.inf
    y2_impulse: float = 0
    y2_tau: float = math.inf
    y3_impulse: float = 0
    y3_tau: float = math.inf
    epoch: int = 1
    payload: Payload = "impulse"
    sign: Sign = "mixed"
    seed: int = 0

    def __post_init__(self) -> None:
        """Parse and check; a rule that exists can run."""
        if not self.weight_terms and not self.tag_terms:
            raise LearningRuleError("a rule must change the weight or the tag", where="dw, dt")
        rates = {u for term in (*self.weight_terms, *self.tag_terms) for u in term.decimations}
        if len(rates) > 1:
            raise LearningRuleError("one rule has one u_k", where="dw, dt",
                                    found=", ".join(f"u{k}" for k in sorted(rates)))
        for name in TRACES:
            self._check_trace(name)
        self._check_choices()

    def _check_trace(self, name: str) -> None:
        impulse, tau = self.impulse(name), self.tau(name)
        for what, value in (("impulse", impulse), ("tau", tau)):
            if isinstance(value, bool) or not isinstance(value, Real):
                raise LearningRuleError("this must be a number", where=f"{name}_{what}",
                                        found=repr(value))
        if not 0 <= impulse <= TRACE_MAX:
            raise LearningRuleError("a trace has 7 bits: this impulse would saturate it",
                                    where=f"{name}_impulse", found=impulse,
                                    expected=f"0 to {TRACE_MAX}")
        if not tau >= 0:  # also NaN
            raise LearningRuleError("a time constant must not be negative", where=f"{name}_tau",
                                    found=tau)

    def _check_choices(self) -> None:
        if self.payload not in ("impulse", "overwrite"):
            raise LearningRuleError("unknown use of the payload", where="payload",
                                    found=self.payload, expected="impulse or overwrite")
        if self.payload == "overwrite" and self.x1_impulse:
            raise LearningRuleError("a payload that overwrites x1 leaves it no impulse",
                                    where="x1_impulse", found=self.x1_impulse, expected=0)
        if self.sign not in ("mixed", "excitatory", "inhibitory"):
            raise LearningRuleError("unknown sign", where="sign", found=self.sign,
                                    expected="mixed, excitatory or inhibitory")
        if not _is_whole(self.epoch) or not 1 <= self.epoch <= LONGEST_EPOCH:
            raise LearningRuleError("the epoch is out of range", where="epoch",
                                    found=repr(self.epoch), expected=f"1 to {LONGEST_EPOCH} steps")
        if not _is_whole(self.seed) or self.seed < 0:
            raise LearningRuleError("a seed is a whole number of at least 0", where="seed",
                                    found=repr(self.seed))

    @cached_property
    def weight_terms(self) -> tuple[Term, ...]:
        """The products of ``dw``."""
        return parse_series("dw", self.dw)

    @cached_property
    def tag_terms(self) -> tuple[Term, ...]:
        """The products of ``dt``."""
        return parse_series("dt", self.dt)

    @property
    def decimation(self) -> int | None:
        """k of the rule's u_k, or None."""
        terms = (*self.weight_terms, *self.tag_terms)
        return next((k for term in terms for k in term.decimations), None)

    def impulse(self, trace: str) -> float:
        """Impulse of the trace of that name."""
        value: float = getattr(self, f"{trace}_impulse")
        return value

    def tau(self, trace: str) -> float:
        """Time constant of the trace of that name."""
        value: float = getattr(self, f"{trace}_tau")
        return value

    def keeps(self, trace: str) -> float:
        """e^(-1/tau): what is left of the trace after a step."""
        tau = self.tau(trace)
        return math.exp(-1 / tau) if tau else 0.0


def _is_whole(value: object) -> bool:
    return isinstance(value, Integral) and not isinstance(value, bool)
