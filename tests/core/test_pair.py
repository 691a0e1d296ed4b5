"""Two match neurons a key and a pause: closed form is the circuit, and half steps are exact."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from small_heads import BINARY, Case, cases, codes, layer_of, masks
from small_pairs import PAIR, PAUSED, paired_heads

from neuromorph import backends
from neuromorph.api.compile import compile_bundle
from neuromorph.api.export import export
from neuromorph.backends import AttentionBatch
from neuromorph.bundle import load_bundle
from neuromorph.circuits.latency_attention import (
    LatencyAttention,
    build,
    codes_in,
    prove_ranges,
)
from neuromorph.circuits.latency_attention.pair import largest_code, parts_of, share_of
from neuromorph.compile.ranges.contract import prove_contract
from neuromorph.errors import RangeProofError, UsageError
from neuromorph.models.digits import WEIGHTS
from neuromorph.report.compile_tables import compile_rows
from neuromorph.translate import TranslateOptions
from neuromorph.translate.block import BlockOptions
from neuromorph.translate.preference import preferring

quick = settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))


ONE_KEY = replace(PAIR, slots=2, key_size=1, value_size=1, key_shift=0, ramp=2, window=12,
                  score_bound=801, latest=10)
"""Two keys of one number each."""


@st.composite
def batches(draw: st.DrawFn) -> AttentionBatch:
    """Sequences of grouped heads, each with numbers of its own."""
    key_size, value_size = draw(st.integers(1, 4)), draw(st.integers(1, 3))
    kv_heads, group = draw(st.sampled_from([(1, 1), (1, 3), (2, 1)]))
    slots = draw(st.integers(1, 6))
    layer = [draw(paired_heads(key_size, value_size, slots)) for _ in range(kv_heads * group)]
    limits = {name: min(getattr(head, name) for head in layer)
              for name in ("query_limit", "key_limit", "value_limit")}
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


@given(cases(paired_heads()))
@quick
def test_every_circuit_is_proved_and_forgets_between_queries(case: Case) -> None:
    assert prove_contract(build(case.head, case.keys, case.values)).proved
    together = case.run(backends.get("fast"))[1]
    for query in range(len(case.queries)):
        alone = case.only(query).run(backends.get("fast"))[1]
        np.testing.assert_array_equal(alone.control[0], together.control[query])
        assert alone.normaliser[0] == together.normaliser[query]


@pytest.mark.parametrize("head", [PAIR, PAUSED, replace(BINARY, fine=1)],
                         ids=["pair", "paused", "fine"])
def test_more_queries_than_a_block_and_more_values_than_a_register(head: LatencyAttention) -> None:
    work = layer_of(replace(head, value_size=17), sequences=3, asked=70)
    more = np.arange(5) < (np.arange(70) // 15 + 1)[:, None]
    holes = np.random.default_rng(0).random((70, 5)) < 0.6
    work = replace(work, mask=np.stack([more, more[::-1], holes]))
    clocked = backends.attend_clocked(backends.get("fast"), work)
    assert backends.attend("fast", work, times=True).differs_from(clocked) is None


def test_more_late_keys_than_narrow_sums_hold() -> None:
    head = prove_ranges(replace(PAIR, slots=400))
    queries = np.array([[20] * 3, [10] * 3, [3] * 3, [1, 0, 0], [-20] * 3])[None, None]
    work = AttentionBatch([head], -queries, np.full((1, 1, 400, 3), -20),
                          np.full((1, 1, 400, 2), head.value_limit), np.ones((1, 5, 400), bool))
    clocked = backends.attend_clocked(backends.get("fast"), work)
    assert backends.attend("fast", work, times=True).differs_from(clocked) is None
    assert clocked.last.max() > 0


@pytest.mark.parametrize("decay", [1, 400, 2048, 3000])
def test_parts_sum_to_their_code_and_stand_in_the_ratio(decay: int) -> None:
    top = largest_code(decay, 2)
    whole = np.arange(-top, top + 1)
    first, second = parts_of(whole, decay, 2)
    np.testing.assert_array_equal(first + second, whole)
    np.testing.assert_array_equal(first, -first[::-1])
    assert max(abs(first).max(), abs(second).max()) == 127
    assert max(map(abs, parts_of(np.array(top + 1), decay, 2))) == 128
    keep = 1 - decay / 4096
    assert np.abs(first - whole / (1 + np.sqrt(keep))).max() <= 0.5 + top / 2**16
    assert share_of(decay, 1) == 2**16


def test_half_steps_weigh_by_the_root() -> None:
    """Of two keys h half steps apart the context is what softmax of h / 2 steps makes."""
    head = prove_ranges(replace(ONE_KEY, ramp=4, window=15, latest=30))
    apart = np.arange(0, 13)
    found = []
    for one in apart:  # a unit of a key is half a step
        work = AttentionBatch([head], np.array([[[[1]]]]), np.array([[[[0], [one]]]]),
                              np.array([[[[0], [217]]]]), np.ones((1, 1, 2), bool))
        attended = backends.attend("fast", work, times=True)
        assert attended.times is not None
        found.append(attended.control[0, 0, 0, 0] / attended.normaliser[0, 0, 0] * head.unit / 2)
        weights = attended.weights(np.log(2), 2, head.pause)[0, 0, 0]
        assert abs(weights[1] * 217 - found[-1]) < 2
    assert np.abs(found - 217 / (1 + 2.0 ** (-apart / 2))).max() < 1


def _asked(head: LatencyAttention, scores: list[int]) -> tuple[np.ndarray, float, int]:
    work = AttentionBatch(
        [head], np.array([[[[1]]]]), -np.array(scores)[None, None, :, None],
        np.array([[[[100], [-100]]]]), np.ones((1, 1, 2), bool))
    attended = backends.attend("fast", work)
    return (attended.control[0, 0, 0], attended.normaliser[0, 0, 0],
            attended.last[0, 0, 0])


def test_keys_below_the_window_are_dropped_unless_all_lie_there() -> None:
    below, inside = 9, -3
    control, mass, last = _asked(ONE_KEY, [inside, below])
    kept = replace(ONE_KEY, pause=0, window=11)
    other, other_mass, _ = _asked(kept, [inside, below])
    assert last > 0
    assert (control[0], mass) != (other[0], other_mass)
    control, mass, last = _asked(ONE_KEY, [below, below])
    assert (control[0], mass, last) == (0, 2 * ONE_KEY.unit << ONE_KEY.control_shift, 0)  # uniform


def test_codes_come_back_from_the_synapses() -> None:
    rng = np.random.default_rng(0)
    keys, values = rng.integers(-20, 21, (5, 3)), rng.integers(-217, 218, (5, 2))
    network = build(PAIR, keys, values)
    found = codes_in(PAIR, {p.name: p.weights for p in network.projections})
    np.testing.assert_array_equal(found[0], keys)
    np.testing.assert_array_equal(found[1], values)


@pytest.mark.parametrize(("changed", "fault"), [
    ({"neurons_per_key": 3}, "one or two match neurons"),
    ({"neurons_per_key": 0}, "one or two match neurons"),
    ({"ramp": 151}, "half a ramp step"),
    ({"pause": -1}, "a pause is less than none"),
    ({"pause": 15}, "a step before the go pulse"),
    ({"fine": 7}, "0 to 6 bits"),
    ({"fine": -1}, "0 to 6 bits"),
    ({"value_limit": 218}, "8-bit synapses"),
    ({"unit": 436}, "unit does not fit"),
    ({"unit": 2}, "leaves one of its neurons nothing"),
    ({"slots": 20_000}, "wrap the current"),
    ({"spikes": "graded"}, "graded spikes carry"),
    ({"fine": 0, "slots": 300}, "flush does not clear"),
])
def test_what_would_overflow_is_refused(changed: dict[str, object], fault: str) -> None:
    prove_ranges(PAIR)
    with pytest.raises(RangeProofError, match=fault):
        prove_ranges(replace(PAIR, **changed))


def test_a_pause_leaves_the_flush_less_time() -> None:
    """What a sum has lost in one step is less than in two."""
    plain = replace(BINARY, slots=400)
    prove_ranges(plain)
    with pytest.raises(RangeProofError, match="flush does not clear"):
        prove_ranges(replace(plain, pause=1, window=15))


def test_a_block_refuses_them() -> None:
    with pytest.raises(UsageError, match="one match neuron a slot"):
        BlockOptions(attention=TranslateOptions(spikes="binary", neurons_per_key=2))


def test_a_bias_moves_both_neurons_of_a_key() -> None:
    head = replace(PAIR, score_bound=1701, bias_limit=500)
    work = layer_of(head, asked=7)
    bias = np.random.default_rng(5).integers(-500, 501, (2, 4, 7, 5))
    tilted = replace(work, bias=bias)
    closed = backends.attend("fast", tilted, times=True)
    assert closed.differs_from(backends.attend_clocked(backends.get("fast"), tilted)) is None
    assert closed.differs_from(backends.attend("fast", work, times=True)) is not None


@pytest.mark.parametrize("head", [
    PAUSED, replace(PAIR, pause=0, window=14), replace(PAIR, pause=3, window=17)],
    ids=["paused", "pair", "paused pair"])
def test_an_emitting_read_out_answers_before_the_late_flush(head: LatencyAttention) -> None:
    work = replace(layer_of(head, asked=9), readout="emitted")
    low = np.where(np.arange(9)[:, None] < 3, np.sign(work.queries) * 0, work.queries)
    work = replace(work, queries=low)
    closed = backends.attend("fast", work, times=True)
    assert closed.differs_from(backends.attend_clocked(backends.get("fast"), work)) is None
    assert closed.context is not None
    assert closed.context.any()


def test_an_emitting_read_out_refuses_a_short_pause() -> None:
    for backend in ("fast", "reference"):
        with pytest.raises(UsageError, match="late flush comes before"):
            backends.attend(backend, replace(layer_of(PAIR), readout="emitted"))


@pytest.mark.parametrize(("prefer", "wanted", "said"), [
    ("steps", (2, 1, True), None), ("cores", (1, 1, True), None), (None, (1, 0, False), None),
    (None, (2, 1, True), 2)])
def test_a_preference_chooses_half_steps(
    prefer: Any, wanted: tuple[int, int, bool], said: int | None
) -> None:
    options = preferring(prefer, TranslateOptions(spikes="binary"), said)
    assert (options.neurons_per_key, options.pause, options.fractions) == wanted
    half = prefer == "cores"
    assert options.step_nats == pytest.approx(np.log(2) / (2 if half else 1))


@pytest.mark.parametrize(("prefer", "options", "said", "fault"), [
    ("steps", TranslateOptions(), None, "graded spikes tell parts"),
    ("cores", TranslateOptions(spikes="binary"), 1, "a preference chooses"),
    ("speed", TranslateOptions(spikes="binary"), None, "no such preference"),
    (None, TranslateOptions(spikes="binary"), 3, "one or two match neurons"),
    (None, TranslateOptions(), 2, "graded payloads say"),
])
def test_preferences_that_mean_nothing_are_refused(
    prefer: Any, options: TranslateOptions, said: int | None, fault: str
) -> None:
    with pytest.raises(UsageError, match=fault):
        preferring(prefer, options, said)


def test_a_bundle_keeps_them(tmp_path: Path) -> None:
    options = TranslateOptions(spikes="binary", neurons_per_key=2)
    made = export(WEIGHTS, tmp_path / "pairs", options=options).bundle
    found = load_bundle(tmp_path / "pairs")
    assert {h.neurons_per_key for code in found.codes.values() for h in code.heads} == {2}
    assert [code.heads for code in found.codes.values()] == [
        code.heads for code in made.codes.values()]


@pytest.mark.parametrize("target", ["loihi2", "loihi1"])
def test_they_compile_for_stock_neurons(tmp_path: Path, target: Any) -> None:
    options = TranslateOptions(spikes="binary", neurons_per_key=2, target=target)
    bundle = export(WEIGHTS, tmp_path / "pairs", options=options).bundle
    report = compile_bundle(bundle, target).report
    assert report["neurons_per_key"] == 2
    assert "2 neurons a key" in str(compile_rows(report)["attention"])
    assert report["fits"] is True
    assert report["violations"] == []
    assert report["bit_exact"]["equal"] is True


@pytest.mark.parametrize(("name", "at"), [
    ("start", (7, 0)), ("start", (0, 0)), ("key", (8, 1)), ("value", (0, 2)), ("value", (0, 7)),
    ("mass", (0, 6)), ("count", (0, 9)), ("sweep", (5, 0)), ("hold", (9, 4)), ("excuse", (0, 0))])
def test_a_synapse_that_no_pair_has_is_no_pair(name: str, at: tuple[int, int]) -> None:
    """Planted: one weight is another; what is rebuilt of the synapses differs."""
    rng = np.random.default_rng(0)
    network = build(PAIR, rng.integers(-20, 20, (5, 3)), rng.integers(-200, 200, (5, 2)))
    weights = next(p.weights for p in network.projections if p.name == name).copy()
    weights[at] += {"key": 2, "mass": 2, "value": 6}.get(name, 1)
    changed = replace(network, projections=tuple(
        replace(p, weights=weights) if p.name == name else p for p in network.projections))
    assert prove_contract(network).circuits
    with pytest.raises(RangeProofError, match="is not proved by its circuit"):
        prove_contract(changed)
