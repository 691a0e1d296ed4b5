"""Curved ramps under a soft cap: proved, the same everywhere, and chosen where they pay."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from compiled_programs import compiled, said
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from small_heads import BINARY, GRADED

from neuromorph import backends
from neuromorph.backends import AttentionBatch
from neuromorph.circuits.latency_attention import (
    PROBES,
    LatencyAttention,
    build,
    prove_ranges,
    stimulate,
)
from neuromorph.circuits.latency_attention.curve import WHOLE, heights, rises, top
from neuromorph.compile import Unit, compile_units
from neuromorph.compile.ranges.contract import prove_contract
from neuromorph.compile.split import split
from neuromorph.errors import RangeProofError, UnsupportedError
from neuromorph.network import Network
from neuromorph.profiles import load_profile
from neuromorph.runtime import SpikingLayer, calibrated
from neuromorph.translate import Sample, TranslateOptions, calibrate_layer, measure_fidelity
from neuromorph.translate.curve import with_cap
from neuromorph.translate.softcap import of_soft_caps

PLAIN = TranslateOptions(spikes="binary")


def bent(head: LatencyAttention) -> LatencyAttention:
    """The head with its latest score where its curve ends."""
    return prove_ranges(replace(head, latest=top(head) + head.ramp))


CURVED = bent(replace(BINARY, slots=7, cap=700, cap_from=-60_000, cap_step=9000))
KINDS = {"plain": CURVED, "late flush": bent(replace(CURVED, window=17, pause=3, fine=2)),
         "narrow": bent(replace(CURVED, input_bits=22))}
kinds = pytest.mark.parametrize("head", KINDS.values(), ids=KINDS)


@st.composite
def curves(draw: st.DrawFn) -> LatencyAttention:
    """Any part of any cap that a small head has room for."""
    window, pause = draw(st.integers(5, 14)), draw(st.sampled_from([0, 3]))
    steps = window - 1 - pause
    start = draw(st.integers(1 - WHOLE, WHOLE - 1 - steps * 250))
    head = replace(BINARY, slots=draw(st.integers(1, 6)), window=window, pause=pause,
                   ramp=draw(st.integers(1, 150)), cap=draw(st.integers(600, 1000)), cap_from=start,
                   cap_step=draw(st.integers(250, (WHOLE - 1 - start) // steps)),
                   score_bound=10_000)
    return bent(head)


def work_of(heads: list[LatencyAttention], seed: int = 0, asked: int = 3) -> AttentionBatch:
    """Heads that share keys; some of those are hidden."""
    rng, head = np.random.default_rng(seed), heads[0]

    def codes(limit: int, *shape: int) -> NDArray[np.int64]:
        return rng.integers(-limit, limit + 1, (1, *shape))

    return AttentionBatch(
        heads, codes(head.query_limit, len(heads), asked, head.key_size),
        codes(head.key_limit, 1, head.slots, head.key_size),
        codes(head.value_limit, 1, head.slots, head.value_size),
        rng.random((1, asked, head.slots)) < .9)


@settings(deadline=None, max_examples=12)
@given(curves(), st.integers(0, 2**16))
def test_fast_is_reference(head: LatencyAttention, seed: int) -> None:
    work = work_of([head], seed)
    truth = backends.attend("reference", work)
    assert backends.attend("fast", work, times=True).differs_from(truth) is None


@kinds
def test_fast_runs_the_circuit_to_the_same(head: LatencyAttention) -> None:
    """Beside a head with a straight ramp, which fires at other steps."""
    straight = replace(head, cap=0, cap_from=0, cap_step=0)
    work = work_of([head, straight])
    closed = backends.attend("fast", work, times=True)
    assert backends.attend_clocked(backends.get("fast"), work).differs_from(closed) is None
    twice = backends.attend("fast", replace(work, heads=[straight, straight]), times=True)
    assert twice.head(1).differs_from(closed.head(1)) is None
    assert twice.head(0).differs_from(closed.head(0)) is not None


def test_a_written_memory_and_an_emitted_context() -> None:
    work = work_of([CURVED], asked=7)
    work = replace(work, mask=np.tri(7, dtype=bool)[None])
    fast, closed = backends.get("fast"), backends.attend("fast", work, times=True)
    assert backends.attend_clocked(fast, work, memory="causal").differs_from(closed) is None
    sent = replace(work, readout="emitted")
    assert backends.attend_clocked(fast, sent).differs_from(
        backends.attend("fast", sent, times=True)) is None


def test_capped_heights_are_even() -> None:
    """cap tanh(height / cap) climbs by cap_step of the cap, and heights are odd in it."""
    head = replace(CURVED, cap=50_000)
    capped = np.tanh(heights(head) / head.cap) * WHOLE
    assert np.abs(np.diff(capped) - head.cap_step).max() < 2
    assert rises(head).min() >= head.cap * head.cap_step // WHOLE
    back = replace(head, cap_from=-(head.cap_from + 13 * head.cap_step))
    np.testing.assert_array_equal(heights(back), -heights(head)[::-1])


@kinds
def test_it_is_proved(head: LatencyAttention) -> None:
    proof = prove_contract(network_of(head))
    assert proof.proved
    assert len(proof.circuits) == 1


@pytest.mark.parametrize(("head", "profile"), [(CURVED, "loihi2"), (KINDS["narrow"], "loihi1")])
def test_a_placed_head_gives_the_same(head: LatencyAttention, profile: str) -> None:
    rng, network = np.random.default_rng(1), network_of(head)
    state = compile_units([Unit("head", network)], load_profile(profile))
    assert not said(compiled(load_profile(profile), network))
    inputs, steps = stimulate(head, rng.integers(-20, 21, (3, 3)), rng.random((3, 7)) < .7)
    fast, (unit,) = backends.get("fast"), state.program.units
    whole = fast.run(network, inputs, PROBES, steps)
    placed = split(unit, state.program.slices_of(0)).run(fast.run, inputs, PROBES, steps)
    for probe in PROBES:
        np.testing.assert_array_equal(placed.traces[probe], whole.traces[probe])


@pytest.mark.parametrize(("head", "fault"), [
    (replace(CURVED, cap=-1), "cap is less"), (replace(CURVED, cap=0), "has no curve"),
    (replace(CURVED, cap_step=0), "does not climb"), (replace(CURVED, cap_from=-WHOLE), "leaves"),
    (replace(CURVED, cap_step=12_000), "leaves its cap"), (replace(CURVED, cap=1), "a unit a step"),
    (replace(CURVED, latest=900), "ends elsewhere"),
    (replace(CURVED, bias_limit=1, score_bound=3000), "for no bias"),
    (replace(GRADED, cap=700, cap_from=-60_000, cap_step=9000), "for plain spikes")])
def test_curves_that_no_head_can_have(head: LatencyAttention, fault: str) -> None:
    with pytest.raises(RangeProofError, match=fault):
        prove_ranges(head)


# --- calibrated


def sample(seed: int, cap: float, spread: float, heads: int = 2) -> Sample:
    """Keys have a common part, which only a straight ramp may take away."""
    rng, common = np.random.default_rng(seed), np.random.default_rng(99).normal(size=(1, 1, 32))
    queries, keys, values = (rng.normal(size=(count, 96, 32)) for count in (heads, heads, heads))
    return Sample(queries * spread / 32**0.5, keys + common, values, np.tri(96, dtype=bool), None,
                  cap)


def closeness(cap: float, spread: float, options: TranslateOptions = PLAIN
              ) -> tuple[float, float, int]:
    """Worst cosine as chosen, and without the cap; how many heads have curves."""
    samples, held = [sample(seed, cap, spread) for seed in range(2)], sample(2, cap, spread)
    chosen, straight = calibrated(samples, options)[0], calibrate_layer(samples, options)
    found = [min(one.cosine for one in measure_fidelity(
        "layer", code, [held], [SpikingLayer(code).run_sample(held)])) for code in (
            chosen, straight)]
    return found[0], found[1], sum(head.cap > 0 for head in chosen.heads)


@pytest.mark.parametrize(("cap", "spread"), [(5.0, 3.0), (15.0, 5.0)])
@pytest.mark.parametrize("options", [PLAIN, replace(PLAIN, target="loihi1"),
                                     replace(PLAIN, late_flush=True)], ids=str)
def test_a_tight_cap_is_undone(cap: float, spread: float, options: TranslateOptions) -> None:
    own, ignored, curved = closeness(cap, spread, options)
    assert curved == 2
    assert own > 0.97
    assert own > ignored + (0.1 if cap < 10 else 0.003)


def test_a_wide_cap_is_left_out() -> None:
    own, ignored, curved = closeness(50.0, 2.0)
    assert not curved
    assert own == ignored


@pytest.mark.parametrize("cap", [1e-300, 1e-9, 0.3])
def test_a_cap_below_half_a_step_has_no_curve(cap: float) -> None:
    tight = {"layer": [sample(0, cap, 3.0)]}
    code, _ = calibrated(tight["layer"], PLAIN)
    assert not any(head.cap for head in code.heads)
    with pytest.raises(UnsupportedError, match="soft-capped logits"):
        of_soft_caps(tight, {"layer": code})


def test_other_heads_are_refused_with_what_would_help() -> None:
    tight = {"layer": [sample(0, 5.0, 3.0)]}
    for options in (TranslateOptions(), replace(PLAIN, neurons_per_key=2)):
        code, _ = calibrated(tight["layer"], options)
        assert not any(head.cap for head in code.heads)
        with pytest.raises(UnsupportedError, match=r"soft-capped logits.*spikes=.binary"):
            of_soft_caps(tight, {"layer": code})
    code, _ = calibrated(tight["layer"], PLAIN)
    assert of_soft_caps(tight, {"layer": code}) == []


def network_of(head: LatencyAttention) -> Network:
    rng = np.random.default_rng(0)
    return build(head, rng.integers(-20, 21, (head.slots, 3)),
                 rng.integers(-100, 101, (head.slots, 2)))


@pytest.mark.parametrize("bound", [700, 701, 900])
def test_scores_beyond_the_bound_end_the_curve_a_step_before_it(bound: int) -> None:
    head = replace(GRADED, ramp=100, score_bound=bound)
    assert with_cap(head, np.array([900.0]), 5.0, TranslateOptions()).latest == bound - 1


def test_steps_under_a_cap_are_as_many_as_the_window_is_deep() -> None:
    """Five steps deeper are five steps more."""
    head, options = replace(GRADED, ramp=100, score_bound=9000), TranslateOptions()
    found = [with_cap(head, np.array([4.0]), 50.0, replace(options, window_nats=nats)).window
             for nats in (6.0, 6.0 + 5 * options.exact_step_nats)]
    assert found[1] == found[0] + 5
