"""Sparse rows out of dense weights of any layout, and what a single pass says of them."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from neuromorph.backends.fast.sparse import RowsMaker
from neuromorph.numerics import synapse
from neuromorph.numerics.synapse import bits_of, extent

KINDS = "i1", "u1", "<i2", ">i2", "u2", "i4", ">i4", "u4", "i8", "u8", ">i8"


def some_weights(rng: np.random.Generator, kind: str, share: float) -> NDArray[np.generic]:
    """In one piece, locked, turned around, every other one, or back to front."""
    shape = int(rng.integers(1, 40)), int(rng.integers(1, 40))
    info = np.iinfo(kind)
    values = rng.integers(max(-256, info.min), min(255, info.max) + 1, shape)
    dense = np.where(rng.random(shape) < share, values, 0).astype(kind)
    locked = dense.copy()
    locked.flags.writeable = False
    ways = dense, locked, dense.T, dense[::2], dense[:, ::-1], np.asfortranarray(dense)
    return ways[int(rng.integers(len(ways)))]


@pytest.mark.parametrize("block", [1, 64, synapse.BLOCK])
@pytest.mark.parametrize("kind", KINDS)
def test_rows_hold_what_is_not_0(kind: str, block: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(synapse, "BLOCK", block)
    rng = np.random.default_rng(block)
    made, rows = [some_weights(rng, kind, share) for share in (0, 0.05, 0.5, 1)], RowsMaker()
    offsets = [rows.add(weights) for weights in made]
    all_rows = rows.made()
    for weights, offset in zip(made, offsets, strict=True):
        for j in range(weights.shape[1]):
            begin, end = all_rows.starts[offset + j : offset + j + 2]
            targets = np.flatnonzero(weights[:, j])
            np.testing.assert_array_equal(all_rows.targets[begin:end], targets)
            np.testing.assert_array_equal(all_rows.weights[begin:end], weights[targets, j])
    assert all_rows.starts[-1] == len(all_rows.targets) == sum(map(np.count_nonzero, made))


@pytest.mark.parametrize("block", [1, 64, synapse.BLOCK])
@pytest.mark.parametrize("kind", KINDS)
def test_one_pass_says_what_three_would(
    kind: str, block: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(synapse, "BLOCK", block)
    rng = np.random.default_rng(block)
    for share in (0, 0.05, 1):
        weights = some_weights(rng, kind, share)
        assert extent(weights) == (weights.min(), weights.max(), bits_of(weights))
