"""Signed codes on two axons: an ON and an OFF side, so that no synapse changes its sign."""

from __future__ import annotations

from typing import Annotated

import numpy as np

from neuromorph.shapes import Int64, Integer


def on_off(
    codes: Annotated[Integer, "size"]
) -> tuple[Annotated[Int64, "size"], Annotated[Int64, "size"]]:
    """Positive parts and negated negative parts."""
    wide = np.asarray(codes, np.int64)
    return np.maximum(wide, 0), np.maximum(-wide, 0)


def key_payloads(magnitudes: Annotated[Integer, "size"]) -> Annotated[Int64, "size"]:
    """What writes ``x1 = magnitude`` on every axon: twice that, and 1 for a zero.

    A silent axon would leave its synapse the code that it held.
    """
    return np.where(magnitudes == 0, 1, 2 * magnitudes)
