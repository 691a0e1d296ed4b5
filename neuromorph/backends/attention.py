"""Attention as a batch: what every backend offers on top of `run`."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields, replace
from functools import cached_property
from typing import TYPE_CHECKING, Annotated, Any, Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

from neuromorph.circuits import hebbian_attention as hebbian
from neuromorph.circuits.latency_attention import (
    CODES,
    PROBES,
    Attended,
    LatencyAttention,
    build,
    read_at,
    stimulate,
)
from neuromorph.circuits.latency_attention.emit import (
    emission_of,
    emitting,
    read_contexts,
    with_time_to_answer,
)
from neuromorph.circuits.latency_attention.slope import bias_of
from neuromorph.errors import UsageError, did_you_mean
from neuromorph.network import Probe
from neuromorph.shapes import Bool, Int32, Integer
from neuromorph.shown import Shown

if TYPE_CHECKING:
    from neuromorph.backends.interface import Backend

CONTEXT = Probe("control", "spikes")
"""What an emitting read-out says."""

BoolArray = NDArray[np.bool_]
Shape: TypeAlias = tuple[int, ...]
Memory: TypeAlias = Literal["static", "written", "causal"]
ReadoutKind: TypeAlias = Literal["host", "emitted"]
READOUTS: tuple[ReadoutKind, ...] = ("host", "emitted")


@dataclass(frozen=True, eq=False, repr=False)
class AttentionBatch(Shown):
    """Integer queries, keys and values of many sequences and heads.

    Attributes
    ----------
    heads : sequence of LatencyAttention
        One a query head.
    queries : int array, shape (batch, heads, queries, key_size)
    keys : int array, shape (batch, kv_heads, keys, key_size)
        ``kv_heads`` divides ``heads``; neighbouring query heads share (grouped-query attention).
    values : int array, shape (batch, kv_heads, keys, value_size)
    mask : bool array, shape (batch, queries, keys)
        True where a query may look.
    bias : int array, shape (batch or 1, heads or 1, queries, keys), optional
        What a query adds to each key's score; it means nothing where the mask hides. Heads with a
        slope take none: the mask says how far a key is.
    readout : {"host", "emitted"}
        Whether a host divides control by normaliser, or the circuit does and sends the context.
    """

    heads: Sequence[LatencyAttention]
    queries: Annotated[Integer, "batch heads queries key_size"]
    keys: Annotated[Integer, "batch kv_heads keys key_size"]
    values: Annotated[Integer, "batch kv_heads keys value_size"]
    mask: Annotated[Bool, "batch queries keys"]
    readout: ReadoutKind = "host"
    bias: Annotated[Integer, "_ _ queries keys"] | None = None

    def __post_init__(self) -> None:
        check_readout(self.readout)
        check_shapes(self.heads, self.queries.shape, self.keys.shape, self.values.shape,
                     self.mask.shape)
        _check_codes(self)
        if self.bias is not None:
            object.__setattr__(self, "bias", _seen_bias(self, self.bias))

    @cached_property
    def added(self) -> Annotated[Int32, "_ _ _ _"] | None:
        """What is added to each key's score, by a bias or a slope: (batch, heads, queries, keys).

        0 where the mask hides; None where nothing is added.
        """
        if not any(head.slope for head in self.heads):
            return self.bias
        return np.stack([bias_of(head, self.mask) for head in self.heads], axis=1, dtype=np.int32,
                        casting="same_kind")


def check_readout(name: object) -> ReadoutKind:
    """The read-out of that name.

    Raises
    ------
    UsageError
    """
    for known in READOUTS:
        if name == known:
            return known
    raise UsageError("there is no such read-out", found=name, expected=" or ".join(READOUTS),
                     hint=did_you_mean(str(name), READOUTS))


def check_shapes(
    circuits: Sequence[LatencyAttention], queries: Shape, keys: Shape, values: Shape, mask: Shape
) -> None:
    """Refuse arrays that do not fit each other, or have more keys than a circuit has slots.

    Raises
    ------
    UsageError
    """
    (batch, heads, asked, _), (kv_heads, count) = queries, keys[1:3]
    if heads != len(circuits) or heads % kv_heads:
        raise UsageError("query heads do not fit the circuit or the key-value heads",
                         found=heads, expected=f"{len(circuits)}, a multiple of {kv_heads}")
    if values[:3] != keys[:3]:
        raise UsageError("keys and values differ in number", found=values[:3], expected=keys[:3])
    if mask != (batch, asked, count):
        raise UsageError("the mask has the wrong shape", found=mask,
                         expected=(batch, asked, count))
    slots = min(head.slots for head in circuits)
    if count > slots:
        raise UsageError("the sequence is longer than the circuit's slots", found=count,
                         expected=f"at most {slots}", hint="export with more slots")


def _check_codes(work: AttentionBatch) -> None:
    """Codes of the right sizes, each within the limits that its own head was proved for."""
    for name, (size, limit) in CODES.items():
        codes = getattr(work, name)
        sizes = {getattr(head, size) for head in work.heads}
        if sizes != {codes.shape[3]}:
            raise UsageError(f"{name} have another size than the circuit", found=codes.shape[3],
                             expected=", ".join(map(str, sorted(sizes))))
        limits = _least_of_each(work.heads, limit, codes.shape[1])
        low, high = (end(axis=(0, 2, 3), initial=0) for end in (codes.min, codes.max))
        beyond = np.flatnonzero((low < -limits) | (high > limits))
        if beyond.size:
            at, most = int(beyond[0]), int(limits[beyond[0]])
            raise UsageError(f"{name} hold a code beyond the circuit's limit", where=f"head {at}",
                             found=f"{low[at]} to {high[at]}", expected=f"-{most} to {most}")


def _seen_bias(work: AttentionBatch, bias: NDArray[Any]) -> NDArray[np.int32]:
    """The bias of every sequence and head, 0 where the mask hides; within each head's limit."""
    if any(head.slope for head in work.heads):
        raise UsageError("heads with a slope take no bias: the mask says how far a key is",
                         found=bias.shape, expected="none")
    (batch, heads, asked), keys = work.queries.shape[:3], work.keys.shape[2]
    if (bias.ndim != 4 or bias.shape[2:] != (asked, keys) or bias.shape[0] not in (1, batch)
            or bias.shape[1] not in (1, heads) or not np.issubdtype(bias.dtype, np.integer)):
        raise UsageError("the bias has the wrong shape or type",
                         found=f"{bias.shape} {bias.dtype}",
                         expected=f"({batch}, {heads}, {asked}, {keys}) of integers")
    seen: NDArray[np.int32] = np.where(work.mask[:, None], bias, 0).astype(np.int32)
    limits = np.array([head.bias_limit for head in work.heads])
    most = np.abs(seen).max(axis=(0, 2, 3), initial=0)
    beyond = np.flatnonzero(np.broadcast_to(most, limits.shape) > limits)
    if beyond.size:
        at = int(beyond[0])
        raise UsageError("a bias is beyond the circuit's limit", where=f"head {at}",
                         found=int(most[at % len(most)]), expected=f"at most {limits[at]}")
    return np.broadcast_to(seen, (batch, heads, asked, keys))


def _least_of_each(
    heads: Sequence[LatencyAttention], limit: str, rows: int
) -> NDArray[np.int64]:
    """The narrowest limit of the heads that share a row of codes, shape (rows,)."""
    found = np.array([getattr(head, limit) for head in heads], np.int64)
    least: NDArray[np.int64] = found.reshape(rows, -1).min(axis=1)
    return least


def attend_clocked(
    backend: Backend,
    work: AttentionBatch,
    progress: Callable[[str], None] = lambda _: None,
    memory: Memory = "static",
) -> Attended:
    """Build, run and read one network a sequence and head: slow, general, and the oracle.

    Parameters
    ----------
    backend : Backend
    work : AttentionBatch
    progress : callable
        Told what is being run.
    memory : {"static", "written", "causal"}
        Keys and values stand in the synapses from the start; or Hebbian plasticity writes all
        of them before the first query; or one token before each query, which then sees what has
        been written so far.
    """
    batch, heads = work.queries.shape[:2]
    group = heads // work.keys.shape[1]
    rows = []
    for b in range(batch):
        for h in range(heads):
            progress(f"sequence {b}, head {h}")
            rows.append(_attend_one(backend, work, b, h, h // group, memory))
    return _stack(rows, (batch, heads))


def _attend_one(
    backend: Backend, work: AttentionBatch, b: int, h: int, kv: int, memory: Memory
) -> Attended:
    keys, values, queries, mask = (work.keys[b, kv], work.values[b, kv], work.queries[b, h],
                                   work.mask[b])
    head = replace(work.heads[h], slots=len(keys))
    bias = None if work.bias is None else work.bias[b, h]
    if memory == "static":
        network, starts = build(head, keys, values), np.arange(len(queries)) * head.period
        inputs, steps = stimulate(head, queries, mask, bias=bias)
    else:
        lay = hebbian.causal if memory == "causal" else hebbian.write_then_query
        timeline = lay(head, keys, values, queries, mask, bias)
        network, starts = hebbian.build(head), timeline.starts
        inputs, steps = timeline.trains()
    if work.readout == "emitted":
        network = emitting(network, head, emission_of(head))
        inputs, steps = with_time_to_answer(inputs, steps)
        recording = backend.run(network, inputs, (*PROBES, CONTEXT), steps)
        attended = read_at(head, recording.spikes, recording.potential, starts)
        done = np.flatnonzero(recording.spikes("done")[:, 0])
        return replace(attended, context=read_contexts(recording.spikes("control"), done))
    recording = backend.run(network, inputs, PROBES, steps)
    return read_at(head, recording.spikes, recording.potential, starts)


def _stack(rows: Sequence[Attended], lead: tuple[int, int]) -> Attended:
    def join(name: str) -> NDArray[Any] | None:
        if getattr(rows[0], name) is None:
            return None
        stacked: NDArray[Any] = np.stack([getattr(row, name) for row in rows])
        whole: NDArray[Any] = stacked.reshape(*lead, *stacked.shape[1:])
        return whole

    joined: dict[str, Any] = {field.name: join(field.name) for field in fields(Attended)}
    return Attended(**joined)
