"""Proof that nothing overflows: by the 2-norm of what the axons say, not by their number."""

from __future__ import annotations

from neuromorph.circuits.prototypes.clock import CLEAR
from neuromorph.circuits.prototypes.numbers import Prototypes
from neuromorph.circuits.prototypes.rules import LABEL_WEIGHT
from neuromorph.errors import RangeProofError
from neuromorph.numerics.limits import INPUT_MAX, VTH_MAX

FLOOR = -INPUT_MAX - 1
"""The lowest potential, rounded down to a whole unit."""


def prove(numbers: Prototypes) -> Prototypes:
    """Show that imprints and queries overflow nothing, and that each begins as if none had been.

    A row holds what one step's payloads wrote, a query is one step's payloads: so a similarity
    is at most the square of their 2-norm. By weights and payloads alone it could be
    ``254 · 254 · axons``, which for 1280 axons wraps the current of 24 bits.

    Raises
    ------
    RangeProofError
        Naming the first bound that fails.
    """
    reach, threshold = numbers.reach, numbers.threshold
    rules = (
        ("a similarity may wrap the current", reach, INPUT_MAX,
         "scale codes to a smaller norm, or take fewer axons"),
        ("the threshold is wider than its register", threshold, VTH_MAX, "a smaller threshold"),
        ("two clears do not bring a row to the floor while its axons write a code",
         threshold + reach - 2 * CLEAR, FLOOR, "scale codes to a smaller norm"),
        ("a row that holds nothing fires before the test ends",
         numbers.window * numbers.ramp, threshold, "a shorter window or a finer ramp"),
        ("votes may wrap the current", LABEL_WEIGHT * numbers.rows, INPUT_MAX, "fewer rows"),
    )
    for what, found, limit, hint in rules:
        if found > limit:
            raise RangeProofError(what, where="prototypes", found=found,
                                  expected=f"at most {limit}", hint=hint)
    return numbers
