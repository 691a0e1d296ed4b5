"""The edges of a memory that learns by the gated delta rule."""

from __future__ import annotations

from neuromorph.circuits.gated_delta.clock import (
    ANSWER_AT,
    ASK_AT,
    HELD_AT,
    READ_AT,
    STRAY_AT,
    VALUE_AT,
    WRITE_AT,
)
from neuromorph.circuits.gated_delta.numbers import GatedDelta
from neuromorph.network import Population, Port
from neuromorph.numerics.limits import PAYLOAD_BITS, STATE_MAX, TRACE_BITS, TRACE_MAX

READ_LIMIT = 2 * TRACE_MAX
"""Largest payload of a key axon: half of it is a trace."""

AXON_BITS = TRACE_BITS + 2

VALUE_LIMIT = STATE_MAX // 2
"""Largest wanted value, in units of an answer."""


def inputs_of(numbers: GatedDelta) -> tuple[Port, ...]:
    """What is sent for a token."""
    limit = READ_LIMIT
    return (
        Port("key", "key", numbers.key_size, AXON_BITS, -limit, limit, (READ_AT, WRITE_AT, ASK_AT),
             "the key as it is read, signed; the key as it is written, 128 more than twice its "
             "code, of which no axon is silent; the query, signed",
             course=((READ_AT, READ_AT + 1, -limit, limit), (WRITE_AT, WRITE_AT + 1, 0, limit),
                     (ASK_AT, ASK_AT + 1, -limit, limit))),
        Port("value", "value", numbers.value_size, PAYLOAD_BITS, -VALUE_LIMIT, VALUE_LIMIT,
             (VALUE_AT,), "the value that the key shall bring back, in units of the answer"),
        Port("forget", "forget", numbers.value_size, TRACE_BITS + 1, 0, TRACE_MAX, (WRITE_AT,),
             f"everywhere how much of the memory fades, in units of 2^-{numbers.forget_bits}"),
    )


def outputs_of(memory: Population) -> tuple[Port, ...]:
    """The memory's neurons, which say what any axon asks."""
    return (Port.of(memory, (ANSWER_AT, HELD_AT, STRAY_AT),
                    "first the answer to the last token's query; then what the key brings back; "
                    "in the last step nothing that counts"),)
