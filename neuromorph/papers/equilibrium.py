"""Equilibrium propagation with separate weights back, and the homeostasis that aligns them.

::

    F1 = x W_in + b1 + a2 B        F2 = a1 W + b2 + beta (softmax(a2 R) - y) R^T
    u <- u + damping (F - u)       a = 1 / (1 + exp(2 - 4 u))
    delta = 1/N sum_k Re[a(beta_k) / beta_k],   beta_k = beta exp(2 pi i k / N)
    dL/dW = a1^T delta2    dL/dB = a2^T delta1    dL/dW_in = x^T delta1
    L_h = E |J e|^2 - e^T J^2 e = 1/2 |J - J^T|^2   of noise e ~ N(0, 1)

Batches are rows: x has shape (batch, inputs), layers (batch, units). N = 1 nudges to one side and
subtracts the free state, N = 2 to both sides; more need complex states, which no spike has.
Source: Laborieux & Zenke, ICLR 2024 (arXiv 2309.02214).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, fields
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import softmax

from neuromorph.errors import UsageError
from neuromorph.shown import Shown

Floats = NDArray[np.float64]
Numbers = NDArray[Any]
"""Floats, or complex numbers of a nudge that is complex."""

DAMPING = 0.5
"""The published updates are undamped; training then ends in an oscillation of period two."""

FREE_STEPS, NUDGED_STEPS = 40, 25


@dataclass(eq=False, repr=False)
class Weights(Shown):
    """Two layers that drive each other, and a readout of the second.

    Attributes
    ----------
    into : float array, shape (inputs, first)
        W_in.
    first_bias, second_bias : float arrays, shapes (first,), (second,)
    forward : float array, shape (first, second)
        W.
    back : float array, shape (second, first)
        B. Symmetric where it is the transpose of W.
    readout : float array, shape (second, classes)
        R.
    """

    into: Floats
    first_bias: Floats
    forward: Floats
    second_bias: Floats
    back: Floats
    readout: Floats

    def named(self) -> Iterator[tuple[str, Floats]]:
        """Each array by its name."""
        for field in fields(self):
            yield field.name, getattr(self, field.name)


@dataclass(frozen=True, eq=False, repr=False)
class State(Shown):
    """Both layers' potentials u, and how far they were from rest.

    Attributes
    ----------
    first, second : arrays, shapes (batch, first), (batch, second)
    residual : float
        Largest |F(u) - u| of the last step.
    """

    first: Numbers
    second: Numbers
    residual: float


def draw(
    sizes: tuple[int, int, int, int], angle: float, scale: float, rng: np.random.Generator
) -> Weights:
    """Normal weights of variance scale^2 / inputs, with back = sin(angle) B' + cos(angle) W^T.

    Parameters
    ----------
    sizes : four ints
        Inputs, first layer, second layer, classes.
    angle : float
        Radians between the weights forward and back: 0 symmetric, pi/2 unrelated.
    scale : float
    rng : numpy Generator
    """
    inputs, first, second, classes = sizes

    def normal(rows: int, columns: int) -> Floats:
        found: Floats = scale * rng.standard_normal((rows, columns)) / np.sqrt(rows)
        return found

    into, forward = normal(inputs, first), normal(first, second)
    back = np.sin(angle) * normal(second, first) + np.cos(angle) * forward.T
    return Weights(into, np.zeros(first), forward, np.zeros(second), back,
                   normal(second, classes))


def activation(potentials: Numbers) -> Numbers:
    """a = 1 / (1 + exp(2 - 4 u)), whose slope is at most 1."""
    found: Numbers = 1 / (1 + np.exp(2 - 4 * potentials))
    return found


def slope(activity: Numbers) -> Numbers:
    """da/du = 4 a (1 - a)."""
    return 4 * activity * (1 - activity)


def relax(
    weights: Weights, inputs: Floats, *, target: Floats | None = None, nudge: complex = 0.0,
    start: State | None = None, steps: int = FREE_STEPS, damping: float = DAMPING,
) -> State:
    """u <- u + damping (F(u) - u), as often.

    Parameters
    ----------
    weights : Weights
    inputs : float array, shape (batch, inputs)
    target : float array, shape (batch, classes), optional
        One row of probabilities each; what a nudge goes by.
    nudge : float or complex
        beta: away from the target where it is positive.
    start : State, optional
        Where from; else from 0.
    steps : int
    damping : float
        Above 0, to 1.

    Raises
    ------
    UsageError
        If there is a nudge and no target, no step, or no such damping.
    """
    if (nudge and target is None) or steps < 1 or not 0 < damping <= 1:
        raise UsageError("these layers cannot be relaxed so", where="equilibrium propagation",
                         found=f"nudge {nudge}, target {target is not None}, {steps} steps, "
                               f"damping {damping}",
                         expected="a target for a nudge, 1 step or more, damping in (0, 1]")
    rows = len(inputs)
    first: Numbers = np.zeros((rows, len(weights.first_bias))) if start is None else start.first
    second: Numbers = np.zeros((rows, len(weights.second_bias))) if start is None else start.second
    driven = inputs @ weights.into + weights.first_bias
    residual = 0.0
    for _ in range(steps):
        of_first, of_second = activation(first), activation(second)
        to_first = driven + of_second @ weights.back - first
        to_second = of_first @ weights.forward + weights.second_bias - second
        if nudge and target is not None:
            to_second = to_second + nudge * _error(weights, of_second, target)
        residual = max(float(np.abs(to_first).max()), float(np.abs(to_second).max()))
        first, second = first + damping * to_first, second + damping * to_second
    return State(first, second, residual)


def _error(weights: Weights, second: Numbers, target: Floats) -> Numbers:
    """dL/da2 = (softmax(a2 R) - y) R^T."""
    found: Numbers = (_softmax(second @ weights.readout) - target) @ weights.readout.T
    return found


def _softmax(logits: Numbers) -> Numbers:
    """Also of complex logits, by the largest real part."""
    raised = np.exp(logits - logits.real.max(axis=1, keepdims=True))
    found: Numbers = raised / raised.sum(axis=1, keepdims=True)
    return found


def contrast(
    weights: Weights, inputs: Floats, target: Floats, free: State, *, nudge: float, phases: int,
    steps: int = NUDGED_STEPS, damping: float = DAMPING,
) -> tuple[Floats, Floats]:
    """delta of both layers: what the nudge does to their activity, by unit of nudge.

    Parameters
    ----------
    weights, inputs, target
        As `relax` takes them.
    free : State
        At rest without a nudge.
    nudge : float
        beta, above 0.
    phases : int
        N. 1: against the free state. 2: both signs. More: complex.

    Returns
    -------
    float arrays, shapes (batch, first), (batch, second)
    """
    found: list[Numbers] = [np.zeros(free.first.shape), np.zeros(free.second.shape)]
    for number in range(phases):
        at: complex = nudge * np.exp(2j * np.pi * number / phases)
        if phases <= 2:
            at = at.real
        state = relax(weights, inputs, target=target, nudge=at, start=free, steps=steps,
                      damping=damping)
        for layer, (moved, rest) in enumerate(((state.first, free.first),
                                               (state.second, free.second))):
            found[layer] = found[layer] + (activation(moved) - activation(rest)) / at / phases
    return np.real(found[0]), np.real(found[1])


def recurrent_backprop(
    weights: Weights, target: Floats, free: State, steps: int = 200, damping: float = DAMPING,
) -> tuple[Floats, Floats]:
    """The same by the adjoint of the fixed point: what `contrast` estimates where B = W^T.

    ::

        l1 = s'(u1) (l2 W^T)        l2 = s'(u2) (l1 B^T + dL/da2)
    """
    of_first, of_second = activation(free.first), activation(free.second)
    error = _error(weights, of_second, target)
    first: Numbers = np.zeros(free.first.shape)
    second: Numbers = np.zeros(free.second.shape)
    for _ in range(steps):
        to_first = slope(of_first) * (second @ weights.forward.T) - first
        to_second = slope(of_second) * (first @ weights.back.T + error) - second
        first, second = first + damping * to_first, second + damping * to_second
    return first, second


def gradients(
    inputs: Floats, target: Floats, weights: Weights, free: State, deltas: tuple[Floats, Floats]
) -> Weights:
    """Gradients of the loss, a mean over the batch, from activity and contrast of each synapse."""
    rows, (first, second) = len(inputs), deltas
    of_first, of_second = activation(free.first), activation(free.second)
    missed = softmax(of_second @ weights.readout, axis=1) - target
    return Weights(inputs.T @ first / rows, first.mean(axis=0), of_first.T @ second / rows,
                   second.mean(axis=0), of_second.T @ first / rows, of_second.T @ missed / rows)


def asymmetry(weights: Weights) -> float:
    """L_h of these two layers: 1/2 |J - J^T|^2 / units = |W - B^T|^2 / units."""
    units = len(weights.first_bias) + len(weights.second_bias)
    return float(((weights.forward - weights.back.T) ** 2).sum() / units)


def sampled_asymmetry(weights: Weights, draws: int, rng: np.random.Generator) -> Floats:
    """L_h by noise: |J e|^2 - e^T J^2 e for each draw, over the units, shape (draws,)."""
    first, second = _noise(weights, draws, rng)
    to_first, to_second = second @ weights.back, first @ weights.forward
    again_first, again_second = to_second @ weights.back, to_first @ weights.forward
    units = first.shape[1] + second.shape[1]
    found: Floats = ((to_first**2).sum(axis=1) + (to_second**2).sum(axis=1)
                     - (first * again_first).sum(axis=1)
                     - (second * again_second).sum(axis=1)) / units
    return found


def homeostatic(
    weights: Weights, draws: int, rng: np.random.Generator
) -> tuple[Floats, Floats]:
    """Gradients of L_h for W and B from two phases of noise, each local to its synapse.

    ::

        dW =   e1^T (e1 W) - (e2 B)^T e2      dB = (W^T e1^T) ... the same with sides exchanged

    Noise in the first layer, and the second's response to it; then noise in the second.
    Their mean is W - B^T, and its transpose with the sign turned.

    Returns
    -------
    float arrays, shapes (first, second), (second, first)
        Means over the draws, up to a factor of 2 / units.
    """
    first, second = _noise(weights, draws, rng)
    forth, back = first @ weights.forward, second @ weights.back
    to_forward: Floats = (first.T @ forth - back.T @ second) / draws
    return to_forward, -to_forward.T


def _noise(weights: Weights, draws: int, rng: np.random.Generator) -> tuple[Floats, Floats]:
    return (rng.standard_normal((draws, len(weights.first_bias))),
            rng.standard_normal((draws, len(weights.second_bias))))
