"""The learning rule of match-and-control: a synapse that remembers a match for a while."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias

from neuromorph.errors import LearningRuleError
from neuromorph.learning.products import Domain, product, series
from neuromorph.learning.rule import LearningRule
from neuromorph.numerics.limits import TAG_MAX

Kernel: TypeAlias = Literal["two", "three"]


@dataclass(frozen=True)
class _Traces:
    """How a kernel is made of x1 and x2: impulses, time constants, and products by their shares."""

    impulses: tuple[float, float]
    taus: tuple[float, float]
    products: tuple[tuple[str, float], ...]


KERNELS: dict[Kernel, _Traces] = {
    "two": _Traces((127, 127), (8.36, 2.72), (("y0*x1", 1), ("y0*x2", -1))),
    # At a lag of 0 the three cancel to within a tag, each of them below the 255 where it is cut.
    "three": _Traces((84, 97), (7.95, 1.97),
                     (("y0*x1", 2.5), ("y0*x2", -10), ("y0*x1*x2", 3 / 32))),
}

LARGEST_RATE = 2**-2
"""Of three exponentials in integers: 10 rate x2 is 242.5 tags then."""


def short_term_potentiation(
    *, kernel: Kernel = "two", rate: float = 2**-2, theta: int = 100, step: float = 64,
    forget: float = 2**-7, every: int = 7, impulse: float | None = None,
    slow_tau: float | None = None, fast_tau: float | None = None, domain: Domain = "fixed",
) -> LearningRule:
    """Match-and-control: an axon whose train matches the neuron's is potentiated (Ellwood 2024).

    ::

        t = sum of K(t_post - t_pre), fading
        w = its upper bound where t > theta, else 0

        two:    dt = rate y0 x1 - rate y0 x2                                 - forget t u_k
        three:  dt = 5/2 rate y0 x1 - 10 rate y0 x2 + 3/32 rate y0 x1 x2     - forget t u_k
        dw = step u_k sgn(t - theta)                        excitatory,  k = every

        K(d) ~ e^(-d/slow) - e^(-d/fast)                                                 two
        K(d) ~ a e^(-d/slow) - b e^(-d/fast) + (b - a) e^(-d/slow - d/fast)              three

    The difference of two traces turns on as steeply as it ever rises. With their product the
    kernel begins flat, as the paper's does: in integers it stays within .05 of the published
    curve, where the difference is up to .17 off. It costs one more product a spike.

    The weight steps towards its bound every 2^k epochs, so it is all or nothing after 255 / step
    of them; in the float domain nothing stops it above. Integers cut the traces to 7 bits, and
    the tag stops at 255: choose ``rate`` so that a match comes to about twice ``theta``.

    Parameters
    ----------
    kernel : {"two", "three"}
        Exponentials that it is made of.
    rate : float
        m 2^e: tag for a difference of traces of 1. With three exponentials a power of two, in
        integers up to 1/4, and a single coincidence gives 70 ``rate`` tags at most.
    theta : int
        Threshold of the tag, 0 to 254.
    step : float
        m 2^e: change of the weight at a time.
    forget : float
        m 2^e: share of the tag that goes every 2^every epochs.
    every : int
        0 to 9.
    impulse : float, optional
        Of both traces, 127. With three exponentials their impulses are 84 and 97, and only these.
    slow_tau, fast_tau : float, optional
        Time constants in steps; the defaults are the paper's synapse at 1 ms a step: 8.36 and
        2.72, with three exponentials 7.95 and 1.97.
    domain : {"fixed", "float"}

    Raises
    ------
    LearningRuleError
        If the tag could never pass theta, or fall below it; if there is no such kernel, or it
        would not cancel with these impulses or this rate.
    """
    if not 0 <= theta < TAG_MAX:
        raise LearningRuleError("a tag cannot pass this threshold", where="theta", found=theta,
                                expected=f"0 to {TAG_MAX - 1}")
    traces = _traces_of(kernel, impulse)
    if kernel == "three" and domain == "fixed" and rate > LARGEST_RATE:
        raise LearningRuleError("a product of three exponentials would be cut at 255 tags",
                                where="rate", found=rate, expected=f"at most {LARGEST_RATE}")
    slow, fast = traces.taus
    x1, x2 = traces.impulses if impulse is None else (impulse, impulse)
    coincidences = [product(share * rate, factors, domain) for factors, share in traces.products]
    return LearningRule(
        dt=series(*coincidences, product(-forget, f"u{every}*t", domain)),
        dw=product(step, f"u{every}*sgn(t-{theta})", domain),
        x1_impulse=x1, x1_tau=slow if slow_tau is None else slow_tau,
        x2_impulse=x2, x2_tau=fast if fast_tau is None else fast_tau, sign="excitatory")


def _traces_of(kernel: Kernel, impulse: float | None) -> _Traces:
    if kernel not in KERNELS:
        raise LearningRuleError("there is no such kernel", where="kernel", found=kernel,
                                expected=", ".join(KERNELS))
    if kernel == "three" and impulse is not None:
        raise LearningRuleError("three exponentials cancel with their own impulses only",
                                where="impulse", found=impulse, hint="leave it out; scale by rate")
    return KERNELS[kernel]
