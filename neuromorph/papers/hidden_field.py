"""A binary synapse with a hidden field: how much it knows, and what a second task costs it.

::

    P(w_i = +-1) ~ e^(+-beta h_i)     m = tanh beta h     s = 1 - m^2, its uncertainty
    L = -sum_p ln Phi(u_p)            u_p = y_p (m.x_p) / sqrt S,  S = sum_i s_i
    -dL/dh_i = beta s_i sum_p r_p (y_p x_pi / sqrt S + u_p m_i / S),   r_p = phi(u_p) / Phi(u_p)

The chip's synapse is ``sign h``. A second task adds an anchor to what the first one left:
``gamma beta^2 s_i (h_i - h_i^old)``, which is weak where the synapse is uncertain no longer.

Inputs are rows, shape (patterns, size), labels +-1 of shape (patterns,), fields of shape (size,).
Source: Li, Huang, Zou and Huang, Phys. Rev. E 108, 014309 (2023); arXiv 2212.02846.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import log_ndtr, ndtr, roots_hermitenorm

from neuromorph.errors import UsageError
from neuromorph.shown import Shown

Floats = NDArray[np.float64]

NODES = 101
"""Of the Gauss-Hermite quadrature."""

ITERATIONS = 4000
SETTLED = 1e-12
LOG_ROOT_TWO_PI = 0.5 * math.log(2 * math.pi)


def error_of_the_sign(load: float) -> float:
    """Generalisation error of sign h for a binary teacher, after Bayes' own learning.

    ::

        q^ = 2 load / (1 - q) int Dt phi(a t)^2 / Phi(-a t),   a = sqrt(q / (1 - q))
        q  = int Dt tanh(sqrt(q^) t + q^)
        error = arccos(1 - 2 Phi(-sqrt q^)) / pi

    The solution that is reached from q = 0: above a load of about 1.49 it is the teacher itself.

    Parameters
    ----------
    load : float
        Patterns a synapse, above 0.

    Raises
    ------
    UsageError
        If the load is no such number.
    """
    if not (math.isfinite(load) and load > 0):
        raise UsageError("a load is patterns a synapse", where="binary perceptron", found=load,
                         expected="above 0")
    nodes, weights = roots_hermitenorm(NODES)
    weights = weights / weights.sum()
    overlap, conjugate = 1e-3, 0.0
    for _ in range(ITERATIONS):
        a = math.sqrt(overlap / (1 - overlap))
        density = np.exp(-((a * nodes) ** 2) - 2 * LOG_ROOT_TWO_PI - log_ndtr(-a * nodes))
        conjugate = 2 * load / (1 - overlap) * float(weights @ density)
        after = float(weights @ np.tanh(math.sqrt(conjugate) * nodes + conjugate))
        if abs(after - overlap) < SETTLED:
            break
        overlap = min(after, 1 - 1e-9)
    return math.acos(1 - 2 * float(ndtr(-math.sqrt(conjugate)))) / math.pi


def loss(fields: Floats, inputs: NDArray[Any], labels: NDArray[Any], beta: float = 1.0) -> float:
    """L = -sum_p ln Phi(u_p)."""
    means = np.tanh(beta * fields)
    u = labels * (inputs @ means) / math.sqrt(float((1 - means**2).sum()))
    return -float(log_ndtr(u).sum())


def ascent(
    fields: Floats, inputs: NDArray[Any], labels: NDArray[Any], beta: float = 1.0
) -> Floats:
    """-dL/dh, shape (size,)."""
    return _ascent(fields, np.asarray(inputs) * np.asarray(labels)[:, None], beta)


def _ascent(fields: Floats, signed: Floats, beta: float) -> Floats:
    means = np.tanh(beta * fields)
    unsure = 1 - means**2
    total = float(unsure.sum())
    u = signed @ means / math.sqrt(total)
    ratio = np.exp(-(u**2) / 2 - LOG_ROOT_TWO_PI - log_ndtr(u))
    found: Floats = beta * unsure * (
        ratio @ signed / math.sqrt(total) + float(ratio @ u) * means / total)
    return found


@dataclass(frozen=True, eq=False, repr=False)
class Anchor(Shown):
    """What an earlier task left, and how strongly it holds.

    Attributes
    ----------
    fields : float array, shape (size,)
    strength : float
        gamma.
    """

    fields: Floats
    strength: float

    def pull(self, fields: Floats, beta: float) -> Floats:
        """gamma beta^2 s (h - h_old), the slope of the Kullback-Leibler distance."""
        found: Floats = (self.strength * beta**2 * (1 - np.tanh(beta * fields) ** 2)
                         * (fields - self.fields))
        return found


def learn_fields(
    fields: NDArray[Any], inputs: NDArray[Any], labels: NDArray[Any], *, steps: int = 1500,
    rate: float = 0.005, decay: float = 0.1, beta: float = 1.0, anchor: Anchor | None = None,
) -> Floats:
    """Fields after Adam's descent of the whole batch, weight decay within the gradient.

    Parameters
    ----------
    fields : float array, shape (size,)
        To begin from.
    inputs : array, shape (patterns, size)
    labels : array, shape (patterns,)
    steps : int
    rate, decay, beta : float
    anchor : Anchor, optional
        Of an earlier task.
    """
    signed = np.asarray(inputs, np.float64) * np.asarray(labels)[:, None]
    found: Floats = np.array(fields, np.float64)
    first, second = np.zeros_like(found), np.zeros_like(found)
    for step in range(1, steps + 1):
        slope = decay * found - _ascent(found, signed, beta)
        if anchor is not None:
            slope += anchor.pull(found, beta)
        first = 0.9 * first + 0.1 * slope
        second = 0.999 * second + 0.001 * slope**2
        found -= rate * (first / (1 - 0.9**step)) / (np.sqrt(second / (1 - 0.999**step)) + 1e-8)
    return found


def error_against(fields: NDArray[Any], teacher: NDArray[Any]) -> float:
    """arccos(overlap of sign h and the teacher) / pi: errors on random patterns."""
    overlap = float(np.sign(fields) @ teacher) / len(teacher)
    return math.acos(min(1.0, max(-1.0, overlap))) / math.pi
