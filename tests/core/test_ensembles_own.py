"""`run ensembles --set weights=FILE`: layers of one's own, and files that are none."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import neuromorph
from neuromorph.errors import InputError, RangeProofError, TensorError, UsageError
from neuromorph.network import blocks


def arrays(**changes: Any) -> dict[str, Any]:
    """A layer of blocks, and a dense one behind it; what is None is left out."""
    rng = np.random.default_rng(0)
    mask = blocks(4, 2, 0).mask(32, 64)
    found: dict[str, Any] = {
        "weight.0": rng.standard_normal(mask.shape) * mask, "bias.0": rng.standard_normal(64),
        "weight.1": rng.standard_normal((5, 64)), "bias.1": np.zeros(5),
        "inputs": 9 * rng.random((40, 32))} | changes
    return {name: array for name, array in found.items() if array is not None}


def run(folder: Path, **changes: Any) -> Any:
    np.savez(folder / "own.npz", **arrays(**changes))
    return neuromorph.run("ensembles", settings={"weights": str(folder / "own.npz")}).outcome


def test_layers_of_ones_own_are_run_and_laid_by_groups(tmp_path: Path) -> None:
    pytest.importorskip("matplotlib")
    found = run(tmp_path)
    assert found.numbers["groups"] == [4]
    assert found.numbers["populations_by_groups"] == 1 + 4 + 1
    assert found.numbers["same_largest_answer_as_float"] > 0.95
    assert found.numbers["cores blocks, by groups"] == 1
    found.draw(tmp_path / "picture.png")
    assert (tmp_path / "picture.png").read_bytes()[:4] == b"\x89PNG"


@pytest.mark.parametrize(("changes", "kind", "message"), [
    ({"inputs": None}, TensorError, "an array is missing; expected inputs"),
    ({"bias.1": None}, TensorError, "an array is missing; expected bias.1"),
    ({"other": np.ones(2)}, InputError, "other"),
    ({"inputs": -np.ones((2, 32))}, TensorError, "payloads of 0 and more"),
    ({"inputs": np.zeros((2, 32))}, TensorError, "payloads of 0 and more"),
    ({"inputs": np.ones((2, 31))}, TensorError, "do not fit one another, or the inputs"),
    ({"bias.0": np.ones(3)}, TensorError, "bias.0: a bias does not fit"),
    ({"bias.0": np.full(64, np.nan)}, TensorError, "bias.0: .*holds NaN"),
    ({"bias.0": np.full(64, 1j)}, TensorError, "bias.0"),
    ({"bias.0": np.ones(0)}, TensorError, "bias.0: an array is empty"),
    ({"weight.1": np.ones((5, 63))}, TensorError, "do not fit one another"),
    ({"weight.1": np.ones(5)}, TensorError, "wrong shape"),
    ({"bias.0": np.full(64, -1e6)}, TensorError, "layer 1: no input makes this layer say"),
    ({"weight.1": np.zeros((5, 64))}, TensorError, "layer 2: no input makes this layer say"),
    ({"bias.0": np.full(64, 1e30)}, RangeProofError, "layer 1: a bias is beyond"),
    ({"weight.0": np.full((64, 32), 1e-300)}, TensorError, "weight.0: weights are too small"),
    ({"weight.0": np.ones((64, 32))}, UsageError, "no layer of this network is made of blocks"),
])
def test_files_that_do_not_fit_are_refused(
    changes: dict[str, Any], kind: type[Exception], message: str, tmp_path: Path
) -> None:
    with pytest.raises(kind, match=message):
        run(tmp_path, **changes)
