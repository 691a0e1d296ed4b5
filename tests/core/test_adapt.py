"""Windows, centres and scales follow a drift; bundles are adapted, measured and written."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from neuromorph.api.adapt import adapt
from neuromorph.api.export import export, layer_fidelity
from neuromorph.bundle import load_bundle
from neuromorph.errors import CalibrationError, NeuromorphWarning, UsageError
from neuromorph.models.digits import WEIGHTS
from neuromorph.runtime import SpikingLayer, Tally
from neuromorph.translate import LayerCode, Sample, TranslateOptions, calibrate_layer
from neuromorph.translate.adapt import FOLLOW, Follow, adapt_layer


def passage(seed: int, *, louder: float = 1.0, shift: float = 0.0, keys: int = 80) -> Sample:
    """Keys may drift by an offset, queries by a factor."""
    rng = np.random.default_rng(seed)
    offset = np.linspace(-1, 1, 8) * shift
    return Sample(louder * rng.normal(size=(4, keys, 8)) + offset / 2,
                  rng.normal(size=(2, keys, 8)) + offset, rng.normal(size=(2, keys, 8)),
                  np.ones((keys, keys), bool))


@pytest.fixture(scope="module")
def code() -> LayerCode:
    return calibrate_layer([passage(n) for n in range(4)], TranslateOptions(slots=80))


def fit(code: LayerCode, seen: list[Sample]) -> tuple[float, float]:
    """Forced spikes a query, and the mean cosine."""
    tally = Tally()
    found = layer_fidelity("layer", SpikingLayer(code, tally=tally), seen)
    return tally.forced_a_query, float(np.mean([one.cosine for one in found]))


def test_windows_follow_louder_queries(code: LayerCode) -> None:
    stream = [passage(n, louder=1.6, shift=1) for n in range(10, 20)]
    new, old = [passage(n, louder=1.6, shift=1) for n in (20, 21)], [passage(30)]
    after = adapt_layer(code, passage(5), stream)
    (forced, cosine), (less, closer) = fit(code, new), fit(after, new)
    assert forced > 0.02
    assert less < 0.2 * forced
    assert closer > cosine - 1e-3
    assert fit(after, old)[0] <= fit(code, old)[0]
    assert fit(after, old)[1] > fit(code, old)[1] - 1e-3
    for name in ("query_scale", "key_centre", "key_scale", "value_scale"):
        assert np.array_equal(getattr(after, name), getattr(code, name))


@pytest.mark.parametrize("follow", FOLLOW)
def test_windows_never_narrow(code: LayerCode, follow: Follow) -> None:
    quiet = [passage(n, louder=0.3) for n in range(10, 16)]
    after = adapt_layer(code, passage(5), quiet, follow=follow)
    for old, new in zip(code.heads, after.heads, strict=True):
        ends = [(h.latest / h.ramp, h.latest / h.ramp - h.window) for h in (old, new)]
        assert ends[1][0] >= ends[0][0] - 1e-9
        assert ends[1][1] <= ends[0][1] + 1e-9 + (new.latest / new.ramp - old.latest / old.ramp)


def test_centres_and_scales_follow_if_asked_to(code: LayerCode) -> None:
    stream = [passage(n, louder=2.0, shift=2) for n in range(10, 30)]
    new = [passage(40, louder=2.0, shift=2)]
    centres = adapt_layer(code, passage(5), stream, follow="centres")
    moved = np.abs(centres.key_centre - code.key_centre - 2 * np.linspace(-1, 1, 8))
    assert moved.max() < 0.3
    assert np.array_equal(centres.key_scale, code.key_scale)
    scales = adapt_layer(code, passage(5), stream, follow="scales")
    clipped = [SpikingLayer(c, tally=Tally()) for c in (code, scales)]
    for layer in clipped:
        layer.run_sample(new[0])
    assert clipped[1].tally.clipped < 0.2 * clipped[0].tally.clipped
    products = scales.query_scale.reshape(2, 2, 8) * scales.key_scale[:, None]
    assert np.allclose(products, products[..., :1])  # as many nats in every channel


@pytest.mark.parametrize(("stream", "words"), [
    ([Sample(np.full((4, 3, 8), np.nan), np.zeros((2, 3, 8)), np.zeros((2, 3, 8)),
             np.ones((3, 3), bool))], "the queries hold NaN"),
    ([Sample(np.zeros((4, 3, 7)), np.zeros((2, 3, 7)), np.zeros((2, 3, 8)),
             np.ones((3, 3), bool))], "samples differ in heads or sizes"),
])
def test_streams_that_are_refused(code: LayerCode, stream: list[Sample], words: str) -> None:
    with pytest.raises(CalibrationError, match=words):
        adapt_layer(code, passage(5), stream)


@pytest.mark.parametrize(("how", "words"), [
    ({"alpha": 0.0}, "no such share"), ({"alpha": 1.5}, "at most 1"),
    ({"follow": "centers"}, "centres"),
])
def test_ways_that_are_refused(code: LayerCode, how: Any, words: str) -> None:
    with pytest.raises(UsageError, match=words):
        adapt_layer(code, passage(5), [passage(6)], **how)


@pytest.mark.filterwarnings("ignore::neuromorph.errors.NeuromorphWarning")
def test_a_bundle_is_adapted(tmp_path: Path) -> None:
    export(WEIGHTS, tmp_path / "made")
    found = adapt(tmp_path / "made", output=tmp_path / "new")
    loaded = load_bundle(tmp_path / "new")
    assert sum(found.passages) == 64
    assert found.passages[1] == 64 // 3
    assert "adapted" in loaded.provenance
    assert found.after.cosine > found.before.cosine - 1e-3
    assert found.own_after.forced <= found.own_before.forced
    assert [h.window for c in loaded.codes.values() for h in c.heads] == [
        h.window for c in found.bundle.codes.values() for h in c.heads]
    again = adapt(tmp_path / "made")
    assert again.path is None
    assert again.as_dict()["after"] == found.as_dict()["after"]


def test_what_cannot_be_adapted(tmp_path: Path) -> None:
    with pytest.warns(NeuromorphWarning):
        export(WEIGHTS, tmp_path / "made", calibrate=_images(tmp_path / "one.npz", 1))
    with pytest.raises(CalibrationError, match="found 1 passage"):
        adapt(tmp_path / "made", _images(tmp_path / "one.npz", 1))
    with pytest.raises(UsageError, match="would replace"):
        adapt(tmp_path / "made", output=tmp_path / "made", force=True)


def _images(path: Path, count: int) -> Path:
    rng = np.random.default_rng(0)
    np.savez(path, images=rng.integers(0, 17, (count, 8, 8)).astype(np.uint8))
    return path
