"""A projector, neurons that make an axon's payload of its residual, and a delta memory."""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated

import numpy as np

from neuromorph.circuits import gated_delta, projector
from neuromorph.circuits.gated_delta import KEY_LIMIT, PERIOD, READ_LIMIT, GatedDelta
from neuromorph.circuits.gated_delta.numbers import KEY_ZERO
from neuromorph.circuits.gated_delta.ports import AXON_BITS
from neuromorph.circuits.projector import LATENCY, Projector
from neuromorph.errors import UsageError
from neuromorph.network import (
    Network,
    Phase,
    Population,
    Port,
    Projection,
    Relay,
    Schedule,
    parallel,
    wire,
)
from neuromorph.neurons.requantise import Requantise
from neuromorph.numerics.held import identity
from neuromorph.shapes import Integer

CLIPPED_AT = LATENCY + 1
CODED_AT = (LATENCY + 2) % PERIOD
"""Step of a period in which clipped residuals become payloads of axons."""

ASK_STEPS = (2, 3)
"""Steps of a period in which the query and the next key that is read are sent: one early."""


def build(
    rows: Projector, numbers: GatedDelta, weights: Annotated[Integer, "values keys"] | None = None
) -> Network:
    """A memory whose keys are written as residuals e = x - H^T H x, and read as they are.

    ::

        code --> projector --(2)--> clipped --(4)--> coded --(1, delay 1)--> key <--(1)-- ask
        key --(memory: plastic)--> memory, error_on, error_off       as in `gated_delta`

        dW = G (v - W k) e^T        coded = 2 (64 + e)

    A key's code takes six steps to its axon, so a token's write is that of the memory's next
    period; key and query that are read, value and gate are sent in that one. What the rows hold
    is answered as before, up to rounding.

    Parameters
    ----------
    rows : Projector
        Of as many inputs as there are key axons, for codes of at most 63.
    numbers : GatedDelta
    weights : int array, shape (value_size, key_size), optional
        The memory before the first token, as of `gated_delta.build`.

    Raises
    ------
    UsageError
        If rows and memory do not fit each other.
    RangeProofError
        If a sum might leave its 24 bits.
    """
    check(rows, numbers)
    memory = gated_delta.build(numbers, weights)
    outside = projector.build(rows)
    paced = replace(outside, schedule=Schedule(PERIOD, (Phase("project", 0, LATENCY + 1),)))
    parts = {"projector": paced, "coder": _coder(numbers.key_size, 2 * rows.limit),
             "memory": memory}
    return wire(parallel(parts, name="projected_memory"),
                {"coder.residual": "projector.residual", "memory.key": "coder.key"})


def check(rows: Projector, numbers: GatedDelta) -> None:
    """Refuse rows and a memory that do not fit each other.

    Raises
    ------
    UsageError
    """
    for what, found, expected in (
        ("inputs", rows.rows.shape[1], numbers.key_size), ("limit", rows.limit, KEY_LIMIT)):
        if found != expected:
            raise UsageError("the projector does not fit the memory's keys",
                             where=f"projected memory, {what}", found=found, expected=expected)


def _coder(size: int, limit: int) -> Network:
    """Residuals, clipped to a key's codes, as payloads of axons that all speak."""
    residual = Port("residual", "residual", size, 24, -limit, limit, (LATENCY,),
                    "what lies outside of the rows",
                    course=((LATENCY, LATENCY + 1, -limit, limit),))
    ask = Port("ask", "ask", size, AXON_BITS, -READ_LIMIT, READ_LIMIT, ASK_STEPS,
               "the query, and the key as the next token reads it, signed",
               course=((ASK_STEPS[0], ASK_STEPS[1] + 1, -READ_LIMIT, READ_LIMIT),))
    clipped = Population("clipped", size, Requantise(
        multiplier=1, shift=1, limit=KEY_LIMIT, period=PERIOD, at=CLIPPED_AT))
    coded = Population("coded", size, Requantise(
        multiplier=1, shift=1, bias=2 * KEY_ZERO, limit=READ_LIMIT, period=PERIOD, at=CODED_AT))
    key = Population("key", size, Relay())
    one = np.eye(size, dtype=np.int32)
    return Network(
        "coder", "fixed", (residual.source, ask.source, clipped, coded, key),
        (Projection("in", "residual", "clipped", identity(size, 2), graded=True),
         Projection("doubled", "clipped", "coded", identity(size, 4), graded=True),
         Projection("sent", "coded", "key", one, graded=True, delay=1),
         Projection("asked", "ask", "key", one, graded=True)),
        Schedule(PERIOD, (Phase("code", 0, PERIOD),)), (), (residual, ask),
        (Port.of(key, None, "what the memory's axons are sent"),))
