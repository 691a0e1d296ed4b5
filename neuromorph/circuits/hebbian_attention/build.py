"""Latency attention with plastic key and value synapses, all empty at first."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from neuromorph.circuits.hebbian_attention.rules import KEY_RULE, VALUE_RULE
from neuromorph.circuits.latency_attention import LatencyAttention
from neuromorph.circuits.latency_attention import build as build_static
from neuromorph.circuits.latency_attention.motif import CLEAR, FLUSH_AGE
from neuromorph.errors import RangeProofError
from neuromorph.network import Network, Phase, Population, Projection, Schedule, Source
from neuromorph.numerics.limits import DECAY_UNITY, INPUT_BITS, INPUT_MAX, PAYLOAD_BITS

WRITE_STEPS = 7
"""Steps that writing a token takes, before its query."""

AXON_BITS = 9
"""Payload of an ON or OFF axon: a query code, or twice a key's magnitude."""


@dataclass(frozen=True)
class HebbianAttention:
    """Motif of the network: a head whose keys and values are written."""

    head: LatencyAttention


def build(head: LatencyAttention) -> Network:
    """One attention head whose synapses hold nothing yet.

    ::

        query ON/OFF --(key: plastic)--> match --(value: plastic)--> control
        write --> match       makes one slot fire: the spike that both rules wait for
        store = y1 of key;  value_on, value_off, renew = y1, y2, y3 of value
        store --(-1)--> done  takes back the one that the written slot's spike counts

    The rest is `latency_attention.build`: the same neurons, drive, mask, normaliser and
    flush. A signed key lies on an ON and an OFF axon, so that no synapse changes its sign;
    a query is sent negated on ON axons, and as it is on OFF axons.

    Raises
    ------
    RangeProofError
        If an accumulator could overflow, in a query or in a write.
    """
    prove_writes(head)
    empty = np.zeros((head.slots, head.key_size), np.int32)
    static = build_static(head, empty, np.zeros((head.slots, head.value_size), np.int32))
    populations = [Population("query", 2 * head.key_size, Source(AXON_BITS)) if p.name == "query"
                   else p for p in static.populations]
    projections = [_plastic(p) for p in static.projections]
    return Network("hebbian_attention", "fixed", (*populations, *_writers(head)),
                   (*projections, *_write_synapses(head)), _schedule(head, static.schedule),
                   HebbianAttention(head))


def _plastic(projection: Projection) -> Projection:
    if projection.name == "key":
        both = np.zeros((len(projection.weights), 2 * projection.weights.shape[1]), np.int32)
        return replace(projection, weights=both, rule=KEY_RULE, modulators=("store", None, None))
    if projection.name == "value":
        return replace(projection, rule=VALUE_RULE,
                       modulators=("value_on", "value_off", "renew"))
    return projection


def _writers(head: LatencyAttention) -> tuple[Population, ...]:
    third = Source(payload_bits=8)
    return (
        Population("write", head.slots, Source(PAYLOAD_BITS)),
        Population("store", head.slots, third),
        Population("value_on", head.value_size, third),
        Population("value_off", head.value_size, third),
        Population("renew", head.value_size, third),
    )


def _write_synapses(head: LatencyAttention) -> tuple[Projection, ...]:
    return (
        Projection("fire", "write", "match", np.eye(head.slots, dtype=np.int32), graded=True),
        Projection("uncount", "store", "done", np.full((1, head.slots), -1, np.int32)),
    )


def _schedule(head: LatencyAttention, query: Schedule | None) -> Schedule:
    """Write, then the phases of a query, `WRITE_STEPS` later."""
    phases = () if query is None else query.phases
    return Schedule(WRITE_STEPS + head.period, (
        Phase("write", 0, WRITE_STEPS),
        *(Phase(p.name, p.start + WRITE_STEPS, p.stop + WRITE_STEPS) for p in phases)))


def prove_writes(head: LatencyAttention) -> LatencyAttention:
    """Show that a write overflows nothing and leaves no trace but its weights.

    Raises
    ------
    RangeProofError
        Naming the first bound that fails.
    """
    if head.input_bits != INPUT_BITS:
        raise RangeProofError("a write needs a synaptic input as wide as u",
                              where="hebbian attention", found=f"{head.input_bits} bits",
                              expected=f"{INPUT_BITS} bits",
                              hint="export for Loihi 2, or take a static memory")
    axon = 2 * head.key_limit
    key_input = head.key_size * (axon * axon + axon) >> head.key_shift
    kept = (DECAY_UNITY - head.control_decay) / DECAY_UNITY
    one_write = -(-head.control_bound // head.slots)
    left_over = int(head.control_threshold * kept ** (FLUSH_AGE + WRITE_STEPS)) + 1 + one_write
    rules = (
        ("a write clears in two steps", head.clears, 2),
        ("a key on its axons lifts the potential off the floor", key_input, CLEAR),
        ("the write cannot make a slot fire in two steps", lift_to_fire(head), INPUT_MAX),
        ("the flush does not clear what a write leaves in control",
         head.control_threshold + left_over, head.flush - 1),
    )
    for what, found, limit in rules:
        if found > limit:
            raise RangeProofError(what, where="hebbian attention", found=found,
                                  expected=f"at most {limit}",
                                  hint="smaller code limits or a coarser key shift")
    return head


def lift_to_fire(head: LatencyAttention) -> int:
    """Second injection of a write: from the floor plus `CLEAR` to just past the threshold."""
    return head.threshold + (INPUT_MAX + 1 - CLEAR) + 1
