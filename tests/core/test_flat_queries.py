"""Queries that tell no key from another: as spike times say, on every way, and warned of."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from float_layers import in_one_pass
from random_heads import KINDS, random_layer
from small_samples import gaussian

from neuromorph import backends
from neuromorph.backends import Attended, AttentionBatch, FloatWork, Sight
from neuromorph.circuits.latency_attention import faintest, flat_queries
from neuromorph.runtime import FLAT, SpikingLayer, of_run
from neuromorph.translate import Sample, TranslateOptions, calibrate_layer

WAYS: dict[str, Any] = {
    "graded": {}, "binary": {"spikes": "binary"}, "late flush": {
        "spikes": "binary", "late_flush": True}, "half steps": {
        "spikes": "binary", "neurons_per_key": 2},
}


def loud(seed: int) -> Sample:
    """Queries of which each matches a key far better than the others."""
    sample = gaussian(seed, tokens=64)
    return replace(sample, queries=4 * sample.keys)


def by_times(work: AttentionBatch, attended: Attended) -> Any:
    """From what each key did: several were seen, all at step 0, all as faint as can be."""
    assert attended.times is not None
    assert attended.payloads is not None
    seen = np.broadcast_to(work.mask[:, None], attended.times.shape)
    least = np.array([faintest(h) if h.graded else 1 for h in work.heads])[:, None, None]
    faint = (attended.times == 0) & (attended.payloads == least)
    return (seen.sum(-1) > 1) & (faint | ~seen).all(-1)


@pytest.mark.parametrize("way", WAYS)
def test_they_are_counted_exactly_and_warned_of(way: str) -> None:
    """Queries of size 0 match nothing: some keys alone, masks, and queries that do match."""
    code = calibrate_layer([loud(s) for s in range(3)], TranslateOptions(**WAYS[way]))
    sample = loud(9)
    queries = sample.queries.copy()
    queries[:, ::2] *= 0
    layer = SpikingLayer(code)
    work = layer.encode(queries[None], sample.keys[None], sample.values[None], sample.mask[None])
    attended = layer.run(work, times=True)
    flat = by_times(work, attended)
    assert np.array_equal(flat_queries(code.heads, attended), flat)
    assert 0 < flat.sum() < flat.size
    assert layer.tally.flat == flat.sum()
    assert "flat-queries" in {one.kind for one in of_run({"layer": layer.tally})}
    floats = (one[None].astype(np.float32) for one in (queries, sample.keys, sample.values))
    passed = in_one_pass(code, FloatWork(*floats, Sight(sample.mask[None])))
    assert passed.flat == flat.sum()
    rows = [0, 1, 2, 31, 40]
    truth = backends.attend("reference", replace(
        work, queries=work.queries[:, :, rows], mask=work.mask[:, rows]))
    assert np.array_equal(flat_queries(code.heads, truth), flat[:, :, rows])


def test_what_was_calibrated_has_hardly_any() -> None:
    code = calibrate_layer([loud(s) for s in range(3)], TranslateOptions())
    layer = SpikingLayer(code)
    layer.run_sample(loud(9))
    assert layer.tally.flat_share < FLAT / 2
    assert not of_run({"layer": layer.tally})


@pytest.mark.parametrize("kind", KINDS)
def test_random_heads_with_queries_that_match_nothing(kind: str) -> None:
    """Whatever normalisers round away, none that spike times show is left out."""
    work = random_layer(3, kind)
    faint = replace(work, queries=np.zeros_like(work.queries))
    attended = backends.attend("fast", faint, times=True)
    found, flat = flat_queries(work.heads, attended), by_times(faint, attended)
    assert not (flat & ~found).any()
    plain = ~np.array([h.graded for h in work.heads])
    assert np.array_equal(found[:, plain], flat[:, plain])
