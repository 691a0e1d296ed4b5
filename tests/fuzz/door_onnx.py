"""ONNX graphs: nodes, inputs, attributes, dimensions and bytes that are wrong."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path
from random import Random
from typing import Any

import dynamo_graphs as dynamo
from fuzz_engine import Reader
from fuzz_values import INTEGERS
from mutate_bytes import maybe

from neuromorph.models import Naming, open_model
from neuromorph.models.onnx_graph import OnnxTensors

MODELS = tuple(dynamo.attention(kind, 1).model() for kind in dynamo.KINDS)
KINDS = ("Reshape", "Transpose", "MatMul", "Softmax", "Split", "Gather", "Slice", "Shape", "Cast",
         "Attention", "SequenceAt", "SplitToSequence", "Expand", "Where", "Concat", "Nothing")


def make(rng: Random | None, folder: Path) -> Path:
    model = type(MODELS[0])()
    model.CopyFrom(MODELS[0 if rng is None else rng.randrange(len(MODELS))])
    if rng is not None:
        for _ in range(rng.choice((0, 1, 1, 2))):
            rng.choice((_inputs, _kind, _attribute, _dims, _gone, _content))(rng, model.graph)
    content = model.SerializeToString()
    path = folder / "model.onnx"
    path.write_bytes(content if rng is None else maybe(rng, content, 0.2))
    return path


def _inputs(rng: Random, graph: Any) -> None:
    """A node that takes something else: what comes behind it, nothing, or too much."""
    node = rng.choice(graph.node)
    names = [*(name for other in graph.node for name in other.output), "", "x", "none"]
    if rng.random() < 0.2 or not node.input:
        node.input.append(rng.choice(names))
    elif rng.random() < 0.2:
        del node.input[-1]
    else:
        node.input[rng.randrange(len(node.input))] = rng.choice(names)


def _kind(rng: Random, graph: Any) -> None:
    rng.choice(graph.node).op_type = rng.choice(KINDS)


def _attribute(rng: Random, graph: Any) -> None:
    said = [one for node in graph.node for one in node.attribute]
    if said:
        one = rng.choice(said)
        one.i = _small(rng)
        one.f = rng.choice((0.0, -1.0, 1e30, float("nan")))
        if len(one.ints):
            one.ints[rng.randrange(len(one.ints))] = _small(rng)


def _small(rng: Random) -> int:
    return int(rng.choice((*(n for n in INTEGERS if abs(n) < 2**63), -1, 0, 1, 2, 3)))


def _dims(rng: Random, graph: Any) -> None:
    tensor = rng.choice(graph.initializer)
    if len(tensor.dims):
        tensor.dims[rng.randrange(len(tensor.dims))] = _small(rng)


def _gone(rng: Random, graph: Any) -> None:
    some = rng.choice((graph.node, graph.initializer))
    del some[rng.randrange(len(some))]


def _content(rng: Random, graph: Any) -> None:
    """Numbers of a shape, an axis or a weight."""
    tensor = rng.choice(graph.initializer)
    raw = bytearray(tensor.raw_data)
    if raw:
        raw[rng.randrange(len(raw))] = rng.randrange(256)
        tensor.raw_data = bytes(raw)


def read(path: Path) -> None:
    """As a state dict, and by its graph."""
    with closing(OnnxTensors(path)) as tensors:
        for name in tensors.names:
            tensors.info(name)
            tensors.read(name)
    open_model(path, Naming(causal=True))


READER = Reader("onnx", make, read)
