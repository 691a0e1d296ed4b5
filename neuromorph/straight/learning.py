"""A learning rule's step as straight-line code, all random rounding by integer draws."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from neuromorph.learning import LearningRule, make_draws
from neuromorph.learning.arithmetic import FRACTION_BITS, SYNAPSE_SHIFT, WEIGHT_BOUNDS
from neuromorph.learning.terms import ACCUMULATOR_BITS, Factor, Term
from neuromorph.numerics.limits import TAG_MAX, TAG_MIN, TRACE_MAX
from neuromorph.shown import Shown
from neuromorph.straight.code import Code, Node
from neuromorph.straight.operations import Span

RECEIVED_MAX = 255
"""Largest trace that a payload leaves."""

DRAW_BITS = 53
"""Of a random fraction."""

DRAWS = ("draw_x", "draw_y", "draw_x_impulse", "draw_y_impulse", "draw_y_again", "draw_synapse")
"""Columns of `draws_of`."""

TRACES = ("x1", "x2", "y1", "y2", "y3")


class Kept(NamedTuple):
    """What a projection keeps, by name, and whether it is of the pre side or the post side."""

    name: str
    shape: str


KEPT = (Kept("w", "both"), Kept("tags", "both"), Kept("x1", "pre"), Kept("x2", "pre"),
        Kept("y1", "post"), Kept("y2", "post"), Kept("y3", "post"), Kept("x_spike", "pre"),
        Kept("y_spike", "post"))


@dataclass(frozen=True, eq=False, repr=False)
class Learned(Shown):
    """What a projection keeps after a step.

    ::

        given: w, tags of shape (post, pre); x1, x2, pre of (pre,); y1, y2, y3, post of (post,),
               third1, third2, third3 alike, of a rule with a third factor; the `DRAWS`; t;
               x_spike, y_spike: step of the last spike within the epoch

    Attributes
    ----------
    kept : mapping of name to Node
        New values, of those names of `KEPT` that change.
    """

    kept: Mapping[str, Node]


def draws_of(rule: LearningRule, steps: int) -> NDArray[np.int64]:
    """The random numbers of a run as integers, shape (steps, 6), columns as in `DRAWS`.

    ::

        draw < f  of fractions  =  floor(draw 2^53) < ceil(f 2^53)
    """
    found = make_draws(rule.seed, steps, rule.epoch)
    fractions = [np.ldexp(one, DRAW_BITS) for one in (found.x_decay, found.y_decay)]
    synapse = np.append(found.synapse, 0.0)[np.arange(steps) // rule.epoch]
    columns: NDArray[np.int64] = np.stack(
        [*fractions, found.x_impulse, found.y_impulse, found.y_again,
         np.floor(np.ldexp(synapse, SYNAPSE_SHIFT))], axis=1).astype(np.int64)
    return columns


def learned(rule: LearningRule, spans: Mapping[str, Span], *, modulated: bool) -> Learned:
    """The step of a rule: it notes spikes, and at an epoch's end it learns from them.

    Parameters
    ----------
    rule : LearningRule
    spans : mapping of name to (lowest, highest)
        Of ``pre``, ``post``, and ``third1`` to ``third3``.
    modulated : bool
        Whether it has a third factor.
    """
    return _Rule(rule, spans, modulated=modulated).learned()


class _Rule:
    """One rule's operations."""

    def __init__(
        self, rule: LearningRule, spans: Mapping[str, Span], *, modulated: bool
    ) -> None:
        self.rule, self.modulated, self.code = rule, modulated, Code()
        self.spans = {"w": WEIGHT_BOUNDS[rule.sign], "tags": (TAG_MIN, TAG_MAX),
                      **dict.fromkeys(("x1", "x2"), (0, RECEIVED_MAX)),
                      **dict.fromkeys(("y1", "y2", "y3"), (0, TRACE_MAX)),
                      **dict.fromkeys(("x_spike", "y_spike"), (0, rule.epoch)),
                      **dict.fromkeys(("draw_x", "draw_y"), (0, (1 << DRAW_BITS) - 1)),
                      **dict.fromkeys(DRAWS[2:], (0, TRACE_MAX)), **spans}
        t = self.code.leaf("t", 0, 0, 2**31 - 2, wide=False)
        self.within = self.code("add", self.code("mod", t, rule.epoch), 1)
        self.epoch = self.code("add", self.code("div", t, rule.epoch), 1)
        self.ends = self.code("eq", self.within, rule.epoch)
        self.spiked = {side: self.code("not", self.code("eq", self.given(name), 0))
                       for side, name in (("x", "pre"), ("y", "post"))}
        self.spiked_at = {side: self._spiked_at(side) for side in "xy"}

    def given(self, name: str) -> Node:
        """What comes from outside."""
        return self.code.leaf("given", name, *self.spans[name],
                              wide=not name.startswith("draw_"))

    def learned(self) -> Learned:
        """All that is kept, after the step."""
        terms = (*self.rule.weight_terms, *self.rule.tag_terms)
        heard = {factor.variable for term in terms for factor in term.factors}
        traces = {name: self.history(name) for name in TRACES if name in heard}
        kept = {name: self.code("where", self.ends, history[-1], history[0])
                for name, history in traces.items() if not self.held(name)}
        if self.rule.epoch > 1:
            kept |= {f"{side}_spike": self.code("where", self.ends, 0, at)
                     for side, at in self.spiked_at.items()}
        if self.rule.weight_terms:
            low, high = WEIGHT_BOUNDS[self.rule.sign]
            kept["w"] = self.clip(self.sum("w", self.rule.weight_terms, traces), low, high)
        if self.rule.tag_terms:
            tags = self.sum("tags", self.rule.tag_terms, traces)
            kept["tags"] = self.clip(tags, TAG_MIN, TAG_MAX)
        return Learned(kept)

    # --- traces

    def _spiked_at(self, side: str) -> Node:
        """Step of the last spike within the epoch, from 1; 0 for none."""
        before = self.given(f"{side}_spike") if self.rule.epoch > 1 else 0
        return self.code("where", self.spiked[side], self.within, before)

    def here(self, side: str, within: int) -> Node:
        """Which spiked last in that step of the epoch."""
        return self.spiked[side] if self.rule.epoch == 1 else (
            self.code("eq", self.spiked_at[side], within))

    def held(self, name: str) -> bool:
        """Whether it is a third factor."""
        return self.modulated and name.startswith("y")

    def history(self, name: str) -> list[Node]:
        """A trace at the epoch's start, and after each of its steps: it decays, a spike adds."""
        side, found = name[0], [self.noted(name)]
        for within in range(1, self.rule.epoch + 1):
            faded = found[-1] if self.held(name) else self.decayed(name, found[-1])
            risen = self.risen(name, faded, self.given(f"draw_{side}_impulse"))
            found.append(self.code("where", self.here(side, within), risen, faded))
        return found

    def noted(self, name: str) -> Node:
        """A trace as it is; or what a payload, or a second spike in an epoch, makes of it."""
        side = name[0]
        if self.held(name):
            return self.given(f"third{name[1]}")
        trace, spiked = self.given(name), self.spiked[side]
        if name == "x1" and self.rule.payload == "overwrite":
            return self.code("where", spiked, self.received(), trace)
        if self.rule.epoch == 1:
            return trace
        again = self.code("both", spiked, self.code("lt", 0, self.given(f"{side}_spike")))
        draw = self.given("draw_y_again") if side == "y" else self.code.const(0)
        return self.code("where", again, self.risen(name, trace, draw), trace)

    def received(self) -> Node:
        """Half the payload, to even, in 8 bits."""
        code, pre = self.code, self.given("pre")
        odd = code("and", code("shr", pre, 1), 1)
        return code("and", code("shr", code("add", pre, odd), 1), RECEIVED_MAX)

    def risen(self, name: str, trace: Node, draw: Node) -> Node:
        """A trace and its impulse, whose fraction has 8 bits."""
        impulse = self.rule.impulse(name)
        whole = math.floor(impulse)
        fraction = round((impulse - whole) * (1 << FRACTION_BITS))
        up = self.code("where", self.code("lt", draw, fraction), 1, 0)
        return self.clip(self.code("add", trace, self.code("add", up, whole)), 0, TRACE_MAX)

    def decayed(self, name: str, trace: Node) -> Node:
        """floor(keep x), and one more where the fraction exceeds the draw."""
        keep = self.rule.keeps(name)
        if keep in (0.0, 1.0):
            return trace if keep else self.code.const(0)
        exact = keep * np.arange(RECEIVED_MAX + 1)
        whole = np.floor(exact)
        fraction = np.ceil(np.ldexp(exact - whole, DRAW_BITS))
        code, tables = self.code, [one.astype(np.int64) for one in (whole, fraction)]
        kept, left = (code("take", code.const(table), trace) for table in tables)
        draw = self.given(f"draw_{name[0]}")
        return code("add", kept, code("where", code("lt", draw, left), 1, 0))

    def at_spike(self, name: str, history: list[Node], condition: str) -> Node:
        """A trace's value at the spike of the condition; of no spike it does not matter."""
        column = name.startswith("y")
        values = [self.code("column", one) if column else one for one in history]
        if condition == "u" or self.rule.epoch == 1:
            return values[-1]
        at = self.spiked_at[condition[0]]
        at = self.code("column", at) if condition == "y0" else at
        found = values[-1]
        for within in range(self.rule.epoch - 1, 0, -1):
            found = self.code("where", self.code("eq", at, within), values[within], found)
        return found

    # --- synapses

    def sum(
        self, name: str, terms: tuple[Term, ...], traces: Mapping[str, list[Node]]
    ) -> Node:
        """At an epoch's end the sum of the products, rounded at random."""
        code, old = self.code, self.given(name)
        total, some = code("shl", old, SYNAPSE_SHIFT), code.const(0)
        for term in terms:
            holds = self.condition(term.condition, term.decimation)
            due = code("any", holds)
            product = code("where", holds, term.mantissa, 0)
            for factor in term.factors:
                product = code("mul", product, self.factor(factor, term.condition, traces))
            product = self.accumulated(code("shl", code("shr", product, term.right_shift),
                                            term.left_shift))
            total = code("where", due, self.accumulated(code("add", product, total)), total)
            some = code("either", some, due)
        fraction = code("and", total, (1 << SYNAPSE_SHIFT) - 1)
        up = code("where", code("lt", self.given("draw_synapse"), fraction), 1, 0)
        learns = code("both", self.ends, some)
        return code("where", learns, code("add", code("shr", total, SYNAPSE_SHIFT), up), old)

    def condition(self, condition: str, decimation: int | None = None) -> Node:
        """Which synapses a term is of: of those that spiked, or all, now and then."""
        if condition == "u":
            return self.code("eq", self.code("mod", self.epoch, 1 << (decimation or 0)), 0)
        side = condition[0]
        spiked = self.spiked[side] if self.rule.epoch == 1 else (
            self.code("lt", 0, self.spiked_at[side]))
        return self.code("column", spiked) if side == "y" else spiked

    def factor(
        self, factor: Factor, condition: str, traces: Mapping[str, list[Node]]
    ) -> Node:
        """A factor's value, within its bits."""
        code, name = self.code, factor.variable
        if name == "w":
            value = self.given("w")
        elif name == "t":
            value = self.given("tags") if self.rule.tag_terms else code.const(0)
        elif name in ("x0", "y0"):
            value = code("where", self.condition(name), 1, 0)
        else:
            value = self.at_spike(name, traces[name], condition)
        value = code("add", value, factor.constant)
        if factor.sign:
            value = code("where", code("lt", 0, value), 1,
                         code("where", code("lt", value, 0), -1, 0))
        limit = 1 << factor.width
        return self.clip(value, -limit, limit - 1)

    def accumulated(self, value: Node) -> Node:
        """Within the accumulator."""
        limit = 1 << ACCUMULATOR_BITS
        return self.clip(value, -limit - 1, limit - 1)

    def clip(self, value: Node, low: int, high: int) -> Node:
        """Within two numbers."""
        return self.code("min", self.code("max", value, low), high)
