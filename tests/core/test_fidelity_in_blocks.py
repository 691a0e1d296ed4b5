"""Fidelity of an export's samples, judged some queries at a time."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from small_samples import GRADED, gaussian

from neuromorph.api import export
from neuromorph.errors import MemoryBudgetError
from neuromorph.runtime import SpikingLayer
from neuromorph.translate import Sample, calibrate_layer, measure_fidelity

TOKENS = 70


def with_blind_rows(sample: Sample) -> Sample:
    """The first queries see nothing: a whole block of them."""
    mask = sample.mask.copy()
    mask[:20] = False
    return replace(sample, mask=mask)


@pytest.mark.parametrize("samples", [
    [gaussian(5, tokens=TOKENS), gaussian(6, tokens=33)],
    [gaussian(5, tokens=TOKENS, causal=False)],
    [with_blind_rows(gaussian(7, heads=4, tokens=TOKENS))],
], ids=["causal", "all", "blind"])
def test_blocks_change_nothing(samples: list[Sample], monkeypatch: pytest.MonkeyPatch) -> None:
    code = calibrate_layer(samples, replace(GRADED, slots=TOKENS))
    whole, cut = SpikingLayer(code), SpikingLayer(code)
    expected = measure_fidelity("layer", code, samples, [whole.run_sample(s) for s in samples])
    monkeypatch.setattr(export, "BLOCK", 16)
    for one, other in zip(export.layer_fidelity("layer", cut, samples), expected, strict=True):
        assert one.cosine == pytest.approx(other.cosine, rel=1e-12)
        assert one.kl == pytest.approx(other.kl, rel=1e-10)
        assert replace(one, cosine=0, kl=0) == replace(other, cosine=0, kl=0)
    assert cut.tally == whole.tally


def test_of_long_samples_some_queries_are_compared(monkeypatch: pytest.MonkeyPatch) -> None:
    samples = [gaussian(5, tokens=TOKENS), gaussian(6, tokens=9)]
    layer = SpikingLayer(calibrate_layer(samples, replace(GRADED, slots=TOKENS)))
    monkeypatch.setattr(export, "COMPARED", 12)
    found = export.layer_fidelity("layer", layer, samples)
    assert [head.queries for head in found] == [12 + 9] * 2
    rows = np.array([0, 6, 13, 19, 25, 31, 38, 44, 50, 56, 63, 69])
    fresh = SpikingLayer(layer.code)
    part = [samples[0].asking(rows), samples[1]]
    expected = measure_fidelity("layer", layer.code, part, [fresh.run_sample(s) for s in part])
    assert [h.cosine for h in found] == pytest.approx([h.cosine for h in expected], rel=1e-12)
    [note] = export._some_only({"layer": samples})
    assert note.startswith("fidelity is measured on 12 queries of each longer sequence")
    assert export._some_only({"layer": samples[1:]}) == []


def test_memory_is_asked_for_by_the_block(monkeypatch: pytest.MonkeyPatch) -> None:
    samples = [gaussian(s, tokens=400) for s in range(16)]
    asked: list[float] = []

    def require(count: float, what: object) -> None:
        asked.append(count)
        if count > 1 << 30:
            raise MemoryBudgetError("too much", where=what)

    monkeypatch.setattr(export, "require", require)
    export._require_memory("layer", samples)
    export._require_memory("layer", samples[:1])
    assert asked[0] == asked[1]
    monkeypatch.setattr(export, "BLOCK", 200)
    export._require_memory("layer", samples)
    assert asked[0] < asked[2] < 2 * asked[0]


def test_asking_keeps_the_keys_that_are_seen() -> None:
    sample = gaussian(8, tokens=30)
    part = sample.asking(slice(4, 11))
    assert (part.queries.shape[1], part.keys.shape[1], part.values.shape[1]) == (7, 11, 11)
    np.testing.assert_array_equal(part.mask, sample.mask[4:11, :11])
    np.testing.assert_array_equal(part.keys, sample.keys[:, :11])
    assert gaussian(8, tokens=30, causal=False).asking(slice(2)).keys.shape[1] == 30


def test_what_a_bundle_keeps_is_a_copy() -> None:
    """Else a few rows would hold all arrays that calibration saw."""
    plain = gaussian(9, tokens=600)
    sample = replace(plain, bias=np.zeros((len(plain.queries), *plain.mask.shape)))
    kept, whole = ([one for one in vars(given).values() if isinstance(one, np.ndarray)]
                   for given in (sample.kept(), sample))
    assert len(kept) == 5
    for array in kept:
        owner = array if array.base is None else array.base
        assert owner.nbytes == array.nbytes
        assert not any(np.shares_memory(array, one) for one in whole)
