"""How large a synaptic input can get, for the 32-bit sums of stock Dense."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from neuromorph.backends.interface import Inputs
from neuromorph.backends.lava.supported import faintest_payload
from neuromorph.errors import UnsupportedError
from neuromorph.network import Astrocyte, LatencyMatch, Network, Population, Projection, Source
from neuromorph.numerics.limits import STATE_MAX, WEIGHT_MIN

ACCUMULATOR_MAX = 2**31 - 1
"""Stock Dense and the ports behind it add up in 32 bits, and wrap silently."""

SINGLE_WRAP_MAX = 2**18 - 1
"""Stock LIF wraps its current once only, which is enough for inputs up to this one:
a current of up to 2^23 and 64 times this stay within one and a half times the modulus."""


def check_accumulators(network: Network, inputs: Inputs) -> None:
    """Check that sum_j |W_ij| max|s_j| < 2^31 for every neuron i.

    Raises
    ------
    UnsupportedError
        Naming the population for which it does not hold.
    """
    for population in network.populations:
        bound = input_bound(network, population, inputs)
        if bound > ACCUMULATOR_MAX:
            raise UnsupportedError("the synaptic input could exceed the 32 bits in which stock "
                                   "Dense adds up", where=population.name, found=bound,
                                   expected=f"at most {ACCUMULATOR_MAX}")


def input_bound(network: Network, population: Population, inputs: Inputs) -> int:
    """A bound on every sum on the way to a population's synaptic input."""
    total = np.zeros(population.size)
    for projection in network.projections_to(population.name):
        loudest = _loudest(network, projection, inputs)
        summed = _largest_weights(projection) @ loudest
        total += summed * 2.0 ** max(projection.exponent, 0)
    return int(total.max())


def _largest_weights(projection: Projection) -> NDArray[np.float64]:
    """Largest magnitude of each weight: of a plastic one, whatever it may learn."""
    if projection.rule is not None:
        return np.full(projection.weights.shape, float(-WEIGHT_MIN))
    magnitudes: NDArray[np.float64] = np.abs(projection.weights.astype(np.float64))
    return magnitudes


def _loudest(network: Network, projection: Projection, inputs: Inputs) -> NDArray[Any]:
    """Largest magnitude that each neuron before a projection can send into it."""
    pre = network.population(projection.pre)
    if not projection.graded:
        return np.ones(pre.size)
    if isinstance(pre.model, Source):
        loudest: NDArray[Any] = np.abs(np.asarray(inputs[pre.name], np.float64)).max(axis=0)
        return loudest
    if isinstance(pre.model, LatencyMatch):
        faintest = abs(faintest_payload(pre.model))
        return np.full(pre.size, max(2 * pre.model.base, faintest), np.float64)
    if isinstance(pre.model, Astrocyte):
        return np.full(pre.size, float(STATE_MAX))
    return np.ones(pre.size)
