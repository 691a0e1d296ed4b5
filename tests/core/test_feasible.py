"""The numbers that calibration chooses: the largest the circuit's rules allow, and as before."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest

from neuromorph.circuits.latency_attention import LatencyAttention, prove_ranges
from neuromorph.circuits.latency_attention.rules import RULES, SCORE, THRESHOLD, WHOLE_FLUSH, Rule
from neuromorph.errors import RangeProofError
from neuromorph.translate import TranslateOptions
from neuromorph.translate.feasible import (
    FLUSH_SPARE,
    SCORE_SPARE,
    STEPS_SPARE,
    THRESHOLD_SPARE,
    draft_head,
    largest_bound,
    least,
    most,
    widest_window,
)

OPTIONS = {
    "graded": TranslateOptions(spikes="graded"), "binary": TranslateOptions(spikes="binary"),
    "loihi1": TranslateOptions(spikes="binary", target="loihi1"),
    "slow": TranslateOptions(spikes="binary", step_nats=0.05),
}


def drafts() -> list[tuple[LatencyAttention, TranslateOptions]]:
    """Heads of any size; the last ones are so large that their codes become small."""
    rng = np.random.default_rng(0)
    sizes = [(int(rng.integers(1, 400)), int(rng.integers(1, 200))) for _ in range(20)]
    sizes += [(1 << 14, 1024), (6000, 4096), (1, 1), (128, 64)]
    return [(draft_head(slots, key_size, 8, options), options)
            for slots, key_size in sizes for options in OPTIONS.values()]


def test_no_larger_code_and_no_finer_shift_would_do() -> None:
    for head, options in drafts():
        assert prove_ranges(head) is head
        roomy = replace(head, score_bound=largest_bound(head))
        assert SCORE.spare(roomy) >= SCORE_SPARE
        assert WHOLE_FLUSH.spare(head) >= FLUSH_SPARE
        if head.key_shift:
            assert SCORE.spare(replace(roomy, key_shift=head.key_shift - 1)) < SCORE_SPARE
        if head.query_limit < options.query_limit:
            coarsest = 8 if options.target == "loihi2" else 7
            larger = replace(roomy, query_limit=head.query_limit + 1, key_shift=coarsest)
            assert SCORE.spare(larger) < SCORE_SPARE
        if head.value_shift:
            finer = replace(head, value_shift=head.value_shift - 1)
            assert WHOLE_FLUSH.spare(finer) < FLUSH_SPARE
        if head.value_limit < 127:
            larger = replace(head, value_limit=head.value_limit + 1, unit=head.unit + 2)
            assert WHOLE_FLUSH.spare(larger) < FLUSH_SPARE


def test_the_bounds_that_bundles_were_made_with() -> None:
    assert {name: largest_bound(draft_head(8, 4, 4, options)) for name, options in OPTIONS.items()
            } == {"graded": 64_511, "binary": 64_511, "loihi1": 16_064, "slow": 64_511}


def shape(slots: int, key_size: int, kind: str) -> tuple[int, ...]:
    head = draft_head(slots, key_size, 8, OPTIONS[kind])
    return (head.query_limit, head.key_shift, head.score_bound, head.value_limit, head.value_shift)


@pytest.mark.parametrize(("given", "expected"), [  # of calibration as it repeated the arithmetic
    ((128, 64, "graded"), (126, 5, 64009, 127, 1)), ((128, 64, "binary"), (126, 5, 64009, 127, 0)),
    ((128, 64, "loihi1"), (31, 5, 15749, 127, 0)), ((2048, 64, "graded"), (126, 5, 64009, 127, 5)),
    ((2048, 128, "binary"), (126, 6, 64009, 25, 0)), ((512, 16, "slow"), (126, 3, 64009, 66, 0)),
    ((8000, 533, "loihi1"), (15, 7, 15866, 72, 0)),
    ((32768, 533, "graded"), (121, 8, 63990, 101, 8)),
])
def test_heads_stay_as_they_were(given: tuple[int, int, str], expected: tuple[int, ...]) -> None:
    assert shape(*given) == expected


def test_a_window_grows_to_what_is_wanted_or_to_the_room_of_the_threshold() -> None:
    head = replace(draft_head(16, 16, 8, OPTIONS["binary"]), ramp=700, latest=-9000)
    widest = widest_window(head, 10_000)
    assert widest_window(head, 12) == 12
    assert widest_window(head, 0) == 1

    def spare(window: int) -> int:
        return THRESHOLD.spare(replace(head, window=window + STEPS_SPARE))

    assert spare(widest) >= THRESHOLD_SPARE > spare(widest + 1)


def test_what_no_number_allows_is_left_to_the_proof() -> None:
    never = Rule("never", lambda _: 1, lambda _: 0)
    head = draft_head(4, 4, 4, OPTIONS["binary"])
    assert most(9, lambda n: replace(head, slots=n), never) == 1
    assert least(9, lambda n: replace(head, key_shift=n), never, 0) == 9
    crowded = draft_head(1 << 15, 4, 4, OPTIONS["loihi1"])
    with pytest.raises(RangeProofError, match="flush does not clear"):
        prove_ranges(crowded)


def test_every_rule_refuses_the_head_that_breaks_it() -> None:
    assert len({rule.fault for rule in RULES}) == len(RULES)
    head = draft_head(8, 8, 4, OPTIONS["graded"])
    for rule in RULES:
        assert rule.spare(head) >= 0, rule.fault
    assert THRESHOLD.spare(replace(head, window=1 << 20)) < 0
    assert math.isclose(OPTIONS["slow"].exact_step_nats, 0.05, rel_tol=0.01)
