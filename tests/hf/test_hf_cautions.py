"""What works badly is said to whoever attaches a model or exports it with text."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import Any

import pytest

import neuromorph
from neuromorph.bundle import load_bundle
from neuromorph.errors import NeuromorphWarning

pytestmark = pytest.mark.hf
torch = pytest.importorskip("torch", reason="torch is not installed")
transformers = pytest.importorskip("transformers", reason="transformers is not installed")

from hf_folders import PASSAGES, WORDS, save_model  # noqa: E402
from hf_models import FAMILIES, SLOTS, VOCABULARY  # noqa: E402

LLAMA = FAMILIES["llama"]


def ids(batch: int, tokens: int, seed: int = 0) -> Any:
    generator = torch.Generator().manual_seed(seed)
    return torch.randint(5, VOCABULARY, (batch, tokens), generator=generator)


def said(caught: list[warnings.WarningMessage]) -> list[str]:
    return [str(w.message) for w in caught if issubclass(w.category, NeuromorphWarning)]


def test_a_few_tokens_are_too_few() -> None:
    with pytest.warns(NeuromorphWarning, match="only 10 tokens"), \
            neuromorph.attach(LLAMA.build(), {"input_ids": ids(1, 10)}) as spiking:
        assert any("only 10 tokens" in line for line in spiking.report()["warnings"])


def test_enough_data_like_what_runs_is_not_warned_of() -> None:
    model = LLAMA.build()
    with warnings.catch_warnings(record=True) as caught, torch.no_grad():
        warnings.simplefilter("always")
        with neuromorph.attach(model, {"input_ids": ids(30, 30)}) as spiking:
            model(input_ids=ids(20, 30, seed=1))
            assert not [line for line in spiking.report()["warnings"] if "steps" not in line]
    assert not [line for line in said(caught) if "steps" not in line]


def test_slots_far_beyond_the_passages() -> None:
    with pytest.warns(NeuromorphWarning, match="far fewer than the 32 slots"):
        neuromorph.attach(LLAMA.build(), {"input_ids": ids(40, 10)}, options=SLOTS).detach()


def test_what_calibration_did_not_foresee_is_said_once() -> None:
    """The same weights, four times as loud: codes are clipped, and best matches forced."""
    model = LLAMA.build()
    spiking = neuromorph.attach(model, {"input_ids": ids(30, 12)}, options=SLOTS)
    with torch.no_grad():
        for layer in model.layers:
            layer.self_attn.q_proj.weight.mul_(4)
            layer.self_attn.v_proj.weight.mul_(4)
    with warnings.catch_warnings(record=True) as caught, torch.no_grad():
        warnings.simplefilter("always")
        for seed in range(3):
            model(input_ids=ids(8, 30, seed))
    spiking.detach()
    lines = said(caught)
    assert len([line for line in lines if "forced spikes a query in layers." in line]) == 1
    assert len([line for line in lines if "are clipped" in line]) == 1
    report = spiking.report()
    assert report["forced_a_query"] > 0.05
    assert report["clipped_share"] > 0.01
    assert any("forced spikes" in line for line in report["warnings"])
    assert max(row["forced_a_query"] for row in report["per_layer"]) >= report["forced_a_query"]


def test_a_bundle_tells_again_what_it_was_made_of(tmp_path: Path) -> None:
    model = LLAMA.build()
    with neuromorph.attach(model, {"input_ids": ids(1, 10)}) as spiking:
        spiking.save(tmp_path / "b")
    assert "few-tokens" in [caution.kind for caution in load_bundle(tmp_path / "b").cautions]
    with pytest.warns(NeuromorphWarning, match="only 10 tokens"):
        neuromorph.attach(model, tmp_path / "b").detach()


def kinds(report: Any) -> list[str]:
    return [caution.kind for caution in report.cautions]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return save_model(tmp_path / "tiny-bert")


def test_text_that_the_tokenizer_does_not_know(folder: Path, tmp_path: Path) -> None:
    known = [" ".join(WORDS[(3 * i + j) % len(WORDS)] for j in range(12)) for i in range(40)]
    strange = ["MKTAYIAKQRQISFVKSHFSRQ LEERLGLIEVQAPILSRVG" for _ in range(40)]
    for name, lines, told in (("known", known, False), ("strange", strange, True)):
        (tmp_path / f"{name}.txt").write_text("\n".join(lines), "utf-8")
        report = neuromorph.export(folder, tmp_path / name, calibrate=tmp_path / f"{name}.txt")
        assert ("unknown-tokens" in kinds(report)) is told
        assert any("does not know" in note for note in report.as_dict()["notes"]) is told
    tokenizer = transformers.AutoTokenizer.from_pretrained(folder)
    model = transformers.AutoModel.from_pretrained(folder).eval()
    with pytest.warns(NeuromorphWarning, match="does not know 80 of 80 tokens"):
        neuromorph.attach(model, strange, tokenizer=tokenizer).detach()


def test_slots_follow_the_text_and_the_models_positions(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "cal.txt").write_text("\n".join(PASSAGES * 10), "utf-8")
    report = neuromorph.export(folder, tmp_path / "b", calibrate=tmp_path / "cal.txt")
    longest = max(len(transformers.AutoTokenizer.from_pretrained(folder)(p)["input_ids"])
                  for p in PASSAGES)
    assert longest <= report.as_dict()["slots"] == 16
