"""Rotary position embedding against its equation, and what it is for."""

from __future__ import annotations

import numpy as np
import pytest
import small_models as small

from neuromorph.errors import ModelStructureError, TensorError
from neuromorph.models import LinearScaling, Llama3Scaling, Rotary


def test_equation() -> None:
    """Pair (i, i + d/2) is a complex number, turned by p theta^(-2i/d)."""
    q, positions = small.random((2, 5, 8)), np.array([0, 1, 2, 7, 100])
    turned = Rotary(10000.0).turn(q, positions)
    angle = positions[:, None] * 10000.0 ** (-2 * np.arange(4) / 8)
    expected = (q[..., :4] + 1j * q[..., 4:]) * np.exp(1j * angle)
    np.testing.assert_allclose(turned[..., :4], expected.real, atol=2e-5)
    np.testing.assert_allclose(turned[..., 4:], expected.imag, atol=2e-5)
    assert turned.dtype == np.float32


@pytest.mark.parametrize("theta", [1e4, 5e5])
def test_frequencies_are_rounded_as_in_training_on_every_processor(theta: float) -> None:
    powers = [np.float32(2 * i) / np.float32(128) for i in range(64)]
    expected = [np.float32(1) / np.float32(theta ** float(power)) for power in powers]
    np.testing.assert_array_equal(Rotary(theta).frequencies(128), expected)


def test_position_0_changes_nothing() -> None:
    q = small.random((1, 1, 6))
    np.testing.assert_array_equal(Rotary().turn(q, np.array([0])), q)


def test_logits_depend_on_distance_only() -> None:
    q, k, rotary = small.random((1, 1, 8), 1), small.random((1, 1, 8), 2), Rotary()

    def logit(at: int, to: int) -> float:
        return float((rotary.turn(q, np.array([at])) * rotary.turn(k, np.array([to]))).sum())

    assert logit(9, 4) == pytest.approx(logit(105, 100), abs=1e-4)
    assert abs(logit(9, 4) - logit(9, 5)) > 1e-2


def test_linear_scaling_stretches_positions() -> None:
    plain, stretched = Rotary(), Rotary(scaling=LinearScaling(4.0))
    np.testing.assert_allclose(stretched.frequencies(8) * 4, plain.frequencies(8), rtol=1e-6)


def test_llama3_scaling_leaves_fast_and_slows_slow() -> None:
    scaling = Llama3Scaling(factor=8.0, low=1.0, high=4.0, context=8192.0)
    plain = Rotary(500000.0).frequencies(64)
    ratio = Rotary(500000.0, scaling).frequencies(64) / plain
    assert ratio[0] == 1.0
    assert ratio[-1] == pytest.approx(1 / 8)
    assert (np.diff(ratio) <= 1e-6).all()


def test_bad_arguments() -> None:
    with pytest.raises(ModelStructureError, match="even head size; found 7"):
        Rotary().frequencies(7)
    with pytest.raises(ModelStructureError, match="theta must be a number ≥ 1; found 0"):
        Rotary(theta=0)
    with pytest.raises(TensorError, match="one position a token"):
        Rotary().turn(small.random((1, 3, 4)), np.arange(2))


@pytest.mark.parametrize(("turns", "kept"), [
    (0.5, 0), (2.0, 0), (3.0, 0.25), (4.0, 0.5), (6.0, 1), (99.0, 1),
])
def test_llama3_scaling_blends_between_low_and_high(turns: float, kept: float) -> None:
    """Linear in the turns within the context, from ``low`` to ``high``."""
    scaling = Llama3Scaling(factor=8.0, low=2.0, high=6.0, context=1024.0)
    plain = np.array([turns * 2 * np.pi / 1024], np.float32)
    np.testing.assert_allclose(scaling.apply(plain) / plain, kept + (1 - kept) / 8, rtol=1e-5)
