"""Blocks of Python on the pages that need torch, on tiny models in place of those they name."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from hf_whole import passages, save_language_model, save_text

import neuromorph

torch = pytest.importorskip("torch", reason="needs torch")
transformers = pytest.importorskip("transformers", reason="needs transformers")

pytestmark = pytest.mark.hf

ROOT = Path(__file__).parents[2]


@pytest.fixture
def blocks(monkeypatch):
    monkeypatch.syspath_prepend(ROOT / "docs")
    import blocks

    yield blocks
    sys.modules.pop("blocks")


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """An empty folder to work in, with the texts that the pages name."""
    monkeypatch.chdir(tmp_path)
    save_text(tmp_path / "news.txt")
    save_text(tmp_path / "other-news.txt", seed=1)
    return tmp_path


def test_the_front_pages(blocks, folder):
    save_language_model(folder / "tiny")
    model = transformers.AutoModelForCausalLM.from_pretrained(folder / "tiny").eval()
    tokenizer = transformers.AutoTokenizer.from_pretrained(folder / "tiny", pad_token="<|end|>")
    inputs, data = (tokenizer(passages(count, seed=2), return_tensors="pt", padding=True)
                    for count in (2, 24))
    wanted = model(**inputs).logits
    assert blocks.run(ROOT / "docs" / "index.md", model=model, data=data, inputs=inputs) == 1
    assert not torch.equal(model(**inputs).logits, wanted)
    assert blocks.run(ROOT / "README.md", model=model, tokenizer=tokenizer, texts=passages(24),
                      inputs=inputs) == 1
    assert torch.equal(model(**inputs).logits, wanted)      # detached again


def test_whole_models(blocks, folder, capsys):
    save_language_model(folder / "SmolLM2-135M")
    assert blocks.run(ROOT / "docs" / "whole.md") == 1
    assert capsys.readouterr().out
    assert (folder / "bundle" / "manifest.toml").is_file()


def test_many_at_once(blocks, folder):
    save_language_model(folder / "SmolLM2-135M")
    neuromorph.export_whole("SmolLM2-135M", "smol", calibrate="news.txt")
    assert blocks.run(ROOT / "docs" / "many.md") == 2
    assert (folder / "out" / "evaluate").is_dir()


def test_models_in_files(blocks, folder):
    def make():
        torch.manual_seed(0)
        layer = torch.nn.TransformerEncoderLayer(16, 2, 32, batch_first=True)
        return torch.nn.TransformerEncoder(layer, 2, enable_nested_tensor=False)

    data = torch.randn(8, 12, 16, generator=torch.Generator().manual_seed(1))
    neuromorph.attach(make().eval(), data).save("heads")
    assert blocks.run(ROOT / "docs" / "models.md", make=make, data=data) == 1


def test_looking_at_a_model(blocks, folder):
    assert blocks.run(ROOT / "docs" / "look.md") == 3
    assert {"maps.png", "raster.png", "chips.png", "live.png"} <= {p.name for p in folder.iterdir()}
