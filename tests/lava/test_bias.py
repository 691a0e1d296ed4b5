"""Heads with a bias for each query and key on Lava: the integers of all other backends."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from neuromorph import backends
from neuromorph.backends import AttentionBatch
from neuromorph.circuits.latency_attention import LatencyAttention, prove_ranges
from neuromorph.circuits.latency_attention.curve import top
from neuromorph.errors import BackendError

pytestmark = pytest.mark.lava

GRADED = prove_ranges(LatencyAttention(
    slots=5, key_size=3, value_size=2, spikes="graded", key_shift=1, ramp=150, window=14,
    score_bound=2201, latest=900, query_limit=20, key_limit=20, value_limit=127, value_shift=2,
    control_decay=2048, unit=254, bias_limit=1000))
BINARY = prove_ranges(replace(GRADED, spikes="binary", value_shift=0))


@pytest.mark.parametrize("head", [GRADED, BINARY], ids=["graded", "binary"])
def test_lava_gives_the_same(head: LatencyAttention) -> None:
    try:
        lava = backends.get("lava")
    except BackendError as error:
        pytest.skip(str(error))
    rng = np.random.default_rng(0)
    work = AttentionBatch(
        [head], rng.integers(-20, 21, (1, 1, 2, 3)), rng.integers(-20, 21, (1, 1, 5, 3)),
        rng.integers(-127, 128, (1, 1, 5, 2)), rng.random((1, 2, 5)) < .8,
        bias=rng.integers(-1000, 1001, (1, 1, 2, 5)))
    closed = backends.attend("fast", work, times=True)
    assert backends.attend_clocked(lava, work).differs_from(closed) is None
    unbiased = backends.attend("fast", replace(work, bias=None), times=True)
    assert unbiased.differs_from(closed) is not None


@pytest.mark.parametrize("head", [GRADED, BINARY], ids=["graded", "binary"])
def test_lava_gives_the_same_with_a_slope(head: LatencyAttention) -> None:
    try:
        lava = backends.get("lava")
    except BackendError as error:
        pytest.skip(str(error))
    rng = np.random.default_rng(1)
    sloped = prove_ranges(replace(head, slope=90 << 16, block=2, near=300))
    work = AttentionBatch(
        [sloped], rng.integers(-20, 21, (1, 1, 5, 3)), rng.integers(-20, 21, (1, 1, 5, 3)),
        rng.integers(-127, 128, (1, 1, 5, 2)), np.tri(5, dtype=bool)[None])
    closed = backends.attend("fast", work, times=True)
    assert backends.attend_clocked(lava, work).differs_from(closed) is None
    level = replace(work, heads=[replace(sloped, slope=0, block=1, near=0)])
    assert backends.attend("fast", level, times=True).differs_from(closed) is not None


def test_lava_gives_the_same_with_a_curved_ramp() -> None:
    try:
        lava = backends.get("lava")
    except BackendError as error:
        pytest.skip(str(error))
    rng = np.random.default_rng(2)
    curved = replace(BINARY, bias_limit=0, cap=700, cap_from=-60_000, cap_step=9000)
    curved = prove_ranges(replace(curved, latest=top(curved) + curved.ramp))
    work = AttentionBatch(
        [curved], rng.integers(-20, 21, (1, 1, 3, 3)), rng.integers(-20, 21, (1, 1, 5, 3)),
        rng.integers(-127, 128, (1, 1, 5, 2)), rng.random((1, 3, 5)) < .8)
    closed = backends.attend("fast", work, times=True)
    assert backends.attend_clocked(lava, work).differs_from(closed) is None
    straight = replace(work, heads=[replace(curved, cap=0, cap_from=0, cap_step=0)])
    assert backends.attend("fast", straight, times=True).differs_from(closed) is not None
