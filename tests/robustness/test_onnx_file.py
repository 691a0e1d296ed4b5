"""ONNX files: attention is found in anonymous graphs, or what is in its way is named."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from neuromorph.errors import InputError, NeuromorphError
from neuromorph.models import AttentionModel, Naming, open_model

onnx = pytest.importorskip("onnx")
helper, numpy_helper = onnx.helper, onnx.numpy_helper

WIDTH, HEADS, SIZE, TOKENS = 12, 4, 4, 5
ROWS = HEADS * SIZE
CAUSAL = Naming(causal=True)


def random(*shape: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).normal(size=shape).astype(np.float32)


class Built:
    """A graph of one attention, to be spoilt before it is written."""

    def __init__(self, kv_heads: int = HEADS, scale: float = 0.5) -> None:
        self.tensors: dict[str, np.ndarray] = {
            "scale": np.float32(scale), "bias": random(ROWS, seed=9)}
        self.nodes: list[Any] = []
        self.kv_heads = kv_heads
        for number, (role, heads) in enumerate(zip("qkv", (HEADS, kv_heads, kv_heads),
                                                   strict=True)):
            self.tensors[f"onnx::MatMul_{number}"] = random(WIDTH, heads * SIZE, seed=number)
            self.tensors[f"shape_{role}"] = np.array([0, 0, heads, SIZE])
            self.add("MatMul", ["x", f"onnx::MatMul_{number}"], f"{role}0")
            self.add("Reshape", [f"{role}0", f"shape_{role}"], f"{role}1")
            self.add("Transpose", [f"{role}1"], f"{role}2",
                     perm=[0, 2, 3, 1] if role == "k" else [0, 2, 1, 3])
        self.add("MatMul", ["q2", "k2"], "product")
        self.add("Mul", ["product", "scale"], "scores")
        self.add("Softmax", ["scores"], "weights", axis=-1)
        self.add("MatMul", ["weights", "v2"], "out")

    def add(self, kind: str, inputs: list[str], output: str, **said: Any) -> None:
        self.nodes.append(helper.make_node(kind, inputs, [output], name=f"n_{output}", **said))

    def node(self, output: str) -> Any:
        return next(node for node in self.nodes if node.output[0] == output)

    def between(self, before: str, after: str, kind: str, inputs: list[str], **said: Any) -> None:
        """One more node behind ``before``, which the maker of ``after`` takes."""
        place = self.nodes.index(self.node(after))
        taker = self.nodes[place]
        taker.input[list(taker.input).index(before)] = f"new_{before}"
        self.nodes.insert(place, helper.make_node(kind, inputs, [f"new_{before}"],
                                                  name=f"n_new_{before}", **said))

    def model(self) -> Any:
        value = helper.make_tensor_value_info
        graph = helper.make_graph(
            self.nodes, "g", [value("x", 1, ["batch", "tokens", WIDTH])],
            [value("out", 1, None)],
            [numpy_helper.from_array(np.asarray(array), name)
             for name, array in self.tensors.items()])
        return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)])

    def write(self, path: Path) -> Path:
        path.write_bytes(self.model().SerializeToString())
        return path


def test_anonymous_products_become_heads(tmp_path: Path) -> None:
    built = Built(kv_heads=HEADS)
    built.between("q0", "q1", "Add", ["bias", "q0"])
    model = open_model(built.write(tmp_path / "m.onnx"), CAUSAL)
    layer, = model.layers
    assert (model.family, model.causal, layer.name) == ("onnx", True, "attention.0")
    assert (layer.heads, layer.kv_heads, layer.head_size, layer.scale) == (4, 4, 4, 0.5)
    np.testing.assert_array_equal(layer.query_weight, built.tensors["onnx::MatMul_0"].T)
    np.testing.assert_array_equal(layer.query_bias, built.tensors["bias"])
    assert layer.key_bias is None
    assert sorted(model.provenance["tensors"]) == ["bias", *(f"onnx::MatMul_{n}" for n in range(3))]


def test_tensors_in_a_file_beside(tmp_path: Path) -> None:
    inside = open_model(Built().write(tmp_path / "in.onnx"), CAUSAL)
    onnx.save_model(Built().model(), tmp_path / "m.onnx", save_as_external_data=True,
                    location="m.data", size_threshold=0)
    outside = open_model(tmp_path / "m.onnx", CAUSAL)
    np.testing.assert_array_equal(inside.layers[0].value_weight, outside.layers[0].value_weight)
    assert set(outside.provenance["files"]) == {"m.onnx", "m.data"}


def test_constant_factors_anywhere_are_one_scale(tmp_path: Path) -> None:
    built = Built(scale=0.25)
    built.tensors["two"], built.tensors["three"] = np.float32(2), np.float32([3])
    built.between("q2", "product", "Mul", ["two", "q2"])
    built.between("k2", "product", "Div", ["k2", "three"])
    layer, = open_model(built.write(tmp_path / "m.onnx"), CAUSAL).layers
    assert layer.scale == pytest.approx(0.25 * 2 / 3)


def test_a_mask_is_no_bias(tmp_path: Path) -> None:
    built = Built()
    built.tensors["mask"] = np.triu(np.full((TOKENS, TOKENS), -np.inf, np.float32), 1)
    built.between("scores", "weights", "Add", ["scores", "mask"])
    assert open_model(built.write(tmp_path / "m.onnx"), CAUSAL).layers


def external(**said: str) -> Callable[[Any], object]:
    def spoil(model: Any) -> None:
        tensor = model.graph.initializer[2]
        tensor.ClearField("raw_data")
        tensor.data_location = tensor.EXTERNAL
        for key, value in said.items():
            entry = tensor.external_data.add()
            entry.key, entry.value = key, value
    return spoil


def first(**said: Any) -> Callable[[Any], object]:
    return lambda model: [setattr(model.graph.initializer[2], name, value)
                          for name, value in said.items()]


def with_node(before: str, after: str, kind: str, inputs: list[str], **said: Any) -> Any:
    return lambda built: built.between(before, after, kind, inputs, **said)


def table(built: Built) -> None:
    built.tensors["table"] = random(HEADS, TOKENS, TOKENS)
    built.between("scores", "weights", "Add", ["scores", "table"])


GRAPHS: dict[str, tuple[Callable[[Built], object], str]] = {
    "rotary": (with_node("q2", "product", "Neg", ["q2"]), "found Neg 'n_new_q2'"),
    "a norm": (with_node("k2", "product", "Softplus", ["k2"]), "and the keys stands.*Softplus"),
    "gated": (with_node("v2", "out", "Mul", ["v2", "x"]), "and the values stands.*found Mul"),
    "soft cap": (with_node("scores", "weights", "Tanh", ["scores"]), "found Tanh 'n_new_scores'"),
    "bias table": (table, "a bias is added to the scores.*found 'table'"),
    "in one": (lambda b: b.add("MultiHeadAttention", ["x", "x", "x"], "y"), "MultiHeadAttention"),
    "no softmax": (lambda b: setattr(b.node("weights"), "op_type", "Relu"), "no attention was"),
    "axis": (lambda b: b.node("weights").attribute[0].__setattr__("i", 1), "not over the keys"),
    "circle": (lambda b: b.node("q1").input.__setitem__(0, "q2"), "no projection stands|circle"),
    "made twice": (lambda b: b.add("Neg", ["x"], "q1"), "two nodes make one value; found 'q1'"),
    "shape": (lambda b: b.tensors.update(shape_q=np.array([0, 0, 3, 4])), "cannot be followed"),
    "heads": (lambda b: b.tensors.update(shape_k=np.array([0, 0, 2, 8])), "differ in"),
    "codes": (lambda b: b.tensors.update({"onnx::MatMul_0": np.ones((WIDTH, ROWS), np.int8)}),
              "does not hold real numbers|cannot be worked out"),
    "NaN": (lambda b: b.tensors["onnx::MatMul_0"].__setitem__(0, np.nan), "must be finite"),
}


@pytest.mark.parametrize("name", GRAPHS)
def test_graphs_that_are_not_translated(name: str, tmp_path: Path) -> None:
    spoil, says = GRAPHS[name]
    built = Built()
    spoil(built)
    with pytest.raises(NeuromorphError, match=says) as caught:
        open_model(built.write(tmp_path / "m.onnx"), CAUSAL)
    assert str(caught.value).isprintable()


MODELS: dict[str, tuple[Callable[[Any], object], str]] = {
    "2^62 elements": (lambda m: m.graph.initializer[2].dims.__setitem__(0, 2**62), "cannot be"),
    "negative": (lambda m: m.graph.initializer[2].dims.__setitem__(0, -1), "cannot be|worked out"),
    "bytes": (lambda m: m.graph.initializer[2].dims.__setitem__(0, 13), "do not fit|worked out"),
    "type 99": (first(data_type=99), "type that is not read|cannot be worked out"),
    "twice": (lambda m: m.graph.initializer.append(m.graph.initializer[0]), "one name"),
    "../": (external(location="../x"), "not beside the model; found '../x'"),
    "absolute": (external(location="/etc/passwd"), "not beside the model"),
    "nowhere": (external(), "not beside the model"),
    "not there": (external(location="x.data"), "no such file"),
    "offset": (external(location="m.onnx", offset="2^60"), "begins nowhere"),
    "behind the end": (external(location="m.onnx", offset=str(2**60)), "too short"),
    "length": (external(location="m.onnx", length="3"), "do not fit its shape and type"),
}


@pytest.mark.parametrize("name", MODELS)
def test_tensors_that_are_not_what_they_say(name: str, tmp_path: Path) -> None:
    spoil, says = MODELS[name]
    model = Built().model()
    spoil(model)
    (tmp_path / "m.onnx").write_bytes(model.SerializeToString())
    with pytest.raises(InputError, match=says) as caught:
        open_model(tmp_path / "m.onnx", CAUSAL)
    assert str(caught.value).isprintable()


@pytest.mark.parametrize(("make", "says"), [
    (lambda p: p.write_bytes(b""), "the file is empty"),
    (lambda p: p.write_bytes(b"\x08\x07\x12" + b"\xff" * 60), "not an ONNX file"),
    (lambda p: p.write_bytes(b"hello, hello"), "not an ONNX file"),
    (lambda p: p.write_bytes(b"version https://git-lfs.github.com/spec/v1\n"), "git lfs pull"),
    (lambda p: p.write_bytes(b"GGUF" + bytes(30)), "found a GGUF file"),
    (os.mkfifo, "found a FIFO"),
    (lambda p: None, "no such file"),
])
def test_files_that_are_none(make: Callable[[Path], object], says: str, tmp_path: Path) -> None:
    make(tmp_path / "m.onnx")
    with pytest.raises(InputError, match=says):
        open_model(tmp_path / "m.onnx", CAUSAL)


@pytest.mark.parametrize("sixteenth", range(16))
def test_cut(sixteenth: int, tmp_path: Path) -> None:
    content = Built().model().SerializeToString()
    (tmp_path / "m.onnx").write_bytes(content[:len(content) * sixteenth // 16])
    with pytest.raises(InputError):
        open_model(tmp_path / "m.onnx", CAUSAL)


@pytest.mark.parametrize(("said", "says"), [
    ({}, "who sees whom; expected --causal"),
    ({"causal": True, "heads": 3}, "another number of heads; found 3; expected 4"),
    ({"causal": True, "kv_heads": 2}, "another number of kv_heads"),
    ({"causal": True, "scale": 1.0}, "another scale; found 1.0; expected 0.5"),
    ({"causal": True, "transposed": True}, "the graph says what each tensor is"),
    ({"causal": True, "tensors": {"q": "a"}}, "the graph says what each tensor is"),
])
def test_what_contradicts_the_graph(said: dict[str, Any], says: str, tmp_path: Path) -> None:
    with pytest.raises(NeuromorphError, match=says):
        open_model(Built().write(tmp_path / "m.onnx"), Naming(**said))


def exported(kind: str, path: Path, *, open_shape: bool) -> tuple[AttentionModel, Any, Any]:
    """A model of ours from torch's exporter, the module, and what it was shown."""
    import torch
    import torch_attentions as own

    torch.manual_seed(1)
    model, x = own.stack(kind).eval(), torch.randn(1, 7, 16)
    axes = {"x": {0: "batch", 1: "tokens"}} if open_shape else None
    torch.onnx.export(model, (x,), str(path), dynamo=False, input_names=["x"], dynamic_axes=axes)
    return open_model(path, Naming(causal=False)), model, x


@pytest.mark.hf
@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("open_shape", [False, True])
@pytest.mark.parametrize("kind", ["apart", "masked", "fused", "vit", "by head", "sdpa",
                                  "sdpa causal", "grouped"])
def test_what_torch_exports(kind: str, open_shape: bool, tmp_path: Path) -> None:
    found, model, x = exported(kind, tmp_path / "m.onnx", open_shape=open_shape)
    assert [layer.name for layer in found.layers] == ["layers.0", "layers.1"]
    model(x)
    for layer, module in zip(found.layers, model.layers, strict=True):
        projected = layer.project(module.entered[0].detach().numpy())
        q, k, v = (part[0].detach().numpy() for part in module.seen)
        for mine, theirs, group in zip(projected, (q, k, v), (1, layer.group, layer.group),
                                       strict=True):
            np.testing.assert_allclose(np.repeat(mine, group, 0), theirs, atol=2e-6)
        assert layer.scale == pytest.approx(layer.head_size**-0.5)


@pytest.mark.hf
@pytest.mark.filterwarnings("ignore")
def test_torchs_own_encoder(tmp_path: Path) -> None:
    import torch

    torch.manual_seed(0)
    layer = torch.nn.TransformerEncoderLayer(16, 4, 32, batch_first=True)
    model = torch.nn.TransformerEncoder(layer, 2, enable_nested_tensor=False).eval()
    with torch.no_grad():
        for number, one in enumerate(model.layers):  # else both have the same weights
            one.self_attn.in_proj_weight.mul_(1 + number)
    torch.onnx.export(model, (torch.randn(1, 7, 16),), str(tmp_path / "m.onnx"), dynamo=False)
    found = open_model(tmp_path / "m.onnx", Naming(causal=False))
    for layer, one in zip(found.layers, model.layers, strict=True):
        np.testing.assert_array_equal(
            np.concatenate([layer.query_weight, layer.key_weight, layer.value_weight]),
            one.self_attn.in_proj_weight.detach().numpy())
