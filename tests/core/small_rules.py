"""Random learning rules that Loihi could run, most of which learn something."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Any

import numpy as np

from neuromorph.learning import LearningRule
from neuromorph.learning.rule import TRACES
from neuromorph.learning.terms import WIDEST_PRODUCT, WIDTHS, Condition, Factor, Term

CONDITIONS: tuple[Condition, ...] = ("x0", "y0", "u")
SHIFTED = ("x1", "x2", "y1", "y2", "y3", "w", "t")


def random_rule(
    rng: np.random.Generator, *, graded: bool = False, modulated: bool = False
) -> LearningRule:
    """Any rule that fits a projection with or without payloads, with or without third factors."""
    rate, overwrites = int(rng.integers(3)), graded and rng.random() < 0.5
    targets = [("dw",), ("dw", "dt"), ("dw", "dt"), ("dt",)][int(rng.integers(4))]
    texts = {target: series(random_term(rng, rate) for _ in range(int(rng.integers(1, 4))))
             for target in targets}
    traces = ("x1", "x2") if modulated else TRACES
    settings: dict[str, Any] = {f"{name}_tau": random_tau(rng) for name in traces}
    settings |= {f"{name}_impulse": random_impulse(rng) for name in traces}
    if overwrites:
        settings |= {"payload": "overwrite", "x1_impulse": 0}
    return LearningRule(
        **texts, **settings, epoch=int(rng.choice([1, 1, 1, 2, 3, 7, 29])),
        sign=["mixed", "excitatory", "inhibitory"][int(rng.integers(3))],
        seed=int(rng.integers(2**31)))


def series(terms: Iterable[Term]) -> str:
    """The canonical text of a sum of terms."""
    return " + ".join(map(str, terms)).replace("+ -", "- ")


def random_term(rng: np.random.Generator, rate: int = 0) -> Term:
    """One product within the widths of the learning engine, its constant in lowest form."""
    condition = CONDITIONS[int(rng.integers(3))]
    factors: list[Factor] = []
    for _ in range(int(rng.integers(4))):
        new = random_factor(rng)
        if sum(f.width for f in (*factors, new)) <= WIDEST_PRODUCT:
            factors.append(new)
    # Conditions beside the first one are read last.
    factors.sort(key=lambda f: f.variable in ("x0", "y0"))
    mantissa, exponent = int(rng.integers(-7, 8)), int(rng.integers(-7, 9))
    return Term(mantissa, exponent, condition, rate if condition == "u" else None, tuple(factors))


def random_factor(rng: np.random.Generator) -> Factor:
    variable = list(WIDTHS)[int(rng.integers(len(WIDTHS)))]
    if variable not in SHIFTED or rng.random() < 0.5:
        return Factor(variable)
    limit = 1 << WIDTHS[variable]
    constant = int(rng.choice([0, 1, -limit, limit - 1, rng.integers(-limit, limit)]))
    return Factor(variable, constant, sign=variable in ("w", "t") and bool(rng.random() < 0.5))


def random_impulse(rng: np.random.Generator) -> float:
    return float(rng.choice([0, 1, 127, rng.integers(128), 127 * rng.random()]))


def random_tau(rng: np.random.Generator) -> float:
    return float(rng.choice([0, math.inf, 1, rng.integers(1, 1000), rng.uniform(0.1, 20)]))
