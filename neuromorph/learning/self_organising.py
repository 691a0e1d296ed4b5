"""Hebbian rules that keep themselves in bounds: what a neuron makes of its inputs alone."""

from __future__ import annotations

from neuromorph.learning.products import (
    Domain,
    product,
    series,
    with_presynaptic_trace,
)
from neuromorph.learning.rule import LearningRule


def oja(
    *, rate: float = 2**-3, bound: float = 2**-9, impulse: float | None = 16, tau: float = 10,
    post: tuple[float, float] = (16, 10), domain: Domain = "fixed",
) -> LearningRule:
    """Δw = rate x y - bound y^2 w: Hebb, bounded; w finds the first component (Oja 1982).

    ::

        dw = rate y0 x1 - bound y0 y1 w

    One y is a spike (y0), the other the trace y1, or a third factor in its place. With spikes at
    a rate that follows w x, the weights end along the first eigenvector of E[x x^T], as long as
    rate E[y x1] = bound E[y y1] w says. Approximate: y1 holds the spike that asks, which pulls on
    every w alike. In integers the second product is rounded down to a multiple of 32 bound.

    Parameters
    ----------
    rate, impulse, tau, domain
        As for `hebb`.
    bound : float
        m 2^e.
    post : (impulse, time constant)
        Of the trace y1; (0, infinity) if a third factor takes its place.
    """
    rule = LearningRule(
        dw=series(product(rate, "y0*x1", domain), product(-bound, "y0*y1*w", domain)),
        y1_impulse=post[0], y1_tau=post[1])
    return with_presynaptic_trace(rule, impulse, tau)


def bcm(
    *, rate: float = 2**-9, threshold: float = 2**-4, impulse: float | None = 16, tau: float = 10,
    fast: tuple[float, float] = (16, 10), slow: tuple[float, float] = (2, 100),
    domain: Domain = "fixed",
) -> LearningRule:
    """Δw = rate x y (y - theta), theta = E[y^2]: the stronger answers win (Bienenstock 1982).

    ::

        dw = rate y0 x1 y1 - rate threshold y0 x1 y2 y2     theta = threshold y2^2

    The first y is a spike (y0), the second the fast trace y1, and the slow trace y2 stands for
    the sliding threshold. Approximate: theta is the square of the mean rate, not the mean of its
    square, so fluctuations within the slow time constant do not raise it; and y1 holds the
    spike that asks. In integers the second product is rounded down to a multiple of
    1024 rate threshold.

    Parameters
    ----------
    rate, impulse, tau, domain
        As for `hebb`.
    threshold : float
        m 2^e: theta for a slow trace of 1.
    fast, slow : (impulse, time constant)
        Of the traces y1 and y2.
    """
    rule = LearningRule(
        dw=series(product(rate, "y0*x1*y1", domain),
                  product(-rate * threshold, "y0*x1*y2*y2", domain)),
        y1_impulse=fast[0], y1_tau=fast[1], y2_impulse=slow[0], y2_tau=slow[1])
    return with_presynaptic_trace(rule, impulse, tau)
