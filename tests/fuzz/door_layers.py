"""Layers of one's own: arrays of other shapes, kinds and values, under other names."""

from __future__ import annotations

from pathlib import Path
from random import Random
from typing import Any

import numpy as np
from fuzz_engine import Reader

from neuromorph.api.own_layers import load_layers
from neuromorph.deploy.layers import laid
from neuromorph.network import blocks

VALUES = (0.0, -0.0, 1e-300, 1e-40, 1.0, -1.0, 3.0, 127.5, 1e6, 1e30, 1e300, np.nan, np.inf)
SHAPES = ((), (0,), (1,), (8,), (16,), (8, 16), (16, 8), (16, 16), (4, 16), (1, 8), (0, 8),
          (2, 2, 2), (3, 8))
KINDS = ("f4", "f8", "f2", "i1", "i8", "u2", "?", "c8")
NAMES = ("weight.0", "weight.2", "bias.3", "weight", "inputs.0", "input", "weight.-1", "bias.00")


def _small() -> dict[str, Any]:
    rng = np.random.default_rng(0)
    mask = blocks(4, 1, 0).mask(8, 16)
    return {"weight.0": rng.standard_normal(mask.shape) * mask, "bias.0": rng.standard_normal(16),
            "weight.1": rng.standard_normal((4, 16)), "bias.1": np.zeros(4),
            "inputs": rng.random((3, 8))}


def make(rng: Random | None, folder: Path) -> Path:
    path, arrays = folder / "layers.npz", _small()
    for _ in range(0 if rng is None else rng.choice((1, 1, 1, 2, 3))):
        _change(rng or Random(0), arrays)
    np.savez(path, **arrays)
    return path


def _change(rng: Random, arrays: dict[str, Any]) -> None:
    name, kind = rng.choice(list(arrays)), rng.randrange(10)
    if kind == 0 and len(arrays) > 1:
        del arrays[name]
    elif kind == 1:
        arrays[rng.choice(NAMES)] = arrays[name]
    elif kind == 2:
        arrays[name] = np.ones(rng.choice(SHAPES))
    elif kind == 3:
        with np.errstate(all="ignore"):
            arrays[name] = np.real(arrays[name]).astype(rng.choice(KINDS))
    elif kind < 6:
        arrays[name] = np.full(np.shape(arrays[name]), rng.choice(VALUES))
    elif kind < 8:
        array = np.array(np.real(arrays[name]), np.float64)
        if array.size:
            array.flat[rng.randrange(array.size)] = rng.choice(VALUES)
        arrays[name] = array
    else:
        with np.errstate(all="ignore"):
            arrays[name] = np.real(arrays[name]).astype(np.float64) * rng.choice(VALUES[2:-2])


def read(path: Path) -> None:
    """As `compile` does; by four groups, which any of these layers may be cut into."""
    own = load_layers(path)
    own.unit()
    laid(own, 4)


READER = Reader("layers", make, read)
