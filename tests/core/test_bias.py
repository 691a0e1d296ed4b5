"""A bias for each query and key: the same integers on every backend, within what is proved."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from compiled_programs import compiled, said
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from small_heads import BINARY, GRADED, Case, cases

from neuromorph import backends
from neuromorph.backends import AttentionBatch
from neuromorph.circuits.latency_attention import (
    PROBES,
    LatencyAttention,
    build,
    prove_ranges,
    stimulate,
)
from neuromorph.circuits.latency_attention.rules import SCORE
from neuromorph.compile import Unit, compile_units
from neuromorph.compile.ranges.contract import prove_contract
from neuromorph.compile.split import split
from neuromorph.errors import RangeProofError, UsageError
from neuromorph.profiles import load_profile

BIASED = replace(GRADED, score_bound=2201, bias_limit=1000)
PLAIN = replace(BINARY, score_bound=2201, bias_limit=1000)


def with_bias(head: LatencyAttention) -> LatencyAttention:
    """The head with as large a bias as its score bound leaves room for."""
    return prove_ranges(replace(head, bias_limit=SCORE.spare(head)))


def work_of(case: Case, seed: int = 0) -> AttentionBatch:
    """The case's queries with a bias that reaches its limits."""
    rng, head = np.random.default_rng(seed), with_bias(case.head)
    limit = head.bias_limit
    shape = (len(case.queries), head.slots)
    bias = rng.integers(-limit, limit + 1, shape) if seed % 3 else rng.choice([-limit, limit],
                                                                              shape)
    return AttentionBatch([head], case.queries[None, None], case.keys[None, None],
                          case.values[None, None], case.mask[None], bias=bias[None, None])


def random_work(head: LatencyAttention, seed: int = 0, asked: int = 6) -> AttentionBatch:
    """Four heads that share two of keys; each has a bias of its own."""
    rng = np.random.default_rng(seed)

    def codes(limit: int, *shape: int) -> NDArray[np.int64]:
        return rng.integers(-limit, limit + 1, shape)

    return AttentionBatch(
        [head] * 4, codes(head.query_limit, 2, 4, asked, head.key_size),
        codes(head.key_limit, 2, 2, head.slots, head.key_size),
        codes(head.value_limit, 2, 2, head.slots, head.value_size),
        rng.random((2, asked, head.slots)) < .8,
        bias=codes(head.bias_limit, 2, 4, asked, head.slots))


@settings(deadline=None, max_examples=20)  # the first compiles
@given(cases(), st.integers(0, 2**16))
def test_fast_is_reference(case: Case, seed: int) -> None:
    """In closed form and by the clock."""
    work = work_of(case, seed)
    truth = backends.attend("reference", work)
    assert backends.attend("fast", work, times=True).differs_from(truth) is None
    assert backends.attend_clocked(backends.get("fast"), work).differs_from(truth) is None


@pytest.mark.parametrize("head", [BIASED, PLAIN, replace(BIASED, key_shift=0, score_bound=3401)],
                         ids=["graded", "plain", "unshifted"])
def test_a_bias_moves_the_score_by_itself(head: LatencyAttention) -> None:
    """n = clip(ceil((first due + ceil(2 q.k / 2^shift) + bias) / ramp)), from its definition."""
    work = random_work(prove_ranges(head))
    attended = backends.attend("fast", work, times=True)
    assert work.bias is not None
    for b in range(2):
        for h in range(4):
            scores = (-2 * (work.queries[b, h] @ work.keys[b, h // 2].T)) >> head.key_shift
            due = head.first_due - (scores - work.bias[b, h])
            steps = np.clip(-(-due // head.ramp), 0, head.window)
            np.testing.assert_array_equal(attended.times[b, h],
                                          np.where(work.mask[b], steps, -1))


@pytest.mark.parametrize("head", [BIASED, PLAIN], ids=["graded", "plain"])
@pytest.mark.parametrize("memory", [pytest.param("written", marks=pytest.mark.slow), "causal"])
def test_heads_that_are_written_have_it_too(head: LatencyAttention, memory: str) -> None:
    work = random_work(head, asked=head.slots)
    causal = np.tril(np.ones(work.mask.shape[1:], bool))
    work = replace(work, mask=work.mask & causal)
    clocked = backends.attend_clocked(backends.get("fast"), work, memory=memory)
    assert clocked.differs_from(backends.attend("fast", work, times=True)) is None


@pytest.mark.parametrize("head", [BIASED, PLAIN], ids=["graded", "plain"])
def test_an_emitted_read_out_has_it_too(head: LatencyAttention) -> None:
    work = replace(random_work(head), readout="emitted")
    clocked = backends.attend_clocked(backends.get("fast"), work)
    assert clocked.differs_from(backends.attend("fast", work, times=True)) is None


def test_a_bias_of_nothing_is_none() -> None:
    """The same times, control and normaliser; a head without one has no axons for it."""
    work = random_work(BIASED)
    silent = replace(work, bias=np.zeros_like(work.bias))
    without = replace(work, bias=None)
    assert backends.attend("fast", silent).differs_from(backends.attend("fast", without)) is None
    rng = np.random.default_rng(0)
    keys, values = rng.integers(-20, 21, (5, 3)), rng.integers(-127, 128, (5, 2))
    names = {p.name for p in build(BIASED, keys, values).populations}
    assert names - {p.name for p in build(GRADED, keys, values).populations} == {"bias"}


@pytest.mark.parametrize("head", [BIASED, PLAIN], ids=["graded", "plain"])
def test_it_is_proved_unless_its_synapses_are_others(head: LatencyAttention) -> None:
    rng = np.random.default_rng(0)
    network = build(head, rng.integers(-20, 21, (5, 3)), rng.integers(-127, 128, (5, 2)))
    proof = prove_contract(network)
    assert proof.proved
    assert len(proof.circuits) == 1
    (tilt,) = (p for p in network.projections if p.name == "tilt")
    louder = replace(tilt, weights=2 * tilt.weights)
    planted = replace(network, projections=tuple(louder if p is tilt else p
                                                 for p in network.projections))
    with pytest.raises(RangeProofError, match="found tilt"):
        prove_contract(planted)


@pytest.mark.parametrize(("head", "profile"), [
    (BIASED, "loihi2-graded"), (PLAIN, "loihi2"), (replace(PLAIN, input_bits=22), "loihi1")])
def test_a_placed_head_gives_the_same(head: LatencyAttention, profile: str) -> None:
    """On Loihi 1 every bit of a bias is a plain axon of its slot."""
    rng = np.random.default_rng(0)
    network = build(head, rng.integers(-20, 21, (5, 3)), rng.integers(-127, 128, (5, 2)))
    state = compile_units([Unit("head", network)], load_profile(profile))
    (unit,) = state.program.units
    assert not said(compiled(load_profile(profile), network))
    queries, mask = rng.integers(-20, 21, (3, 3)), rng.random((3, 5)) < .7
    inputs, steps = stimulate(head, queries, mask, bias=rng.integers(-1000, 1001, (3, 5)))
    fast = backends.get("fast")
    whole = fast.run(network, inputs, PROBES, steps)
    placed = split(unit, state.program.slices_of(0)).run(fast.run, inputs, PROBES, steps)
    for probe in PROBES:
        np.testing.assert_array_equal(placed.traces[probe], whole.traces[probe])


def test_what_hides_is_not_sent() -> None:
    """A hidden slot's bias costs no spike and changes nothing."""
    mask = np.array([[True, False, True, True, False]])
    bias = np.full((1, 5), 300)
    inputs, _ = stimulate(BIASED, np.zeros((1, 3), int), mask, bias=bias)
    assert np.count_nonzero(inputs["bias"]) == 3
    work = random_work(BIASED)
    other = replace(work, bias=np.where(work.mask[:, None], work.bias, 77))
    assert backends.attend("fast", work).differs_from(backends.attend("fast", other)) is None


def test_what_does_not_fit_is_refused() -> None:
    rng = np.random.default_rng(0)
    keys, values = rng.integers(-20, 21, (5, 3)), rng.integers(-127, 128, (5, 2))
    with pytest.raises(RangeProofError, match="score bound is smaller"):
        build(replace(BIASED, bias_limit=1001), keys, values)
    with pytest.raises(RangeProofError, match="less than none"):
        build(replace(BIASED, bias_limit=-1), keys, values)
    work = random_work(BIASED)
    with pytest.raises(UsageError, match="head 0: a bias is beyond"):
        replace(work, bias=np.full((1, 1, 6, 5), 1001))
    with pytest.raises(UsageError, match="bias has the wrong shape"):
        replace(work, bias=np.zeros((2, 3, 6, 5), int))
    with pytest.raises(UsageError, match="bias has the wrong shape or type"):
        replace(work, bias=np.zeros((2, 4, 6, 5)))
    with pytest.raises(UsageError, match=r"exceeds its limit.*calibrate on data"):
        stimulate(GRADED, np.zeros((1, 3), int), bias=np.ones((1, 5), int))
    assert replace(work, heads=[GRADED] * 4, bias=np.zeros((1, 1, 6, 5), int)).bias is not None
