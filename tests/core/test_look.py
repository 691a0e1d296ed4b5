"""Looking at a bundle: maps out of spikes, one query step by step, contexts by length, figures."""

from __future__ import annotations

import logging
import sys
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

import neuromorph
from neuromorph import backends, look
from neuromorph.bundle import Bundle
from neuromorph.bundle.whole import WholeBundle
from neuromorph.circuits.block.closed_form import run as run_block
from neuromorph.circuits.latency_attention.emit import contexts_of
from neuromorph.circuits.transformer import closed_form
from neuromorph.circuits.transformer.tiny import tiny_transformer
from neuromorph.errors import MissingExtraError, UsageError
from neuromorph.look.episode import episode
from neuromorph.look.lengths import _around, ladder
from neuromorph.look.whole import works
from neuromorph.models.digits import WEIGHTS, load_split
from neuromorph.report.canvas import png_of
from neuromorph.report.hidden_states import LEAST
from neuromorph.report.shares import apart_said, by_chance, share_said, wilson
from neuromorph.runtime import SpikingLayer
from neuromorph.translate import LayerCode, Sample
from neuromorph.translate.transformer.digits import digits_patches

PNG = b"\x89PNG"
NEAR = 0.02
"""Largest difference of a weight to softmax, where payloads hold what lies between two steps."""


@pytest.fixture(scope="module")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> Bundle:
    return neuromorph.export(WEIGHTS, tmp_path_factory.mktemp("look") / "bundle").bundle


@pytest.fixture(scope="module")
def first(bundle: Bundle) -> tuple[LayerCode, Sample]:
    name = next(iter(bundle.codes))
    return bundle.codes[name], bundle.samples[name]


def causal(bundle: Bundle) -> Bundle:
    """The same, where a query sees itself and what was before."""
    samples = {name: replace(sample, mask=np.tri(*sample.mask.shape, dtype=bool))
               for name, sample in bundle.samples.items()}
    return replace(bundle, samples=samples)


# --- maps


def test_a_map_is_what_times_and_payloads_say(
    bundle: Bundle, first: tuple[LayerCode, Sample]
) -> None:
    code, sample = first
    run = SpikingLayer(code).run_sample(sample)
    assert run.times is not None
    assert run.payloads is not None
    head, query = 2, 5
    raw = [float(payload) * 2.0**int(time) for time, payload in zip(
        run.times[0, head, query], run.payloads[0, head, query], strict=True)]
    expected = np.array(raw) / sum(raw)
    assert np.allclose(look.maps(bundle).spiking[0, head, query], expected, rtol=1e-9)


@pytest.mark.parametrize("mask", ["all", "causal"])
def test_maps_are_near_softmax_and_sum_to_one(bundle: Bundle, mask: str) -> None:
    seen = causal(bundle) if mask == "causal" else bundle
    for layer in range(len(bundle.codes)):
        found = look.maps(seen, layer)
        assert np.abs(found.spiking - found.target).max() < NEAR
        assert np.allclose(found.spiking.sum(axis=3), 1)
        assert not found.spiking[np.broadcast_to(~found.mask[:, None], found.spiking.shape)].any()
        assert max(head.kl for head in found.fidelity) < 0.01


def test_a_query_that_may_look_nowhere_has_zeros(bundle: Bundle) -> None:
    name, sample = next(iter(bundle.samples.items()))
    mask = sample.mask.copy()
    mask[3] = False
    found = look.maps(replace(bundle, samples={name: replace(sample, mask=mask)}))
    assert not found.spiking[0, :, 3].any()
    assert not found.context[0, :, 3].any()
    assert np.allclose(found.spiking[0, :, 4].sum(axis=1), 1)


def test_a_layer_has_a_name_and_a_number(bundle: Bundle) -> None:
    names = list(bundle.codes)
    assert look.layer_name(bundle.codes, -1) == names[-1]
    assert look.layer_name(bundle.codes, names[1]) == names[1]
    with pytest.raises(UsageError, match=r"no such layer.*found 3; expected a number below 3"):
        look.maps(bundle, 3)
    with pytest.raises(UsageError, match=r"blocks\.0\.atention.*Did you mean.*attention"):
        look.maps(bundle, "blocks.0.atention")
    with pytest.raises(UsageError, match="no sample of this layer"):
        look.maps(replace(bundle, samples={}))


# --- one query


def test_an_episode_ends_as_the_closed_form_says(first: tuple[LayerCode, Sample]) -> None:
    code, sample = first
    run = SpikingLayer(code).run_sample(sample)
    for head, query in ((0, 0), (3, 16)):
        found = episode(code, sample, head, query)
        assert np.array_equal(found.control[found.read_at], run.control[0, head, query])
        assert found.normaliser[found.read_at] == run.normaliser[0, head, query]
        assert np.count_nonzero(found.match) == run.spikes[0, head, query]


# --- a whole model


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> WholeBundle:
    return neuromorph.export_whole(WEIGHTS, tmp_path_factory.mktemp("look") / "whole").bundle


def test_maps_of_a_whole_model_are_those_of_its_contexts(whole: WholeBundle) -> None:
    model, patches = whole.model, digits_patches(load_split().test.images[:1], 2)[0]
    streams = closed_form.run(model, patches).streams
    for n, work in enumerate(works(model, patches)):
        run = backends.attend("fast", work, times=True)
        block = model.blocks[n]
        context = contexts_of(block.heads, run.control[0], run.normaliser[0])
        made = run_block(block, streams[n], causal=False).context
        assert np.array_equal(np.moveaxis(context, 0, 1).reshape(made.shape), made)
        found = look.whole_maps(model, patches, n)
        assert np.allclose(found.spiking.sum(axis=3), 1)
        assert np.abs(found.spiking - found.target).max() < NEAR
        assert min(head.cosine for head in found.fidelity) > 0.999


def test_a_whole_causal_model_looks_back() -> None:
    model, tokens = tiny_transformer(), np.arange(4) % 3
    found = look.whole_maps(model, tokens)
    assert not found.spiking[0][:, ~np.tri(4, dtype=bool)].any()
    assert np.allclose(found.spiking.sum(axis=3), 1)
    with pytest.raises(UsageError, match="no such block"):
        look.whole_maps(model, tokens, 9)
    with pytest.raises(UsageError, match="more tokens than slots"):
        look.whole_maps(model, np.arange(model.slots + 1) % 3)


# --- contexts


def test_contexts_of_a_causal_model_are_put_together_by_length(bundle: Bundle) -> None:
    found = look.lengths(causal(bundle))
    heads = sum(len(code.heads) for code in bundle.codes.values())
    assert [one.keys for one in found] == [4, 8, 16, 32]
    assert [one.queries // heads for one in found] == [4, 4, 8, 1]
    assert all(one.cosine >= one.cosine_worst > 0.98 for one in found)
    assert all(one.kl <= one.kl_worst for one in found)


def test_contexts_where_all_see_all_are_cut_around_the_query(bundle: Bundle) -> None:
    found = look.lengths(bundle)
    assert [one.keys for one in found] == [4, 8, 16, 17]
    assert len({one.queries for one in found}) == 1
    whole = [head.cosine for layer in range(3) for head in look.maps(bundle, layer).fidelity]
    assert found[-1].cosine == pytest.approx(np.median(whole))
    assert found[-1].cosine_worst == pytest.approx(min(whole))


def test_keys_around_a_query() -> None:
    mask = _around(np.ones((5, 9), bool), 3)
    assert (mask.sum(axis=1) == 3).all()
    assert [row.nonzero()[0][0] for row in mask] == [0, 1, 3, 5, 6]
    assert ladder(1) == ladder(4) == [4]
    assert ladder(17) == [4, 8, 16, 32]


# --- figures


def test_every_figure_is_drawn_without_pyplot(
    bundle: Bundle, monkeypatch: pytest.MonkeyPatch
) -> None:
    mpl = pytest.importorskip("matplotlib", reason="matplotlib is not installed")
    from matplotlib import pyplot as plt

    before = mpl.get_backend()
    logger = logging.getLogger("matplotlib")
    monkeypatch.setattr(logger, "level", logging.INFO)
    compiled = neuromorph.compile_bundle(bundle, "kapoho_point", programmable=True)
    figures = [look.attention(bundle, 1, heads=[0, 3]), look.heads(bundle), look.context(bundle),
               look.raster(bundle, 2, head=1, query=4), look.hidden([1.0, 0.999, 0.99]),
               look.energy(compiled), look.chips(compiled)]
    assert all(png_of(figure).startswith(PNG) for figure in figures)
    assert figures[0]._repr_png_() == png_of(figures[0])
    assert plt.get_fignums() == []
    assert mpl.get_backend() == before
    assert logger.level == logging.INFO
    assert len(figures[0].axes) == 4 + 1
    assert "head 3: KL" in figures[0].axes[1].get_title()
    assert "query 4" in figures[3].get_suptitle()


def test_hidden_states_are_drawn_where_they_are() -> None:
    pytest.importorskip("matplotlib", reason="matplotlib is not installed")
    line = look.hidden([1.0, 0.99, 0.9]).axes[0].lines[0]
    assert line.get_ydata() == pytest.approx([LEAST, 0.01, 0.1])
    with pytest.raises(UsageError, match="no hidden states"):
        look.hidden([])


def test_what_cannot_be_drawn_is_refused(bundle: Bundle) -> None:
    pytest.importorskip("matplotlib", reason="matplotlib is not installed")
    with pytest.raises(UsageError, match=r"no such head.*heads 0 to 3"):
        look.attention(bundle, heads=[4])
    with pytest.raises(UsageError, match=r"no such sequence|no such head or sequence"):
        look.attention(look.maps(bundle), sequence=1)
    with pytest.raises(UsageError, match=r"no such query.*0 to 16"):
        look.raster(bundle, query=17)
    unfit = neuromorph.compile_bundle(bundle, "loihi2")
    for draw in (look.chips, look.energy):
        with pytest.raises(UsageError, match="does not fit: there is no map"):
            draw(unfit)


def test_matplotlib_is_asked_for_by_name(bundle: Bundle, monkeypatch: Any) -> None:
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    with pytest.raises(MissingExtraError, match=r"pictures need matplotlib.*neuromorph\[plot\]"):
        look.heads(bundle)


# --- shares


@pytest.mark.parametrize(("right", "of"), [(0, 7), (394, 400), (396, 400), (1, 1), (63, 400)])
def test_intervals_are_wilsons(right: int, of: int) -> None:
    from scipy.stats import binomtest

    expected = binomtest(right, of).proportion_ci(method="wilson")
    assert wilson(right, of) == pytest.approx((expected.low, expected.high), abs=1e-6)


@pytest.mark.parametrize(("some", "others"), [(0, 2), (3, 1), (5, 5), (0, 12), (40, 9)])
def test_chance_is_the_sign_test(some: int, others: int) -> None:
    from scipy.stats import binomtest

    assert by_chance(some, others) == pytest.approx(binomtest(some, some + others).pvalue)


def test_two_of_four_hundred_are_said() -> None:
    assert share_said(394, 400) == "98.50 % (394 of 400; 95 %: 96.77 to 99.31)"
    assert apart_said(0, 2, 400) == (
        "2 of 400 images apart: float alone is right on 2, ours alone on 0; a coin parts them so "
        "in 50 % of all cases, no more than chance would do")
    assert apart_said(0, 0, 9) == "both are right on the same of 9 images"
    assert "more than chance would do" in apart_said(1, 20, 400)
    assert "no more" not in apart_said(1, 20, 400)


def test_pictures_leave_the_readers_backend_alone(tmp_path):
    """A notebook that ran a circuit and drew it still shows the figures that come after."""
    import matplotlib as mpl
    from matplotlib import pyplot as plt

    mpl.use("svg")
    before = plt.get_fignums()
    neuromorph.run("hopfield", output=tmp_path / "run", settings={"max_runs": 1})
    assert mpl.get_backend() == "svg"
    assert plt.get_fignums() == before
