"""Key axons, one plastic memory, and neurons that compare what it brings back with a value."""

from __future__ import annotations

from typing import Annotated

import numpy as np

from neuromorph.circuits.gated_delta.clock import ASK_AT, PERIOD, READ_AT, WRITE_AT
from neuromorph.circuits.gated_delta.numbers import ANSWER_SHIFT, GatedDelta
from neuromorph.circuits.gated_delta.ports import inputs_of, outputs_of
from neuromorph.circuits.gated_delta.rules import write_rule
from neuromorph.network import Network, Phase, Population, Projection, Relay, Schedule
from neuromorph.neurons.value_side import ValueSide
from neuromorph.numerics.limits import TRACE_MAX
from neuromorph.shapes import Integer


def build(numbers: GatedDelta, weights: Annotated[Integer, "values keys"] | None = None) -> Network:
    """A memory that holds nothing yet, or what is given: one token in four steps.

    ::

        key --(memory: plastic)--> memory --(-1)--> error_on, error_off <--(1)-- value
        error_on, error_off, forget = y1, y2, y3 of memory

    ==  =====================================  ==========================================
     0  the key asks                           the memory answers the last token's query
     1  the value is sent                      the memory says what the key brings back
     2  the key that is written, and the gate  the error's sides speak: all synapses learn
     3  the query asks
    ==  =====================================  ==========================================

    The gate and the rate are not multiplied by anything on the chip: a key is read as alpha k and
    written as beta k. Without a key in step 0 this is linear attention with decay.

    Parameters
    ----------
    numbers : GatedDelta
    weights : int array, shape (value_size, key_size), optional
        The memory before the first token; empty if left out.
    """
    inputs = inputs_of(numbers)
    size = numbers.value_size
    held = np.zeros((size, numbers.key_size)) if weights is None else np.asarray(weights)
    memory = Population("memory", size, Relay(shift=ANSWER_SHIFT))
    sides = tuple(
        Population(f"error_{name}", size,
                   ValueSide(off=off, multiplier=numbers.multiplier, shift=numbers.shift,
                             limit=TRACE_MAX, period=PERIOD, at=WRITE_AT))
        for off, name in enumerate(("on", "off")))
    one = np.eye(size, dtype=np.int32)
    compared = (Projection(f"{what}_{side.name}", pre, side.name, sign * one, graded=True)
                for side in sides for what, pre, sign in (("held", "memory", -1),
                                                          ("wanted", "value", 1)))
    return Network(
        "gated_delta", "fixed", (*(port.source for port in inputs), memory, *sides),
        (Projection("memory", "key", "memory", held.astype(np.int32), graded=True,
                    rule=write_rule(numbers),
                    modulators=("error_on", "error_off", "forget")), *compared),
        Schedule(PERIOD, (Phase("read", READ_AT, WRITE_AT), Phase("write", WRITE_AT, ASK_AT),
                          Phase("query", ASK_AT, PERIOD))),
        inputs=inputs, outputs=outputs_of(memory))
