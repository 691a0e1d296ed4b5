"""Ellwood's offset curve: in floats, and what one coincidence leaves in the integer engine."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from examples.papers import ellwood_published as published
from examples.papers.ellwood_kernels import CURVE, LAGS, TWO, kernel_rows, normalised
from examples.papers.ellwood_offsets import tags_by_lag
from neuromorph.dynamics.coincidence import PRODUCT_KERNEL
from neuromorph.dynamics.match_control import MatchControl
from neuromorph.errors import LearningRuleError
from neuromorph.learning import LearningRule
from neuromorph.learning.named import short_term_potentiation

THREE = short_term_potentiation(kernel="three")


def test_the_kernel_of_three_exponentials_begins_flat() -> None:
    assert not PRODUCT_KERNEL(np.array([-7.0, 0.0, 1.0, np.nan])).any()
    steps = PRODUCT_KERNEL(np.arange(2.0, 41.0))
    assert (steps > 0).all()
    assert steps[0] < 0.15 * steps.max()  # at 2 ms; a difference that peaks at 7 has 0 or .4
    assert int(steps.argmax()) + 2 == published.PEAK


def test_in_integers_it_follows_the_published_curve_and_the_circuits_does_not() -> None:
    def furthest(rule: LearningRule, late: int) -> float:
        tags = tags_by_lag(rule, [int(lag) - late for lag in LAGS], seeds=8, synapses=16)
        return float(np.abs(normalised(tags.mean(axis=1)) - CURVE).max())

    assert furthest(THREE, 0) < published.OFFSET_WITHIN
    assert furthest(MatchControl().rule, 1) > 0.15


def test_its_products_stay_below_what_a_product_may_be() -> None:
    """At a lag of one step all three are at their largest, and leave a tag of 1 or 2."""
    tags = tags_by_lag(THREE, [1, 7], seeds=4, synapses=4)
    assert tags[0].max() <= 2
    assert 15 <= tags[1].mean() <= 19
    assert 2.5 * THREE.x2_impulse <= 255


def test_coincidences_leave_the_same_tags_on_every_backend() -> None:
    reference, fast = (tags_by_lag(THREE, [1, 3, 7], seeds=1, synapses=2, backend=backend)
                       for backend in ("reference", "fast"))
    np.testing.assert_array_equal(reference, fast)


def test_in_floats_the_three_products_cancel() -> None:
    rule = short_term_potentiation(kernel="three", domain="float")
    a, b = 2.5 * rule.x1_impulse, 10 * rule.x2_impulse
    c = 3 / 32 * rule.x1_impulse * rule.x2_impulse
    assert abs(a - b + c) / 4 < 1
    assert rule.dt.startswith("5*2^-3*y0*x1 - 5*2^-1*y0*x2 + 3*2^-7*y0*x1*x2 - ")
    assert THREE.dt.startswith("5*2^-3*y0*x1 - 5*2^-1*y0*x2 + 3*2^-4*y0*x1*x2 - ")


@pytest.mark.parametrize(("wrong", "text"), [
    ({"kernel": "four"}, "kernel: there is no such kernel; found four; expected two, three"),
    ({"kernel": "three", "impulse": 100}, "impulse: three exponentials cancel with their own"),
    ({"kernel": "three", "rate": 1 / 2}, "rate: a product .* cut at 255 tags; found 0.5"),
    ({"kernel": "three", "rate": 3 / 16}, "no constant of the learning engine is this rate"),
])
def test_kernels_that_cannot_be_are_refused(wrong: dict[str, Any], text: str) -> None:
    with pytest.raises(LearningRuleError, match=text):
        short_term_potentiation(**wrong)


def test_rows_of_kernels() -> None:
    rows = {r.quantity: r for r in kernel_rows()}
    assert rows[f"lag of the peak, ms, {TWO}"].ok
    assert rows[f"full width at half maximum, ms, {TWO}"].ours == pytest.approx(12.28, abs=0.01)
    assert not [r.quantity for r in rows.values() if r.ok is False]
    assert rows[f"furthest from the offset curve, {TWO}"].ours > published.OFFSET_WITHIN
