"""ONNX of torch's dynamo exporter: layers by their scopes, and heads that give what it computes."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from neuromorph.api.attended import mixed
from neuromorph.api.collect import hidden_samples
from neuromorph.errors import NeuromorphError, TensorError
from neuromorph.models import Naming, open_model
from neuromorph.models.onnx_graph import OnnxTensors

onnx = pytest.importorskip("onnx")
import dynamo_graphs as dynamo  # noqa: E402

CAUSAL = ("causal", "one node")


@pytest.mark.parametrize("kind", dynamo.KINDS)
def test_heads_give_what_the_graph_computes(kind: str, tmp_path: Path) -> None:
    made = dynamo.attention(kind)
    model = open_model(made.write(tmp_path / "m.onnx"), Naming(causal=kind in CAUSAL))
    assert [layer.name for layer in model.layers] == ["layers.0.attn", "layers.1.attn"]
    kv_heads = 2 if kind.startswith(("grouped", "one node")) else 4
    x = dynamo.random(dynamo.BATCH, dynamo.TOKENS, dynamo.WIDTH, seed=99)
    for layer, expected in zip(model.layers, made.run(x), strict=True):
        assert (layer.heads, layer.kv_heads, layer.head_size) == (4, kv_heads, 4)
        found = np.stack([mixed(one) for one in hidden_samples(layer, x, model.causal)])
        np.testing.assert_allclose(found, expected, atol=1e-5)
    names = model.provenance["tensors"]
    assert all(name.startswith("val_" if kind == "folded" else "layers.") or ".bias" in name
               for name in names)


def test_weights_are_called_as_in_the_state_dict(tmp_path: Path) -> None:
    """Whether a turned weight was folded and renamed or not."""
    plain, folded = (dynamo.attention(kind) for kind in ("plain", "folded"))
    read = []
    for made in (plain, folded):
        with closing(OnnxTensors(made.write(tmp_path / "m.onnx"))) as tensors:
            read.append({name: tensors.read(name) for name in tensors.names})
            assert tensors.info("layers.1.attn.k.weight").shape == (16, 12)
            with pytest.raises(TensorError, match=r"no tensor 'layers.0.attn.x.weight'.*Did you"):
                tensors.info("layers.0.attn.x.weight")
    assert set(read[0]) == set(read[1]) == {f"layers.{n}.attn.{role}.{leaf}" for n in (0, 1)
                                            for role in "qkv" for leaf in ("weight", "bias")}
    for name, array in read[0].items():
        np.testing.assert_array_equal(array, plain.tensors[name])
        assert read[1][name].shape == array.shape
    model = open_model(tmp_path / "m.onnx", Naming(causal=False))
    np.testing.assert_array_equal(model.layers[1].key_weight, read[1]["layers.1.attn.k.weight"])


def test_an_open_shape_is_followed_too(tmp_path: Path) -> None:
    """Batch and tokens open, sizes asked of the graph: as with dynamic_shapes."""
    made = dynamo.attention("plain", 1)
    for name, array in list(made.tensors.items()):
        if array.dtype == np.int64 and array.size == 4:
            made.tensors[name] = np.array([0, 0, *array[2:]])
    for node in made.nodes:
        kept = [one for one in node.attribute if one.name != "allowzero"]
        del node.attribute[:]
        node.attribute.extend(kept)
    path = tmp_path / "m.onnx"
    path.write_bytes(made.model(open_shape=True).SerializeToString())
    layer, = open_model(path, Naming(causal=False)).layers
    np.testing.assert_array_equal(layer.query_weight, made.tensors["layers.0.attn.q.weight"])
    assert layer.logit_scale == pytest.approx(0.5)


def _attribute(name: str, value: Any) -> Any:
    def spoil(made: dynamo.Dynamo) -> None:
        node = next(node for node in made.nodes if node.op_type == "Attention")
        node.attribute.append(onnx.helper.make_attribute(name, value))
    return spoil


def _mask(made: dynamo.Dynamo) -> None:
    made.tensors["table"] = dynamo.random(5, 5)
    next(node for node in made.nodes if node.op_type == "Attention").input.append("table")


def _past(made: dynamo.Dynamo) -> None:
    made.tensors["past"] = dynamo.random(2, 2, 3, 4)
    next(node for node in made.nodes if node.op_type == "Attention").input.extend(
        ["", "past", "past"])


def _of_a_runtime(made: dynamo.Dynamo) -> None:
    next(node for node in made.nodes if node.op_type == "Attention").domain = "com.microsoft"


def _no_split(made: dynamo.Dynamo) -> None:
    next(node for node in made.nodes if node.op_type == "SplitToSequence").op_type = "SequenceMap"


@pytest.mark.parametrize(("kind", "spoil", "says"), [
    ("one node", _attribute("softcap", 30.0), "a soft cap of 30"),
    ("one node", _mask, "a bias is added to the scores.*found 'table'"),
    ("one node", _past, "keys and values of the past"),
    ("one node", _of_a_runtime, "attention in one operation is not taken apart"),
    ("one node, flat", _attribute("is_causal", 1), "is_causal = 1, and --not-causal was said"),
    ("chunks", _no_split, "cannot be worked out|not translated"),
])
def test_what_is_not_translated(kind: str, spoil: Any, says: str, tmp_path: Path) -> None:
    made = dynamo.attention(kind, 1)
    spoil(made)
    causal = kind == "one node"
    with pytest.raises(NeuromorphError, match=says) as caught:
        open_model(made.write(tmp_path / "m.onnx"), Naming(causal=causal))
    assert str(caught.value).isprintable()


def test_functions_are_named(tmp_path: Path) -> None:
    model = dynamo.attention("plain", 1).model()
    model.functions.append(onnx.helper.make_function(
        "pkg.mine", "my_layer", ["x"], ["y"], [onnx.helper.make_node("Neg", ["x"], ["y"])],
        [onnx.helper.make_opsetid("", 20)]))
    (tmp_path / "m.onnx").write_bytes(model.SerializeToString())
    with pytest.raises(NeuromorphError, match="calls functions of its own; found 'my_layer'"):
        open_model(tmp_path / "m.onnx", Naming(causal=False))
