"""A gate before a head: in spikes what it is in closed form, and what it silences in a head."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from neuromorph import backends
from neuromorph.api.circuits.key_gate import gates
from neuromorph.backends.attention import AttentionBatch
from neuromorph.circuits import latency_attention as attention
from neuromorph.circuits.key_gate import (
    KeyGate,
    build,
    gate_steps,
    groups_open,
    open_gates,
    stimulate,
)
from neuromorph.circuits.key_gate.build import CODE_MAX
from neuromorph.compile.passes import compile_units
from neuromorph.compile.program import Unit
from neuromorph.errors import DisagreementError, RangeProofError, TensorError, UsageError
from neuromorph.network.compose import parallel, wire
from neuromorph.profiles import load_profile
from neuromorph.translate import Sample, TranslateOptions, calibrate_layer


def a_gate(seed: int, keys: int, rank: int, limit: int = 7, ramp: int = 60, margin: int = 2
           ) -> KeyGate:
    rng = np.random.default_rng(seed)
    codes = rng.integers(-limit, limit + 1, (keys, rank))
    bound = 2 * limit**2 * rank
    return KeyGate(codes.astype(np.int32), limit, ramp, margin, int(rng.integers(-bound, bound)),
                   int(rng.integers(1, 12)))


def asked(gate: KeyGate, count: int, seed: int = 1) -> tuple[NDArray[Any], NDArray[np.bool_]]:
    """Queries, the second of which may look nowhere."""
    rng = np.random.default_rng(seed)
    mask = rng.random((count, len(gate.keys))) < 0.8
    mask[1] = False
    return rng.integers(-gate.limit, gate.limit + 1, (count, gate.keys.shape[1])), mask


@given(st.integers(1, 12), st.integers(1, 8), st.integers(1, 9), st.integers(1, 400),
       st.integers(1, 20), st.integers(0, 2**32))
@settings(max_examples=10, deadline=None)
def test_the_circuit_is_its_closed_form(
    keys: int, rank: int, limit: int, ramp: int, margin: int, seed: int
) -> None:
    gate = a_gate(seed, keys, rank, limit, ramp, margin)
    gates(gate, *asked(gate, 3, seed), "reference")  # raises where it is not


@pytest.mark.parametrize("backend", ["fast", "lava"])
def test_other_backends_agree(backend: str) -> None:
    gate = replace(a_gate(3, 40, 8), top=300, window=9)
    assert 0.05 < gates(gate, *asked(gate, 5), backend).mean() < 0.9


def test_gates_by_hand() -> None:
    """Scores 8, 4, 0, -8 below a top of 8, by a ramp of 2: steps 0, 2, 4, 6 (by the go pulse)."""
    gate, query = KeyGate(np.array([[2], [1], [0], [-2]], np.int32), 2, 2, 1, 8, 5), [[2]]
    assert gate_steps(gate, np.array(query)).tolist() == [[0, 2, 4, 6]]
    for margin, opened in ((1, [1, 0, 0, 0]), (2, [1, 1, 0, 0]), (6, [1, 1, 1, 1])):
        found = open_gates(replace(gate, margin=margin), np.array(query))
        assert found.astype(int).tolist() == [opened]
    hidden = np.array([[False, True, True, True]])
    found = open_gates(replace(gate, margin=2), np.array(query), hidden)
    assert found.astype(int).tolist() == [[0, 1, 1, 0]]
    assert not open_gates(gate, np.array(query), np.zeros((1, 4), bool)).any()
    above = replace(gate, top=100)  # nobody fires on the ramp: the go pulse opens all
    assert open_gates(above, np.array(query)).all()


def test_a_planted_fault_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    gate = replace(a_gate(0, 12, 4), top=150, window=8)
    monkeypatch.setattr("neuromorph.api.circuits.key_gate.build",
                        lambda g: build(replace(g, keys=np.roll(g.keys, 1, axis=0))))
    with pytest.raises(DisagreementError, match="is not what its closed form is"):
        gates(gate, *asked(gate, 4), "fast")


def test_groups_open_with_any_of_their_keys() -> None:
    opened = np.array([[1, 0, 0, 0, 0], [0, 0, 0, 0, 1]], bool)
    assert groups_open(opened, 2).tolist() == [[True, False, False], [False, False, True]]
    with pytest.raises(UsageError, match="no such size"):
        groups_open(opened, 0)


@pytest.mark.parametrize("backend", ["reference", "fast", "lava"])
def test_closed_gates_silence_match_neurons(backend: str) -> None:
    """Wired to a head, it answers as one that a host hides the closed keys from."""
    rng, keys = np.random.default_rng(5), 12
    queries_, keys_, values = (rng.normal(size=(1, keys, size)) for size in (4, 4, 3))
    sample = Sample(queries_, keys_, values, np.ones((keys, keys), bool))
    code = calibrate_layer([sample], TranslateOptions())
    head = code.heads[0]
    gate = replace(a_gate(6, keys, 3, limit=3, ramp=10), margin=1, top=40, window=8)
    (queries, mask), period = asked(gate, 4, 7), max(gate.period, head.period)
    head = replace(head, window=head.window + period - head.period)
    work = AttentionBatch((head,), code.encode_queries(sample.queries[None])[0][:, :, :4],
                          code.encode_keys(sample.keys[None])[0],
                          code.encode_values(sample.values[None])[0],
                          open_gates(gate, queries, mask)[None])
    assert 0 < work.mask.mean() < 0.6
    begins = (head.clears - gate.known_at) % period
    pair = parallel({"gate": build(gate, period), "head": attention.build(
        head, work.keys[0, 0], work.values[0, 0])}, at={"gate": begins})
    whole = wire(pair, {"head.mask": "gate.hold", "head.excused": "gate.count"})
    late = (begins + gate.known_at - head.clears) // period
    trains = _trains(gate, head, queries, mask, work.queries[0, 0], begins, late, period)
    steps = len(trains["gate.guess"])
    probes = [replace(probe, target=f"head.{probe.target}") for probe in attention.PROBES]
    run = backends.get(backend).run(whole, trains, probes, steps)
    done = np.flatnonzero(run.spikes("head.done")[:, 0])
    found = attention.read_at(
        head, lambda name: run.spikes(f"head.{name}"), lambda name: run.potential(f"head.{name}"),
        (np.arange(len(queries)) + late) * period)
    assert len(done) == len(queries)
    want = backends.attend("fast", work, times=True).head(0).split()[0]
    assert found.times is not None
    assert want.times is not None
    assert np.array_equal(found.times, want.times[0])
    assert np.array_equal(found.control, want.control[0])
    assert np.array_equal(found.normaliser, want.normaliser[0])
    assert found.spikes.tolist() == work.mask[0].sum(axis=1).tolist()


def _trains(gate: KeyGate, head: attention.LatencyAttention, queries: Any, mask: Any, codes: Any,
            begins: int, late: int, period: int) -> dict[str, NDArray[np.int64]]:
    """Trains of a gate that begins so many steps later, and of a head a period or more behind."""
    steps = (len(queries) + late + 1) * period + begins + attention.stimulus.TAIL_STEPS
    trains: dict[str, NDArray[np.int64]] = {}
    for number in range(len(queries)):
        one = slice(number, number + 1)
        parts = (("gate", *stimulate(gate, queries[one], mask[one])[:1], begins),
                 ("head", *attention.stimulate(head, codes[one])[:1], late * period))
        for part, sent, start in parts:
            for name, train in sent.items():
                if (part, name) in (("head", "mask"), ("head", "excused")):
                    continue
                to = trains.setdefault(f"{part}.{name}", np.zeros((steps, train.shape[1]), int))
                at = start + number * period
                to[at : at + len(train)] += train
    return trains


def test_it_is_placed_on_stock_and_programmable_neurons() -> None:
    compiled = compile_units([Unit("gate", build(a_gate(0, 64, 8)))], load_profile("oheo_gulch"))
    assert compiled.program.cores == 1


@pytest.mark.parametrize(("changes", "error", "words"), [
    ({"keys": np.zeros(3, int)}, TensorError, "wrong shape"),
    ({"keys": np.zeros((3, 2))}, TensorError, "float64"),
    ({"keys": np.zeros((0, 2), int)}, TensorError, "neither of them 0"),
    ({"keys": np.full((3, 2), 8)}, TensorError, "beyond the limit; found 8"),
    ({"limit": CODE_MAX + 1}, UsageError, "no such limit"), ({"ramp": 0}, UsageError, "ramp"),
    ({"margin": 0}, UsageError, "no such margin of a gate; found 0"),
    ({"margin": 63}, UsageError, "1 to 62"),
])
def test_gates_that_are_none(changes: dict[str, Any], error: type[Exception], words: str) -> None:
    with pytest.raises(error, match=words):
        replace(a_gate(0, 5, 2), **changes)


def test_what_does_not_fit_a_gate() -> None:
    gate = a_gate(0, 5, 2)
    with pytest.raises(RangeProofError, match="climb back"):
        build(replace(a_gate(0, 5, 8, ramp=4000), window=9))
    with pytest.raises(UsageError, match="a period is shorter"):
        build(gate, gate.period - 1)
    with pytest.raises(UsageError, match="queries do not fit the gate"):
        stimulate(gate, np.full((2, 2), 8))
    with pytest.raises(UsageError, match="the mask does not fit the gate"):
        stimulate(gate, np.zeros((2, 2), int), np.ones((2, 4), bool))
