"""HebbianDense in Lava's own runtime: its own models against the stock LearningDense inside it."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from neuromorph.dynamics import accumulate_fixed, accumulate_float
from neuromorph.learning import (
    LearningRule,
    make_draws,
    rest,
    step_plastic_fixed,
    step_plastic_float,
)

ROOT = Path(__file__).resolve().parents[2]
STEPS, PRE, POST = 70, 4, 3  # more steps than random numbers are drawn for at first

SCRIPT = "tests/lava/scripts/hebbian_cases.py"


def trains() -> dict[str, NDArray[Any]]:
    """Spikes and payloads, by step; a key a token, and the spike that writes it a step later."""
    random = np.random.default_rng(5)
    keys = random.integers(0, 128, (POST, PRE))
    keys[0, 0], keys[1, 1] = 0, 127
    write, token = np.zeros((STEPS, POST), int), np.zeros((STEPS, PRE), int)
    for slot, key in enumerate(keys):
        token[3 * slot] = np.maximum(2 * key, 1)  # a payload of 0 would be no spike
        write[3 * slot + 1, slot] = 1
    return {
        "plain": (random.random((STEPS, PRE)) < 0.3).astype(int),
        "graded": random.integers(0, 250, (STEPS, PRE)) * (random.random((STEPS, PRE)) < 0.3),
        "post": (random.random((STEPS, POST)) < 0.3).astype(int),
        "reward": random.integers(0, 128, (STEPS, POST)),
        "punishment": random.integers(-128, 128, (STEPS, POST)),
        "gate": random.integers(0, 128, (STEPS, POST)) * (random.random((STEPS, POST)) < 0.5),
        "key": token, "write": write,
    }


TRAINS = trains()
MIXED = 2 * np.random.default_rng(6).integers(-100, 100, (POST, PRE))
POSITIVE = np.random.default_rng(7).integers(0, 256, (POST, PRE))
TRACES: dict[str, Any] = {"x1_impulse": 16.7, "x1_tau": 5.0, "x2_impulse": 30, "x2_tau": 20,
                          "y1_impulse": 20.3, "y1_tau": 4.0, "y3_impulse": 3.5, "y3_tau": 9}

CASES: dict[str, dict[str, Any]] = {
    "two_factor": {
        "rule": {"dw": "2^-2*x1*y0 - 2^-2*x0*y1 - 2^-5*w*u0", **TRACES, "seed": 3},
        "weights": MIXED, "pre": "plain", "post": "post", "settings": {"weight_exp": 2}},
    "loop": {
        "rule": {"dw": "2^-2*x1*y0 - 2^-3*y1*x0", **TRACES, "seed": 8, "sign": "excitatory"},
        "weights": POSITIVE // 16, "pre": "plain", "post": "loop"},
    "three_factor": {
        "rule": {"dw": "2^-4*u0*t*y2", "dt": "2^-3*y1*x0 - 2^-2*t*u0", "x1_impulse": 9},
        "weights": MIXED, "pre": "plain", "post": "post", "settings": {"modulated": True},
        "third": {"y1": "gate", "y2": "reward"}},
    "punishment": {
        "rule": {"dw": "2^-4*x0*y3 - 2^-3*y0*x1*y3 - 2^-4*y3*u0", "x1_impulse": 9, "x1_tau": 3,
                 "epoch": 2},
        "weights": MIXED, "pre": "plain", "post": "post", "settings": {"modulated": True},
        "third": {"y3": "punishment"}},
    "hebbian_write": {
        "rule": {"dw": "2^0*x1*y0", "payload": "overwrite", "sign": "excitatory"},
        "weights": np.zeros((POST, PRE), int), "pre": "key", "post": "write",
        "settings": {"num_message_bits": 8}},
    "graded_overwrite": {
        "rule": {"dw": "2^-3*x1*y0 - 2^-4*x2*y0 - 2^-4*w*u1", "payload": "overwrite", "x1_tau": 6,
                 "x2_impulse": 12.5, "x2_tau": 3, "epoch": 2, "seed": 1},
        "weights": MIXED, "pre": "graded", "post": "post",
        "settings": {"num_message_bits": 8, "weight_exp": -3}},
    "long_epoch": {
        "rule": {"dw": "2^-2*x1*y0 - 2^-3*x2*y1*u2", "dt": "y3*x0 - x1*u2", **TRACES, "epoch": 4},
        "weights": MIXED, "pre": "plain", "post": "post", "tags": MIXED // 2},
    "excitatory": {
        "rule": {"dw": "2^-1*x1*y0 - 2^0*x0*y1", **TRACES, "sign": "excitatory", "epoch": 3},
        "weights": POSITIVE, "pre": "plain", "post": "post"},
    "inhibitory": {
        "rule": {"dw": "2^-1*x1*y0 - 2^-1*x0*y1", **TRACES, "sign": "inhibitory"},
        "weights": -POSITIVE[::-1] // 2, "pre": "plain", "post": "post"},
    "tags": {
        "rule": {"dw": "2^-3*t*x0 - 2^-4*w*u0", "dt": "2^-1*x1*y0 - 2^-3*t*u0", **TRACES},
        "weights": MIXED, "tags": MIXED - 3, "pre": "plain", "post": "post"},
}
ONLY_OURS: dict[str, dict[str, Any]] = {
    "no_memory": {"rule": {"dw": "2^-2*x1*y0 - 2^-3*x2*y0", "x1_impulse": 40, "x1_tau": 0,
                           "x2_impulse": 9},
                  "weights": MIXED, "pre": "plain", "post": "post"},
    "coincidence": {"rule": {"dw": "2^2*x0*y0 - 2^-4*w*u0"}, "weights": MIXED, "pre": "plain",
                    "post": "post"},
    "sign_of_weight": {"rule": {"dw": "2^2*x1*y0*sgn(w-20)", "x1_impulse": 2, "x1_tau": 3.0},
                       "weights": MIXED, "pre": "plain", "post": "post"},
}
"""What stock float learning cannot run; its fixed learning can."""


def child(tag: str, hierarchical: bool, cases: dict[str, Any]) -> subprocess.Popen[str]:
    """Begin a run of all cases in one network, in a process of its own."""
    request = json.dumps([tag, hierarchical, TRAINS, cases], default=np.ndarray.tolist)
    return subprocess.Popen([sys.executable, SCRIPT, request], cwd=ROOT, text=True,
                            stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                            env={"PYTHONPATH": str(ROOT)})


def result(running: subprocess.Popen[str]) -> Any:
    out, errors = running.communicate(timeout=180)
    assert running.returncode == 0, errors
    return json.loads(out.splitlines()[-1])


@pytest.fixture(scope="module")
def fixed() -> tuple[Any, Any]:
    """Every case in integers: by our own model, and by the stock Process inside ours."""
    running = [child("fixed_pt", inside, CASES | ONLY_OURS) for inside in (False, True)]
    return result(running[0]), result(running[1])


@pytest.fixture(scope="module")
def floating() -> tuple[Any, Any]:
    """The same in floats; the stock Process runs what it can."""
    running = [child("floating_pt", False, CASES | ONLY_OURS), child("floating_pt", True, CASES)]
    return result(running[0]), result(running[1])


def changes(seen: dict[str, Any]) -> int:
    """How many different weights a case went through."""
    return len({str(row[: PRE * POST]) for row in seen["tape"]})


@pytest.mark.parametrize("name", CASES | ONLY_OURS)
def test_the_fixed_model_equals_the_stock_process_to_the_bit(
    fixed: tuple[Any, Any], name: str
) -> None:
    """Weights, tags and what is sent at every step; all traces at the end."""
    ours, stock = fixed[0][name], fixed[1][name]
    for variable in stock:
        np.testing.assert_array_equal(ours[variable], stock[variable], variable)
    assert changes(stock) > 3


@pytest.mark.parametrize("name", CASES)
def test_the_float_model_agrees_with_the_stock_process(
    floating: tuple[Any, Any], name: str
) -> None:
    ours, stock = floating[0][name], floating[1][name]
    for variable in stock:
        np.testing.assert_allclose(ours[variable], stock[variable], 1e-12, 1e-9, variable)
    assert changes(stock) > 3


@pytest.mark.parametrize("name", [*CASES, *ONLY_OURS])
@pytest.mark.parametrize("domain", ["fixed", "float"])
def test_the_models_are_the_step_functions(
    fixed: tuple[Any, Any], floating: tuple[Any, Any], domain: str, name: str
) -> None:
    seen = (fixed if domain == "fixed" else floating)[0][name]
    truth = by_hand((CASES | ONLY_OURS)[name], domain, seen.get("post"))
    np.testing.assert_array_equal(truth, seen["tape"])
    assert truth[:, -POST:].any()


def by_hand(case: dict[str, Any], domain: str, loop: Any) -> NDArray[Any]:
    """At each step: weights and tags at its start, and what the step before brought about."""
    rule, settings = LearningRule(**case["rule"]), case.get("settings", {})
    draws = make_draws(rule.seed, STEPS, rule.epoch)
    state = rest(case["weights"], domain)
    state = state._replace(tags=case.get("tags", state.tags).astype(state.tags.dtype))
    pre, post = TRAINS[case["pre"]], np.array(TRAINS.get(case["post"], loop))
    graded, exponent = settings.get("num_message_bits", 0) > 0, settings.get("weight_exp", 0)
    sent, rows = np.zeros(POST), []
    for t in range(STEPS):
        rows.append(np.concatenate([state.weights.ravel(), state.tags.ravel(), sent]))
        third = third_factors(case, t) if settings.get("modulated") else None
        if domain == "fixed":
            sent = accumulate_fixed(state.weights, pre[t], exponent=exponent, graded=graded)
            state = step_plastic_fixed(rule, state, pre[t], post[t], third, step=t, draws=draws)
        else:
            sent = accumulate_float(state.weights, pre[t], graded=graded)
            state = step_plastic_float(rule, state, pre[t], post[t], third, step=t)
    return np.array(rows)


def third_factors(case: dict[str, Any], t: int) -> NDArray[Any]:
    return np.stack([TRAINS[case["third"][y]][t] if y in case["third"] else np.zeros(POST, int)
                     for y in ("y1", "y2", "y3")])


@pytest.mark.parametrize(("domain", "nothing"), [("fixed", 0), ("float", 0.5)])
def test_tokens_are_written_one_after_the_other(
    fixed: tuple[Any, Any], floating: tuple[Any, Any], domain: str, nothing: float
) -> None:
    """From its write on slot i holds key i, and nothing else ever changes.

    A zero is sent as the payload 1, since 0 is no spike, and 1 / 2 rounds to 0 in integers.
    """
    for seen in fixed if domain == "fixed" else floating:
        tape = np.array(seen["hebbian_write"]["tape"])
        for slot in range(POST):
            payload = TRAINS["key"][3 * slot]
            key = np.where(payload > 1, payload / 2, nothing)
            weights = tape[:, slot * PRE : (slot + 1) * PRE]
            written = np.arange(STEPS) > 3 * slot + 1
            np.testing.assert_array_equal(weights, np.where(written[:, None], key, 0))


def test_neurons_in_the_loop_fire_and_teach(fixed: tuple[Any, Any]) -> None:
    assert np.any(fixed[0]["loop"]["post"])
    assert np.any(fixed[0]["loop"]["last y1"])
