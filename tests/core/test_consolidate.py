"""What plastic synapses have learned becomes weights: frozen, held to, or rebuilt of logarithms."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from neuromorph import backends
from neuromorph.api.consolidate import consolidate as consolidate_program
from neuromorph.api.consolidate import save_learned
from neuromorph.circuits import prototypes
from neuromorph.circuits.prototypes import Prototypes
from neuromorph.compile.passes import compile_units
from neuromorph.compile.program import Unit
from neuromorph.compile.program_file import read_program, write_program
from neuromorph.errors import (
    FileFormatError,
    LearningRuleError,
    MissingFileError,
    NeuromorphError,
    OutputExistsError,
    TensorError,
    UnsupportedError,
    UsageError,
)
from neuromorph.learning import LearningRule
from neuromorph.network import CubaLIF, Network, Population, Probe, Projection, Source
from neuromorph.network.consolidate import consolidate
from neuromorph.numerics.log8 import LogWeights, quantise_log8
from neuromorph.profiles import load_profile

HEBB = LearningRule(dw="2^-3*x1*y0", x1_impulse=16, x1_tau=5)
ADDING = LearningRule(dt="2^-5*x1*y0", x1_impulse=16, x1_tau=5, sign="excitatory")
SILENT = np.zeros((2, 3), np.int64)


def network_of(rule: LearningRule, weights: Any) -> Network:
    return Network("mine", "fixed", (
        Population("in", 3, Source()), Population("teacher", 2, Source()),
        Population("n", 2, CubaLIF(du=4095, dv=4000, vth=90))),
        (Projection("learns", "in", "n", np.array(weights, np.int32), rule=rule),
         Projection("teaches", "teacher", "n", 200 * np.eye(2, dtype=np.int32))))


def run_of(network: Network, steps: int = 40, backend: str = "reference") -> Any:
    rng = np.random.default_rng(3)
    trains = {"in": rng.integers(0, 2, (steps, 3)), "teacher": rng.integers(0, 2, (steps, 2))}
    return backends.get(backend).run(network, trains, [Probe("n", "v")], steps)


MIXED = network_of(HEBB, [[2, -4, 6], [0, 8, -10]])
LOGS = network_of(ADDING, [[10, 20, 40], [80, 1, 3]])


def test_frozen_weights_are_those_that_were_learned_odd_ones_too() -> None:
    learned = run_of(MIXED).synapses
    weights = learned["learns"][0]
    assert (weights % 2).any()
    found = consolidate(MIXED, learned, "frozen").network
    assert not found.plastic
    kept = [p for p in found.projections if p.name.startswith("learns.")]
    assert np.array_equal(sum(p.weights for p in kept), weights)
    assert all(p.weights.min() >= 0 or p.weights.max() <= 0 for p in kept)
    for backend in ("reference", "fast"):
        assert np.array_equal(run_of(found, 20, backend).traces[Probe("n", "v")],
                              run_of(found, 20).traces[Probe("n", "v")])


def test_anchored_weights_begin_where_they_were_and_fall_back_to_it() -> None:
    first = run_of(MIXED).synapses["learns"]
    found = consolidate(MIXED, {"learns": first}, "anchored", anchor=2**-4).network
    assert not found.projection("learns").weights.any()
    new = run_of(found).synapses["learns"][0]
    free = run_of(replace(MIXED, projections=tuple(
        replace(p, weights=SILENT.astype(np.int32)) if p.rule else p
        for p in MIXED.projections))).synapses["learns"][0]
    assert 0 < np.abs(new).sum() < np.abs(free).sum()
    rest = np.zeros((400, 3), np.int64)
    faded = backends.get("reference").run(
        replace(found, projections=tuple(replace(p, weights=new.astype(np.int32) // 2 * 2)
                                         if p.rule else p for p in found.projections)),
        {"in": rest, "teacher": rest[:, :2]}, [], 400).synapses["learns"][0]
    assert not faded.any()


def test_a_second_anchor_adds_to_the_first() -> None:
    first = {"learns": (np.array([[1, 2, -3], [4, -6, 8]]), SILENT)}
    once = consolidate(MIXED, first, "anchored").network
    twice = consolidate(once, {"learns": (np.array([[1, 0, 1], [0, 0, -2]]), SILENT)},
                        "frozen").network
    kept = [p.weights for p in twice.projections if p.name.startswith("learns.")]
    assert np.array_equal(sum(kept), [[2, 2, -2], [4, -6, 6]])
    with pytest.raises(TensorError, match="do not fit a synapse"):
        consolidate(once, {"learns": (np.full((2, 3), 254), SILENT)}, "frozen")


def test_tags_multiply_logarithmic_weights_and_nothing_is_rounded_twice() -> None:
    learned = run_of(LOGS).synapses
    tags = learned["learns"][1]
    assert tags.any()
    found = consolidate(LOGS, learned, "log8")
    codes = found.codes["learns"]
    exact = np.array([[10, 20, 40], [80, 1, 3]]) * 2.0 ** (tags / 16)
    assert np.abs(np.log2(codes.weights / exact))[np.abs(codes.codes) < 127].max() <= 0.5 / 16
    assert np.array_equal(found.network.projection("learns").weights, np.rint(codes.weights))
    down = {"learns": (codes.weights, np.full((2, 3), -40))}
    less = consolidate(found.network, {"learns": (np.rint(codes.weights), down["learns"][1])},
                       "log8", codes=found.codes)
    again = consolidate(less.network, {"learns": (less.network.projection("learns").weights,
                                                  np.full((2, 3), 40))}, "log8", codes=less.codes)
    assert np.array_equal(again.codes["learns"].codes, codes.codes)


@given(st.lists(st.floats(2**-7.9, 2**7.9) | st.just(0.0), min_size=1), st.booleans())
def test_codes_are_within_half_a_step_and_signs_stay(values: list[float], negative: bool) -> None:
    weights = np.array(values) * (-1 if negative else 1)
    held = quantise_log8(weights)
    assert held.clipped == 0
    assert np.array_equal(np.sign(held.weights), np.sign(weights))
    there = weights != 0
    assert np.abs(np.log2(held.weights[there] / weights[there])).max(initial=0) <= 0.5001 / 16
    rng = np.random.default_rng(0)
    after = held.learned(rng.integers(-300, 300, weights.shape))
    assert np.array_equal(np.sign(after.weights), np.sign(weights))
    assert -128 <= after.codes.min() <= after.codes.max() <= 127


BAD: list[tuple[Network, Any, str, type[Exception], str]] = [
    (MIXED, {}, "frozen", UsageError, "nothing was learned"),
    (MIXED, {"teaches": (SILENT, SILENT)}, "frozen", UsageError, "no such plastic projection"),
    (MIXED, {"learns": (SILENT.T, SILENT)}, "frozen", TensorError, "of another projection"),
    (MIXED, {"learns": (SILENT + 0.5, SILENT)}, "frozen", TensorError, "whole numbers"),
    (MIXED, {"learns": (SILENT * np.nan, SILENT)}, "frozen", TensorError, "NaN or infinity"),
    (MIXED, {"learns": (SILENT + 300, SILENT)}, "frozen", TensorError, "do not fit a synapse"),
    (MIXED, {"learns": (SILENT, SILENT)}, "melted", UsageError, "no such consolidation"),
    (MIXED, {"learns": (SILENT, SILENT)}, "log8", LearningRuleError, "the rule says dt alone"),
    (LOGS, {"learns": (SILENT, SILENT)}, "anchored", LearningRuleError, "does not change"),
    (network_of(replace(HEBB, sign="excitatory"), SILENT), {"learns": (SILENT, SILENT)},
     "anchored", LearningRuleError, "could not take back"),
]


@pytest.mark.parametrize(("network", "learned", "how", "error", "message"), BAD)
def test_what_cannot_be_consolidated_is_refused(
    network: Network, learned: Any, how: Any, error: type[Exception], message: str
) -> None:
    with pytest.raises(error, match=message):
        consolidate(network, learned, how)


def test_codes_that_are_none_are_refused() -> None:
    for weights, unit in (([np.nan], 1.0), ([1.0], 0.0), ([1.0], np.inf)):
        with pytest.raises(TensorError):
            quantise_log8(np.array(weights), unit)
    with pytest.raises(TensorError, match="tags of logarithmic weights"):
        quantise_log8(np.ones(3)).learned(np.ones(2))
    other = {"learns": LogWeights(np.zeros((1, 1), np.int64), np.ones((1, 1), np.int8))}
    with pytest.raises(TensorError, match="codes are of another projection"):
        consolidate(LOGS, {"learns": (SILENT, SILENT)}, "log8", codes=other)


def test_the_memory_of_a_circuit_is_refused() -> None:
    memory = prototypes.build(Prototypes.of_cosines(
        2, 1, 2, novelty=0.9, resolution=0.05, window=2))
    with pytest.raises(UnsupportedError, match="the memory of the circuit prototypes"):
        consolidate(memory, {"label": (np.zeros((2, 1)), np.zeros((2, 1)))}, "frozen")


def program(folder: Path, network: Network) -> Path:
    folder.mkdir()
    write_program(folder, compile_units([Unit("mine", network)],
                                        load_profile("oheo_gulch")).program)
    return folder


def test_a_program_of_ones_own_is_consolidated_on_disk(tmp_path: Path) -> None:
    source = program(tmp_path / "program", LOGS)
    save_learned(run_of(LOGS).synapses, tmp_path / "learned.npz")
    found = consolidate_program(source, tmp_path / "learned.npz", tmp_path / "new", how="log8")
    assert found["plastic_synapses"] == 6
    expected = consolidate(LOGS, run_of(LOGS).synapses, "log8")
    held = read_program(tmp_path / "new").units[0].network.projection("learns").weights
    assert np.array_equal(held, expected.network.projection("learns").weights)
    again = consolidate_program(tmp_path / "new", tmp_path / "learned.npz", tmp_path / "newer",
                                how="log8", codes=tmp_path / "new" / "codes.npz")
    assert again["how"] == "log8"
    with pytest.raises(OutputExistsError):
        consolidate_program(source, tmp_path / "learned.npz", tmp_path / "new", how="log8")


@pytest.mark.parametrize(("options", "error", "message"), [
    ({"source": "nothing"}, MissingFileError, "no folder of a compiled program"),
    ({"learned": "nothing.npz"}, MissingFileError, "nothing.npz"),
    ({"learned": "text.npz"}, FileFormatError, "text.npz"),
    ({"learned": "other.npz"}, TensorError, "nothing that was learned"),
    ({"how": "frozen", "codes": "other.npz"}, UsageError, "only log8 has codes"),
    ({"how": "log8", "codes": "other.npz"}, TensorError, "holds no codes"),
    ({"unit": "yours"}, UsageError, "no such network"),
])
def test_bad_files_are_refused(
    tmp_path: Path, options: dict[str, str], error: type[NeuromorphError], message: str
) -> None:
    program(tmp_path / "program", LOGS)
    save_learned({"learns": (SILENT, SILENT)}, tmp_path / "learned.npz")
    (tmp_path / "text.npz").write_text("no arrays")
    np.savez(tmp_path / "other.npz", spikes=SILENT)
    given: dict[str, Any] = {"source": "program", "learned": "learned.npz", "how": "frozen",
                             **options}
    for name in ("source", "learned", "codes"):
        if name in given:
            given[name] = tmp_path / given[name]
    with pytest.raises(error, match=message):
        consolidate_program(output=tmp_path / "out", **given)
    assert not (tmp_path / "out").exists()
