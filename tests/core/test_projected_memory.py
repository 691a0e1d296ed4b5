"""A memory that is written outside of what it must keep, in integers."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from small_gated_delta import codes_for, layer

from neuromorph import backends
from neuromorph.api.circuits import projected_memory as page
from neuromorph.circuits.gated_delta import KEY_LIMIT, GatedDelta
from neuromorph.circuits.projected_memory import (
    PROBES,
    build,
    outside,
    read,
    remember,
    stimulate,
)
from neuromorph.circuits.projector import Projector, quantise_rows
from neuromorph.compile.passes import compile_units
from neuromorph.compile.program import Unit
from neuromorph.compile.ranges.contract import prove_contract
from neuromorph.errors import DisagreementError, UsageError
from neuromorph.network import verify
from neuromorph.papers.hlop import leading_rows
from neuromorph.profiles import load_profile
from neuromorph.translate.delta_code import calibrate_delta

NUMBERS = GatedDelta(6, 3, 5, -7, 9, 40000, 24)


def projector(seed: int, count: int = 2, size: int = 6) -> Projector:
    drawn = np.random.default_rng(seed).standard_normal((size, count))
    return quantise_rows(np.ascontiguousarray(np.linalg.qr(drawn)[0].T), limit=KEY_LIMIT)


def require_equal(seed: int, backend: str, tokens: int = 6) -> None:
    """The clock and whole numbers say the same."""
    rows = projector(seed)
    codes = codes_for(NUMBERS, np.random.default_rng(seed), tokens, loud=0.6)
    inputs, steps = stimulate(NUMBERS, codes)
    done = backends.get(backend).run(build(rows, NUMBERS), inputs, PROBES, steps)
    answers, errors = read(*(done.spikes(probe.target) for probe in PROBES))
    expected = remember(rows, NUMBERS, codes)
    assert (expected.weights != 0).any()
    np.testing.assert_array_equal(errors, expected.errors)
    np.testing.assert_array_equal(answers, expected.answers)
    np.testing.assert_array_equal(done.synapses["memory.memory"][0], expected.weights)


@given(st.integers(0, 2**16))
@settings(max_examples=15, deadline=None)
def test_the_clock_says_what_whole_numbers_say(seed: int) -> None:
    require_equal(seed, "fast")


def test_so_does_the_reference() -> None:
    require_equal(3, "reference")


@pytest.mark.lava
def test_so_does_lava() -> None:
    pytest.importorskip("lava.magma.core", reason="lava-nc is not installed")
    require_equal(4, "lava", tokens=3)


def test_what_is_written_is_the_residual() -> None:
    """And where residuals are larger than a key's codes, they are clipped."""
    rows = projector(0)
    codes = codes_for(NUMBERS, np.random.default_rng(0), 40)
    found = outside(rows, codes).writes
    exact = codes.writes - (codes.writes @ rows.rows.T * rows.unit) @ rows.rows * rows.unit
    assert np.abs(exact).max() > KEY_LIMIT
    assert np.abs(found).max() == KEY_LIMIT
    np.testing.assert_allclose(found, np.clip(exact, -KEY_LIMIT, KEY_LIMIT), atol=2)


def test_it_is_proved_and_placed() -> None:
    network = build(projector(1), NUMBERS)
    verify(network)
    assert prove_contract(network).doubts == ()
    placed = compile_units((Unit("memory", network),), load_profile("loihi2-graded"))
    assert placed.program.cores >= 1


def two_contexts(size: int, count: int, passes: int, seed: int) -> tuple[Any, ...]:
    """Keys and values of two contexts, their samples, and a code for both."""
    rng = np.random.default_rng(seed)
    contexts = []
    for _ in range(2):
        keys = rng.normal(size=(count, size)) + rng.normal(size=size)  # alike, as a head's are
        contexts.append((keys / np.linalg.norm(keys, axis=1, keepdims=True),
                         rng.normal(size=(count, size))))
    samples = []
    for keys, values in contexts:
        held = layer(rng, passes * count, size)
        often = np.tile(keys, (passes, 1))
        samples.append(replace(held, keys=often, queries=often,
                               values=np.tile(values, (passes, 1)),
                               keep=np.ones(len(often)), rate=np.ones(len(often))))
    return contexts, samples


def lost(memory: NDArray[Any], keys: NDArray[Any], values: NDArray[Any]) -> float:
    return float(np.linalg.norm(keys @ memory.T - values) / np.linalg.norm(values))


def test_a_context_survives_the_writing_of_another() -> None:
    """8 + 8 keys of 32 dimensions; MiniLM's own are in `make paper`."""
    (first, second), (a, b) = two_contexts(32, 8, 30, seed=0)
    code = calibrate_delta([a, b])
    fast = backends.remembering("fast")
    before = fast(code.numbers, code.encode(a)[0]).weights
    rows = leading_rows(first[0], 8, np.zeros((0, 32))) @ code.key_turn.T
    codes = code.encode(b)[0]
    plain = fast(code.numbers, codes, before).weights
    after = remember(quantise_rows(np.ascontiguousarray(rows), limit=KEY_LIMIT), code.numbers,
                     codes, before, remembering=fast).weights
    assert lost(code.memory(before), *first) < 0.03
    assert lost(code.memory(plain), *first) > 0.5
    assert lost(code.memory(after), *first) < 0.25
    assert lost(code.memory(after), *second) < 0.15


@pytest.mark.parametrize(("rows", "text"), [
    (projector(0, size=5), r"projected memory, inputs: .*found 5; expected 6"),
    (replace(projector(0), limit=127), r"projected memory, limit: .*found 127; expected 63"),
])
def test_rows_that_do_not_fit_are_refused(rows: Projector, text: str) -> None:
    for door in (lambda: build(rows, NUMBERS), lambda: remember(
            rows, NUMBERS, codes_for(NUMBERS, np.random.default_rng(0)))):
        with pytest.raises(UsageError, match=text):
            door()


# --- by name


def test_a_memory_that_goes_on_is_run_and_a_planted_fault_is_found(
    monkeypatch: pytest.MonkeyPatch
) -> None:
    """From weights that were written before; the fault is one row of the projector."""
    rows, codes = projector(5), codes_for(NUMBERS, np.random.default_rng(5), 6, loud=0.6)
    before = page.as_first(remember(rows, NUMBERS, codes).weights)
    assert before.any()
    assert not (before % 2).any()
    for backend in ("reference", "fast"):
        done = page.run_projected(rows, NUMBERS, codes, before, backend)
        np.testing.assert_array_equal(done.weights, remember(
            rows, NUMBERS, codes, before).weights)
        assert (done.answers != remember(rows, NUMBERS, codes).answers).any()
    wrong = rows.rows.copy()
    wrong[0] = wrong[0, ::-1]
    built = page.projected_memory.build
    monkeypatch.setattr(page.projected_memory, "build", lambda given, *rest: built(
        replace(given, rows=wrong), *rest))
    with pytest.raises(DisagreementError, match="the projected memory is not what"):
        page.run_projected(rows, NUMBERS, codes, before, "fast")


def test_the_curve_is_the_error_of_what_was_just_asked() -> None:
    found = page.run(page.Settings(first=3, second=3, key_size=12, value_size=4, passes=8),
                     backend="fast", seed=0, progress=lambda _: None)
    curve = found.draw.args[0]  # type: ignore[attr-defined]
    assert len(curve.delta) == len(curve.projected) == 24
    for errors, name in ((curve.delta, "delta"), (curve.projected, "projected")):
        assert errors[-1] == pytest.approx(found.numbers[f"first_error_of_{name}"], rel=0.1)
