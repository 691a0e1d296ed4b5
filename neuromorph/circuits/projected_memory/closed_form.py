"""The memory by whole numbers alone: a projector's residuals into a delta memory's rule."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Annotated

import numpy as np

from neuromorph.circuits import gated_delta
from neuromorph.circuits.gated_delta import KEY_LIMIT, Codes, GatedDelta, Remembered
from neuromorph.circuits.projected_memory.build import check
from neuromorph.circuits.projector import Projector, project
from neuromorph.shapes import Num

DELAY = 1
"""Tokens that the memory is behind."""


def outside(rows: Projector, codes: Codes) -> Codes:
    """The codes with what lies outside of the rows in the place of keys that are written."""
    shape = codes.writes.shape
    residual = project(rows, codes.writes.reshape(-1, shape[-1])).reshape(shape)
    return replace(codes, writes=np.clip(residual, -KEY_LIMIT, KEY_LIMIT))


def remember(
    rows: Projector, numbers: GatedDelta, codes: Codes,
    weights: Annotated[Num, "*batch value_size key_size"] | None = None, first: int = 0, *,
    remembering: Callable[..., Remembered] = gated_delta.remember,
) -> Remembered:
    """All tokens of a sequence, as the circuit of `build` does them.

    Parameters
    ----------
    rows : Projector
    numbers : GatedDelta
    codes : Codes
        ``writes`` are keys before they are projected.
    weights, first, remembering
        As of `gated_delta.remember`, which ``remembering`` may be a faster form of.

    Raises
    ------
    UsageError
        If the codes do not fit, or rows and memory not each other.
    """
    check(rows, numbers)
    codes.check(numbers)
    return remembering(numbers, outside(rows, codes), weights, first + DELAY)
