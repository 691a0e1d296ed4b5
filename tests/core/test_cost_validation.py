"""Estimates against published measurements: by hand, no set on its own row, each miss explained."""

from __future__ import annotations

from dataclasses import replace

import pytest

from neuromorph.cost.measured import ROWS
from neuromorph.cost.validation import (
    CLOSE,
    ENERGIES,
    Judged,
    before_and_after,
    judged,
    median_factor,
    misses,
    predicted,
)
from neuromorph.profiles import load_profile

CHIP = load_profile("loihi2")
FOUND = judged()
PILOTNET, CLP, VPX, LEARNER, LLM, PEAK = ROWS


def one(row: object, quantity: str, costs: str) -> Judged:
    return next(each for each in FOUND
                if each.row is row and each.quantity == quantity and each.costs == costs)


def test_pilotnet_is_predicted_as_by_hand() -> None:
    by_hand = 158_509 * 81e-12 + 2.294e6 * 23.6e-12
    found = one(PILOTNET, "dynamic", "loihi1_published")
    assert found.predicted == pytest.approx(by_hand)
    assert found.ratio == pytest.approx(by_hand / 68.4e-6)
    time = one(PILOTNET, "seconds", "scaled")
    assert time.predicted == pytest.approx(150_800 * .7e-9)


def test_a_core_in_use_is_what_a_learner_takes() -> None:
    """34 cores, 9 steps, 4.3 nJ each, beside the events that the other set sees alone."""
    with_cores = one(LEARNER, "dynamic", "pilotnet_per_core").predicted
    alone = one(LEARNER, "dynamic", "pilotnet_measured").predicted
    assert with_cores is not None
    assert alone is not None
    assert with_cores - alone == pytest.approx(34 * 9 * 4.3e-9)


def test_a_total_has_the_chips_that_idled_for_as_long_as_was_measured() -> None:
    by_hand = 5e5 * 81e-12 + 3.7e8 * 24.2e-12 + 24 * .28 * 150.8e-6
    assert one(LLM, "total", "pilotnet_measured").predicted == pytest.approx(by_hand)
    assert one(LLM, "total", "intel_peak").predicted is None  # it has no idle power


def test_a_set_without_a_price_predicts_nothing() -> None:
    assert one(CLP, "dynamic", "intel_peak").predicted is None  # no price of learning
    assert one(PILOTNET, "seconds", "clp_measured").predicted is None


def test_no_set_is_judged_on_a_row_that_gave_it_a_constant() -> None:
    gave = {(row.name, path.split(".")[1]) for row in ROWS
            for path, q in CHIP.quantities.items() if row.key in q.source}
    assert gave == {(row.name, costs) for row in ROWS for costs in row.gave}
    for each in FOUND:
        assert each.own == ((each.row.name, each.costs) in gave)
        assert not each.own or each.factor is None
    assert median_factor("intel_peak", found=[each for each in FOUND if each.row is PEAK]) is None


def test_energy_is_close_on_one_chip_where_the_chip_counted_or_the_row_says_why() -> None:
    far = list(misses(FOUND))
    assert {each.row.name for each in far} - {PILOTNET.name} == {VPX.name}
    assert {each.costs for each in far if each.row is PILOTNET} == {"intel_peak"}  # a lower bound
    assert all(each.measured.cause for each in far if each.row is VPX)
    close = [each for each in FOUND if each.row is PILOTNET and each.quantity == "dynamic"
             and each.factor is not None and each.costs != "intel_peak"]
    assert len(close) == 4
    assert all(each.factor is not None and each.factor <= CLOSE for each in close)


def test_every_other_miss_says_why() -> None:
    for each in FOUND:
        if each.factor is not None and each.factor > CLOSE and each.costs != "intel_peak":
            assert each.measured.cause, each


def test_the_median_is_over_what_a_set_is_judged_on() -> None:
    factors = sorted(each.factor for each in FOUND if each.costs == "loihi1_published"
                     and each.quantity in ENERGIES and each.factor is not None)
    assert median_factor("loihi1_published") == (pytest.approx((factors[2] + factors[3]) / 2), 6)
    assert median_factor("clp_measured", ("seconds",)) is None


def test_new_constants_help_and_what_is_a_fit_is_told_apart() -> None:
    found = before_and_after(FOUND)
    before, after, count = found["judged"]
    assert (count, found["fitted too"][2]) == (2, 6)
    assert after < before
    assert found["fitted too"][1] < found["fitted too"][0]


def test_the_idle_board_is_the_rows_chips() -> None:
    more = replace(VPX, board_chips=32)
    once = predicted(VPX, "board_watts", CHIP, "pilotnet_measured")
    assert once == pytest.approx(16 * 1.25)
    assert predicted(more, "board_watts", CHIP, "pilotnet_measured") == pytest.approx(32 * 1.25)
    assert predicted(VPX, "board_watts", CHIP, "scaled") is None
