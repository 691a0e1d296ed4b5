"""The field's learning rules by name, each a function that returns a `LearningRule`.

A rate has the same meaning in both domains: weights change by it times the traces. The defaults
are for integers; the constants of the engine end at 2^-7, so floats take smaller impulses where
integers take smaller rates. In integers a product is rounded down to a multiple of its unit, and
the sum of a rule to whole weights, up or down at random with the right mean.
``dataclasses.replace`` sets epoch, sign and seed.

These run in synapses, event by event; `neuromorph.papers.fast_weights` has their matrix form.
"""

from __future__ import annotations

from collections.abc import Callable

from neuromorph.learning.match_and_control import short_term_potentiation
from neuromorph.learning.products import (
    Domain,
    product,
    series,
    with_presynaptic_trace,
)
from neuromorph.learning.rule import LearningRule, Sign
from neuromorph.learning.self_organising import bcm, oja


def hebb(
    *, rate: float = 2**-4, impulse: float | None = 16, tau: float = 10, domain: Domain = "fixed"
) -> LearningRule:
    """Δw = rate x y: what fires together wires together (Hebb 1949).

    ::

        dw = rate x1 y0                         x1: trace of the spikes before, y0: a spike behind

    Integers lose nothing but the fraction of the sum; nothing bounds w except its 8 bits.

    Parameters
    ----------
    rate : float
        m 2^e: change of the weight for a trace of 1.
    impulse : float or None
        What a presynaptic spike adds to x1; None: x1 is half its payload.
    tau : float
        Time constant of x1 in steps; 0 keeps it for the step of its spike only (a payload:
        until the next one).
    domain : {"fixed", "float"}
    """
    rule = LearningRule(dw=product(rate, "y0*x1", domain))
    return with_presynaptic_trace(rule, impulse, tau)


def decay(
    *, rate: float = 2**-4, forget: float = 2**-5, every: int = 0, impulse: float | None = 16,
    tau: float = 10, domain: Domain = "fixed",
) -> LearningRule:
    """Δw = rate x y - forget w: Hebb, and older memories fade.

    ::

        dw = rate x1 y0 - forget w u_k          k = every

    Integers forget at random by whole units, with the right mean; all weights of a projection
    share a draw.

    Parameters
    ----------
    rate, impulse, tau, domain
        As for `hebb`.
    forget : float
        m 2^e: share of the weight that goes every 2^every epochs.
    every : int
        0 to 9.
    """
    rule = LearningRule(dw=series(product(rate, "y0*x1", domain),
                                  product(-forget, f"u{every}*w", domain)))
    return with_presynaptic_trace(rule, impulse, tau)


def delta(
    *, rate: float = 2**-6, impulse: float | None = 16, tau: float = 10, domain: Domain = "fixed"
) -> LearningRule:
    """Δw = rate e x, e = target - answer: only the error is learned (Widrow and Hoff 1960).

    ::

        dw = rate u0 x1 y1 - rate u0 x1 y2      third factors y1 = max(e, 0), y2 = max(-e, 0)

    In integers each product is rounded down to a multiple of 8 rate: exact where x1 is a
    multiple of 8; otherwise both errors pull w down by up to 8 rate a step.

    Parameters
    ----------
    rate, impulse, tau, domain
        As for `hebb`; tau must bridge the steps from the spike to its error.
    """
    rule = LearningRule(dw=_error(rate, domain))
    return with_presynaptic_trace(rule, impulse, tau)


def gated_delta(
    *, rate: float = 2**-6, forget: float = 2**-7, impulse: float | None = 16, tau: float = 10,
    domain: Domain = "fixed",
) -> LearningRule:
    """w' = g w + rate e x, e = target - g answer: delta, with a gate that forgets (Yang 2024).

    ::

        dw = rate u0 x1 y1 - rate u0 x1 y2 - forget u0 w y3         g = 1 - forget y3

    Third factors: y1 and y2 as for `delta`, y3 how much to forget now, 0 to 127. The sender of
    the error multiplies the answer by g. In integers the last product is rounded down to a
    multiple of 32 forget: weights lean down, by up to a quarter of a unit a step with the defaults.

    Parameters
    ----------
    rate, impulse, tau, domain
        As for `delta`.
    forget : float
        m 2^e: share of the weight that goes for a y3 of 1.
    """
    rule = LearningRule(dw=series(_error(rate, domain), product(-forget, "u0*w*y3", domain)))
    return with_presynaptic_trace(rule, impulse, tau)


def regulated_delta(
    *, rate: float = 2**-11, impulse: float | None = 16, tau: float = 10,
    domain: Domain = "fixed",
) -> LearningRule:
    """Δw = rate n e x, e = target - answer: delta, as fast as a state n has it.

    ::

        dw = rate u0 x1 y1 y3 - rate u0 x1 y2 y3            y3: the state, 0 to 127

    Third factors: y1 and y2 as for `delta`; y3 such as the running mean of the error, which raises
    the rate where what was learned no longer holds (`neuromorph.papers.need`). In
    integers each product is rounded down to a multiple of 1024 rate: of three traces of 7 bits the
    engine keeps no more.

    Parameters
    ----------
    rate, impulse, tau, domain
        As for `delta`.
    """
    rule = LearningRule(dw=series(product(rate, "u0*x1*y1*y3", domain),
                                  product(-rate, "u0*x1*y2*y3", domain)))
    return with_presynaptic_trace(rule, impulse, tau)


def soft_hebb(
    *, rate: float = 2**-6, forget: float = 2**-8, impulse: float | None = 16, tau: float = 10,
    domain: Domain = "fixed",
) -> LearningRule:
    """Δw_k = rate p_k (x - u_k w_k), p = softmax(u): units compete softly for an input.

    ::

        dw = rate u0 x1 y1 - forget u0 w y2 + forget u0 w y3

    Third factors: y1 = p, y2 = max(p u, 0) and y3 = max(-p u, 0), which units that compete send
    of u = w x. Weights come to length 1 where ``forget`` is to w and y2 what ``rate`` is to x1
    and y1. In integers the first product is rounded down to a multiple of 8 rate, the others to
    one of 32 forget: weights lean down. A fresh layer finds clusters; a layer that is trained
    already gains nothing by it, or is harmed (Moraitis 2022; of Tang's test-time use see
    `neuromorph.papers.nhl`).

    Parameters
    ----------
    rate, impulse, tau, domain
        As for `delta`; inputs of both signs take two axons.
    forget : float
        m 2^e: share of the weight that goes for a y2 of 1.
    """
    rule = LearningRule(dw=series(product(rate, "u0*x1*y1", domain),
                                  product(-forget, "u0*w*y2", domain),
                                  product(forget, "u0*w*y3", domain)))
    return with_presynaptic_trace(rule, impulse, tau)


def multiplicative(
    *, rate: float = 2**-3, sign: Sign = "excitatory", domain: Domain = "fixed"
) -> LearningRule:
    """w' = w e^(ln(1 + rate) c) for c coincidences: signs never flip (Dale's law).

    ::

        dw = rate x0 y0 w                       one coincidence: a spike before and one behind

    In integers w stays where it is at 0, small weights move by whole units at random, and large
    ones stop at 255: between them the weight is exponential in c on average.

    Parameters
    ----------
    rate : float
        m 2^e, above -1; a negative one weakens.
    sign : {"excitatory", "inhibitory", "mixed"}
    domain : {"fixed", "float"}
    """
    return LearningRule(dw=product(rate, "x0*y0*w", domain), sign=sign)


def _error(rate: float, domain: Domain) -> str:
    return series(product(rate, "u0*x1*y1", domain), product(-rate, "u0*x1*y2", domain))


RULES: dict[str, Callable[..., LearningRule]] = {
    rule.__name__: rule
    for rule in (hebb, decay, delta, gated_delta, regulated_delta, oja, bcm, soft_hebb,
                 multiplicative, short_term_potentiation)
}
"""All of them, by name."""
