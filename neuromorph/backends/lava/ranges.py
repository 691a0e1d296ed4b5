"""How large a synaptic input can get, for the 32-bit sums of stock Dense."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from neuromorph.backends.interface import Inputs
from neuromorph.errors import UnsupportedError
from neuromorph.network import Network
from neuromorph.network.bounds import ACCUMULATOR_MAX, payload_ranges, sum_range
from neuromorph.numerics.interval import Interval


def check_accumulators(network: Network, inputs: Inputs) -> None:
    """Check that no sum of W_ij s_j leaves 32 bits for these inputs, whatever W may learn.

    Raises
    ------
    UnsupportedError
        Naming the population for which it does not hold.
    """
    ranges = payload_ranges(network, {name: _span(train) for name, train in inputs.items()})
    for population in network.populations:
        sums = [sum_range(network, population.name, ranges, port)
                for port in population.model.ports]
        bound = max((max(int(s.high.max()), -int(s.low.min())) for s in sums), default=0)
        if bound > ACCUMULATOR_MAX:
            raise UnsupportedError("the synaptic input could exceed the 32 bits in which stock "
                                   "Dense adds up", where=population.name, found=bound,
                                   expected=f"at most {ACCUMULATOR_MAX}")


def _span(train: NDArray[Any]) -> Interval:
    """What each source sends, over all steps; it may also be silent."""
    payloads = np.asarray(train, np.int64)
    return Interval(payloads.min(axis=0, initial=0), payloads.max(axis=0, initial=0))
