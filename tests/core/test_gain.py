"""An astrocyte's division, where there is nothing to divide by and where there is little."""

from __future__ import annotations

import numpy as np
import pytest

from neuromorph.neurons.astrocyte import step_astrocyte_fixed, step_astrocyte_float

PASSING = (-6.0, 3.0, 0.0)


def divided(gained: float, calcium: float = 0.0) -> tuple[float, list[float]]:
    """Calcium and output of one step in floats that forgets half; the last input is gained."""
    new, out = step_astrocyte_float(np.array([calcium]), np.array([*PASSING, gained]), dv=0.5)
    return float(new[0]), out.tolist()


@pytest.mark.parametrize(("gained", "calcium"), [(0.0, 0.0), (-0.5, 0.0), (-2.0, 4.0), (-3.0, 4.0)])
def test_nothing_passes_without_calcium(gained: float, calcium: float) -> None:
    new, out = divided(gained, calcium)
    assert new == calcium / 2 + gained <= 0
    assert out == [0.0] * 4
    whole = step_astrocyte_fixed(np.array([int(calcium)]), np.array([-6, 3, 0, int(gained)]),
                                 dv=2048, gain_bits=2)
    assert whole[0][0] <= 0
    assert whole[1].tolist() == [0] * 4


@pytest.mark.parametrize("gained", [1e-300, 0.25, 1.0, 3.0])
def test_however_little_there_is_divides(gained: float) -> None:
    new, out = divided(gained)
    assert new == gained
    assert out == [-6 / gained, 3 / gained, 0.0, 0.0]


def test_one_unit_of_calcium_divides_integers() -> None:
    new, out = step_astrocyte_fixed(np.array([0]), np.array([-6, 3, 0, 1]), dv=0, gain_bits=2)
    assert new.tolist() == [1]
    assert out.tolist() == [-24, 12, 0, 0]
