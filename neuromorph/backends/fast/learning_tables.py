"""Learning rules, traces and draws of all plastic projections, as the flat tables `learn` reads."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from neuromorph.learning import Draws, LearningRule, Term, make_draws
from neuromorph.learning.arithmetic import FRACTION_BITS, WEIGHT_BOUNDS
from neuromorph.learning.rule import TRACES
from neuromorph.network import Network
from neuromorph.network.model import THIRD

(WIRE, X_FIRST, Y_FIRST, EPOCH, OVERWRITE, LOW, HIGH, RATE, UNDER_X0, UNDER_Y0, TERM, TERM_END,
 THIRD_FACTOR) = range(13)
MODULATED = THIRD_FACTOR + len(THIRD)
ON_TAG, CONDITION, MANTISSA, RIGHT, LEFT, FACTORS, FACTOR = range(7)
CODE, CONSTANT, SGN, LIMIT = range(4)
X0, Y0, U = range(3)
X1, X2, Y1, Y2, Y3, WEIGHT, TAG, X0_FACTOR, Y0_FACTOR = range(9)
CODES = {"x1": X1, "x2": X2, "y1": Y1, "y2": Y2, "y3": Y3, "w": WEIGHT, "t": TAG,
         "x0": X0_FACTOR, "y0": Y0_FACTOR}
CONDITIONS = {"x0": X0, "y0": Y0, "u": U}


class Rules(NamedTuple):
    """The rules of all plastic projections, one row each; nothing of it changes in a run."""

    table: NDArray[np.int64]
    terms: NDArray[np.int64]
    keeps: NDArray[np.float64]
    whole: NDArray[np.int64]
    fraction: NDArray[np.int64]


class Traces(NamedTuple):
    """Traces of all plastic projections, one neuron after the other, and over one epoch."""

    x: NDArray[np.int64]
    y: NDArray[np.int64]
    x_spike: NDArray[np.int64]
    y_spike: NDArray[np.int64]
    x_history: NDArray[np.int64]
    y_history: NDArray[np.int64]
    x_quiet: NDArray[np.bool_]
    y_quiet: NDArray[np.bool_]


@dataclass(frozen=True)
class Plasticity:
    """All that `clock` needs to let weights learn."""

    rules: Rules
    dice: Draws
    traces: Traces


def flatten_plasticity(network: Network, first: dict[str, int], steps: int) -> Plasticity:
    """Lay the plastic projections of a network out for `learn`.

    Parameters
    ----------
    network : Network
    first : dict
        Index of each population's first neuron.
    steps : int
    """
    rows: list[list[int]] = []
    terms: list[tuple[int, Term]] = []
    rules: list[LearningRule] = []
    x_size, y_size = 0, 0
    for wire, p in enumerate(network.projections):
        if p.rule is None:
            continue
        post, pre = p.weights.shape
        series = (*p.rule.weight_terms, *p.rule.tag_terms)
        modulators = [-1 if name is None else first[name] for name in p.modulators]
        rate = -1 if p.rule.decimation is None else p.rule.decimation
        rows.append([wire, x_size, y_size, p.rule.epoch, int(p.rule.payload == "overwrite"),
                     *WEIGHT_BOUNDS[p.rule.sign], rate, *_uses(p.rule), len(terms),
                     len(terms) + len(series),
                     *modulators, int(p.modulated)])
        terms += [(int(i >= len(p.rule.weight_terms)), t) for i, t in enumerate(series)]
        rules.append(p.rule)
        x_size, y_size = x_size + pre, y_size + post
    longest = max((rule.epoch for rule in rules), default=0)
    return Plasticity(_rules(rows, terms, rules), _dice(rules, steps),
                      _traces(x_size, y_size, longest))


def _uses(rule: LearningRule) -> list[int]:
    """Whether there are terms under x0, and under y0."""
    conditions = {term.condition for term in (*rule.weight_terms, *rule.tag_terms)}
    return [int("x0" in conditions), int("y0" in conditions)]


def _rules(
    rows: list[list[int]], terms: list[tuple[int, Term]], rules: list[LearningRule]
) -> Rules:
    widest = max((len(t.factors) for _, t in terms), default=0)
    impulses = np.array([[rule.impulse(name) for name in TRACES] for rule in rules]).reshape(-1, 5)
    whole = np.floor(impulses)
    return Rules(
        np.array(rows, np.int64).reshape(-1, MODULATED + 1),
        np.array([_term_row(on_tag, t, widest) for on_tag, t in terms],
                 np.int64).reshape(len(terms), FACTOR + 4 * widest),
        np.array([[rule.keeps(name) for name in TRACES] for rule in rules]).reshape(-1, 5),
        whole.astype(np.int64),
        np.rint((impulses - whole) * (1 << FRACTION_BITS)).astype(np.int64))


def _term_row(on_tag: int, term: Term, widest: int) -> list[int]:
    row = [on_tag, CONDITIONS[term.condition], term.mantissa, term.right_shift, term.left_shift,
           len(term.factors)]
    for factor in term.factors:
        row += [CODES[factor.variable], factor.constant, int(factor.sign), 1 << factor.width]
    return row + [0] * (4 * (widest - len(term.factors)))


def _dice(rules: list[LearningRule], steps: int) -> Draws:
    """The draws of all rules: each of its arrays with one row a projection."""
    draws = [make_draws(rule.seed, steps, rule.epoch) for rule in rules]
    empty = make_draws(0, 0, 1)
    return Draws(*(_rows([draw[i] for draw in draws], steps, kind.dtype)
                   for i, kind in enumerate(empty)))


def _rows(values: list[NDArray[Any]], width: int, dtype: Any) -> NDArray[Any]:
    """One row each, filled up with zeros."""
    table = np.zeros((len(values), width), dtype)
    for row, given in zip(table, values, strict=True):
        row[: len(given)] = given
    return table


def _traces(x_size: int, y_size: int, epoch: int) -> Traces:
    def zeros(*shape: int) -> NDArray[np.int64]:
        return np.zeros(shape, np.int64)

    return Traces(zeros(2, x_size), zeros(3, y_size), zeros(x_size), zeros(y_size),
                  zeros(epoch + 1, 2, x_size), zeros(epoch + 1, 3, y_size),
                  np.zeros(x_size, np.bool_), np.zeros(y_size, np.bool_))
