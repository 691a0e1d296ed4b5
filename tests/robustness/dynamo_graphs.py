"""Graphs as torch's dynamo exporter writes them, node by node: names, scopes and patterns.

onnxscript, which that exporter needs, is not among the packages of the tests; what it writes is
laid out here after torch's and its own translations of `linear`, `chunk` and
`scaled_dot_product_attention`. The graphs run, so that they are held against what they compute.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from onnx import helper, numpy_helper

WIDTH, HEADS, SIZE, TOKENS, BATCH = 12, 4, 4, 5, 2


def random(*shape: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).normal(size=shape).astype(np.float32)


class Dynamo:
    """A graph of attentions; ``x`` (batch, tokens, width) enters each."""

    def __init__(self, opset: int = 20) -> None:
        self.opset, self.tensors, self.nodes = opset, dict[str, Any](), list[Any]()
        self.outputs: list[str] = []
        self.scope = ""

    def add(self, kind: str, inputs: Sequence[str], outputs: int = 1, **said: Any) -> Any:
        names = [f"val_{len(self.nodes)}_{n}" for n in range(outputs)]
        node = helper.make_node(kind, list(inputs), names, name=f"node_{kind}_{len(self.nodes)}",
                                **said)
        entry = node.metadata_props.add()
        entry.key = "pkg.torch.onnx.name_scopes"
        entry.value = repr(["", self.scope, f"{kind.lower()}_{len(self.nodes)}"])
        self.nodes.append(node)
        return names[0] if outputs == 1 else names

    def constant(self, value: Any) -> str:
        name = f"const_{len(self.tensors)}"
        self.tensors[name] = np.asarray(value)
        return name

    def linear(self, name: str, rows: int, *, folded: bool = False) -> str:
        """A 3-D linear layer: Transpose, which may be folded into the weight, MatMul, Add."""
        seed, outside = len(self.tensors), self.scope
        weight, self.scope = random(rows, WIDTH, seed=seed), name
        self.tensors[f"{name}.bias"] = random(rows, seed=seed + 1)
        if folded:
            turned = f"val_{1000 + seed}"
            self.tensors[turned] = np.ascontiguousarray(weight.T)
        else:
            self.tensors[f"{name}.weight"] = weight
            turned = self.add("Transpose", [f"{name}.weight"], perm=[1, 0])
        made = self.add("Add", [self.add("MatMul", ["x", turned]), f"{name}.bias"])
        self.scope = outside
        return made

    def heads(self, projected: str, heads: int) -> str:
        shape = self.constant(np.array([BATCH, TOKENS, heads, SIZE]))
        viewed = self.add("Reshape", [projected, shape], allowzero=1)
        return self.add("Transpose", [viewed], perm=[0, 2, 1, 3])

    def scale(self, query: str) -> str:
        last = self.add("Gather", [self.add("Shape", [query]), self.constant([-1])])
        root = self.add("Sqrt", [self.add("CastLike", [last, query])])
        whole = self.add("Div", [self.constant(np.float32(1)), root])
        return self.add("Sqrt", [self.add("CastLike", [whole, query])])

    def sdpa(self, query: str, key: str, value: str, *, causal: bool = False) -> str:
        """Keys are turned by way of three dimensions; the scale's root is on both sides."""
        last = self.add("Shape", [key], start=-1)
        second = self.add("Shape", [key], start=-2, end=-1)
        first = self.add("Shape", [key], end=-2)
        flat = self.add("Concat", [self.constant([-1]), second, last], axis=0)
        turned = self.add("Transpose", [self.add("Reshape", [key, flat])], perm=[0, 2, 1])
        shape = self.add("Concat", [first, last, second], axis=0)
        keys = self.add("Reshape", [turned, shape])
        scores = self.add("MatMul", [self.add("Mul", [query, self.scale(query)]),
                                     self.add("Mul", [keys, self.scale(query)])])
        if causal:
            scores = self.add("Add", [scores, self.causal(query, key)])
        weights = self.add("Softmax", [scores], axis=-1)
        weights = self.add("Where", [self.add("IsNaN", [weights]), self.constant(np.float32([0])),
                                     weights])
        return self.add("MatMul", [self.add("Dropout", [weights]), value])

    def causal(self, query: str, key: str) -> str:
        sizes = [self.add("Slice", [self.add("Shape", [one]), self.constant([-2]),
                                    self.constant([-1])]) for one in (query, key)]
        ones = self.add("Expand", [self.constant(np.float32([1])),
                                   self.add("Concat", sizes, axis=0)])
        lower = self.add("Trilu", [ones], upper=0)
        mask = self.add("Where", [self.add("Equal", [lower, self.constant(np.float32(0))]),
                                  self.constant(np.float32(-np.inf)),
                                  self.constant(np.float32(0))])
        return self.add("CastLike", [mask, query])

    def repeated(self, part: str, heads: int, group: int) -> str:
        """Keys for a group of queries each."""
        wide = self.add("Unsqueeze", [part, self.constant([2])])
        wide = self.add("Expand", [wide, self.constant([BATCH, heads, group, TOKENS, SIZE])])
        return self.add("Reshape", [wide, self.constant([BATCH, heads * group, TOKENS, SIZE])])

    def end(self, mixed: str) -> None:
        turned = self.add("Transpose", [mixed], perm=[0, 2, 1, 3])
        self.outputs.append(self.add("Reshape", [turned, self.constant([BATCH, TOKENS, -1])]))

    def model(self, *, open_shape: bool = False) -> Any:
        value = helper.make_tensor_value_info
        shape = ["batch", "tokens", WIDTH] if open_shape else [BATCH, TOKENS, WIDTH]
        graph = helper.make_graph(
            self.nodes, "main_graph", [value("x", 1, shape)],
            [value(name, 1, None) for name in self.outputs],
            [numpy_helper.from_array(array, name) for name, array in self.tensors.items()])
        return helper.make_model(graph, opset_imports=[
            helper.make_opsetid("", self.opset), helper.make_opsetid("com.microsoft", 1)])

    def write(self, path: Path) -> Path:
        """With its tensors in a file beside it, as the exporter does."""
        onnx.save_model(self.model(), path, save_as_external_data=True,
                        location=f"{path.name}.data", size_threshold=0)
        return path

    def run(self, x: np.ndarray) -> list[np.ndarray]:
        """What the graph computes."""
        from onnx.reference import ReferenceEvaluator

        return ReferenceEvaluator(self.model()).run(None, {"x": x})


def attention(kind: str, layers: int = 2) -> Dynamo:
    """A model of some layers: kind of projection and of attention."""
    made = Dynamo(23 if "one node" in kind else 20)
    for n in range(layers):
        made.scope = f"layers.{n}.attn"
        made.end(_LAYERS[kind](made, made.scope))
    return made


def _apart(made: Dynamo, at: str, kv_heads: int = HEADS, *, folded: bool = False) -> list[str]:
    return [made.heads(made.linear(f"{at}.{role}", heads * SIZE, folded=folded), heads)
            for role, heads in zip("qkv", (HEADS, kv_heads, kv_heads), strict=True)]


def _plain(made: Dynamo, at: str, *, causal: bool = False, folded: bool = False) -> str:
    return made.sdpa(*_apart(made, at, folded=folded), causal=causal)


def _grouped(made: Dynamo, at: str) -> str:
    query, key, value = _apart(made, at, 2)
    return made.sdpa(query, *(made.repeated(part, 2, 2) for part in (key, value)))


def _chunks(made: Dynamo, at: str) -> str:
    """qkv.chunk(3, -1): a sequence, of which three are taken."""
    parts = made.add("SplitToSequence", [made.linear(f"{at}.qkv", 3 * HEADS * SIZE),
                                         made.constant(np.int64(HEADS * SIZE))], axis=2)
    taken = [made.add("SequenceAt", [parts, made.constant(np.int64(n))]) for n in range(3)]
    return made.sdpa(*(made.heads(part, HEADS) for part in taken))


def _by_head(made: Dynamo, at: str) -> str:
    """qkv.view(b, t, heads, 3, d).unbind(3), as parts of one that keep no axis."""
    viewed = made.add("Reshape", [made.linear(f"{at}.qkv", 3 * HEADS * SIZE),
                                  made.constant([BATCH, TOKENS, HEADS, 3, SIZE])])
    parts = made.add("SplitToSequence", [viewed], axis=3, keepdims=0)
    return made.sdpa(*(made.add("Transpose", [made.add("SequenceAt", [
        parts, made.constant(np.int64(n))])], perm=[0, 2, 1, 3]) for n in range(3)))


def _one_node(made: Dynamo, at: str) -> str:
    return made.add("Attention", [*_apart(made, at, 2)], is_causal=1, scale=0.25)


def _one_flat(made: Dynamo, at: str) -> str:
    parts = [made.linear(f"{at}.{role}", heads * SIZE)
             for role, heads in zip("qkv", (HEADS, 2, 2), strict=True)]
    mixed = made.add("Attention", parts, q_num_heads=HEADS, kv_num_heads=2)
    viewed = made.add("Reshape", [mixed, made.constant([BATCH, TOKENS, HEADS, SIZE])])
    return made.add("Transpose", [viewed], perm=[0, 2, 1, 3])


_LAYERS: dict[str, Any] = {
    "plain": _plain, "folded": lambda made, at: _plain(made, at, folded=True),
    "causal": lambda made, at: _plain(made, at, causal=True),
    "grouped": _grouped, "chunks": _chunks, "by head": _by_head, "one node": _one_node,
    "one node, flat": _one_flat}
KINDS = tuple(_LAYERS)
