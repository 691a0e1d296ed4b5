"""The digits model whole, from its file to a bundle, evaluated on images it never saw."""

from __future__ import annotations

from pathlib import Path

import pytest

from neuromorph.api.evaluate import evaluate
from neuromorph.api.evaluation import sides
from neuromorph.api.evaluation.windows import Bounds
from neuromorph.api.generate import generate
from neuromorph.api.whole import WholeReport, export_whole
from neuromorph.bundle.whole import load_whole
from neuromorph.circuits.transformer.closed_form import run
from neuromorph.errors import UsageError
from neuromorph.models.digits import WEIGHTS

pytestmark = pytest.mark.slow


@pytest.fixture(autouse=True)
def plain(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sides, "run_whole", run)


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> WholeReport:
    return export_whole(WEIGHTS, tmp_path_factory.mktemp("digits") / "b")


def test_it_is_close_to_float(report: WholeReport) -> None:
    assert report.as_dict()["last_cosine"] > 0.999
    assert report.bundle.text is None


def test_it_answers_as_float_does(report: WholeReport) -> None:
    found = evaluate(report.path, bounds=Bounds(windows=40)).found
    assert (found["windows"], found["top1"]) == (40, 1.0)
    assert found["score"] == found["score_float"]
    assert found["kl"] < 0.01
    assert min(found["cosine_by_layer"]) > 0.999
    assert len(found["cosine_by_layer"]) == len(load_whole(report.path).model.blocks) + 1


def test_it_takes_no_text(report: WholeReport, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="takes no text"):
        evaluate(report.path, tmp_path / "t.txt")
    with pytest.raises(UsageError, match="does not say which token"):
        generate(report.path, "x")
