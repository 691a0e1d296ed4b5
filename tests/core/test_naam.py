"""Neuron-astrocyte memory: a falling energy, exact recall, and what it refuses."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from neuromorph import backends
from neuromorph.api.circuits import Outcome, naam
from neuromorph.errors import InputError, NeuromorphError, TensorError, UnsupportedError, UsageError
from neuromorph.papers.naam import NAAM, NAAMState, step_naam
from neuromorph.progress import silent

SMALL = naam.Settings(neurons=100, memories=5, flips=0.1, steps=150)


def model(neurons: int = 60, memories: int = 3, dt: float = 0.05) -> NAAM:
    rng = np.random.default_rng(4)
    return NAAM(rng.choice([-1.0, 1.0], (memories, neurons)), dt=dt)


def somewhere(size: int, spread: float = 0.3) -> NAAMState:
    """A random state with symmetric matrices, far from any memory."""
    rng = np.random.default_rng(5)
    s, p = rng.normal(0, spread, (2, size, size))
    return NAAMState(rng.normal(0, spread, size), (s + s.T) / 2, (p + p.T) / 2)


def energies(one: NAAM, steps: int) -> NDArray[np.float64]:
    state, found = one.start(0.9 * one.memories[0]), []
    for _ in range(steps):
        state, energy = step_naam(one, state)
        found.append(energy)
    return np.array(found)


def run(settings: naam.Settings = SMALL, seed: int = 0) -> Outcome:
    return naam.run(settings, backend="reference", seed=seed, progress=silent)


# --- the flow


def test_the_factorised_coupling_is_the_tensor() -> None:
    one = model(neurons=7, memories=2)
    tensor = np.einsum("mi,mj,mk,ml->ijkl", *[one.memories] * 4) / 7**3
    psi = np.random.default_rng(0).standard_normal((7, 7))
    np.testing.assert_allclose(one.couple(psi), np.einsum("ijkl,kl->ij", tensor, psi), atol=1e-15)


def test_a_step_is_eulers_on_the_three_equations() -> None:
    one, state = model(neurons=7, memories=2), somewhere(7)
    h, g, psi = (np.tanh(one.beta * part) for part in state)
    after, _ = step_naam(one, state)
    rates = (g @ h - state.neurons, np.outer(h, h) + psi - state.synapses,
             one.couple(psi) + g - state.processes)
    for new, old, rate in zip(after, state, rates, strict=True):
        np.testing.assert_allclose(new, old + one.dt * rate, atol=1e-14)


def test_the_start_is_as_published() -> None:
    one = model()
    cue = 0.8 * one.memories[0]
    state = one.start(cue)
    h, psi = np.tanh(one.beta * cue), np.tanh(one.beta * state.processes)
    np.testing.assert_allclose(psi, -np.outer(h, h), atol=1e-12)
    np.testing.assert_allclose(np.tanh(one.beta * state.synapses), -one.couple(psi), atol=1e-12)


# --- its energy


def plain_energy(one: NAAM, state: NAAMState) -> float:
    """The energy term by term, with cosh itself, which large states would overflow."""
    halves = (1.0, 0.5, 0.5)
    acts = [np.tanh(one.beta * z) for z in state]
    own = sum(c * (np.vdot(z, f) - np.log(np.cosh(one.beta * z)).sum() / one.beta)
              for c, z, f in zip(halves, state, acts, strict=True))
    h, g, psi = acts
    return float(own - 0.5 * h @ g @ h - 0.5 * np.vdot(g, psi)
                 - 0.25 * np.vdot(psi, one.couple(psi)))


def test_the_energy_is_the_one_in_the_docstring() -> None:
    one, state = model(), somewhere(60)
    assert step_naam(one, state)[1] == pytest.approx(plain_energy(one, state), rel=1e-12)


def slope_of(one: NAAM, state: NAAMState) -> tuple[float, float]:
    """dE/dt, by a tiny step, and by the sum of squares that proves the energy falls."""
    after, energy = step_naam(one, state)
    rates = [(new - old) / one.dt for new, old in zip(after, state, strict=True)]
    squares = [one.beta * ((1 - np.tanh(one.beta * z) ** 2) * r**2).sum()
               for z, r in zip(state, rates, strict=True)]
    measured = (step_naam(one, after)[1] - energy) / one.dt
    return measured, -squares[0] - 0.5 * squares[1] - 0.5 * squares[2]


def test_energy_falls_as_fast_as_the_proof_says() -> None:
    measured, proved = slope_of(model(dt=1e-6), somewhere(60))
    assert measured == pytest.approx(proved, rel=1e-4)


def test_the_proof_needs_symmetric_matrices() -> None:
    """A planted fault: the identity must not hold whatever one puts in."""
    state = somewhere(60)
    skewed = state._replace(synapses=state.synapses + np.triu(np.full((60, 60), 0.2), 1))
    measured, proved = slope_of(model(dt=1e-6), skewed)
    assert measured != pytest.approx(proved, rel=1e-2)


def test_energy_never_rises_at_the_published_step() -> None:
    found = energies(model(), 200)
    assert np.diff(found).max() <= 1e-13 * np.abs(found).max()
    assert found[-1] < found[0] - 1000


def test_energy_rises_where_the_step_is_too_large() -> None:
    assert np.diff(energies(model(dt=1.5), 40)).max() > 1


def test_the_matrices_stay_symmetric() -> None:
    one = model()
    state = one.start(one.memories[0])
    for _ in range(50):
        state, _ = step_naam(one, state)
    for matrix in (state.synapses, state.processes):
        np.testing.assert_allclose(matrix, matrix.T, atol=1e-13)


# --- the circuit


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_a_tenth_of_the_signs_flipped_comes_back_exactly(seed: int) -> None:
    numbers = run(seed=seed).numbers
    assert numbers["signs_flipped"] == 10
    assert numbers["distance_at_start"] == pytest.approx(np.sqrt(4 * 10), rel=1e-3)
    assert numbers["distance_at_end"] == 0
    assert numbers["signs_wrong_at_end"] == 0
    assert numbers["largest_energy_rise_over_energy"] < 1e-13


def test_too_many_flips_do_not_come_back_and_it_says_so() -> None:
    outcome = run(replace(SMALL, flips=0.5))
    assert outcome.numbers["signs_wrong_at_end"] > 10
    assert outcome.numbers["exact_from_step"] is None
    assert "signs were wrong at the end" in outcome.sentences[0]


def test_the_same_seed_gives_the_same_numbers() -> None:
    assert run().numbers == run().numbers
    assert run().numbers["energy_at_start"] != run(seed=1).numbers["energy_at_start"]


def test_it_draws_a_picture(tmp_path: Path) -> None:
    pytest.importorskip("matplotlib", reason="matplotlib is not installed")
    run(replace(SMALL, steps=20)).draw(tmp_path / "naam.png")
    assert (tmp_path / "naam.png").read_bytes().startswith(b"\x89PNG")


def test_only_the_reference_runs_it_and_the_others_say_why() -> None:
    able = [name for name in backends.names() if naam.why_not(backends.get(name)) is None]
    assert able == ["reference"]
    with pytest.raises(UnsupportedError, match=r"naam on backend lava: .*no synapses"):
        naam.run(SMALL, backend="lava", seed=0, progress=silent)


# --- what is refused


@pytest.mark.parametrize(("change", "text"), [
    ({"neurons": 0}, "neurons: the setting is out of range; found 0; expected at least 1"),
    ({"steps": -1}, "steps: the setting is out of range; found -1; expected 1 to 1000000"),
    ({"dt": 0.0}, "dt: the setting is out of range; found 0.0; expected above 0"),
    ({"flips": 1.5}, "flips: the setting is out of range; found 1.5; expected 0 to 1"),
])
def test_settings_that_make_no_sense(change: dict[str, Any], text: str) -> None:
    with pytest.raises(UsageError, match=text):
        naam.Settings(**change)


def test_a_step_that_runs_away_is_told() -> None:
    with pytest.raises(UsageError, match="dt: the state ran away: Euler's step is too large"):
        run(replace(SMALL, neurons=20, dt=1e9, steps=80))


@pytest.mark.parametrize(("make", "kind", "text"), [
    (lambda: NAAM(np.zeros((2, 5))), TensorError, "rows of -1 and 1"),
    (lambda: NAAM(np.ones(5)), TensorError, "rows of -1 and 1"),
    (lambda: replace(model(), beta=-1.0), InputError, "beta: the value must be positive"),
    (lambda: replace(model(), dt=np.nan), InputError, "dt: the value must be positive"),
    (lambda: model().start(np.ones(3)), TensorError, "one finite number a neuron"),
    (lambda: model().start(np.full(60, np.nan)), TensorError, "one finite number a neuron"),
    (lambda: replace(model(), beta=30.0).start(np.ones(60)), InputError, "tanh stays below 1"),
])
def test_a_model_that_makes_no_sense(
    make: Any, kind: type[NeuromorphError], text: str
) -> None:
    with pytest.raises(kind, match=text):
        make()
