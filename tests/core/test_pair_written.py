"""Two match neurons a key and a late flush in memories that plasticity writes."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from small_heads import codes, layer_of
from small_pairs import PAIR, PAUSED, paired_heads

from neuromorph import backends
from neuromorph.api.compile import compile_bundle
from neuromorph.api.export import export
from neuromorph.backends import AttentionBatch
from neuromorph.circuits import hebbian_attention as hebbian
from neuromorph.circuits.latency_attention import PROBES, LatencyAttention, read_at
from neuromorph.circuits.latency_attention.pair import parts_of
from neuromorph.compile.ranges.prove import require_proof
from neuromorph.errors import RangeProofError
from neuromorph.models.digits import WEIGHTS
from neuromorph.network import verify
from neuromorph.translate import TranslateOptions

AT_THE_EDGE = replace(PAIR, pause=0, window=14)
"""Two neurons, and no late flush."""

HEADS = {"pair": PAIR, "paused": PAUSED, "pair without a pause": AT_THE_EDGE}


@pytest.mark.parametrize(("head", "memory", "backend"), [
    *((head, memory, "fast") for head in HEADS.values() for memory in ("written", "causal")),
    (PAIR, "written", "reference")])
def test_what_is_written_attends_as_what_stands_there(
    head: LatencyAttention, memory: Any, backend: str
) -> None:
    work = layer_of(head, sequences=1, asked=head.slots)
    work = replace(work, heads=work.heads[:2], queries=work.queries[:, :2])
    work = replace(work, mask=np.tri(head.slots, dtype=bool)[None])
    closed = backends.attend("fast", work, times=True)
    found = backends.attend_clocked(backends.get(backend), work, memory=memory)
    assert closed.differs_from(found) is None


@settings(max_examples=12, deadline=None, suppress_health_check=list(HealthCheck))
@given(paired_heads(key_size=2, value_size=2, slots=3), st.integers(0, 99))
def test_any_head_that_is_proved(head: LatencyAttention, seed: int) -> None:
    """Slots are written twice, so that the old value has to go."""
    try:
        network = hebbian.build(head)
    except RangeProofError:
        assume(False)
    rng = np.random.default_rng(seed)
    keys, values = (codes(rng, (6, 2), limit) for limit in (head.key_limit, head.value_limit))
    timeline = hebbian.Timeline(head)
    for slot, (key, value) in enumerate(zip(keys, values, strict=True)):
        timeline.write(slot % 3, key, value)
    queries = codes(rng, (2, 2), head.query_limit)
    for query in queries:
        timeline.query(query, np.ones(3, bool))
    recording = backends.get("fast").run(network, *_trains(timeline))
    weights = recording.synapses["value"][0]
    np.testing.assert_array_equal(weights.T.reshape(head.neurons_per_key, 3, 2), 2 * parts_of(
        values[3:], head.control_decay, head.neurons_per_key))
    found = read_at(head, recording.spikes, recording.potential, timeline.starts)
    closed = backends.attend("fast", AttentionBatch(
        [head], queries[None, None], keys[None, None, 3:], values[None, None, 3:],
        np.ones((1, 2, 3), bool)), times=True)
    assert closed.head(0).split()[0].differs_from(_batched(found)) is None


def _trains(timeline: hebbian.Timeline) -> tuple[Any, Any, int]:
    inputs, steps = timeline.trains()
    return inputs, PROBES, steps


def _batched(found: Any) -> Any:
    return replace(found, **{name: getattr(found, name)[None] for name in (
        "control", "normaliser", "last", "spikes", "forced", "times", "payloads")})


@pytest.mark.parametrize("head", HEADS.values(), ids=HEADS)
def test_the_network_is_proved_and_writes_a_step_longer_for_two(head: LatencyAttention) -> None:
    network = verify(hebbian.build(head))
    require_proof(network)
    writing = 6 + head.neurons_per_key
    assert hebbian.write_steps(head) == writing
    assert network.period == writing + head.period
    assert network.population("store").size == head.slots * head.neurons_per_key


def test_they_compile_as_memories_to_be_written(tmp_path: Path) -> None:
    options = TranslateOptions(spikes="binary", neurons_per_key=2)
    bundle = export(WEIGHTS, tmp_path / "pairs", options=options).bundle
    report = compile_bundle(bundle, "loihi2-graded", memory="plastic").report
    assert report["fits"] is True
    assert report["bit_exact"]["equal"] is True


@pytest.mark.lava
def test_lava_writes_both_neurons_of_a_slot_alike() -> None:
    pytest.importorskip("lava.magma.core", reason="lava-nc is not installed")
    rng = np.random.default_rng(5)
    head = replace(PAIR, slots=3)
    keys, queries = rng.integers(-20, 21, (2, 3, 3))
    inputs, steps = hebbian.causal(head, keys, rng.integers(-217, 218, (3, 2)), queries).trains()
    network = hebbian.build(head)
    truth = backends.get("fast").run(network, inputs, PROBES, steps)
    found = backends.get("lava").run(network, inputs, PROBES, steps)
    for probe in PROBES:
        np.testing.assert_array_equal(found.traces[probe], truth.traces[probe], str(probe))
    for name, (weights, _) in truth.synapses.items():
        np.testing.assert_array_equal(found.synapses[name][0], weights, name)
