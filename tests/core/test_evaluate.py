"""Figures of an evaluation: against brute force, and the same after an interruption."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from small_evaluations import WORDS, Side, task, windows

from neuromorph.api.evaluate import run
from neuromorph.api.evaluation.figures import (
    Figures,
    Said,
    of_classes,
    of_encoder,
    of_language,
)
from neuromorph.api.evaluation.summary import grouped, interval_of, summary, unit_of
from neuromorph.api.evaluation.windows import Bounds, cut
from neuromorph.errors import CalibrationError, UsageError


def test_figures_are_those_of_the_definitions() -> None:
    ids = np.array([3, 1, 4, 1, 5, 9, 2, 6])
    found, wanted = Side(1, noise=0.5).said(ids), Side(2).said(ids)
    figures = of_language(ids, found, wanted)
    for t in range(len(ids)):
        p, q = (np.exp(said.answer[t] * said.unit) for said in (found, wanted))
        p, q = p / p.sum(), q / q.sum()
        assert math.isclose(figures.kl[t], sum(b * math.log(b / a) for a, b in zip(p, q,
                                                                                   strict=True)))
        assert figures.top1[t] == (p.argmax() == q.argmax())
        if t + 1 < len(ids):
            assert math.isclose(figures.loss[t], -math.log(p[ids[t + 1]]))
            assert math.isclose(figures.loss_float[t], -math.log(q[ids[t + 1]]))
    one, other = found.streams[1], wanted.streams[1]
    assert math.isclose(figures.cosine[1], np.mean([
        a @ b / math.sqrt((a @ a) * (b @ b)) for a, b in zip(one, other, strict=True)]))


def test_a_long_window_is_looked_at_in_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    ids = np.arange(50) % WORDS
    found, wanted = Side(1, noise=0.5).said(ids), Side(2).said(ids)
    whole = of_language(ids, found, wanted)
    monkeypatch.setattr("neuromorph.api.evaluation.figures.CHUNK", 7)
    assert all(np.allclose(a, b) for a, b in zip(whole, of_language(ids, found, wanted),
                                                 strict=True))


def test_the_same_model_loses_nothing() -> None:
    found = run(task(noise=0.0)).found
    assert (found["perplexity_ratio"], found["kl"], found["top1"]) == (1.0, 0.0, 1.0)
    assert found["interval"] == [1.0, 1.0]
    assert found["cosine_by_layer"] == pytest.approx([1.0] * 3)


def test_together_they_are_means_over_tokens() -> None:
    done = run(task())
    each = [of_language(w.ids, Side(1, noise=0.3).said(w.ids), Side(2).said(w.ids))
            for w in windows()]
    loss, loss_float = (np.concatenate([getattr(one, name) for one in each])
                        for name in ("loss", "loss_float"))
    assert done.found["perplexity_ratio"] == pytest.approx(
        math.exp(loss.mean()) / math.exp(loss_float.mean()))
    assert done.found["tokens"] == sum(len(w.ids) for w in windows())
    low, high = done.found["interval"]
    assert low < done.found["perplexity_ratio"] < high
    assert (done.found["windows"], done.found["documents"]) == (6, 3)


@pytest.mark.parametrize(("documents", "count", "unit"), [
    (20, 20, "documents"), (19, 20, "windows"), (5, 19, "tokens"), (40, 60, "documents")])
def test_what_is_drawn_goes_by_how_many_there_are(documents: int, count: int, unit: str) -> None:
    numbers = [n % documents for n in range(count)]
    assert unit_of(numbers, [np.zeros(3)] * count) == unit
    assert unit_of(numbers, [np.zeros(1)] * count) == (
        "windows" if unit == "tokens" else unit)


def test_what_is_drawn_keeps_its_tokens_together() -> None:
    values = [np.array([1.0, 2.0]), np.array([4.0]), np.array([8.0, 16.0, 32.0])]
    assert [x.tolist() for x in grouped(values, [5, 5, 9], "documents")] == [[7, 56], [3, 3]]
    assert [x.tolist() for x in grouped(values, [5, 5, 9], "windows")] == [[3, 4, 56], [2, 1, 3]]
    assert grouped(values, [5, 5, 9], "tokens")[0].tolist() == [1, 2, 4, 8, 16, 32]


def test_an_interval_is_as_wide_as_the_normal_one() -> None:
    values = np.random.default_rng(0).normal(3, 2, 400)
    low, high = interval_of(values, np.ones(400), 0)
    half = 1.96 * values.std() / 20
    assert low == pytest.approx(values.mean() - half, abs=0.02)
    assert high == pytest.approx(values.mean() + half, abs=0.02)
    assert [low, high] == interval_of(values, np.ones(400), 0)


def test_an_encoder_has_a_cosine() -> None:
    found = run(task(language=False, noise=0.01)).found
    assert 0.99 < found["cosine"] <= 1
    assert found["cosine_worst"] <= found["cosine"]
    assert {name: found[name] for name in ("perplexity_ratio", "kl", "top1")} == {
        "perplexity_ratio": None, "kl": None, "top1": None}
    ids = np.arange(4)
    assert len(of_encoder(Side(1, language=False).said(ids),
                          Side(2, language=False).said(ids)).answer) == 1


@pytest.mark.parametrize("language", [True, False])
def test_an_interrupted_evaluation_goes_on_to_the_same_figures(
    language: bool, tmp_path: Path
) -> None:
    whole = run(task(language=language))
    with pytest.raises(KeyboardInterrupt):
        run(task(language=language, fails_at=4), work=tmp_path)
    assert len(list(tmp_path.glob("*/*.part"))) == 4
    again = run(task(language=language), work=tmp_path)
    assert (again.resumed, whole.resumed) == (4, 0)
    assert again.found == whole.found
    assert not list(tmp_path.iterdir())


@settings(max_examples=50, deadline=None)
@given(st.lists(st.text("abc", max_size=30), max_size=5), st.integers(2, 9),
       st.none() | st.integers(1, 4), st.none() | st.integers(1, 40))
def test_windows_are_the_text_cut(
    passages: list[str], length: int, most: int | None, tokens: int | None
) -> None:
    bounds = Bounds(most, length, tokens)
    try:
        found = cut(passages, lambda text: [ord(x) for x in text], bounds, length)
    except CalibrationError:
        assert all(len(text) < 2 for text in passages)
        return
    assert all(2 <= len(window.ids) <= length for window in found)
    assert most is None or len(found) <= most
    assert tokens is None or sum(len(w.ids) for w in found[:-1]) < tokens
    for window in found:
        assert "".join(map(chr, window.ids)) in passages[window.document]
    if most is tokens is None:
        kept = sum(len(text) - (len(text) % length == 1) for text in passages)
        assert sum(len(w.ids) for w in found) == kept


def test_an_encoder_reads_each_document_once() -> None:
    found = cut(["abcdef", "gh"], lambda text: [ord(x) for x in text], Bounds(), 3,
                only_first=True)
    assert [(w.document, len(w.ids)) for w in found] == [(0, 3), (1, 2)]


@pytest.mark.parametrize("bounds", [{"windows": 0}, {"length": 1}, {"tokens": -1},
                                    {"windows": True}, {"length": 2.5}])
def test_bounds_are_whole_numbers(bounds: dict[str, int]) -> None:
    with pytest.raises(UsageError, match="whole number"):
        Bounds(**bounds)


def test_windows_fit_the_model() -> None:
    assert Bounds().length_for(64, None) == 64
    assert Bounds().length_for(4096, 8192) == 512
    assert Bounds(length=100).length_for(64, 200) == 100
    with pytest.raises(UsageError, match="positions"):
        Bounds(length=300).length_for(64, 200)


def test_models_that_do_not_say_the_same_are_refused() -> None:
    ids = np.arange(4)
    some = Side(1).said(ids)
    with pytest.raises(UsageError, match="same number of logits"):
        of_language(ids, some, Said([], some.answer[:, :-1]))
    with pytest.raises(UsageError, match="one size"):
        of_encoder(Said([], some.answer[:1]), Said([], some.answer[:1, :-1]))


def test_unknown_hidden_states_are_left_out() -> None:
    ids = np.arange(4)
    some, other = Side(1).said(ids), Side(2).said(ids)
    figures = of_language(ids, some._replace(streams=[]), other)
    assert isinstance(figures, Figures)
    assert summary([figures] * 2, [0, 1], 0)["cosine_by_layer"] == []


def test_classes_are_right_or_wrong() -> None:
    found, wanted = Side(1, language=False, noise=2.0).said(np.arange(4)), Side(
        2, language=False).said(np.arange(4))
    label = int(found.answer[0].argmax())
    figures = of_classes(label, found, wanted)
    assert figures.answer.tolist() == [1.0, float(wanted.answer[0].argmax() == label)]
    p = np.exp(found.answer[0] * found.unit)
    assert math.isclose(figures.loss[0], -math.log(p[label] / p.sum()))
    together = summary([figures] * 3, [0, 1, 2], 0)
    assert (together["score"], together["score_float"]) == tuple(figures.answer)
