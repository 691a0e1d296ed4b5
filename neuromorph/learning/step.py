"""One step of a plastic projection: note the spikes, and at an epoch's end learn from them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from neuromorph.learning.arithmetic import FIXED, FLOAT, Arithmetic
from neuromorph.learning.draws import Draws, make_draws
from neuromorph.learning.rule import LearningRule
from neuromorph.learning.terms import Factor, Term
from neuromorph.shapes import Float64, Int64, Integer, Num, Shaped

Array = NDArray[Any]
X, Y = ("x1", "x2"), ("y1", "y2", "y3")


class Plastic(NamedTuple):
    """State of a plastic projection.

    Attributes
    ----------
    weights, tags : array, shape (post, pre)
    x, y : array, shape (2, pre) and (3, post)
        Traces.
    x_spike, y_spike : int array, shape (pre,) and (post,)
        Step of the last spike within the epoch, from 1; 0 for none.
    """

    weights: Annotated[Num, "post pre"]
    tags: Annotated[Num, "post pre"]
    x: Annotated[Num, "2 pre"]
    y: Annotated[Num, "3 post"]
    x_spike: Annotated[Int64, "pre"]
    y_spike: Annotated[Int64, "post"]


def rest(weights: Annotated[Num, "post pre"], domain: str) -> Plastic:
    """The state before the first step: no tag, no trace, no spike."""
    kind = (FIXED if domain == "fixed" else FLOAT).dtype
    post, pre = weights.shape
    return Plastic(weights.astype(kind), np.zeros((post, pre), kind), np.zeros((2, pre), kind),
                   np.zeros((3, post), kind), np.zeros(pre, np.int64), np.zeros(post, np.int64))


def step_plastic_fixed(
    rule: LearningRule, state: Plastic, pre: Annotated[Shaped, "pre"],
    post: Annotated[Shaped, "post"], third: Annotated[Num, "3 post"] | None, *,
    step: int, draws: Draws,
) -> Plastic:
    """One step in integers, equal to lava-nc's fixed `LearningDense` to the bit.

    Parameters
    ----------
    rule : LearningRule
    state : Plastic
    pre : int array, shape (pre,)
        Presynaptic spikes of this step, payloads or 0.
    post : array, shape (post,)
        Postsynaptic spikes of this step; anything but 0 is a spike.
    third : int array, shape (3, post), or None
        With a third factor: what y1, y2 and y3 are in this step.
    step : int
        From 0.
    draws : Draws
    """
    return _step(FIXED, rule, state, pre, post, third, step, draws)


def step_plastic_float(
    rule: LearningRule, state: Plastic, pre: Annotated[Shaped, "pre"],
    post: Annotated[Shaped, "post"], third: Annotated[Num, "3 post"] | None, *, step: int,
) -> Plastic:
    """One step in floats; parameters as for `step_plastic_fixed`."""
    return _step(FLOAT, rule, state, pre, post, third, step, None)


def count_updates(
    rule: LearningRule, weights: Annotated[Num, "post pre"], pre: Annotated[Integer, "steps pre"],
    post: Annotated[Integer, "steps post"], third: Annotated[Num, "steps 3 post"] | None, *,
    domain: str,
) -> Annotated[Float64, "steps"]:
    """Synapses of which some product of the rule is not 0, in each step of a run.

    Parameters
    ----------
    rule : LearningRule
    weights : array, shape (post, pre)
        At the beginning.
    pre, post : array, shape (steps, pre) and (steps, post)
    third : array, shape (steps, 3, post), or None
    domain : {"fixed", "float"}

    Returns
    -------
    float array, shape (steps,)
        0 in all steps but the last of each epoch.
    """
    numbers = FIXED if domain == "fixed" else FLOAT
    draws = make_draws(rule.seed, len(pre), rule.epoch) if domain == "fixed" else None
    state, found = rest(weights, domain), np.zeros(len(pre))
    for step in range(len(pre)):
        factors = None if third is None else third[step]
        state = _note(numbers, rule, state, pre[step], post[step], factors, step, draws)
        if step % rule.epoch + 1 == rule.epoch:
            seen = _observe(numbers, rule, state, third is not None, step, draws)
            found[step] = _not_zero(rule, seen, weights.shape)
            state = _learn(numbers, rule, state, third is not None, step, draws)
    return found


def _not_zero(rule: LearningRule, seen: _Observed, shape: tuple[int, ...]) -> int:
    touched = np.zeros(shape, np.bool_)
    for term in seen.due((*rule.weight_terms, *rule.tag_terms)):
        product = seen.active[term.condition]
        for factor in term.factors:
            product = product & (seen.lookup(term, factor) != 0)
        touched |= product
    return int(np.count_nonzero(touched))


def _step(
    numbers: Arithmetic, rule: LearningRule, state: Plastic, pre: Array, post: Array,
    third: Array | None, step: int, draws: Draws | None,
) -> Plastic:
    state = _note(numbers, rule, state, pre, post, third, step, draws)
    if step % rule.epoch + 1 < rule.epoch:
        return state
    return _learn(numbers, rule, state, third is not None, step, draws)


def _note(
    numbers: Arithmetic, rule: LearningRule, state: Plastic, pre: Array, post: Array,
    third: Array | None, step: int, draws: Draws | None,
) -> Plastic:
    within = step % rule.epoch + 1
    state = _note_pre(numbers, rule, state, pre, within)
    again = int(draws.y_again[step]) if draws else 0
    state = _note_post(numbers, rule, state, post, within, again)
    return state if third is None else state._replace(y=third.astype(numbers.dtype))


def _note_pre(
    numbers: Arithmetic, rule: LearningRule, state: Plastic, pre: Array, within: int
) -> Plastic:
    """A second spike in an epoch adds its impulse at once; the last one's waits for the end."""
    spiked = pre != 0
    again = spiked & (state.x_spike > 0)
    x = state.x.copy()
    if rule.payload == "overwrite":
        x[0, spiked] = numbers.receive(pre)[spiked]
    else:
        x[0, again] = numbers.add(x[0, again], rule.x1_impulse, 0)
    x[1, again] = numbers.add(x[1, again], rule.x2_impulse, 0)
    return state._replace(x=x, x_spike=np.where(spiked, within, state.x_spike))


def _note_post(
    numbers: Arithmetic, rule: LearningRule, state: Plastic, post: Array, within: int, draw: int
) -> Plastic:
    spiked = post != 0
    again = spiked & (state.y_spike > 0)
    y = state.y.copy()
    for i, name in enumerate(Y):
        y[i, again] = numbers.add(y[i, again], rule.impulse(name), draw)
    return state._replace(y=y, y_spike=np.where(spiked, within, state.y_spike))


def _learn(
    numbers: Arithmetic, rule: LearningRule, state: Plastic, modulated: bool, step: int,
    draws: Draws | None,
) -> Plastic:
    """Traces over the epoch, then weights and tags, both from their old values."""
    seen = _observe(numbers, rule, state, modulated, step, draws)
    draw = float(draws.synapse[step // rule.epoch]) if draws else 0.0
    weights, tags = state.weights, state.tags
    for terms, is_weight in ((rule.weight_terms, True), (rule.tag_terms, False)):
        due = seen.due(terms)
        if not due:
            continue
        old = state.weights if is_weight else state.tags
        new = numbers.apply(old, due, lambda term: seen.active[term.condition], seen.lookup, draw)
        if is_weight:
            weights = numbers.bound(new, rule.sign)
        else:
            tags = numbers.bound_tags(new)
    return Plastic(weights, tags, seen.x, state.y if modulated else seen.y,
                   np.zeros_like(state.x_spike), np.zeros_like(state.y_spike))


class _Observed(NamedTuple):
    """What a rule is applied to at an epoch's end."""

    active: dict[str, Array]
    lookup: Callable[[Term, Factor], Array]
    x: Array
    y: Array

    def due(self, terms: tuple[Term, ...]) -> list[Term]:
        """The terms whose condition holds for some synapse."""
        return [term for term in terms if self.active[term.condition].any()]


def _observe(
    numbers: Arithmetic, rule: LearningRule, state: Plastic, modulated: bool, step: int,
    draws: Draws | None,
) -> _Observed:
    x = _history(numbers, rule, X, state.x, state.x_spike,
                 (draws.x_decay[step], draws.x_impulse[step]) if draws else (0.0, 0))
    y = _history(numbers, rule, Y, state.y, state.y_spike,
                 (draws.y_decay[step], draws.y_impulse[step]) if draws else (0.0, 0),
                 held=modulated)
    epoch = step // rule.epoch + 1
    active = {"x0": (state.x_spike > 0)[None, :], "y0": (state.y_spike > 0)[:, None],
              "u": np.full((1, 1), epoch % (1 << (rule.decimation or 0)) == 0)}
    return _Observed(active, _lookup(state, x, y, active), x[-1], y[-1])


def _history(
    numbers: Arithmetic, rule: LearningRule, names: tuple[str, ...], traces: Array,
    spiked_at: Array, draw: tuple[float, int], held: bool = False,
) -> Array:
    """Traces at the epoch's start and after each of its steps, shape (epoch + 1, traces, size)."""
    history = [traces]
    for within in range(1, rule.epoch + 1):
        new = np.empty_like(traces)
        here = spiked_at == within
        for i, name in enumerate(names):
            new[i] = numbers.decay(history[-1][i], 1.0 if held else rule.keeps(name), draw[0])
            new[i, here] = numbers.add(new[i, here], rule.impulse(name), draw[1])
        history.append(new)
    return np.stack(history)


def _lookup(
    state: Plastic, x: Array, y: Array, active: dict[str, Array]
) -> Callable[[Term, Factor], Array]:
    """Value of a factor, broadcast to (post, pre); a trace's is that at the condition's spike."""
    post, pre = state.weights.shape

    def trace(name: str, condition: str) -> Array:
        history, i = (x, X.index(name)) if name in X else (y, Y.index(name))
        if condition == "u":
            last: Array = history[-1, i]
            return last[None, :] if name in X else last[:, None]
        times = state.x_spike if condition == "x0" else state.y_spike
        if (condition == "x0") == (name in X):
            own: Array = history[times, i, np.arange(pre if name in X else post)]
            return own[None, :] if name in X else own[:, None]
        other: Array = history[times, i]
        return other if name in X else other.T

    def lookup(term: Term, factor: Factor) -> Array:
        if factor.variable in ("w", "t"):
            base = state.weights if factor.variable == "w" else state.tags
        elif factor.variable in ("x0", "y0"):
            base = active[factor.variable]
        else:
            base = trace(factor.variable, term.condition)
        value: Array = base + factor.constant
        return np.sign(value) if factor.sign else value

    return lookup
