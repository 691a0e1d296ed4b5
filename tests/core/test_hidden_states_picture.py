"""The picture of hidden states: distances by layer, and what cannot be drawn."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from neuromorph.errors import UsageError
from neuromorph.report.hidden_states import LEAST, distances, draw_hidden_states, scattered

RNG = np.random.default_rng(0)
FLOATS = RNG.normal(0, 1, (5, 6, 8))


def test_distances_are_one_less_the_cosine() -> None:
    far = distances(FLOATS, np.concatenate([3 * FLOATS[:1], -FLOATS[1:2], FLOATS[2:]]))
    assert far.shape == (5, 6)
    np.testing.assert_allclose(far[0], LEAST)  # a scale does not count
    np.testing.assert_allclose(far[1], 2)
    turned = np.array([[[1.0, 0], [1, 1]]]), np.array([[[0.0, 1], [1, 0]]])
    np.testing.assert_allclose(distances(*turned), [[1, 1 - 2**-.5]])


@pytest.mark.parametrize(("layers", "shown"), [
    (1, [0]), (2, [0, 1]), (4, [0, 1, 2, 3]), (5, [0, 1, 3, 4]), (31, [0, 10, 20, 30])])
def test_the_first_and_the_last_layer_are_among_those_shown(
    layers: int, shown: list[int]
) -> None:
    assert scattered(layers) == shown


@pytest.mark.parametrize("layers", [1, 5])
def test_the_same_states_are_the_same_picture(layers: int, tmp_path: Path) -> None:
    pytest.importorskip("matplotlib")
    near = FLOATS + RNG.normal(0, .01, FLOATS.shape)
    for name in ("one", "two"):
        draw_hidden_states(FLOATS[:layers], near[:layers], tmp_path / f"{name}.png", "states")
    one, two = ((tmp_path / f"{name}.png").read_bytes() for name in ("one", "two"))
    assert one == two
    assert one.startswith(b"\x89PNG")
    draw_hidden_states(FLOATS[:layers], 2 * near[:layers], tmp_path / "two.png", "states")
    assert (tmp_path / "two.png").read_bytes() != one


@pytest.mark.parametrize(("decoded", "names", "text"), [
    (FLOATS[:, :3], None, "compared layer by layer"), (FLOATS[0], None, "compared layer by layer"),
    (FLOATS, ["a"], "layers have other names; found 1; expected 5 names")])
def test_states_that_do_not_fit_are_refused(
    decoded: np.ndarray, names: list[str] | None, text: str, tmp_path: Path
) -> None:
    with pytest.raises(UsageError, match=text):
        draw_hidden_states(FLOATS, decoded, tmp_path / "none.png", "none", names)
