"""A whole model of a person's own in PyTorch: its .pt file and a map, held against its answers."""

from __future__ import annotations

import json
from contextlib import closing
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from neuromorph.api.evaluate import evaluate
from neuromorph.api.generate import generate
from neuromorph.api.original import load_original
from neuromorph.api.whole import export_whole
from neuromorph.bundle.whole import load_whole
from neuromorph.errors import NeuromorphError, UnsupportedError
from neuromorph.models import Naming
from neuromorph.models.onnx_graph import OnnxTensors

torch = pytest.importorskip("torch", reason="torch is not installed")
pytest.importorskip("transformers", reason="transformers is not installed")
nn = torch.nn

pytestmark = pytest.mark.hf

WIDTH, VOCABULARY, CONTEXT = 16, 30, 32
MAP: dict[str, Any] = {
    "embedding": "emb.weight", "positions": "pos", "final_norm": "norm.weight",
    "head": "out.weight", "norm": "layer", "norms": "before", "activation": "gelu",
    "epsilon": 1e-5, "attention_norm": "trunk.layers.{layer}.norm1.weight",
    "mlp_norm": "trunk.layers.{layer}.norm2.weight",
    "gate": "trunk.layers.{layer}.linear1.weight", "down": "trunk.layers.{layer}.linear2.weight"}


class Model(nn.Module):
    """As people write them: torch's encoder layers under a mask, with an embedding and a head."""

    def __init__(self, *, first: bool) -> None:
        super().__init__()
        self.emb = nn.Embedding(VOCABULARY, WIDTH)
        self.pos = nn.Parameter(torch.randn(1, CONTEXT, WIDTH) / 3)
        layer = nn.TransformerEncoderLayer(WIDTH, 4, 24, 0.0, "gelu", batch_first=True,
                                           norm_first=first)
        self.trunk = nn.TransformerEncoder(layer, 2, enable_nested_tensor=False)
        self.norm, self.out = nn.LayerNorm(WIDTH), nn.Linear(WIDTH, VOCABULARY)
        for name, weight in self.named_parameters():  # else all layers are the same
            nn.init.normal_(weight, 1 if "norm" in name else 0, .3)

    def forward(self, ids: Any) -> Any:
        x = self.emb(ids) + self.pos[:, :ids.shape[1]]
        mask = nn.Transformer.generate_square_subsequent_mask(ids.shape[1])
        return self.out(self.norm(self.trunk(x, mask=mask, is_causal=True)))


@pytest.fixture
def saved(tmp_path: Path) -> Path:
    return written(tmp_path, first=True)


def written(folder: Path, *, first: bool) -> Path:
    torch.manual_seed(0)
    model = Model(first=first).eval()
    ids = torch.randint(0, VOCABULARY, (6, 20))
    with torch.no_grad():
        np.savez(folder / "t.npz", tokens=ids.numpy(), outputs=model(ids).numpy())
    torch.save(model.state_dict(), folder / "m.pt")
    return folder / "m.pt"


def test_a_pt_file_becomes_a_whole_bundle(saved: Path, tmp_path: Path) -> None:
    said = Naming(heads=4, causal=True, whole=MAP)
    report = export_whole(saved, tmp_path / "w", calibrate=tmp_path / "t.npz", naming=said)
    assert "answers what outputs say, but for " in report.notes[0]
    assert float(report.notes[0].split("but for ")[1].split(" ")[0]) < 1e-5
    assert report.layers[-1].cosine > .99
    assert load_whole(tmp_path / "w").provenance["files"]["m.pt"]["bytes"] == saved.stat().st_size


def test_norms_behind_are_not_norms_before(tmp_path: Path) -> None:
    saved = written(tmp_path, first=False)
    said = Naming(heads=4, causal=True, whole=MAP)
    with pytest.raises(NeuromorphError, match="does not answer what outputs say"):
        export_whole(saved, tmp_path / "w", calibrate=tmp_path / "t.npz", naming=said)


@pytest.mark.filterwarnings("ignore")
def test_an_onnx_file_becomes_the_same_bundle(saved: Path, tmp_path: Path) -> None:
    """Matrices that the exporter had turned and renamed are found by their modules."""
    pytest.importorskip("onnx")
    model = Model(first=True).eval()
    model.load_state_dict(torch.load(saved, weights_only=True))
    torch.onnx.export(model, (torch.zeros(1, 20, dtype=torch.int64),), str(tmp_path / "m.onnx"),
                      dynamo=False)
    attention = {"qkv": "trunk.layers.{layer}.self_attn.weight",
                 "qkv_bias": "trunk.layers.{layer}.self_attn.in_proj_bias",
                 "o": "trunk.layers.{layer}.self_attn.out_proj.weight"}
    with closing(OnnxTensors(tmp_path / "m.onnx")) as held:  # as many positions as were exported
        positions, = (name for name in held.names if held.info(name).shape == (1, 20, WIDTH))
    said = Naming(attention, heads=4, causal=True, fused_order="blocks",
                  whole=MAP | {"positions": positions})
    from_onnx, from_pt = (export_whole(file, tmp_path / f"w{n}", calibrate=tmp_path / "t.npz",
                                       naming=naming)
                          for n, (file, naming) in enumerate((
                              (tmp_path / "m.onnx", said),
                              (saved, Naming(heads=4, causal=True, whole=MAP)))))
    assert "answers what outputs say, but for " in from_onnx.notes[0]
    assert [one.cosine for one in from_onnx.layers] == [one.cosine for one in from_pt.layers]
    assert list(from_onnx.bundle.provenance["files"]) == ["m.onnx"]


def test_text_by_a_tokenizer_beside_the_weights(saved: Path, tmp_path: Path) -> None:
    from tokenizers import Tokenizer
    from tokenizers.models import WordLevel
    from tokenizers.pre_tokenizers import Whitespace

    words = {word: n for n, word in enumerate(["[UNK]", *"abcdefgh", *map(str, range(21))])}
    tokenizer = Tokenizer(WordLevel(words, "[UNK]"))
    tokenizer.pre_tokenizer = Whitespace()
    tokenizer.save(str(tmp_path / "tokenizer.json"))
    (tmp_path / "text.txt").write_text("a b c d e\nf g h a a b\n" * 12)
    report = export_whole(saved, tmp_path / "w", calibrate=tmp_path / "text.txt",
                          naming=Naming(heads=4, causal=True, whole=MAP))
    text = load_whole(tmp_path / "w").text
    assert text is not None
    assert json.loads(text.tokenizer)["model"]["vocab"] == words
    assert report.layers[-1].cosine > .99
    assert "".join(generate(tmp_path / "w", "a b c", tokens=3))
    assert evaluate(tmp_path / "w", tmp_path / "text.txt").found["top1"] > .9
    with pytest.raises(UnsupportedError, match=r"as transformers' do.*evaluate --text"):
        load_original(load_whole(tmp_path / "w"))
