"""Neuron-astrocyte associative memory: neurons, synapses and astrocyte processes as one flow."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from neuromorph.errors import InputError, TensorError
from neuromorph.shown import Shown

Floats = NDArray[np.float64]

_BLOCK = 512
"""Factors between 1 and 2 whose product is still far from overflow."""


class NAAMState(NamedTuple):
    """x of each neuron (N,), S of each synapse (N, N), P of each astrocyte process (N, N)."""

    neurons: Floats
    synapses: Floats
    processes: Floats


@dataclass(frozen=True, eq=False, repr=False)
class NAAM(Shown):
    """T_ijkl = N⁻³ Σ_μ η_i η_j η_k η_l, the coupling of processes; it is never formed.

    Attributes
    ----------
    memories : array of -1 and 1, shape (K, N)
        The patterns η.
    beta : float
        Steepness of every tanh.
    dt : float
        Step of time, in time constants; all three kinds of unit share one.

    Raises
    ------
    TensorError
        If the memories are not rows of -1 and 1.
    InputError
        If ``beta`` or ``dt`` is not a positive, finite number.
    """

    memories: NDArray[Any]
    beta: float = 5.0
    dt: float = 0.05

    def __post_init__(self) -> None:
        rows = np.asarray(self.memories)
        if rows.ndim != 2 or rows.size == 0 or not (np.abs(rows) == 1).all():
            raise TensorError("the memories must be rows of -1 and 1", where="NAAM",
                              found=f"shape {rows.shape}", expected="(memories, neurons)")
        for name in ("beta", "dt"):
            value = getattr(self, name)
            if not (math.isfinite(value) and value > 0):
                raise InputError("the value must be positive and finite", where=name, found=value)
        object.__setattr__(self, "memories", rows.astype(np.float64))

    def couple(self, processes: Floats) -> Floats:
        """T:ψ = N⁻³ Σ_μ (η_μᵀ ψ η_μ) η_μ η_μᵀ; shape (N, N), O(K N²)."""
        size = self.memories.shape[1]
        overlap = ((self.memories @ processes) * self.memories).sum(axis=1)
        result: Floats = (self.memories.T * (overlap / float(size) ** 3)) @ self.memories
        return result

    def start(self, cue: NDArray[Any]) -> NAAMState:
        """x = cue, ψ = -h hᵀ, P = atanh(ψ) / β, S = atanh(-T:ψ) / β.

        Parameters
        ----------
        cue : array, shape (N,)
            A memory, perhaps corrupted.

        Raises
        ------
        TensorError
            If the cue does not fit, or is not finite.
        InputError
            If an atanh has no finite value: β or the cue too large, or K too near N.
        """
        x = np.asarray(cue, dtype=np.float64)
        if x.shape != self.memories.shape[1:] or not np.isfinite(x).all():
            raise TensorError("the cue must be one finite number a neuron", where="NAAM.start",
                              found=x.shape, expected=self.memories.shape[1:])
        h = np.tanh(self.beta * x)
        psi = -np.outer(h, h)
        return NAAMState(x, self._level(-self.couple(psi), "synapses"),
                         self._level(psi, "processes"))

    def distance(self, state: NAAMState, memory: NDArray[Any]) -> float:
        """‖tanh βx - η‖, 0 once every neuron is saturated at the memory's sign."""
        return float(np.linalg.norm(np.tanh(self.beta * state.neurons) - memory))

    def _level(self, activity: Floats, kind: str) -> Floats:
        largest = float(np.abs(activity).max())
        if largest >= 1:
            raise InputError("no state has this activity: tanh stays below 1", where=kind,
                             found=largest, expected="less than 1",
                             hint="use a smaller beta, a smaller cue or fewer memories")
        level: Floats = np.arctanh(activity) / self.beta
        return level


def step_naam(model: NAAM, state: NAAMState) -> tuple[NAAMState, float]:
    """One Euler step of the flow, and the energy of the state that it leaves.

    ::

        dx/dt = -x + g h                 h = tanh βx
        dS/dt = -S + h hᵀ + ψ            g = tanh βS
        dP/dt = -P + T:ψ + g             ψ = tanh βP

        E = x.h - L(x) + ½ (S:g - L(S)) + ½ (P:ψ - L(P)) - ½ hᵀ g h - ½ g:ψ - ¼ ψ:T:ψ
        L(z) = Σ log(cosh βz) / β

    L has tanh βz as its gradient, so x.h - L(x) changes by x.dh; T has the symmetry of its
    indices; and g and ψ are symmetric matrices, from `NAAM.start` on. The change of E is then
    -dx/dt.dh - ½ dS/dt:dg - ½ dP/dt:dψ, that is::

        dE/dt = -β Σ (1 - h²)(dx/dt)² - ½ β Σ (1 - g²)(dS/dt)² - ½ β Σ (1 - ψ²)(dP/dt)²

    which is never positive. The halves are there since a synapse has two ends. Of the flow
    this is a theorem; of Euler's steps it holds where ``dt`` is small enough.

    Returns
    -------
    state : NAAMState
        A step later.
    energy : float
        Before the step.

    Source: Kozachkov, Slotine and Krotov, PNAS 2025 (2417788122), for the flow; the energy is
    derived from it as above.
    """
    h, own_x = _activity(state.neurons, model.beta)
    g, own_s = _activity(state.synapses, model.beta)
    psi, own_p = _activity(state.processes, model.beta)
    field, coupled = g @ h, model.couple(psi)
    shared = 0.5 * (h @ field) + 0.5 * np.vdot(g, psi) + 0.25 * np.vdot(psi, coupled)
    energy = float(own_x + 0.5 * own_s + 0.5 * own_p - shared)
    x, s, p = state
    return NAAMState(x + model.dt * (field - x),
                     s + model.dt * (np.outer(h, h) + psi - s),
                     p + model.dt * (coupled + g - p)), energy


def _activity(level: Floats, beta: float) -> tuple[Floats, float]:
    """f = tanh βz, and Σ z f - L(z) = Σ log(1 + |f|) / β - |z| (1 - |f|).

    No part is large, where cosh itself would overflow. The logarithms are taken of products,
    which costs a tenth of as many logarithms.
    """
    activity: Floats = np.tanh(beta * level)
    size = np.abs(activity)
    blocks = np.arange(0, size.shape[-1], _BLOCK)
    logs = np.log(np.multiply.reduceat(1 + size, blocks, axis=-1)).sum()
    return activity, float(logs / beta - np.vdot(np.abs(level), 1 - size))
