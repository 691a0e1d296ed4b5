"""The inputs of layers that settle and are nudged."""

from __future__ import annotations

from neuromorph.circuits.equilibrium.numbers import (
    CLEARING,
    KICK_MAX,
    LEARN_AT,
    PERIOD,
    SHOW_AT,
    TOP,
    Equilibrium,
)
from neuromorph.network import Port
from neuromorph.numerics.limits import TRACE_BITS

PIXEL_BITS, NUDGE_BITS = TRACE_BITS + 2, 12


def inputs_of(numbers: Equilibrium) -> tuple[Port, ...]:
    """What is sent for a sample."""
    return (
        Port("pixel", "pixel", numbers.inputs, PIXEL_BITS, 0, TOP,
             tuple(range(SHOW_AT, PERIOD - 1)), "the pixels, 254 for 1, in every such step"),
        Port("nudge", "nudge", numbers.second, NUDGE_BITS, CLEARING, KICK_MAX,
             tuple(range(LEARN_AT)),
             f"{CLEARING}; then beta dL/da2, then the same with the sign turned; or noise"),
        Port("noise", "noise", numbers.first, NUDGE_BITS, CLEARING, KICK_MAX,
             tuple(range(LEARN_AT)), "noise in the first layer"),
    )
