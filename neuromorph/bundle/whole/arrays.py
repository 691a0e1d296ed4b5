"""Arrays of a whole model by name, and back: weights as they lie in the file, constants beside."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neuromorph.bundle.tensors import INTEGERS, heads_of
from neuromorph.bundle.whole.numbers import BlockNumbers, NormNumbers, Numbers
from neuromorph.bundle.whole.streams import Streams
from neuromorph.circuits.block.numbers import Block, Code, Dense, HeadNorm, Ints
from neuromorph.circuits.latency_attention import LatencyAttention
from neuromorph.circuits.norm import Norm
from neuromorph.circuits.transformer.numbers import Embedding, Head, Transformer
from neuromorph.errors import BundleError, TensorError
from neuromorph.neurons.contract import Parameter
from neuromorph.numerics import SIGNED_8

LAYERS = ("query", "key", "value", "output", "gate", "down")
CODES = ("query", "key", "value")
CARRIES = ("attention", "mlp")

WEIGHTS, CONSTANTS, HEADS, SCALES = "I8", "I32", "I64", "F64"
"""How each kind of array is kept, by its name in the format."""

View = Callable[[str, str], NDArray[Any]]
Named = dict[str, NDArray[Any]]


def arrays_of(model: Transformer, streams: Streams | None) -> Named:
    """All arrays by name: of block 0, ``blocks.0.query.weights`` for instance.

    Raises
    ------
    TensorError
        If a number does not fit the width that it is kept in.
    """
    embedding = model.embedding
    found = {"embedding.weights": _narrow(embedding.weights, "embedding.weights"),
             **_constants("embedding", {"multiplier": embedding.multiplier,
                                        "shift": embedding.shift, "payload": embedding.payload,
                                        "positions": embedding.positions})}
    for n, block in enumerate(model.blocks):
        found |= _of_block(f"blocks.{n}", block)
    if model.head.dense is not None:
        found |= _of_dense("head", model.head.dense)
    if model.angles is not None:
        found |= _constants("angles", dict(zip(("cosine", "sine"), model.angles, strict=True)))
    if streams is not None:
        found |= {f"streams.{name}": np.ascontiguousarray(values, np.float64)
                  for name, values in asdict(streams).items()}
    return found


def _of_block(name: str, block: Block) -> Named:
    found: Named = {}
    for layer in (*LAYERS, *(["up"] if block.up is not None else [])):
        found |= _of_dense(f"{name}.{layer}", getattr(block, layer))
    for role in CODES:
        code: Code = getattr(block, f"{role}_code")
        found |= _constants(f"{name}.{role}_code", {
            "centre": code.centre, "multiplier": code.multiplier, "shift": code.shift})
    for role, own in block.head_norms.items():
        found |= _constants(f"{name}.{role}_norm", {"gain": own.gain, "shift": own.shift})
    for kind, (carry, shift) in zip(CARRIES, block.carries, strict=True):
        found |= _constants(f"{name}.{kind}", {"carry": carry, "carry_shift": shift})
    rows = [[asdict(head)[column] for column in INTEGERS] for head in block.heads]
    return found | {f"{name}.heads": np.array(rows, np.int64)}


def _of_dense(name: str, dense: Dense) -> Named:
    return {f"{name}.weights": _narrow(dense.weights, f"{name}.weights"),
            **_constants(name, {"multiplier": dense.multiplier, "shift": dense.shift,
                                "bias": dense.bias})}


def _narrow(weights: NDArray[Any], name: str) -> NDArray[np.int8]:
    return _fitted(weights, np.int8, name)


def _constants(name: str, values: Mapping[str, Any]) -> Named:
    return {f"{name}.{field}": _fitted(value, np.int32, f"{name}.{field}")
            for field, value in values.items() if value is not None}


def _fitted(values: Any, dtype: type[Any], name: str) -> NDArray[Any]:
    given = np.asarray(values)
    kept = np.asarray(given, dtype, order="C")
    if given.dtype.kind not in "iu" or not np.array_equal(kept, given):
        raise TensorError("numbers do not fit what they are kept in", where=name,
                          found=given.dtype, expected=np.dtype(dtype).name)
    return kept


def model_of(numbers: Numbers, view: View, names: set[str]) -> tuple[Transformer, Streams | None]:
    """A transformer of what a file holds; `whole.proved` says whether it may be run.

    Parameters
    ----------
    numbers : Numbers
    view : callable
        An array by name and dtype.
    names : set of str
        All that there are.

    Raises
    ------
    BundleError, TensorError, RangeProofError
        If an array is missing or of another shape or type, or none that a model has.
    """
    arrays = _Arrays(view, names)
    embedding = Embedding(
        arrays.weights("embedding.weights"), arrays.some("embedding.payload"),
        arrays.vector("embedding.multiplier"), arrays.vector("embedding.shift"),
        arrays.some("embedding.positions", 2), _norm(numbers.embedding_norm))
    blocks = tuple(_block(arrays, f"blocks.{n}", block, numbers)
                   for n, block in enumerate(numbers.blocks))
    head = Head(numbers.head_read, _norm(numbers.head_norm),
                arrays.dense("head") if "head.weights" in names else None, numbers.head_places)
    angles = (arrays.constants("angles.cosine", 2), arrays.constants("angles.sine", 2)) if (
        "angles.cosine" in names) else None
    streams = arrays.streams(len(blocks) + 1) if "streams.scale" in names else None
    arrays.check_all_used()
    return Transformer(embedding, blocks, head, numbers.causal, angles), streams


class _Arrays:
    """Arrays that are asked for by name, each with its type and rank."""

    def __init__(self, view: View, names: set[str]) -> None:
        self._view, self._names, self._used = view, names, set[str]()

    def of(self, name: str, dtype: str, rank: int) -> NDArray[Any]:
        if name not in self._names:
            raise BundleError("the bundle lacks an array", found=None, expected=name)
        self._used.add(name)
        array = self._view(name, dtype)
        if array.ndim != rank or not array.size:
            raise TensorError("an array has the wrong shape", where=name, found=array.shape,
                              expected=f"{rank} dimensions, none of them 0")
        return array

    def weights(self, name: str) -> NDArray[Any]:
        found = self.of(name, WEIGHTS, 2)
        if found.min() < -SIGNED_8:
            raise TensorError("a weight is out of range", where=name, found=int(found.min()),
                              expected=f"{-SIGNED_8} to {SIGNED_8}")
        return found

    def constants(self, name: str, rank: int) -> Ints:
        return self.of(name, CONSTANTS, rank).astype(np.int64)

    def vector(self, name: str) -> Ints:
        return self.constants(name, 1)

    def holds(self, name: str) -> bool:
        return name in self._names

    def some(self, name: str, rank: int = 1) -> Ints | None:
        return self.constants(name, rank) if name in self._names else None

    def number(self, name: str) -> Parameter:
        """One number, or one a neuron."""
        if name in self._names and self._view(name, CONSTANTS).ndim == 0:
            return int(self.constants(name, 0))
        return self.vector(name)

    def dense(self, name: str) -> Dense:
        return Dense(self.weights(f"{name}.weights"), self.vector(f"{name}.multiplier"),
                     self.vector(f"{name}.shift"), self.vector(f"{name}.bias"))

    def code(self, name: str, limit: int) -> Code:
        return Code(self.vector(f"{name}.centre"), self.vector(f"{name}.multiplier"),
                    self.vector(f"{name}.shift"), limit)

    def head_norm(self, name: str, numbers: NormNumbers | None) -> HeadNorm | None:
        if numbers is None:
            return None
        return HeadNorm(numbers.norm(), self.vector(f"{name}.gain"), self.vector(f"{name}.shift"))

    def streams(self, states: int) -> Streams:
        scale, offset = (self.of(f"streams.{name}", SCALES, 2) for name in ("scale", "offset"))
        for name, values in (("scale", scale), ("offset", offset)):
            if values.shape != (states, scale.shape[1]) or not np.isfinite(values).all():
                raise TensorError("what hidden states stand for is not one number a place",
                                  where=f"streams.{name}", found=values.shape,
                                  expected=f"({states}, width), finite")
        return Streams(scale, offset)

    def check_all_used(self) -> None:
        unknown = sorted(self._names - self._used)
        if unknown:
            raise BundleError("the bundle holds an array that no such model has",
                              found=unknown[0], hint="export the model again")


def _block(arrays: _Arrays, name: str, numbers: BlockNumbers, whole: Numbers) -> Block:
    heads: tuple[LatencyAttention, ...] = heads_of(arrays.of(f"{name}.heads", HEADS, 2),
                                                   whole.spikes, f"{name}.heads")
    query, key, value, output, gate, down = (arrays.dense(f"{name}.{layer}") for layer in LAYERS)
    has_up = arrays.holds(f"{name}.up.weights")
    attention, mlp = ((arrays.number(f"{name}.{kind}.carry"),
                       arrays.number(f"{name}.{kind}.carry_shift")) for kind in CARRIES)
    return Block(
        attention_norm=numbers.attention_norm.norm(), mlp_norm=numbers.mlp_norm.norm(),
        unit_norm=numbers.unit_norm.norm(), end_norm=_norm(numbers.end_norm),
        query_norm=arrays.head_norm(f"{name}.query_norm", numbers.query_norm),
        key_norm=arrays.head_norm(f"{name}.key_norm", numbers.key_norm),
        query=query, key=key, value=value, output=output, gate=gate, down=down,
        up=arrays.dense(f"{name}.up") if has_up else None,
        query_code=arrays.code(f"{name}.query_code", numbers.query_limit),
        key_code=arrays.code(f"{name}.key_code", numbers.key_limit),
        value_code=arrays.code(f"{name}.value_code", numbers.value_limit),
        heads=heads, groups=numbers.groups, rotary=numbers.rotary, turns=numbers.turns,
        activation=numbers.activation, unit_bits=numbers.unit_bits,
        product_shift=numbers.product_shift, hidden_limit=numbers.hidden_limit,
        rest=numbers.rest, carries=(attention, mlp))


def _norm(numbers: NormNumbers | None) -> Norm | None:
    return None if numbers is None else numbers.norm()
