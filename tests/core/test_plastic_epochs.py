"""Long epochs in floats, against a loop over single synapses and products."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from neuromorph.learning import Factor, LearningRule, Term, rest, step_plastic_float

Array = NDArray[Any]
TRACES = ("x1", "x2", "y1", "y2", "y3")


def last_spike(train: Array) -> int | None:
    """Step of the last spike within an epoch, from 1."""
    fired = np.flatnonzero(train)
    return int(fired[-1]) + 1 if len(fired) else None


def trace_path(rule: LearningRule, name: str, value: float, train: Array) -> list[float]:
    """Trace at the start of an epoch and after each step; all spikes but the last count at once."""
    path = [value + rule.impulse(name) * max(np.count_nonzero(train) - 1, 0)]
    for step in range(1, rule.epoch + 1):
        tau = rule.tau(name)
        decayed = path[-1] * (math.exp(-1 / tau) if tau else 0.0)
        path.append(decayed + rule.impulse(name) * (last_spike(train) == step))
    return path


class Synapse:
    """One synapse: two numbers and the traces at its ends."""

    def __init__(self, rule: LearningRule, weight: float) -> None:
        self.rule, self.weight, self.tag = rule, weight, 0.0
        self.traces = dict.fromkeys(TRACES, 0.0)

    def live(self, epoch: int, pre: Array, post: Array) -> None:
        """One epoch, from 1, with the trains before and behind."""
        trains = {"x": pre, "y": post}
        self.paths = {name: trace_path(self.rule, name, value, trains[name[0]])
                      for name, value in self.traces.items()}
        self.spikes = {"x": last_spike(pre), "y": last_spike(post)}
        self.due = epoch % 2 ** (self.rule.decimation or 0) == 0
        gained = [sum(map(self.product, terms))
                  for terms in (self.rule.weight_terms, self.rule.tag_terms)]
        self.weight, self.tag = self.weight + gained[0], self.tag + gained[1]
        self.traces = {name: path[-1] for name, path in self.paths.items()}

    def product(self, term: Term) -> float:
        """What a product adds: nothing without its condition."""
        when = (self.rule.epoch if self.due else None) if term.condition == "u" else (
            self.spikes[term.condition[0]])
        if when is None:
            return 0.0
        values = (self.factor(factor, when) for factor in term.factors)
        return term.mantissa * 2.0**term.exponent * math.prod(values)

    def factor(self, factor: Factor, when: int) -> float:
        """Value of a factor; of a trace at the step of the condition."""
        name = factor.variable
        if name in ("w", "t"):
            value = self.weight if name == "w" else self.tag
        elif name in ("x0", "y0"):
            value = float(self.spikes[name[0]] is not None)
        else:
            value = self.paths[name][when]
        value += factor.constant
        return float(np.sign(value)) if factor.sign else value


@pytest.mark.parametrize("seed", range(40))
def test_long_epochs_equal_a_slow_loop(seed: int) -> None:
    rng = np.random.default_rng(seed)
    rule = LearningRule(
        dw="2^-4*x1*y0 - 3*2^-6*y1*x0 + 2^-5*u1*sgn(t-2) + 2^-4*x0*y0*x2*y2 - 2^-6*y0*(w+3)",
        dt="2^-3*y0*x2*y3 - 2^-2*u1*t + 2^-4*x0*(x1-1)*sgn(w)", epoch=int(rng.integers(1, 7)),
        **{f"{n}_impulse": float(rng.uniform(0, 3)) for n in TRACES},
        **{f"{n}_tau": float(rng.choice([0, 2, 9, math.inf])) for n in TRACES})
    pre, post = rng.random((24, 3)) < 0.4, rng.random((24, 2)) < 0.4
    first = rng.normal(size=(2, 3))
    state = rest(first, "float")
    for step, (sent, fired) in enumerate(zip(pre, post, strict=True)):
        state = step_plastic_float(rule, state, sent.astype(float), fired, None, step=step)
    for i, j in np.ndindex(first.shape):
        synapse = Synapse(rule, first[i, j])
        for epoch in range(24 // rule.epoch):
            window = slice(epoch * rule.epoch, (epoch + 1) * rule.epoch)
            synapse.live(epoch + 1, pre[window, j], post[window, i])
        assert state.weights[i, j] == pytest.approx(synapse.weight, rel=1e-9, abs=1e-9)
        assert state.tags[i, j] == pytest.approx(synapse.tag, rel=1e-9, abs=1e-9)
        assert synapse.weight != first[i, j]
