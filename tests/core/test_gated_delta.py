"""The gated delta rule as a circuit: the clock, whole numbers and floats say the same."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from small_gated_delta import MEMORY, WHOLE, Case, cases, codes_for

from neuromorph import backends
from neuromorph.api.circuits.gated_delta import run_memory
from neuromorph.circuits.gated_delta import (
    KEYS_MAX,
    PERIOD,
    Codes,
    GatedDelta,
    build,
    remember,
    stimulate,
)
from neuromorph.circuits.gated_delta.rules import write_rule
from neuromorph.compile.ranges.contract import prove_contract
from neuromorph.errors import DisagreementError, UsageError
from neuromorph.learning import LearningRule
from neuromorph.network import Network, Projection, verify

EACH = pytest.mark.parametrize("numbers", [MEMORY, WHOLE], ids=["random", "whole"])


def with_projection(network: Network, name: str, **changes: Any) -> Network:
    """The network with something of one projection changed."""
    projections = tuple(replace(p, **changes) if p.name == name else p
                        for p in network.projections)
    return replace(network, projections=projections)


@given(cases())
@settings(max_examples=60, deadline=None)
def test_the_clock_says_what_whole_numbers_say(case: Case) -> None:
    run_memory(case.numbers, case.codes, "fast")


@given(cases())
@settings(max_examples=10, deadline=None)
def test_so_does_the_reference(case: Case) -> None:
    run_memory(case.numbers, case.codes, "reference")


@EACH
@pytest.mark.lava
def test_so_does_lava(numbers: GatedDelta) -> None:
    pytest.importorskip("lava.magma.core", reason="lava-nc is not installed")
    run_memory(numbers, codes_for(numbers, np.random.default_rng(0), loud=0.5), "lava")


def test_a_token_by_hand() -> None:
    """W = 0: the error is the value; x e^T is written; the query reads a quarter of it."""
    numbers = GatedDelta(2, 1, 1, 0, 5, 1, 1, "whole")
    one = [[0, 0]]
    codes = Codes(*(np.array(c) for c in (one, [[16, -8]], [[3, 5]], [[20]], [0])))
    done = remember(numbers, codes)
    assert done.errors.tolist() == [[10]]
    assert done.weights.tolist() == [[20, -10]]  # 16 · 10 / 8, -8 · 10 / 8
    assert done.answers.tolist() == [[(3 * 20 - 5 * 10) >> 2]]


def test_the_same_key_again_forgets_the_old_value() -> None:
    """Half of the error is corrected at each token, whatever was there."""
    numbers = GatedDelta(1, 1, 1, 0, 5, 2**14, 20, "whole")
    tokens = 12
    same = np.full((tokens, 1), 8)
    wanted = np.where(np.arange(tokens) < 6, 4000, -4000)[:, None]
    reads = np.full((tokens, 1), 128)
    codes = Codes(reads, same, reads, wanted, np.zeros(tokens, np.int64))
    answers = remember(numbers, codes).answers[:, 0]
    left = np.abs(answers - wanted[:, 0])
    assert left[5] < left[0] / 20
    assert left[6] > 3500
    assert left[11] < left[6] / 20
    hebb = replace(codes, reads=0 * reads)
    assert remember(numbers, hebb).answers[5, 0] > 2 * answers[5]  # adds up what it is told


@EACH
def test_reading_and_asking_teach_nothing(numbers: GatedDelta) -> None:
    codes = codes_for(numbers, np.random.default_rng(1))
    silent = replace(codes, values=np.zeros_like(codes.values))
    network = build(numbers)
    inputs, steps = stimulate(numbers, silent)
    assert not backends.get("fast").run(network, inputs, (), steps).synapses["memory"][0].any()
    inputs, steps = stimulate(numbers, codes)
    written = backends.get("fast").run(network, inputs, (), steps).synapses["memory"][0]
    longer = {name: np.pad(train, ((0, 8), (0, 0))) for name, train in inputs.items()}
    rng = np.random.default_rng(2)
    for step in (steps - 1, steps + 2, steps + 3):  # a key is read, queries are asked
        longer["key"][step] = rng.integers(-254, 255, numbers.key_size)
    later = backends.get("fast").run(network, longer, (), steps + 8).synapses["memory"][0]
    np.testing.assert_array_equal(later, written)
    assert written.any()


def test_a_memory_goes_on_where_it_stopped() -> None:
    codes = codes_for(MEMORY, np.random.default_rng(3), tokens=10)
    parts = [Codes(*(getattr(codes, f)[a:b] for f in ("reads", "writes", "queries", "values",
                                                     "forgets"))) for a, b in ((0, 4), (4, 10))]
    whole, first = remember(MEMORY, codes), remember(MEMORY, parts[0])
    second = remember(MEMORY, parts[1], first.weights, first=4)
    np.testing.assert_array_equal(second.weights, whole.weights)
    np.testing.assert_array_equal(second.answers, whole.answers[4:])


def test_memories_side_by_side_are_memories_alone() -> None:
    each = [codes_for(MEMORY, np.random.default_rng(seed)) for seed in range(3)]
    fields = ("reads", "writes", "queries", "values", "forgets")
    together = Codes(*(np.stack([getattr(codes, f) for codes in each]) for f in fields))
    done = remember(MEMORY, together)
    for n, codes in enumerate(each):
        alone = remember(MEMORY, codes)
        np.testing.assert_array_equal(done.answers[n], alone.answers)
        np.testing.assert_array_equal(done.weights[n], alone.weights)


def test_without_draws_nothing_is_drawn() -> None:
    """All products and sums of a whole memory are whole weights; of the other they are not."""
    def fractions(numbers: GatedDelta) -> set[int]:
        terms = write_rule(numbers).weight_terms
        return {term.left_shift for term in terms}

    assert min(fractions(WHOLE)) >= 7 > min(fractions(MEMORY))
    codes = codes_for(WHOLE, np.random.default_rng(4))
    np.testing.assert_array_equal(remember(WHOLE, codes).answers,
                                  remember(WHOLE, codes, first=5).answers)
    fine = codes_for(MEMORY, np.random.default_rng(4))
    assert (remember(MEMORY, fine).answers != remember(MEMORY, fine, first=5).answers).any()


@EACH
def test_the_ranges_are_proved_up_to_the_most_keys(numbers: GatedDelta) -> None:
    for keys in (1, KEYS_MAX):
        assert prove_contract(verify(build(replace(numbers, key_size=keys)))).proved
    assert build(numbers).schedule.period == PERIOD  # type: ignore[union-attr]


# --- planted faults: each is found, and named


def swapped(network: Network) -> Network:
    """An error's sides change places."""
    return with_projection(network, "memory", modulators=("error_off", "error_on", "forget"))


def unforgetting(network: Network) -> Network:
    """What the key brings back is not taken from the value."""
    held = network.projection("held_error_on").weights
    return with_projection(network, "held_error_on", weights=np.zeros_like(held))


def other_rule(text: str, new: str) -> Any:
    """The rule with a part of it written otherwise."""
    def changed(network: Network) -> Network:
        rule = network.projection("memory").rule or LearningRule()
        assert text in rule.dw
        return with_projection(network, "memory", rule=replace(rule, dw=rule.dw.replace(text, new)))
    return changed


@pytest.mark.parametrize(("fault", "where"), [
    (swapped, "errors"), (unforgetting, "errors"),
    (other_rule("x1-64", "x1-63"), "errors"),
    (other_rule("x0*(x1-64)*y1", "u0*(x1-64)*y1"), None),  # the same: all axons speak
    (other_rule("w*y3", "w*y1"), "errors"),
    (other_rule("5*2^-7", "6*2^-7"), "errors"),
    (lambda network: with_projection(network, "wanted_error_off", delay=1), "errors"),
])
def test_a_planted_fault_is_found(fault: Any, where: str | None) -> None:
    codes = codes_for(MEMORY, np.random.default_rng(5), loud=0.5)
    network = fault(build(MEMORY))
    if where is None:
        run_memory(MEMORY, codes, "fast", network)
        return
    with pytest.raises(DisagreementError, match=f"gated delta, {where}"):
        run_memory(MEMORY, codes, "fast", network)


# --- what is refused


@pytest.mark.parametrize(("change", "text"), [
    ({"key_size": KEYS_MAX + 1}, "key_size: .*found 130; expected 1 to 129"),
    ({"value_size": 0}, "value_size"), ({"mantissa": 8}, "mantissa: .*found 8; expected 1 to 7"),
    ({"exponent": 1}, "exponent: .*found 1; expected -7 to 0"), ({"forget_bits": 4}, "forget_bits"),
    ({"rounding": "whole"}, "exponent: .*found -7; expected 0 to 7"),
    ({"multiplier": 65536}, "multiplier"), ({"shift": 0}, "shift"),
    ({"rounding": "nearest"}, "unknown rounding.*'nearest'"),
])
def test_numbers_out_of_range_are_refused(change: dict[str, Any], text: str) -> None:
    with pytest.raises(UsageError, match=text):
        replace(MEMORY, **change)


@pytest.mark.parametrize(("name", "change", "text"), [
    ("reads", lambda codes: codes + 300, "reads: .*found .*expected -254 to 254"),
    ("writes", lambda codes: codes - 200, "writes: .*found"),
    ("queries", lambda codes: codes[:3], "queries: .*found"),
    ("values", lambda codes: codes / 2, "values: .*float64"),
    ("forgets", lambda codes: -1 - codes, "forgets: .*found"),
])
def test_codes_out_of_range_are_refused(name: str, change: Any, text: str) -> None:
    codes = codes_for(MEMORY, np.random.default_rng(6))
    wrong = replace(codes, **{name: change(getattr(codes, name))})
    with pytest.raises(UsageError, match=text):
        stimulate(MEMORY, wrong)
    with pytest.raises(UsageError, match=text):
        remember(MEMORY, wrong)


def test_whole_products_need_whole_keys() -> None:
    codes = codes_for(WHOLE, np.random.default_rng(7))
    with pytest.raises(UsageError, match=r"writes: .*whole products only; found .*multiples of 8"):
        remember(WHOLE, replace(codes, writes=codes.writes + 1))


def test_a_projection_of_the_memory_is_what_it_says() -> None:
    memory: Projection = build(MEMORY).projection("memory")
    assert memory.rule == write_rule(MEMORY)
    assert str(memory.rule.weight_terms[0]) == "-4*2^-6*x0*w*y3"  # type: ignore[union-attr]
