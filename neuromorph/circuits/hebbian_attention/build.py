"""Latency attention with plastic key and value synapses, all empty at first."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Annotated

import numpy as np

from neuromorph.circuits.hebbian_attention.ports import inputs_of, outputs_of
from neuromorph.circuits.hebbian_attention.rules import KEY_RULE, VALUE_RULE
from neuromorph.circuits.hebbian_attention.writing import prove_writes, write_steps
from neuromorph.circuits.latency_attention import HeadCircuit, LatencyAttention
from neuromorph.circuits.latency_attention import build as build_static
from neuromorph.network import Network, Part, Phase, Projection, Schedule, circuit
from neuromorph.numerics.held import identity, zeros
from neuromorph.shapes import Shaped


@circuit("hebbian_attention")
@dataclass(frozen=True)
class HebbianAttention(HeadCircuit):
    """The network of `build`: a head whose keys and values are written."""

    rest: int = 0

    def rebuilt(self, weights: Mapping[str, Annotated[Shaped, "..."]]) -> Network:
        """The head, of which nothing is free."""
        return build(self.head, self.rest)


def build(head: LatencyAttention, rest: int = 0) -> Network:
    """One attention head whose synapses hold nothing yet.

    ::

        query ON/OFF --(key: plastic)--> match --(value: plastic)--> control
        write --> match       makes one slot fire: the spike that both rules wait for
        store = y1 of key;  value_on, value_off, renew = y1, y2, y3 of value
        store --(-1)--> done  takes back the one that the written slot's spike counts

    The rest is `latency_attention.build`: the same neurons, drive, mask, normaliser and
    flush. A signed key lies on an ON and an OFF axon, so that no synapse changes its sign;
    a query is sent negated on ON axons, and as it is on OFF axons. The second of two neurons a
    slot fires a step after the first, when its own part of the value is sent.

    Parameters
    ----------
    head : LatencyAttention
    rest : int
        Silent steps at the end of a period, in which nothing changes: for a head whose window is
        shorter than others'.

    Raises
    ------
    RangeProofError
        If an accumulator could overflow, in a query or in a write.
    """
    prove_writes(head)
    empty = np.zeros((head.slots, head.key_size), np.int32)
    static = build_static(head, empty, np.zeros((head.slots, head.value_size), np.int32))
    inputs = inputs_of(head)
    writing = write_steps(head)
    period = writing + head.period + rest
    sources = {port.name: port.source for port in inputs}
    populations = tuple(sources.pop(p.name, p) for p in static.populations)
    everyone = *populations, *sources.values()
    projections = *map(_plastic, static.projections), *_write_synapses(head)
    return Network("hebbian_attention", "fixed", everyone, projections,
                   _schedule(period, writing, static.schedule),
                   (Part.whole(HebbianAttention(head, rest), everyone, projections),), inputs,
                   outputs_of(head, populations, rest))


def _plastic(projection: Projection) -> Projection:
    if projection.name == "key":
        slots, size = projection.weights.shape
        return replace(projection, weights=zeros(slots, 2 * size), rule=KEY_RULE,
                       modulators=("store", None, None))
    if projection.name == "value":
        return replace(projection, weights=zeros(*projection.weights.shape), rule=VALUE_RULE,
                       modulators=("value_on", "value_off", "renew"))
    return projection


def _write_synapses(head: LatencyAttention) -> tuple[Projection, ...]:
    return (
        Projection("fire", "write", "match", identity(head.matches), graded=True),
        Projection("uncount", "store", "done", np.full((1, head.matches), -1, np.int32)),
    )


def _schedule(period: int, writing: int, query: Schedule | None) -> Schedule:
    """Write, then the phases of a query."""
    phases = () if query is None else query.phases
    return Schedule(period, (
        Phase("write", 0, writing),
        *(Phase(p.name, p.start + writing, p.stop + writing) for p in phases)))
