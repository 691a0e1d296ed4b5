"""The edges of a memory of prototypes, and the bound on the length of what is sent to it."""

from __future__ import annotations

from collections.abc import Iterable

from neuromorph.circuits.hebbian_attention.ports import AXON_BITS
from neuromorph.circuits.hebbian_attention.rules import GATE
from neuromorph.circuits.prototypes.clock import (
    ARRIVAL,
    ASK_AT,
    CLEAR,
    CLEAR_AT,
    FIRE_AT,
    HOLD_AT,
    KEY_AT,
    LEARN_AT,
    LIFT,
    LIFT_AT,
    RAMP_AT,
    RISE_AT,
    WRITE_STEPS,
)
from neuromorph.circuits.prototypes.numbers import Prototypes
from neuromorph.circuits.prototypes.rules import TAUGHT
from neuromorph.network import Population, Port
from neuromorph.numerics.limits import PAYLOAD_BITS, TRACE_BITS, TRACE_MAX

CODE = 2 * TRACE_MAX
"""Largest payload of an axon: twice a code of 7 bits."""


def period_of(numbers: Prototypes) -> int:
    """Steps of an imprint and of a test query after it."""
    return WRITE_STEPS + RAMP_AT + numbers.window


def inputs_of(numbers: Prototypes) -> tuple[Port, ...]:
    """What is sent in a period: an imprint, then a test query, `WRITE_STEPS` later.

    A host may imprint and ask in any order, and end a query's ramp early (`Timeline`).
    """
    ask, ramp = WRITE_STEPS + ASK_AT, WRITE_STEPS + RAMP_AT
    clears = (KEY_AT, HOLD_AT, *(WRITE_STEPS + at for at in CLEAR_AT))
    rise, low = WRITE_STEPS + RISE_AT, -TRACE_MAX
    course = (*((at, at + 1, -CLEAR, -CLEAR) for at in clears), (rise, rise + 1, LIFT, LIFT),
              *(((ramp, ramp + numbers.window, 0, numbers.ramp),) if numbers.window else ()))
    return (
        Port("axon", "axon", numbers.axons, AXON_BITS, low, CODE, (KEY_AT, ask),
             "a code to imprint: every axon speaks, ON and OFF sides as twice the magnitude, a "
             "zero as payload 1; a query: its codes, negated on OFF axons", numbers.payload_norm,
             course=((KEY_AT, KEY_AT + 1, 0, CODE), (ask, ask + 1, low, TRACE_MAX))),
        Port("drive", "drive", 1, PAYLOAD_BITS, -CLEAR, LIFT,
             tuple(sorted({step for start, stop, _, _ in course for step in range(start, stop)})),
             "clears; before a query also the lift, after it the ramp", course=course),
        Port("write", "write", numbers.rows, PAYLOAD_BITS, 0, LIFT, (LIFT_AT, FIRE_AT),
             f"for the row that is written {LIFT}, then {lift_to_fire(numbers)}: it fires"),
        Port("store", "store", numbers.rows, TRACE_BITS + 1, 0, GATE, (LEARN_AT,),
             f"{GATE} for the row that is written"),
        Port("teach", "teach", numbers.classes, TRACE_BITS + 1, 0, TAUGHT, (LEARN_AT,),
             f"{TAUGHT} for its class"),
    )


def outputs_of(numbers: Prototypes, populations: Iterable[Population]) -> tuple[Port, ...]:
    """Rows, of which the first to fire is the nearest, and a step later the classes they know."""
    at, period = {p.name: p for p in populations}, period_of(numbers)
    fires = [LEARN_AT, *(WRITE_STEPS + ARRIVAL + n for n in range(numbers.window + 1))]
    return (
        Port.of(at["match"], tuple(sorted({n % period for n in fires})),
                "the row that is written; then rows in the order of their similarity"),
        Port.of(at["label"], tuple(sorted({(n + 1) % period for n in fires})),
                "a step later, each class of which a row has fired"),
    )


def lift_to_fire(numbers: Prototypes) -> int:
    """Second injection of an imprint: from 63/64 of a unit below 0 to just past the threshold."""
    return numbers.threshold + 2
