"""A multitasking memory that a learning rule writes: its weights are a host's matrix."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from compiled_programs import compiled, said
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

import neuromorph
from neuromorph import backends
from neuromorph.api.circuits import multitasking as api
from neuromorph.circuits.multitasking import (
    WRITE_STEPS,
    Multitasking,
    at_rest,
    build_written,
    prove_written,
    random_patterns,
    retrieved,
    trains,
    write_then_ask,
    write_trains,
    written,
)
from neuromorph.circuits.multitasking.writing import LOUDEST
from neuromorph.compile.passes import compile_units
from neuromorph.compile.program import Unit
from neuromorph.compile.ranges.contract import prove_contract
from neuromorph.compile.split import split
from neuromorph.errors import DisagreementError, FitError, RangeProofError, UsageError
from neuromorph.network import Probe, verify
from neuromorph.numerics.limits import STATE_MAX, WEIGHT_MAX
from neuromorph.profiles import load_profile

PROBES = tuple(Probe(name, "spikes") for name in ("plus", "minus", "match"))
NUMBERS = Multitasking(24, 4, 3, 2)
BOARD = load_profile("oheo_gulch")


def held(synapses: Any) -> dict[str, NDArray[Any]]:
    """Weights of a run, each as the patterns' own, shape (patterns, size)."""
    weights = {name: synapses[name][0] for name in (
        "for", "against", "recall plus", "recall minus")}
    return {"for": weights["for"], "against": -weights["against"],
            "recall plus": weights["recall plus"].T, "recall minus": -weights["recall minus"].T}


def require_held(synapses: Any, wanted: NDArray[Any]) -> None:
    for name, weights in held(synapses).items():
        np.testing.assert_array_equal(weights, wanted, err_msg=name)


@pytest.mark.parametrize("backend", ["fast", "lava"])
def test_backends_write_and_say_the_same(backend: str) -> None:
    if backend == "lava":
        pytest.importorskip("lava.magma.core", reason="lava-nc is not installed")
    patterns = random_patterns(4, 24, 0.4, np.random.default_rng(0))
    inputs, steps, _ = write_then_ask(NUMBERS, patterns, patterns[:3].astype(np.int64))
    truth, ours = (backends.get(name).run(build_written(NUMBERS), inputs, PROBES, steps)
                   for name in ("reference", backend))
    for probe in PROBES:
        assert truth.spikes(probe.target).any()
        np.testing.assert_array_equal(ours.spikes(probe.target), truth.spikes(probe.target))
    require_held(truth.synapses, 2 * patterns)
    require_held(ours.synapses, 2 * patterns)


@settings(max_examples=20, deadline=None)
@given(st.integers(1, 9), st.integers(1, 5), st.integers(1, 3), st.integers(0, 6),
       st.integers(0, 2**32))
def test_patterns_are_added_up_whatever_was_asked_between(
    size: int, count: int, sweeps: int, theta: int, seed: int
) -> None:
    """Written to any slot, again and again; cues between the writes change no weight."""
    rng = np.random.default_rng(seed)
    numbers = Multitasking(size, count, theta, sweeps)
    patterns = random_patterns(7, size, 0.3, rng)
    slots = rng.integers(count, size=7)
    cues = rng.integers(-1, 2, (2, size))
    parts = [write_then_ask(numbers, patterns[at], cues, slots[at])[0]
             for at in (slice(0, 3), slice(3, 4), slice(4, 7))]
    inputs = {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}
    done = backends.get("fast").run(build_written(numbers), inputs, PROBES, len(inputs["go"]))
    wanted = np.zeros((count, size), np.int64)
    np.add.at(wanted, slots, 2 * patterns)
    np.testing.assert_array_equal(written(numbers, patterns, slots), wanted)
    require_held(done.synapses, wanted)


def test_what_was_written_is_found_as_if_it_had_been_built_in() -> None:
    rng = np.random.default_rng(2)
    patterns = random_patterns(4, 24, 0.4, rng)
    cues = rng.integers(-1, 2, (5, 24))
    inputs, steps, begun = write_then_ask(NUMBERS, patterns, cues)
    assert begun == 4 * WRITE_STEPS
    done = backends.get("fast").run(build_written(NUMBERS), inputs, PROBES, steps)
    found = retrieved(NUMBERS, done.spikes("plus")[begun:], done.spikes("minus")[begun:], 5)
    np.testing.assert_array_equal(found, at_rest(patterns, cues, 3, 2))
    assert found[:, -1].any()


def test_without_third_factors_nothing_is_learned() -> None:
    """A host that only cues, in every way, leaves the memory as it was."""
    patterns = random_patterns(4, 24, 0.4, np.random.default_rng(3))
    inputs, steps, begun = write_then_ask(NUMBERS, patterns, patterns.astype(np.int64))
    for name in ("write_off", "place_on", "place_off"):
        inputs[name][:] = 0  # write_on still makes patterns fire
    done = backends.get("fast").run(build_written(NUMBERS), inputs, PROBES, steps)
    assert done.spikes("match")[:begun].any()
    assert not held(done.synapses)["recall plus"].any()


def test_a_synapse_takes_127_writes_and_no_more() -> None:
    pattern = np.array([[1, -1, 0]])
    numbers = Multitasking(3, 1, 0, 1)
    most = WEIGHT_MAX // 2
    often, slots = np.repeat(pattern, most, axis=0), np.zeros(most, np.int64)
    inputs = write_trains(numbers, often, slots)
    run = backends.get("fast").run
    network = build_written(numbers)
    require_held(run(network, inputs, PROBES, len(inputs["go"])).synapses, 254 * pattern)
    one_more = write_trains(numbers, pattern)
    more = {name: np.concatenate([train, *3 * [one_more[name]]]) for name, train in inputs.items()}
    clipped = held(run(network, more, PROBES, len(more["go"])).synapses)
    assert np.abs(clipped["for"]).max() < 260  # a host's matrix has 260
    with pytest.raises(RangeProofError, match=r"slot 0: a synapse would clip; found write 128 of "
                                              r"128 takes a weight to 256; expected at most 255"):
        write_trains(numbers, np.repeat(pattern, most + 1, axis=0), np.zeros(most + 1, np.int64))


def test_it_is_proved_and_placed_where_there_are_third_factors() -> None:
    network = verify(build_written(NUMBERS))
    assert prove_contract(network).proved
    with pytest.raises(FitError, match="for: Intel Loihi, one chip has no third factors"):
        compile_units([Unit("memory", network)], load_profile("loihi1"))
    with pytest.raises(FitError, match="more in_axons than a core has; found 4098; expected 4096"):
        compile_units([Unit("memory", build_written(Multitasking(1024, 8, 25)))], BOARD)


def test_placed_on_several_cores_it_writes_and_says_the_same() -> None:
    numbers = Multitasking(1023, 8, 25)
    network = build_written(numbers)
    assert said(compiled(BOARD, network)) == []
    state = compile_units([Unit("memory", network)], BOARD)
    assert state.program.cores == 5
    patterns = random_patterns(8, 1023, 0.9, np.random.default_rng(0))
    inputs, steps, _ = write_then_ask(numbers, patterns, patterns[:2].astype(np.int64))
    fast = backends.get("fast")
    whole = fast.run(network, inputs, PROBES, steps)
    placed = split(state.program.units[0], state.program.slices_of(0)).run(
        fast.run, inputs, PROBES, steps)
    for probe in PROBES:
        assert whole.spikes(probe.target).any()
        np.testing.assert_array_equal(placed.traces[probe], whole.traces[probe])


def test_what_learning_synapses_may_come_to_hold_is_proved() -> None:
    most = (STATE_MAX - 254) // (LOUDEST * 1024)
    assert prove_written(Multitasking(1024, most, 25))
    with pytest.raises(RangeProofError, match=f"at most {most} patterns of this size"):
        prove_written(Multitasking(1024, most + 1, 25))


@pytest.mark.parametrize(("patterns", "slots", "message"), [
    (np.ones((1, 23), int), None, "differ in size.*found 23; expected 24"),
    (np.ones((5, 24), int), None, "no such slot.*one of 0 to 3 for each of 5"),
    (np.ones((1, 24), int), [4], "no such slot"), (np.ones((1, 24), int), [-1], "no such slot"),
    (np.ones((2, 24), int), [0], "no such slot"), (np.ones((1, 24), int), [0.5], "no such slot"),
])
def test_writes_that_do_not_fit_are_refused(patterns: Any, slots: Any, message: str) -> None:
    with pytest.raises(UsageError, match=message):
        write_trains(NUMBERS, patterns, slots)


# --- by name


def test_it_runs_by_name_and_finds_what_a_built_memory_finds() -> None:
    chosen = {"size": 256, "cues": 4}
    static, plastic = (neuromorph.run("multitasking", backend="fast", settings={
        **chosen, "written": how}).outcome for how in ("static", "plasticity"))
    same = "asked_overlap", "least_asked_overlap", "unasked_overlap", "most_unasked_overlap"
    assert [static.numbers[n] for n in same] == [plastic.numbers[n] for n in same]
    assert plastic.numbers["synapses_of_patterns"] == 4 * 8 * 256
    assert "every weight is that of a host's matrix" in " ".join(plastic.sentences)
    with pytest.raises(UsageError, match="found 'hebbian'; expected static or plasticity"):
        api.Settings(written="hebbian")


def test_a_rule_that_hears_the_wrong_teacher_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    def built(numbers: Multitasking) -> Any:
        network = build_written(numbers)
        return replace(network, projections=tuple(
            replace(p, modulators=("place_off", "place_on", None)) if p.name == "recall plus"
            else p for p in network.projections))
    monkeypatch.setattr(api, "build_written", built)
    patterns = random_patterns(4, 24, 0.4, np.random.default_rng(0))
    with pytest.raises(DisagreementError, match="recall plus"):
        api.write_and_recall(patterns, patterns.astype(np.int64), 3, 2, "fast")


def test_cues_alone_are_those_of_the_static_memory() -> None:
    cues = np.random.default_rng(0).integers(-1, 2, (3, 24))
    inputs, steps, begun = write_then_ask(NUMBERS, random_patterns(
        4, 24, 0.4, np.random.default_rng(0)), cues)
    alone, count = trains(NUMBERS, cues)
    assert steps == begun + count
    for name, train in alone.items():
        np.testing.assert_array_equal(inputs[name][begun:], train)
