"""Match and control at one synapse: coincidences add up, are forgotten, and open a gate.

Source of all constants: Ellwood 2024, PLoS Comput Biol 20(1): e1011843, its published model
parameters; the kernel's three times and its scale are a fit to that model's responses. Times are
in ms, scores in units of the threshold that goes with a match window of 1 s.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Annotated, NamedTuple

import numpy as np
from numpy.typing import NDArray

from neuromorph.errors import UsageError
from neuromorph.shapes import Float64, Num, Shaped

FORGETTING = 20_000.0
"""Time constant of the match score, ms."""

COPY_DELAY = 500.0
"""Time constant at which the delayed copy follows the score, ms."""

GATE_SLOPE = 20.0
"""Steepness of the gate in units of the threshold."""

POTENTIATION = 8.0
"""Gain of a synapse with its gate open; 1 when it is shut."""

THRESHOLDS = {0.5: 0.7675, 1.0: 1.0, 2.0: 1.314}
"""Threshold by match window (s): of 149 axons that do not match, one passes in 10 % of trials."""


@dataclass(frozen=True)
class CoincidenceKernel:
    """K(lag) = scale (e^(-(lag - delay) / slow) - e^(-(lag - delay) / fast)), 0 up to delay.

    What a presynaptic spike and a somatic spike ``lag`` ms after it add to the match score.

    Attributes
    ----------
    scale : float
        In units of the threshold at 1 s.
    delay, slow, fast : float
        ms; slow above fast.

    Raises
    ------
    UsageError
        If the times are not 0 <= delay and 0 < fast < slow, or the scale is not positive.
    """

    scale: float = 0.626
    delay: float = 2.24
    slow: float = 8.36
    fast: float = 2.72

    def __post_init__(self) -> None:
        times_fit = 0 <= self.delay < math.inf and 0 < self.fast < self.slow < math.inf
        if not (times_fit and 0 < self.scale < math.inf):
            raise UsageError("this is no coincidence kernel", found=self,
                             expected="scale > 0, delay >= 0, 0 < fast < slow, all finite")

    def __call__(self, lag: Annotated[Num, "*shape"] | float) -> Annotated[Float64, "*shape"]:
        """K(lag) for lags (ms) of any shape; 0 where a lag is NaN."""
        age = np.asarray(lag, np.float64) - self.delay
        grown = np.maximum(age, 0)
        return np.where(age > 0, self.scale * (np.exp(-grown / self.slow)
                                               - np.exp(-grown / self.fast)), 0.0)

    @property
    def peak_lag(self) -> float:
        """Lag at which K is largest, ms."""
        rise = self.slow * self.fast / (self.slow - self.fast)
        return self.delay + rise * math.log(self.slow / self.fast)

    def delay_steps(self, step: float = 1.0) -> int:
        """The first whole step at which K is not 0: presynaptic spikes arrive so much later."""
        return math.floor(self.delay / _positive(step, "step")) + 1


ELLWOOD_KERNEL = CoincidenceKernel()
"""Peak at 7 ms; within .02 of the tabulated kernel nearly everywhere."""


@dataclass(frozen=True)
class ProductKernel:
    """Three exponentials of two traces and their product; 0 up to delay.

    ::

        K(lag) = a e^(-u/slow) - b e^(-u/fast) + c e^(-u/slow - u/fast),    u = lag - delay

    The product lets K begin flat, as the model's responses do: a difference of two exponentials
    turns on as steeply as it ever rises. In integers it is
    ``short_term_potentiation(kernel="three")``. Meant for lags of a step of 1 ms and more after
    the delay: a - b + c is .10, not 0, and has gone a step later.

    Attributes
    ----------
    slow_scale, fast_scale, product_scale : float
        a, b, c in units of the threshold at 1 s.
    delay, slow, fast : float
        ms.
    """

    slow_scale: float = 0.661
    fast_scale: float = 4.470
    product_scale: float = 3.911
    delay: float = 1.0
    slow: float = 8.517
    fast: float = 1.720

    def __call__(self, lag: Annotated[Num, "*shape"] | float) -> Annotated[Float64, "*shape"]:
        """K(lag) for lags (ms) of any shape; 0 where a lag is NaN."""
        age = np.asarray(lag, np.float64) - self.delay
        grown = np.maximum(age, 0)
        slow, fast = np.exp(-grown / self.slow), np.exp(-grown / self.fast)
        total = (self.slow_scale * slow - self.fast_scale * fast
                 + self.product_scale * slow * fast)
        return np.where(age > 0, total, 0.0)


PRODUCT_KERNEL = ProductKernel()
"""A fit to the model's responses, as `ELLWOOD_KERNEL`: peak at 7 ms, 11.7 ms wide."""


class MatchState(NamedTuple):
    """Per synapse: the two presynaptic traces, the match score and its delayed copy."""

    slow: Annotated[Float64, "*traces"]
    fast: Annotated[Float64, "*traces"]
    score: Annotated[Float64, "*shape"]
    copy: Annotated[Float64, "*shape"]


def rest(shape: tuple[int, ...]) -> MatchState:
    """The state of synapses that have seen nothing."""
    return MatchState(*(np.zeros(shape) for _ in MatchState._fields))


def step_match(
    state: MatchState, pre: Annotated[Shaped, "..."], post: Annotated[Shaped, "..."] | float, *,
    kernel: CoincidenceKernel = ELLWOOD_KERNEL, step: float = 1.0,
) -> MatchState:
    """One step of every synapse.

    ::

        x'    = x e^(-step / tau) + pre e^(-(delay_steps step - delay) / tau)      slow and fast
        g_d'  = g_d e^(-step / 500) + g w          dg_d/dt = (g - g_d) / 500, exact in a step
        g'    = g e^(-step / 20 000) + post scale (slow' - fast')

    On spikes at whole steps this is, up to rounding, ::

        g(t) = sum_ij K(post_j - pre_i) e^(-(t - post_j) / 20 000)       over post_j <= t

    and `copy_response` of each coincidence.

    Parameters
    ----------
    state : MatchState of float64 arrays
    pre : array, same shape
        0 or 1: whether the axon fired ``kernel.delay_steps(step)`` steps ago.
    post : array or scalar that broadcasts to that shape
        0 or 1: whether the soma fires now.
    step : float
        ms.
    """
    lead = kernel.delay_steps(step) * step - kernel.delay
    slow = state.slow * math.exp(-step / kernel.slow) + pre * math.exp(-lead / kernel.slow)
    fast = state.fast * math.exp(-step / kernel.fast) + pre * math.exp(-lead / kernel.fast)
    copy = (state.copy * math.exp(-step / COPY_DELAY)
            + state.score * copy_response(step))
    score = state.score * math.exp(-step / FORGETTING) + post * kernel.scale * (slow - fast)
    return MatchState(slow, fast, score, copy)


def copy_response(age: Annotated[Num, "*shape"] | float) -> Annotated[Float64, "*shape"]:
    """g_d / K = m / (m - d) (e^(-age / m) - e^(-age / d)), m = 20 000, d = 500: one coincidence.

    ``age`` is the time since the coincidence, ms, at least 0.
    """
    share = FORGETTING / (FORGETTING - COPY_DELAY)
    difference: NDArray[np.float64] = np.exp(-age / FORGETTING) - np.exp(-age / COPY_DELAY)
    return share * difference


def potentiation_gate(
    score: Annotated[Num, "*shape"], threshold: float
) -> Annotated[Float64, "*shape"]:
    """alpha = sigma(20 (score / threshold - 1)), 0 to 1; the score is that of the delayed copy."""
    excess = GATE_SLOPE * (np.asarray(score) / _positive(threshold, "threshold") - 1)
    opening: NDArray[np.float64] = 0.5 * (1 + np.tanh(excess / 2))  # logistic, no overflow
    return opening


def potentiation_gain(opening: Annotated[Num, "*shape"]) -> Annotated[Float64, "*shape"]:
    """(1 - alpha) + 8 alpha: what a synapse's conductance is multiplied with."""
    return (1 - np.asarray(opening, np.float64)) + POTENTIATION * opening


def pooled_gate(
    scores: Annotated[Num, "*batch synapses"], beta: float
) -> Annotated[Float64, "*batch synapses"]:
    """alpha_i = sigma(beta s_i - log sum_{j != i} e^(beta s_j)) = softmax_i(beta s).

    One inhibitory neuron that pools the synapses' scores, in place of each one's own fixed
    threshold. A synapse without others has nothing against it: its gate is open.

    Parameters
    ----------
    scores : array, shape (..., synapses)
        Finite; those along the last axis compete.
    beta : float
        Steepness, positive.

    Returns
    -------
    float64 array, same shape
    """
    scaled = _positive(beta, "steepness") * np.asarray(scores, np.float64)
    best = scaled.argmax(axis=-1, keepdims=True)
    above = scaled - np.take_along_axis(scaled, best, axis=-1)  # at most 0: nothing overflows
    share = np.exp(above)
    np.put_along_axis(share, best, 0.0, axis=-1)
    others = 1 + share.sum(axis=-1, keepdims=True) - share
    np.put_along_axis(others, best, share.sum(axis=-1, keepdims=True), axis=-1)
    with np.errstate(divide="ignore"):  # log 0: no other counts
        against = np.log(others) - above
    opening: NDArray[np.float64] = np.exp(-np.logaddexp(0, against))
    return opening


def _positive(value: float, name: str) -> float:
    if not 0 < value < math.inf:
        raise UsageError(f"the {name} must be positive", found=value)
    return value
