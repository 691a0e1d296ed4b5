"""Attention in closed form is the clocked circuit, to the bit, spike times and payloads too."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from small_heads import BINARY, GRADED, Case, codes, heads, layer_of, masks

from neuromorph import backends
from neuromorph.backends import AttentionBatch
from neuromorph.backends.fast import threads as fast_threads
from neuromorph.circuits.latency_attention import LatencyAttention, prove_ranges
from neuromorph.errors import RangeProofError

REFERENCE = backends.get("reference")
quick = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])


@st.composite
def batches(draw: st.DrawFn) -> AttentionBatch:
    """Sequences of grouped heads, each head with numbers of its own."""
    key_size, value_size = draw(st.integers(1, 4)), draw(st.integers(1, 3))
    kv_heads, group = draw(st.sampled_from([(1, 1), (1, 3), (2, 1), (2, 2)]))
    slots = draw(st.integers(1, 6))
    layer = [draw(heads(key_size=key_size, value_size=value_size, slots=slots))
             for _ in range(kv_heads * group)]
    limits = {name: min(getattr(head, name) for head in layer)
              for name in ("query_limit", "key_limit", "value_limit", "unit")}
    layer = [replace(head, unit=limits["unit"]) for head in layer]
    rng = np.random.default_rng(draw(st.integers(0, 2**32)))
    sequences, asked, keys = (draw(st.integers(1, top)) for top in (2, 3, slots))
    return AttentionBatch(
        layer, codes(rng, (sequences, len(layer), asked, key_size), limits["query_limit"]),
        codes(rng, (sequences, kv_heads, keys, key_size), limits["key_limit"]),
        codes(rng, (sequences, kv_heads, keys, value_size), limits["value_limit"]),
        masks(rng, (sequences, asked, keys)))


@given(batches())
@quick
def test_attention_is_the_same_three_ways(work: AttentionBatch) -> None:
    closed = backends.attend("fast", work, times=True)
    truth = backends.attend("reference", work)
    clocked = backends.attend_clocked(backends.get("fast"), work)
    assert closed.times is not None
    assert closed.payloads is not None
    assert closed.differs_from(truth) is None
    assert clocked.differs_from(truth) is None


@given(batches())
@settings(quick, max_examples=20)
def test_recording_times_changes_nothing_else(work: AttentionBatch) -> None:
    bare = backends.attend("fast", work)
    assert bare.times is None
    assert bare.payloads is None
    assert bare.differs_from(backends.attend("fast", work, times=True)) is None


@pytest.mark.parametrize("threads_from", [0, 2**40], ids=["threads", "serial"])
@pytest.mark.parametrize("head", [BINARY, GRADED], ids=["binary", "graded"])
def test_more_queries_than_a_block_and_more_values_than_a_register(
    head: LatencyAttention, threads_from: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One sequence sees more and more, one less and less, one nothing in its last block."""
    monkeypatch.setattr(fast_threads, "PARALLEL_FROM", threads_from)
    work = layer_of(replace(head, value_size=17), sequences=3, asked=140)
    more = np.arange(5) < (np.arange(140) // 30 + 1)[:, None]
    mask = np.stack([more, more[::-1], np.arange(140)[:, None] < np.full(5, 128)])
    work = replace(work, mask=mask)
    clocked = backends.attend_clocked(backends.get("fast"), work)
    assert backends.attend("fast", work, times=True).differs_from(clocked) is None


def test_threads_change_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    work = layer_of(GRADED)
    alone = backends.attend("fast", work, times=True)
    assert work.queries[0, ..., 0].size * work.keys.shape[2] < fast_threads.PARALLEL_FROM
    monkeypatch.setattr(fast_threads, "PARALLEL_FROM", 0)
    assert backends.attend("fast", work, times=True).differs_from(alone) is None


def as_many_slots_as_proven(head: LatencyAttention) -> LatencyAttention:
    """The longest context that the head's proof allows."""
    slots = head.slots
    try:
        while True:
            prove_ranges(replace(head, slots=slots + 1))
            slots += 1
    except RangeProofError:
        return replace(head, slots=slots)


@pytest.mark.parametrize(("score", "step"), [(-1, 0), (0, 3), (1, 6)])
@pytest.mark.parametrize("sign", [-1, 1])
@pytest.mark.parametrize("head", [BINARY, replace(GRADED, value_shift=4)],
                         ids=["binary", "graded"])
def test_sums_as_large_as_the_proof_allows(
    head: LatencyAttention, sign: int, score: int, step: int
) -> None:
    """All keys of a long context fire at one step, with the largest values there are."""
    head = as_many_slots_as_proven(replace(head, value_size=1, window=6, latest=450))
    work = AttentionBatch(
        [head], np.full((1, 1, 1, 3), 20 * score), np.full((1, 1, head.slots, 3), 20),
        np.full((1, 1, head.slots, 1), sign * head.value_limit),
        np.ones((1, 1, head.slots), bool))
    truth = backends.attend("reference", work)
    assert truth.last[0, 0, 0] == step
    assert backends.attend("fast", work, times=True).differs_from(truth) is None


def test_a_difference_is_named() -> None:
    _, one = Case(GRADED, np.ones((5, 3), int), np.ones((5, 2), int), np.ones((1, 3), int),
                  np.ones((1, 5), bool)).run(REFERENCE)
    assert one.times is not None
    assert one.differs_from(one) is None
    assert one.differs_from(replace(one, times=one.times + 1)) == "times"
    assert one.differs_from(replace(one, control=one.control + 1, last=one.last + 1)) == "control"
    assert one.differs_from(replace(one, times=None)) is None
