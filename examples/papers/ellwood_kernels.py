"""Coincidence kernels against the published offset curve, in floats and in the integer engine."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from examples.papers import ellwood_published as published
from examples.papers.common import Row, bound, row
from examples.papers.ellwood_model import Floats, Kernel, interpolated, tabulated_kernel
from examples.papers.ellwood_offsets import tags_by_lag
from neuromorph.dynamics.coincidence import ELLWOOD_KERNEL, PRODUCT_KERNEL
from neuromorph.dynamics.match_control import MatchControl
from neuromorph.learning import LearningRule
from neuromorph.learning.named import short_term_potentiation

HEAD = f"{published.PAPER}, kernel"

TWO, THREE, TABLE = "difference of two traces", "two traces and their product", "table"
"""The circuit's kernel; the one that turns on as the paper's does; responses, lag by lag."""

KERNELS: dict[str, Kernel] = {TWO: ELLWOOD_KERNEL, THREE: PRODUCT_KERNEL, TABLE: interpolated}

LAGS = np.array(list(published.OFFSET_CURVE))
CURVE = np.array(list(published.OFFSET_CURVE.values()))


def kernel_rows() -> Iterator[Row]:
    """Shapes, and offset curves; that of the circuit's own kernel is reported."""
    yield from shape_rows()
    for name in (THREE, TABLE):
        yield from offset_rows(name, KERNELS[name](LAGS))
    three = short_term_potentiation(kernel="three")
    yield from offset_rows(f"{THREE}, integers", tags(three))
    two = MatchControl().rule
    for name, responses in ((TWO, ELLWOOD_KERNEL(LAGS)), (f"{TWO}, integers", tags(two, late=1))):
        yield row(HEAD, f"furthest from the offset curve, {name}", None,
                  float(np.abs(normalised(responses) - CURVE).max()), None)


def shape_rows() -> Iterator[Row]:
    fine = np.arange(0.0, 60.0, 0.01)
    lags, table = tabulated_kernel()
    for name in (TWO, THREE):
        values = KERNELS[name](fine)
        yield row(HEAD, f"lag of the peak, ms, {name}", published.PEAK,
                  float(fine[values.argmax()]), published.PEAK_WITHIN)
        yield row(HEAD, f"full width at half maximum, ms, {name}", published.WIDTH,
                  float(np.ptp(fine[values > values.max() / 2])), published.WIDTH_WITHIN)
        yield bound(HEAD, f"largest response up to 1 ms, {name}", 0.0,
                    float(values[fine <= 1].max()))
        yield row(HEAD, f"largest difference from the table, {name}", None,
                  float(np.abs(KERNELS[name](lags) - table).max()), None)


def offset_rows(name: str, responses: Floats) -> Iterator[Row]:
    for lag, expected, ours in zip(LAGS, CURVE, normalised(responses), strict=True):
        yield row(HEAD, f"response at {lag} ms, {name}", float(expected), float(ours),
                  published.OFFSET_WITHIN)


def normalised(responses: Floats) -> Floats:
    """By that at the lag of the published peak."""
    shares: Floats = responses / responses[LAGS == published.PEAK]
    return shares


def tags(rule: LearningRule, late: int = 0) -> Floats:
    """Mean tag of a coincidence at each of `LAGS`, the axons ``late`` steps more."""
    mean: Floats = tags_by_lag(rule, [int(lag) - late for lag in LAGS]).mean(axis=1)
    return mean
