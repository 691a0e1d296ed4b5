"""What works badly is said: bad calibration at export, unfit data at run time."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from small_samples import GRADED, gaussian

from neuromorph.errors import NeuromorphWarning
from neuromorph.runtime import JUDGED, SpikingLayer, Tally, of_run, total
from neuromorph.translate import (
    Caution,
    HeadFidelity,
    Sample,
    TranslateOptions,
    calibrate_layer,
    cautions,
    kept_samples,
    measure_fidelity,
    with_slots,
    without_outliers,
)
from neuromorph.translate.outliers import PARTS
from neuromorph.translate.samples import KEPT_KEYS, KEPT_QUERIES


def kinds(found: Any) -> list[str]:
    return [caution.kind for caution in found]


def with_value(sample: Sample, part: str, value: float) -> Sample:
    """One number of one token replaced."""
    array = getattr(sample, part).copy()
    array[0, 5, 3] = value
    return replace(sample, **{part: array})


# --- outliers


def test_ordinary_data_passes_untouched() -> None:
    samples = [gaussian(s) for s in range(5)]
    kept, found = without_outliers(samples)
    assert all(a is b for a, b in zip(kept, samples, strict=True))
    assert found.tokens == 0


@pytest.mark.parametrize("part", PARTS)
@pytest.mark.parametrize("value", [1e6, -1e6])
def test_a_lone_outlier_sets_no_range(part: str, value: float) -> None:
    good = [gaussian(s) for s in range(5)]
    spoilt = [*good[:2], with_value(good[2], part, value), *good[3:]]
    fresh = gaussian(99)
    with_it, without = calibrate_layer(spoilt, GRADED), calibrate_layer(good, GRADED)
    assert max(h.period for h in with_it.heads) <= max(h.period for h in without.heads) + 12
    assert cosine_of(with_it, fresh) > 0.99
    _, found = without_outliers(spoilt)
    assert (found.tokens, found.sample) == (1, 2)
    assert found.factor > 1e4


def cosine_of(code: Any, sample: Sample) -> float:
    heads = measure_fidelity("layer", code, [sample], [SpikingLayer(code).run_sample(sample)])
    return min(head.cosine for head in heads)


def test_what_every_sequence_has_is_no_outlier() -> None:
    """As attention sinks: the first token's key is far from all others, in every sequence."""
    samples = [with_value(gaussian(s), "keys", 60.0) for s in range(5)]
    kept, found = without_outliers(samples)
    assert found.tokens == 0
    assert kept[0] is samples[0]


def test_of_two_sequences_neither_is_the_odd_one() -> None:
    samples = [gaussian(0), with_value(gaussian(1), "keys", 1e6)]
    assert without_outliers(samples)[1].tokens == 0


@pytest.mark.parametrize(("part", "axis"), [("queries", 0), ("keys", 1), ("values", 1)])
def test_only_the_odd_token_is_left_out(part: str, axis: int) -> None:
    samples = [gaussian(s) for s in range(5)]
    samples[4] = with_value(samples[4], part, 1e5)
    kept, _ = without_outliers(samples)
    rows, columns = np.arange(48), np.arange(48)
    rows, columns = (np.delete(rows, 5), columns) if axis == 0 else (rows, np.delete(columns, 5))
    assert (kept[4].mask == samples[4].mask[np.ix_(rows, columns)]).all()
    assert (kept[4].queries == samples[4].queries[:, rows]).all()
    assert (kept[4].keys == samples[4].keys[:, columns]).all()
    assert (kept[4].values == samples[4].values[:, columns]).all()


def test_a_sequence_that_is_odd_throughout_is_not_left_out_whole() -> None:
    """There must be something left to calibrate on; what that does is said by other cautions."""
    samples = [gaussian(s) for s in range(4)]
    odd = replace(samples[3], keys=samples[3].keys * 1e4)
    kept, found = without_outliers([*samples[:3], odd])
    assert kept[3] is odd
    assert found.tokens == 0


def test_a_head_that_is_silent_but_in_one_sequence_stays() -> None:
    samples = [gaussian(s) for s in range(4)]
    silent = [replace(s, values=np.zeros_like(s.values)) for s in samples[:3]]
    kept, found = without_outliers([*silent, samples[3]])
    assert found.tokens == 0
    assert (kept[3].values == samples[3].values).all()


# --- what is said at export


def test_little_data() -> None:
    assert kinds(cautions.of_data({"a": [gaussian(0, tokens=20)]}, None)) == ["few-tokens"]
    assert not cautions.of_data({"a": [gaussian(s, tokens=64) for s in range(4)]}, None)


@pytest.mark.parametrize(("slots", "said"), [(None, False), (128, False), (129, True), (512, True)])
def test_passages_far_shorter_than_the_slots(slots: int | None, said: bool) -> None:
    data = {"a": [gaussian(s, tokens=64) for s in range(4)]}
    assert kinds(cautions.of_data(data, slots)) == (["short-passages"] if said else [])


@pytest.mark.parametrize(("unknown", "said"), [(0, False), (5, False), (6, True), (100, True)])
def test_unknown_tokens(unknown: int, said: bool) -> None:
    assert kinds(cautions.of_tokens(unknown, 40, 100)) == (["unknown-tokens"] if said else [])


@pytest.mark.parametrize(("different", "said"), [(1, True), (3, True), (4, False), (20, False)])
def test_one_word_over_and_over(different: int, said: bool) -> None:
    found = kinds(cautions.of_tokens(0, different, 300))
    assert found == (["repeated-tokens"] if said else [])


def test_no_tokens_are_none_unknown() -> None:
    assert not cautions.of_tokens(0, 0, 0)


def test_nothing_held_out() -> None:
    assert kinds(cautions.of_held_out(False)) == ["nothing-held-out"]
    assert not cautions.of_held_out(True)


def test_steps_that_an_outlier_makes_explode() -> None:
    fine = calibrate_layer([gaussian(0), gaussian(1)], GRADED)
    wild = calibrate_layer([gaussian(0), with_value(gaussian(1), "keys", 1e4)], GRADED)
    assert not cautions.of_periods({"fine": fine})
    [found] = cautions.of_periods({"fine": fine, "wild": wild})
    assert (found.kind, found.where) == ("long-periods", "wild.0")
    assert str(max(h.period for h in wild.heads)) in found.text


def test_short_steps_are_no_explosion() -> None:
    options = TranslateOptions(spikes="binary", step_nats=0.02)
    assert not cautions.of_periods({"a": calibrate_layer([gaussian(0), gaussian(1)], options)})


def fidelity_of(cosines: list[float]) -> Any:
    return [HeadFidelity("layer", h, value, 0.0, 0, 10, 1.0, 20) for h, value in enumerate(cosines)]


@pytest.mark.parametrize(("cosines", "said"), [
    ([0.999, 0.95, 0.999], False), ([0.999, 0.89, 0.999], True), ([0.97] * 4, True),
    ([math.nan, 0.999], True),
])
def test_a_low_cosine(cosines: list[float], said: bool) -> None:
    found = cautions.of_fidelity(fidelity_of(cosines))
    assert bool(found) is said


def test_the_worst_head_is_named() -> None:
    [found] = cautions.of_fidelity(fidelity_of([0.999, 0.2, 0.5]))
    assert found.where == "layer.1"
    assert "2 heads of 3" in found.text
    assert "0.200" in found.text


def test_outliers_are_told_with_their_layer() -> None:
    samples = [gaussian(s) for s in range(5)]
    wild = [*samples[:4], with_value(samples[4], "queries", 1e5)]
    left_out = {"fine": without_outliers(samples)[1], "wild": without_outliers(wild)[1]}
    [found] = cautions.of_outliers(left_out, range(5), 5)
    assert (found.kind, found.where) == ("outlier", "wild")
    assert "sequence 5 of 5" in found.text
    assert not cautions.of_outliers({"fine": left_out["fine"]}, range(5), 5)


def test_an_outlier_has_its_number_among_all_that_were_given() -> None:
    """Others were held out before it, and are not looked at."""
    samples = [gaussian(s) for s in range(4)]
    wild = [*samples[:2], with_value(samples[2], "queries", 1e5), samples[3]]
    [found] = cautions.of_outliers({"wild": without_outliers(wild)[1]}, [0, 2, 5, 6], 7)
    assert "1 query or key, counted in all layers, of single sequences" in found.text
    assert "sequence 6 of 7" in found.text


# --- what a bundle keeps of them


def test_provenance_keeps_them() -> None:
    found = [Caution("outlier", "layer", "text"), Caution("few-tokens", "data", "more")]
    provenance = cautions.noted({"model": "m"}, found)
    assert cautions.read(provenance) == tuple(found)
    assert cautions.noted({"model": "m"}, []) == {"model": "m"}


@pytest.mark.parametrize("odd", ["text", 3, [1], [{"kind": "a"}], {"kind": "a"}, None])
def test_alien_provenance_holds_none(odd: object) -> None:
    assert cautions.read({"warnings": odd}) == ()


def test_they_are_pythons_warnings() -> None:
    with pytest.warns(NeuromorphWarning, match="look here") as caught:
        cautions.warn([Caution("few-tokens", "data", "look here")])
    assert caught[0].filename == __file__  # the line of whoever called


# --- at run time


def tally(queries: int = JUDGED, **counts: int) -> Tally:
    return Tally(queries=queries, **counts)


@pytest.mark.parametrize(("counts", "said"), [
    ({"forced": 10}, []), ({"forced": 11}, ["forced-spikes"]),
    ({"clipped": 10, "codes": 1000}, []), ({"clipped": 11, "codes": 1000}, ["clipped-codes"]),
    ({"forced": 99, "clipped": 500, "codes": 1000}, ["forced-spikes", "clipped-codes"]),
    ({"flat": 10}, []), ({"flat": 11}, ["flat-queries"]),
])
def test_forced_and_clipped(counts: dict[str, int], said: list[str]) -> None:
    assert kinds(of_run({"layer": tally(**counts)})) == said


def test_a_few_queries_are_no_evidence() -> None:
    """What a few queries did is not held against a layer, unless it would be with good ones."""
    assert not of_run({"layer": tally(20, forced=9, clipped=99, codes=1000)})
    assert kinds(of_run({"layer": tally(20, forced=11, clipped=101, codes=1000)})) == [
        "forced-spikes", "clipped-codes"]


def test_the_worst_layer_is_named() -> None:
    [found] = of_run({"fine": tally(), "bad": tally(forced=20), "worse": tally(forced=300)})
    assert found.where == "worse"
    assert "2 of 3 layers" in found.text


def test_longer_contexts_than_calibrated_are_forced() -> None:
    """Real spikes: keys that grow with distance, calibrated on the first quarter."""
    def growing(seed: int, tokens: int) -> Sample:
        sample = gaussian(seed, tokens=tokens)
        return replace(sample, queries=sample.queries * np.linspace(1, 5, tokens)[None, :, None])

    code = calibrate_layer([growing(s, 160).kept(keys=24) for s in range(3)],
                           TranslateOptions(slots=160))
    layer = SpikingLayer(code)
    layer.run_sample(growing(9, 160))
    assert "forced-spikes" in kinds(of_run({"layer": layer.tally}))


def test_data_like_that_of_calibration_is_not_warned_of() -> None:
    samples = [gaussian(s, tokens=64) for s in range(6)]
    layer = SpikingLayer(calibrate_layer(samples[:4], GRADED))
    for sample in samples[4:]:
        layer.run_sample(sample)
    assert layer.tally.queries >= JUDGED
    assert not of_run({"layer": layer.tally})


def test_sums_and_shares() -> None:
    both = total([tally(forced=10, clipped=1, codes=4), tally(forced=30)])
    assert both.as_dict()["forced_a_query"] == 0.1
    assert both.as_dict()["clipped_share"] == 0.25
    assert Tally().as_dict()["forced_a_query"] == 0


# --- samples that are kept


def test_a_causal_sample_keeps_what_its_queries_see() -> None:
    whole = gaussian(0, tokens=KEPT_KEYS + 100, size=2)
    kept = whole.kept()
    assert kept.keys.shape[1] == KEPT_KEYS
    assert kept.queries.shape[1] == KEPT_QUERIES
    last = kept.mask.sum(axis=1).max()
    assert last == KEPT_KEYS


def test_a_bidirectional_sample_keeps_every_key() -> None:
    whole = gaussian(0, tokens=KEPT_KEYS + 100, size=2, causal=False)
    assert whole.kept().keys.shape[1] == KEPT_KEYS + 100
    assert whole.kept().queries.shape[1] == KEPT_QUERIES


@pytest.mark.parametrize("causal", [True, False])
def test_kept_queries_fare_as_in_the_whole(causal: bool) -> None:
    """Judged on what is kept, a head is what it is on the whole sample, query by query."""
    whole = gaussian(3, tokens=150, causal=causal)
    code = calibrate_layer([whole, gaussian(4, tokens=150, causal=causal)], GRADED)
    kept = whole.kept(keys=100, queries=7)
    run = SpikingLayer(code).run_sample(whole)
    rows = [int(np.flatnonzero((whole.queries[0] == q).all(axis=1))[0]) for q in kept.queries[0]]
    part = SpikingLayer(code).run_sample(kept)
    assert (part.control[0] == run.control[0][:, rows]).all()
    assert (part.normaliser[0] == run.normaliser[0][:, rows]).all()


def test_a_short_sample_is_kept_whole() -> None:
    whole = gaussian(0, tokens=20)
    kept = whole.kept()
    for part in (*PARTS, "mask"):
        assert (getattr(kept, part) == getattr(whole, part)).all()


def test_the_longest_sequence_is_kept_of_every_layer() -> None:
    lengths = [10, 30, 20]
    seen = {name: [gaussian(s, tokens=n) for s, n in enumerate(lengths)] for name in "ab"}
    kept = kept_samples(seen)
    assert {sample.keys.shape[1] for sample in kept.values()} == {30}


# --- slots


@pytest.mark.parametrize(("tokens", "most", "least", "slots"), [
    (16, None, 1, 16), (17, None, 1, 32), (17, 17, 1, 17), (17, 24, 1, 24), (300, 512, 1, 512),
    (10, 512, 512, 512), (10, 77, 512, 77), (600, 8192, 512, 1024), (20, 16, 1, 20),
])
def test_slots_follow_the_data(tokens: int, most: int | None, least: int, slots: int) -> None:
    data = {"a": [gaussian(0, tokens=tokens, size=2)]}
    assert with_slots(TranslateOptions(), data, most=most, least=least).slots == slots


def test_slots_that_were_asked_for_stay() -> None:
    data = {"a": [gaussian(0, tokens=8)]}
    assert with_slots(TranslateOptions(slots=5), data, most=7).slots == 5



# --- data that says one thing


def test_constant_data_is_told() -> None:
    good = [gaussian(s) for s in range(3)]
    zero = [replace(one, values=np.zeros_like(one.values)) for one in good]
    (found,) = cautions.of_sameness({"a": values(good), "b": values(zero)})
    assert (found.kind, found.where) == ("constant-data", "b")
    assert "in 1 layer of 2 all tokens have the same value (b)" in found.text
    (again,) = cautions.of_sameness({"a": values([good[0]] * 3)})
    assert "all 3 sequences are the same" in again.text
    assert cautions.of_sameness({"a": values(good), "b": values(good[:1])}) == []
    assert "constant-data" in kinds(cautions.of_data({"a": zero}, None))


def values(samples: list[Sample]) -> list[Any]:
    return [sample.values for sample in samples]
