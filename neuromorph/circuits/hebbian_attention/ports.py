"""The edges of a head that is written: those of a static one, and what a write needs."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from neuromorph.circuits.hebbian_attention.rules import GATE
from neuromorph.circuits.hebbian_attention.writing import (
    CLEAR_AT,
    FIRE_AT,
    KEY_AT,
    LEARN_AT,
    LIFT_AT,
    lift_to_fire,
    write_steps,
)
from neuromorph.circuits.latency_attention import LatencyAttention
from neuromorph.circuits.latency_attention import inputs_of as static_inputs_of
from neuromorph.circuits.latency_attention import outputs_of as static_outputs_of
from neuromorph.circuits.latency_attention.motif import CLEAR
from neuromorph.circuits.latency_attention.pair import largest_part
from neuromorph.network import Population, Port
from neuromorph.numerics.limits import PAYLOAD_BITS, TRACE_BITS

AXON_BITS = 9
"""Payload of an ON or OFF axon: a query code, or twice a key's magnitude."""


def inputs_of(head: LatencyAttention) -> tuple[Port, ...]:
    """What the head must be sent in a period: a write, then a query, `write_steps` later.

    A host may write and ask in any order (`timeline.Timeline`): the steps of a write then count
    from its own beginning, and those of a query from where its write would have begun.
    """
    static = {port.name: port for port in static_inputs_of(head, write_steps(head))}
    query, drive = static.pop("query"), static.pop("drive")
    neurons = range(head.neurons_per_key)
    part = largest_part(head.value_limit, head.control_decay, head.neurons_per_key)
    return (
        replace(query, size=2 * head.key_size, payload_bits=AXON_BITS,
                high=max(head.query_limit, 2 * head.key_limit),
                course=((KEY_AT, KEY_AT + 1, 0, 2 * head.key_limit),
                        *((at, at + 1, -head.query_limit, head.query_limit)
                          for at in query.steps or ())),
                steps=(KEY_AT, *(query.steps or ())),
                says="a key: every axon speaks, ON and OFF sides of a code as twice the "
                     "magnitude, a zero as payload 1 (a silent axon leaves the slot its old code "
                     "there); a query: its codes, negated on ON axons"),
        replace(drive, low=min(drive.low, -CLEAR), steps=(*CLEAR_AT, *(drive.steps or ())),
                says="clears before and after the key; then clear, lift, ramp, go",
                course=(*((at, at + 1, -CLEAR, -CLEAR) for at in CLEAR_AT),
                        *(drive.course or ()))),
        *static.values(),
        Port("write", "write", head.matches, PAYLOAD_BITS, 0, max(CLEAR, lift_to_fire(head)),
             tuple(sorted({at + n for at in (LIFT_AT, FIRE_AT) for n in neurons})),
             f"for each neuron of the slot that is written {CLEAR}, then {lift_to_fire(head)}: it "
             "fires"),
        _third(head, "store", head.matches, GATE, f"{GATE} for the neuron that fires"),
        _third(head, "value_on", head.value_size, part, "the value's positive codes, as the "
               "neuron has its part of them"),
        _third(head, "value_off", head.value_size, part, "the value's negative codes, as "
               "magnitudes"),
        replace(_third(head, "renew", head.value_size, GATE,
                       f"{GATE} everywhere: the old value goes"),
                course=((LEARN_AT, LEARN_AT + len(neurons), GATE, GATE),)),
    )


def outputs_of(
    head: LatencyAttention, populations: Iterable[Population], rest: int = 0
) -> tuple[Port, ...]:
    """What a static head sends, and the spike of the slot that is written."""
    found = static_outputs_of(head, populations, write_steps(head), rest)
    return tuple(replace(port, steps=tuple(sorted({*(port.steps or ()), *_learns(head)})),
                         says=f"{port.says}; first of the slot that is written")
                 if port.name == "match" else port for port in found)


def _third(head: LatencyAttention, name: str, size: int, high: int, says: str) -> Port:
    """A third factor: it speaks in the steps in which neurons of the slot fire."""
    return Port(name, name, size, TRACE_BITS + 1, 0, high, _learns(head), says)


def _learns(head: LatencyAttention) -> tuple[int, ...]:
    return tuple(LEARN_AT + n for n in range(head.neurons_per_key))
