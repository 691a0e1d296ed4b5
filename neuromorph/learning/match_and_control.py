"""The learning rule of match-and-control: a synapse that remembers a match for a while."""

from __future__ import annotations

from neuromorph.errors import LearningRuleError
from neuromorph.learning.products import Domain, product, series
from neuromorph.learning.rule import LearningRule
from neuromorph.numerics.limits import TAG_MAX


def short_term_potentiation(
    *, rate: float = 2**-2, theta: int = 100, step: float = 64, forget: float = 2**-7,
    every: int = 7, impulse: float = 127, slow_tau: float = 8.36, fast_tau: float = 2.72,
    domain: Domain = "fixed",
) -> LearningRule:
    """Match-and-control: an axon whose train matches the neuron's is potentiated (Ellwood 2024).

    ::

        t = sum of K(t_post - t_pre), fading,  K(d) ~ e^(-d/slow) - e^(-d/fast)
        w = its upper bound where t > theta, else 0

        dt = rate y0 x1 - rate y0 x2 - forget t u_k         k = every
        dw = step u_k sgn(t - theta)                        excitatory

    The weight steps towards its bound every 2^k epochs, so it is all or nothing after 255 / step
    of them; in the float domain nothing stops it above. Integers cut the traces to 7 bits, and
    the tag stops at 255: choose ``rate`` so that a match comes to about twice ``theta``.

    Parameters
    ----------
    rate : float
        m 2^e: tag for a difference of traces of 1.
    theta : int
        Threshold of the tag, 0 to 254.
    step : float
        m 2^e: change of the weight at a time.
    forget : float
        m 2^e: share of the tag that goes every 2^every epochs.
    every : int
        0 to 9.
    impulse : float
        Of both traces.
    slow_tau, fast_tau : float
        Time constants in steps; the defaults are the paper's synapse at 1 ms a step.
    domain : {"fixed", "float"}

    Raises
    ------
    LearningRuleError
        If the tag could never pass theta, or fall below it.
    """
    if not 0 <= theta < TAG_MAX:
        raise LearningRuleError("a tag cannot pass this threshold", where="theta", found=theta,
                                expected=f"0 to {TAG_MAX - 1}")
    return LearningRule(
        dt=series(product(rate, "y0*x1", domain), product(-rate, "y0*x2", domain),
                  product(-forget, f"u{every}*t", domain)),
        dw=product(step, f"u{every}*sgn(t-{theta})", domain),
        x1_impulse=impulse, x1_tau=slow_tau, x2_impulse=impulse, x2_tau=fast_tau,
        sign="excitatory")
