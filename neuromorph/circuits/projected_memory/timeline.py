"""What a host sends to the inputs for a sequence, and what the memory says."""

from __future__ import annotations

from typing import Annotated

import numpy as np

from neuromorph.circuits import gated_delta
from neuromorph.circuits.gated_delta import PERIOD, Codes, GatedDelta
from neuromorph.circuits.gated_delta.clock import ASK_AT, READ_AT
from neuromorph.circuits.projected_memory.closed_form import DELAY
from neuromorph.network import Probe
from neuromorph.shapes import Int64, Integer

PROBES = tuple(Probe(f"memory.{probe.target}") for probe in gated_delta.PROBES)
"""What `read` and a comparison with the closed form need."""


def stimulate(numbers: GatedDelta, codes: Codes) -> tuple[dict[str, Annotated[Int64, "_ _"]], int]:
    """Trains of one sequence, arrays of shape (steps, size), and the number of steps.

    Parameters
    ----------
    numbers : GatedDelta
    codes : Codes
        Without leading axes; ``writes`` are keys before they are projected.

    Raises
    ------
    UsageError
        If they do not fit.
    """
    plain, steps = gated_delta.stimulate(numbers, codes)
    begins = PERIOD * np.arange(codes.tokens)
    late = {name: np.concatenate([np.zeros((DELAY * PERIOD, train.shape[1]), np.int64), train])
            for name, train in plain.items()}
    code, ask = np.zeros((2, steps + DELAY * PERIOD, numbers.key_size), np.int64)
    code[begins] = codes.writes
    for at, sent in ((READ_AT, codes.reads), (ASK_AT, codes.queries)):
        ask[begins + DELAY * PERIOD + at - 1] = sent
    return {"projector.code": code, "coder.ask": ask, "memory.value": late["value"],
            "memory.forget": late["forget"]}, len(code)


def read(
    memory: Annotated[Integer, "steps value_size"],
    error_on: Annotated[Integer, "steps value_size"],
    error_off: Annotated[Integer, "steps value_size"],
) -> tuple[Annotated[Int64, "tokens value_size"], Annotated[Int64, "tokens value_size"]]:
    """Answers and errors of all tokens, shape (tokens, value_size), from recorded spikes."""
    return gated_delta.read(*(spikes[DELAY * PERIOD :] for spikes in (memory, error_on, error_off)))
