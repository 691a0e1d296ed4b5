"""What a source may send, as a factor of a rule and elsewhere."""

from __future__ import annotations

import numpy as np
import pytest

from neuromorph.network import CubaLIF, LearningRule, Network, Population, Projection, Source
from neuromorph.network.sources import source_range


@pytest.mark.parametrize(("bits", "as_factor", "as_source"), [
    (0, (0, 1), (0, 1)), (4, (0, 7), (-8, 7)), (8, (0, 127), (-128, 127)),
    (9, (0, 127), (-256, 255)), (24, (0, 127), (-(2**23), 2**23 - 1)),
])
def test_a_third_factor_is_a_trace_however_wide_its_payload(
    bits: int, as_factor: tuple[int, int], as_source: tuple[int, int]
) -> None:
    """7 bits without a sign; what a source sends elsewhere has all its bits."""
    rule = LearningRule(dw="2^-2*y3*x0")
    network = Network("n", "fixed", (
        Population("in", 1, Source(bits)), Population("third", 1, Source(bits)),
        Population("n", 1, CubaLIF()),
    ), (Projection("w", "in", "n", np.ones((1, 1), np.int32), graded=bits > 0, rule=rule,
                   modulators=(None, None, "third")),))
    assert source_range(network, "third") == as_factor
    assert source_range(network, "in") == as_source
