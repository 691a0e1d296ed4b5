"""Hebbian orthogonal projection: subspaces found, memories left alone, residuals in spikes."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from examples.papers.hlop import subspace_rows
from examples.papers.hlop_digits import learn
from neuromorph.api.circuits.projector import residuals
from neuromorph.circuits.projector import Projector, build, project, quantise_rows
from neuromorph.compile.passes import compile_units
from neuromorph.compile.program import Unit
from neuromorph.errors import DisagreementError, RangeProofError, TensorError, UsageError
from neuromorph.network import verify
from neuromorph.papers.fast_weights import delta
from neuromorph.papers.hlop import (
    Subspace,
    held_in_8_bits,
    leading_rows,
    projected_delta,
    residual,
)
from neuromorph.profiles import load_profile


def rows_of(count: int, inputs: int, seed: int = 0) -> NDArray[Any]:
    return np.linalg.qr(np.random.default_rng(seed).standard_normal((inputs, count)))[0].T


def test_the_lateral_rule_finds_the_subspace() -> None:
    for found in subspace_rows():
        assert found.ok, found


def test_rows_of_earlier_tasks_stay_and_new_ones_find_what_is_outside() -> None:
    rng = np.random.default_rng(1)
    axes = rows_of(6, 12)
    space = Subspace.empty(12)
    for task in (axes[:3], axes[3:]):
        before = space.rows.copy()
        space.grow(3, rng)
        for _ in range(400):
            space.learn(rng.standard_normal((40, 3)) @ task, 0.1)
        assert np.array_equal(space.rows[: len(before)], before)
        left = residual(space.rows, task)
        assert np.abs(left).max() < 0.01
    with pytest.raises(UsageError, match="the rows run out"):
        space.grow(6, rng)
    with pytest.raises(UsageError, match="no such number of rows"):
        space.grow(0, rng)


def test_leading_rows_hold_most_of_what_is_outside() -> None:
    axes = rows_of(4, 9)
    data = np.random.default_rng(2).standard_normal((50, 4)) @ axes
    found = leading_rows(data, 2, axes[:2])
    assert np.abs(residual(np.vstack([axes[:2], found]), data)).max() < 1e-9


@given(st.integers(0, 2**32), st.integers(1, 6))
@settings(max_examples=25, deadline=None)
def test_a_projected_write_leaves_what_lies_in_the_rows(seed: int, count: int) -> None:
    rng = np.random.default_rng(seed)
    rows, weights = rows_of(count, 8, seed), rng.standard_normal((3, 8))
    key, value = rng.standard_normal(8), rng.standard_normal(3)
    after = projected_delta(weights, key, value, rows)
    old = rng.standard_normal((5, count)) @ rows
    assert np.allclose(old @ after.T, old @ weights.T, atol=1e-6)
    assert np.allclose(after @ key, value, atol=1e-6)


def test_without_rows_a_write_is_the_delta_rule() -> None:
    rng = np.random.default_rng(0)
    weights, key, value = (rng.standard_normal(s) for s in ((3, 5), 5, 3))
    key /= np.linalg.norm(key)
    assert np.allclose(projected_delta(weights, key, value, np.zeros((0, 5))),
                       delta(weights, key, value))


def test_a_key_in_the_rows_moves_little_however_often() -> None:
    rows = rows_of(3, 6)
    weights = projected_delta(np.zeros((2, 6)), rows[0], np.ones(2), rows)
    assert np.abs(weights).max() < 1e-9


@pytest.mark.slow
def test_projection_keeps_the_first_of_three_tasks() -> None:
    plain, kept, eight = (learn(kind, 0) for kind in ("plain", "HLOP", "8-bit H"))
    assert kept.final >= plain.final + 0.1
    assert eight.final >= kept.final - 0.02
    assert kept.change > -0.05 > plain.change


def codes(seed: int, count: int, inputs: int, limit: int) -> NDArray[np.int64]:
    return np.random.default_rng(seed).integers(-limit, limit + 1, (count, inputs))


@given(st.integers(2, 12), st.integers(1, 127), st.integers(0, 2**32), st.data())
@settings(max_examples=20, deadline=None)
def test_the_circuit_is_its_closed_form(
    inputs: int, limit: int, seed: int, data: st.DataObject
) -> None:
    count = data.draw(st.integers(1, inputs - 1))
    projector = quantise_rows(rows_of(count, inputs, seed), limit=limit)
    residuals(projector, codes(seed, 4, inputs, limit), "reference")  # raises where it is not


@pytest.mark.parametrize("backend", ["fast", "lava"])
def test_other_backends_agree(backend: str) -> None:
    residuals(quantise_rows(rows_of(20, 64)), codes(0, 10, 64, 127), backend)


def test_residuals_are_those_of_floats_but_for_rounding() -> None:
    rows, given_ = rows_of(20, 64), codes(3, 50, 64, 127)
    exact = given_ - (given_ @ rows.T) @ rows
    found = project(quantise_rows(rows), given_)
    assert np.abs(found - exact).max() < 5
    inside = np.rint(50 * np.random.default_rng(4).standard_normal((50, 20)) @ rows)
    inside = np.clip(inside, -127, 127).astype(int)[np.abs(inside).max(axis=1) <= 127]
    left = np.linalg.norm(project(quantise_rows(rows), inside), axis=1)
    assert (left / np.linalg.norm(inside, axis=1)).mean() < 0.05


def test_a_planted_fault_is_found() -> None:
    projector = quantise_rows(rows_of(5, 16))
    wrong = replace(projector, rows=np.roll(projector.rows, 1, axis=0) * [[1], [-1], [1], [1], [1]])
    with pytest.MonkeyPatch.context() as patch:
        broken = replace(build(projector), projections=(
            *build(projector).projections[:2], build(wrong).projections[2]))
        patch.setattr("neuromorph.api.circuits.projector.build", lambda _: broken)
        with pytest.raises(DisagreementError, match="is not what its closed form is"):
            residuals(projector, codes(0, 4, 16, 127), "fast")


def test_it_is_verified_proved_and_placed() -> None:
    network = build(quantise_rows(rows_of(20, 64)))
    verify(network)
    compiled = compile_units([Unit("projector", network)], load_profile("oheo_gulch"))
    assert compiled.program.cores == 1
    long = Projector(np.full((1, 2000), 126, np.int32), 0.004)
    with pytest.raises(RangeProofError, match="a sum may leave its 24 bits"):
        build(long)


def test_eight_bits_hold_rows_to_half_a_unit() -> None:
    rows = rows_of(20, 64)
    assert np.abs(held_in_8_bits(rows) - rows).max() <= 0.3 / 127 + 1e-12


@pytest.mark.parametrize(("rows", "error", "message"), [
    (np.eye(3), UsageError, "the rows run out"),
    (np.ones((1, 3)), TensorError, "not orthonormal"),
    (np.full((1, 3), np.nan), TensorError, "NaN or infinity"),
    (np.ones(3), TensorError, "wrong shape"), (np.zeros((0, 3)), TensorError, "wrong shape"),
    (np.eye(3, dtype=int)[:1], TensorError, "wrong shape or type"),
])
def test_rows_that_are_none_are_refused(rows: Any, error: Any, message: str) -> None:
    with pytest.raises(error, match=message):
        quantise_rows(rows)


@pytest.mark.parametrize("limit", [0, 128, True, 1.5])
def test_limits_that_are_none_are_refused(limit: Any) -> None:
    with pytest.raises(UsageError, match="no such limit"):
        quantise_rows(rows_of(1, 3), limit=limit)
