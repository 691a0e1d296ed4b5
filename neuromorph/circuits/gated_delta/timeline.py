"""What a host sends to the inputs for a sequence, and what the memory says."""

from __future__ import annotations

from typing import Annotated

import numpy as np

from neuromorph.circuits.gated_delta.clock import (
    ANSWER_STEPS,
    ASK_AT,
    PERIOD,
    READ_AT,
    VALUE_AT,
    WRITE_AT,
)
from neuromorph.circuits.gated_delta.codes import Codes
from neuromorph.circuits.gated_delta.numbers import KEY_ZERO, GatedDelta
from neuromorph.circuits.gated_delta.ports import inputs_of
from neuromorph.network import Probe
from neuromorph.network.ports import silence
from neuromorph.shapes import Int64, Integer

PROBES = (Probe("memory"), Probe("error_on"), Probe("error_off"))
"""What `read` and a comparison with the closed form need."""


def stimulate(numbers: GatedDelta, codes: Codes) -> tuple[dict[str, Annotated[Int64, "_ _"]], int]:
    """Trains of one sequence, arrays of shape (steps, size), and the number of steps.

    Parameters
    ----------
    numbers : GatedDelta
    codes : Codes
        Without leading axes.

    Raises
    ------
    UsageError
        If they do not fit.
    """
    codes.check(numbers)
    steps = PERIOD * codes.tokens + ANSWER_STEPS
    inputs = silence(inputs_of(numbers), steps)
    begins = PERIOD * np.arange(codes.tokens)
    inputs["key"][begins + READ_AT] = codes.reads
    inputs["key"][begins + WRITE_AT] = 2 * (codes.writes + KEY_ZERO)
    inputs["key"][begins + ASK_AT] = codes.queries
    inputs["value"][begins + VALUE_AT] = codes.values
    inputs["forget"][begins + WRITE_AT] = codes.forgets[:, None]
    return inputs, steps


def read(
    memory: Annotated[Integer, "steps value_size"],
    error_on: Annotated[Integer, "steps value_size"],
    error_off: Annotated[Integer, "steps value_size"],
) -> tuple[Annotated[Int64, "tokens value_size"], Annotated[Int64, "tokens value_size"]]:
    """Answers and errors of all tokens, shape (tokens, value_size), from recorded spikes."""
    begins = PERIOD * np.arange((len(memory) - ANSWER_STEPS) // PERIOD)
    answers = np.asarray(memory, np.int64)[begins + ASK_AT + ANSWER_STEPS]
    errors = (np.asarray(error_on, np.int64) - error_off)[begins + WRITE_AT]
    return answers, errors
