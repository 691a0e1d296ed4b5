"""No sum of a block leaves 24 bits, by its weights and constants alone."""

from __future__ import annotations

from collections.abc import Iterator
from math import sqrt
from typing import NamedTuple

import numpy as np

from neuromorph.circuits.block.numbers import Block, Dense, check
from neuromorph.circuits.hebbian_attention import prove_writes
from neuromorph.circuits.latency_attention import prove_ranges
from neuromorph.circuits.latency_attention.emit import CONTEXT_BITS
from neuromorph.circuits.norm import Norm
from neuromorph.errors import RangeProofError
from neuromorph.numerics.interval import rounded_up
from neuromorph.numerics.limits import STATE_MAX
from neuromorph.translate.block.attention import largest_part


class Row(NamedTuple):
    """The row of a layer that comes closest to 2^23 - 1."""

    layer: str
    row: int
    bound: int
    hint: str

    @property
    def share(self) -> float:
        """Of the room."""
        return self.bound / STATE_MAX


def prove_block(block: Block, where: str = "block") -> list[Row]:
    """The worst row of each layer, if all of them fit.

    ::

        |sum_j w_ij h_j| <= ||w_i|| ||h||                   behind a norm; ||h|| by `Norm.longest`
        |sum_j w_ij c_j| <= sum_j |w_ij| limit              behind contexts, over one part of them

    Parameters
    ----------
    block : Block
    where : str
        For messages.

    Raises
    ------
    NetworkError
        If its parts do not fit each other.
    RangeProofError
        Naming layer and row, by how much, what would help, and all other layers that fail.
    """
    check(block)
    for head in block.heads:
        prove_writes(prove_ranges(head))
    rows = list(worst_rows(block))
    beyond = sorted((row for row in rows if row.bound > STATE_MAX), key=lambda row: -row.bound)
    if beyond:
        raise RangeProofError(
            "a sum could leave 24 bits", where=f"{where}.{beyond[0].layer} row {beyond[0].row}",
            found=f"{beyond[0].bound}, {beyond[0].share:.3f} times the room",
            expected=f"at most {STATE_MAX}", hint=beyond[0].hint,
            more=[f"{where}.{row.layer} row {row.row}: {row.bound}" for row in beyond[1:]])
    return rows


def worst_rows(block: Block) -> Iterator[Row]:
    """Of every layer, the row that could get furthest."""
    for norm, layers in ((block.attention_norm, ("query", "key", "value")),
                         (block.mlp_norm, ("gate", "up")), (block.unit_norm, ("down",))):
        for name in layers:
            layer = getattr(block, name)
            if layer is not None:
                yield _behind_norm(name, layer, norm)
    parts = largest_part(block.output.weights, block.heads, block.turns)
    worst = int(parts.argmax())
    yield Row("output", worst, int(parts[worst]),
              f"more than {block.turns} turns, or contexts of fewer than {CONTEXT_BITS} bits")


def _behind_norm(name: str, layer: Dense, norm: Norm) -> Row:
    lengths = np.linalg.norm(layer.weights.astype(np.float64), axis=1)
    worst, payload = int(lengths.argmax()), norm.length / sqrt(norm.size)
    bound = rounded_up(float(lengths[worst]) * norm.longest)
    return Row(name, worst, bound,
               f"payloads of {payload * STATE_MAX / max(bound, 1):.4g} in place of {payload:.4g}, "
               "root mean square, or smaller weights in this row")
