"""Embeddings as integers: 8-bit rows, a payload a token and a multiplier a neuron."""

from __future__ import annotations

import numpy as np

from neuromorph.circuits.block.numbers import Ints
from neuromorph.circuits.norm import Norm
from neuromorph.circuits.transformer.numbers import Embedding
from neuromorph.numerics import SIGNED_8, quantise
from neuromorph.translate.block.float_norm import Floats
from neuromorph.translate.block.scales import LEAST, multiplier_of
from neuromorph.translate.transformer.floats import FloatEmbedding

PAYLOAD_MAX = 2**16 - 1
"""Times 8 bits, these are 23."""

SHARED = 0.5
"""Of a column's root mean square, the power that its neuron's multiplier takes: numbers of loud
columns and of loud tokens are then equally coarse."""


def embedding_of(floats: FloatEmbedding, places: int, norm: Norm | None = None) -> Embedding:
    """The integers whose R has so many bits after the point.

    ::

        E_ji 2^places = payload_j weights_ji multiplier_i / 2^shift_i

    Parameters
    ----------
    floats : FloatEmbedding
    places : int
    norm : Norm, optional
        Of a post-norm model: what its first block assumes.

    Raises
    ------
    CalibrationError
        If a neuron's scale has no multiplier.
    """
    columns = np.sqrt((floats.table**2).mean(axis=0))
    columns = np.maximum(columns, LEAST * max(float(columns.max()), LEAST)) ** SHARED
    table = floats.table / columns
    positions = None if floats.positions is None else np.rint(
        floats.positions * 2.0**places).astype(np.int64)
    if not floats.of_tokens:
        scale = np.maximum(np.abs(floats.table).max(axis=0), LEAST) / SIGNED_8
        weights = quantise(floats.table, scale)[0].astype(np.int8)
        return Embedding(weights, None, *multiplier_of(scale * 2.0**places, "embedding"),
                         positions, norm)
    payload, unit = _payloads(table)
    weights = quantise(table, payload[:, None] * unit)[0].astype(np.int8)
    return Embedding(weights, payload, *multiplier_of(columns * unit * 2.0**places, "embedding"),
                     positions, norm)


def _payloads(table: Floats) -> tuple[Ints, float]:
    """Of each token, and what a unit of them stands for: the largest weight of a row is 127."""
    largest = np.abs(table).max(axis=1)
    unit = max(float(largest.max()), LEAST) / SIGNED_8 / PAYLOAD_MAX
    payload: Ints = np.ceil(largest / SIGNED_8 / unit).astype(np.int64)
    return np.clip(payload, 1, PAYLOAD_MAX), unit
