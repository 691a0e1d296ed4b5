"""record: a person's own PyTorch model runs, and export takes what was seen."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import small_models as small
from cli_tools import Run

from neuromorph.bundle import load_bundle

pytest.importorskip("torch")
pytestmark = pytest.mark.hf

OWN = '''
import torch
from torch import nn
print("a person's own print")

class Block(nn.Module):
    def __init__(self):
        super().__init__()
        self.norm = nn.LayerNorm(12)
        self.wq, self.wk, self.wv = (nn.Linear(12, 16, bias=False) for _ in range(3))
        self.wo = nn.Linear(16, 12)

    def forward(self, x):
        x = self.norm(x)
        q, k, v = (part(x).unflatten(-1, (4, 4)).transpose(-2, -3)
                   for part in (self.wq, self.wk, self.wv))
        y = torch.softmax(q @ k.transpose(-1, -2) / 2, -1) @ v
        return self.wo(y.transpose(-2, -3).flatten(-2))

class Model(nn.Module):
    def __init__(self):
        super().__init__()
        self.embed = nn.Embedding(20, 12)
        self.blocks = nn.ModuleList([Block(), Block()])

    def forward(self, ids):
        x = self.embed(ids)
        for block in self.blocks:
            x = x + block(x)
        return x

def make():
    torch.manual_seed(0)
    return Model()

class ByHead(Block):
    def __init__(self):
        super().__init__()
        self.qkv = nn.Linear(12, 48)

    def forward(self, x):
        q, k, v = self.qkv(self.norm(x)).unflatten(-1, (4, 12)).transpose(-2, -3).chunk(3, -1)
        y = torch.softmax(q @ k.transpose(-1, -2) / 2, -1) @ v
        return self.wo(y.transpose(-2, -3).flatten(-2))

def by_head():
    torch.manual_seed(0)
    model = Model()
    model.blocks = nn.ModuleList([ByHead(), ByHead()])
    return model

def encoder():
    torch.manual_seed(0)
    layer = nn.TransformerEncoderLayer(12, 4, 20, batch_first=True)
    return nn.TransformerEncoder(layer, 2)

def tokens_first():
    return nn.TransformerEncoder(nn.TransformerEncoderLayer(12, 4, 20), 2)

def decoder():
    layer = nn.TransformerDecoderLayer(12, 4, 20, batch_first=True)
    return nn.TransformerDecoder(layer, 1)

def nothing():
    return 3

def broken():
    raise RuntimeError("I cannot be built")

class Bad(nn.Module):
    def __init__(self):
        super().__init__()
        self.layers = nn.ModuleList([nn.TransformerEncoderLayer(12, 4, 20)])

    def forward(self, x):
        return self.layers[0](x[..., :3])

bad = Bad
'''
MAP = "\n".join(f'{role} = "blocks.{{layer}}.w{role}.weight"' for role in "qkvo")

FUSED = 'qkv = "blocks.{layer}.qkv.weight"\no = "blocks.{layer}.wo.weight"'


@pytest.fixture
def own(tmp_path: Path) -> Path:
    (tmp_path / "own.py").write_text(OWN)
    (tmp_path / "map.toml").write_text(MAP)
    np.savez(tmp_path / "ids.npz", ids=np.random.default_rng(0).integers(0, 20, (12, 9)))
    np.savez(tmp_path / "x.npz", x=small.random((9, 12, 12)))
    return tmp_path


def test_a_model_of_ones_own_is_recorded_and_exported(cli: Run, own: Path) -> None:
    done = cli("record", "own.py:make", "--data", "ids.npz", "--map", "map.toml", "--heads", 4,
               "--not-causal", "-o", "r", "--json")
    assert done.code == 0, done.err
    told = json.loads(done.out)
    note, = told.pop("notes")
    assert note.startswith("the heads give what entered the output projections, but for ")
    assert told == {"recording": "r", "layers": 2, "heads": 8, "sequences": 12, "tokens": 9}
    assert sorted(path.name for path in (own / "r").iterdir()) == [
        "config.json", "hidden.npz", "model.safetensors"]
    with np.load(own / "r" / "hidden.npz") as hidden:
        assert {name: array.shape for name, array in hidden.items()} == {
            "hidden.0": (12, 9, 12), "hidden.1": (12, 9, 12)}
        np.testing.assert_allclose(hidden["hidden.1"].mean(-1), 0, atol=1e-5)  # behind the norm
    assert cli("export", "r", "-o", "b", "-q").code == 0
    assert not load_bundle("b").causal
    assert cli("record", "own.py:make", "--data", "ids.npz", "--map", "map.toml", "--heads", 4,
               "--not-causal", "-o", "r", "-q", "--force").code == 0


def test_the_order_of_a_fused_weight_is_found(cli: Run, own: Path) -> None:
    arguments = ["record", "own.py:by_head", "--data", "ids.npz", "--heads", 4, "--not-causal",
                 "-o", "r"]
    for names, text in (('qkv = "blocks.{layer}.qkv.weight"', "does not say in which order"),
                        (FUSED + '\nfused_order = "blocks"', "--fused-order heads would fit")):
        (own / "map.toml").write_text(names)
        assert text in cli(*arguments, "--map", "map.toml").err
    (own / "map.toml").write_text(FUSED)
    done = cli(*arguments, "--map", "map.toml")
    assert (done.code, done.err) == (0, ""), done.err
    assert "fused_order = heads, which was found so" in done.out
    assert json.loads((own / "r" / "config.json").read_text())["fused_order"] == "heads"
    assert cli("export", "r", "-o", "b", "-q").code == 0


def test_torchs_encoder_needs_no_map(cli: Run, own: Path) -> None:
    done = cli("record", "own.py:encoder", "--data", "x.npz", "--not-causal", "-o", "r", "--json")
    assert done.code == 0, done.err
    assert json.loads(done.out)["heads"] == 8
    assert json.loads((own / "r" / "config.json").read_text())["heads"] == 4


@pytest.mark.parametrize(("arguments", "code", "text"), [
    (["own.py", "--causal"], 2, "expected FILE.py:NAME"),
    (["none.py:make", "--causal"], 3, "none.py: no such file"),
    (["own.py:make", "--causal", "--data", "none.npz"], 3, "none.npz: no such file"),
    (["own.py:make", "--map", "map.toml", "--heads", 4], 2, "expected --causal or --not-causal"),
    (["own.py:other", "--causal"], 3, "the file has no function other; found Block, Model, make"),
    (["own.py:nothing", "--causal"], 3, "does not give a torch.nn.Module; found int"),
    (["own.py:broken", "--causal"], 3, "RuntimeError: I cannot be built, line 68"),
    (["own.py:tokens_first", "--causal", "--data", "x.npz"], 3, "with batch_first=True"),
    (["own.py:make", "--causal", "--data", "map.toml"], 3, "map.toml: this is not an .npz file"),
    (["own.py:bad", "--not-causal", "--data", "x.npz"], 3, "running the model failed; found"),
    (["own.py:make", "--causal"], 3, "no tensor is named for the roles q, k, v; found embed.wei"),
    (["own.py:make", "--causal", "--map", "map.toml"], 2, "expected --heads N"),
    (["own.py:make", "--causal", "--map", "map.toml", "--heads", 4], 3,
     "own.py: the heads as they are read do not give what the model's attention gave; found rel"),
    (["own.py:make", "--not-causal", "--map", "map.toml", "--heads", 2], 3,
     "may do what no map says"),
    (["own.py:decoder", "--causal"], 3, "several attentions of torch's"),
])
def test_what_cannot_be_recorded(
    cli: Run, own: Path, arguments: list[object], code: int, text: str
) -> None:
    data = [] if "--data" in arguments else ["--data", "ids.npz"]
    before = sorted(own.iterdir())
    done = cli("record", *arguments, *data, "-o", "r")
    assert (done.code, done.out) == (code, ""), done.err
    assert text in done.err
    assert [path for path in sorted(own.iterdir()) if path.name != "__pycache__"] == before
