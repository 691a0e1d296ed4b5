"""One suite for all backends: what runs, runs alike to the bit; what does not, says why."""

from __future__ import annotations

import importlib.util
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from small_heads import Case, codes, heads, masks
from small_networks import everything, float_network, random_network

from neuromorph import backends
from neuromorph.backends import Attended, AttentionBatch
from neuromorph.backends.fast import attention as fast_attention
from neuromorph.backends.interface import Inputs
from neuromorph.circuits.latency_attention import (
    LatencyAttention,
    build,
    prove_ranges,
    stimulate,
)
from neuromorph.errors import NeuromorphError, RangeProofError, UnsupportedError, UsageError
from neuromorph.network import (
    CubaLIF,
    LatencyMatch,
    Network,
    Population,
    Probe,
    Projection,
    Source,
)

REFERENCE = backends.get("reference")
quick = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])

GRADED = LatencyAttention(
    slots=5, key_size=3, value_size=2, spikes="graded", key_shift=1, ramp=150, window=14,
    score_bound=1201, latest=900, query_limit=20, key_limit=20, value_limit=127, value_shift=2,
    control_decay=2048, unit=254)
BINARY = replace(GRADED, spikes="binary", value_shift=0)


# --- the same networks on all backends


def attention(head: LatencyAttention) -> tuple[Network, Inputs, int]:
    """Two queries, the second of which may not look everywhere."""
    rng = np.random.default_rng(1)
    keys, queries = rng.integers(-20, 21, (5, 3)), rng.integers(-20, 21, (2, 3))
    mask = np.array([[True] * 5, [True, False, True, True, False]])
    return build(head, keys, rng.integers(-127, 128, (5, 2))), *stimulate(head, queries, mask)


def one_neuron(model: CubaLIF, weight: int = 1) -> tuple[Network, Inputs, int]:
    network = Network("one", "fixed", (Population("in", 2, Source()), Population("n", 1, model)),
                      (Projection("w", "in", "n", np.array([[weight, 1]], np.int32)),))
    return network, {"in": np.ones((6, 2), np.int64)}, 6


RUNS = {
    "binary attention": attention(BINARY),
    "graded attention": attention(GRADED),
    "floats": float_network(),
    "a current that never decays": one_neuron(CubaLIF(du=0, vth=5)),
    "a potential that never lasts": one_neuron(CubaLIF(dv=4096, vth=5)),
}

CANNOT = {
    ("fast", "floats"): "it runs integers only",
    ("lava", "a current that never decays"): "no register for du = 0",
    ("lava", "a potential that never lasts"): "no register for dv = 4096",
}


def lava_is_installed() -> bool:
    try:
        return importlib.util.find_spec("lava.magma.core") is not None
    except ModuleNotFoundError:
        return False


NEEDS_LAVA = (pytest.mark.lava,
              pytest.mark.skipif(not lava_is_installed(), reason="lava-nc is not installed"))


def on_every_backend(able: bool) -> list[Any]:
    """Backend and run, for all that a backend can, or cannot, do."""
    pairs = [(name, run) for name in backends.names() if name != "reference" for run in RUNS]
    return [pytest.param(name, run, marks=NEEDS_LAVA if name == "lava" else ())
            for name, run in pairs if ((name, run) not in CANNOT) == able]


@pytest.mark.parametrize(("name", "run"), on_every_backend(able=True))
def test_a_backend_equals_the_reference(name: str, run: str) -> None:
    network, inputs, steps = RUNS[run]
    probes = everything(network)
    truth = REFERENCE.run(network, inputs, probes, steps)
    got = backends.get(name).run(network, inputs, probes, steps)
    assert got.backend == name
    assert (got.evidence, got.steps) == ("bit-exact model", steps)
    assert set(got.traces) == set(probes)
    for probe in probes:
        exact = np.testing.assert_array_equal
        close = np.testing.assert_allclose
        (exact if network.domain == "fixed" else close)(got.traces[probe], truth.traces[probe])


@pytest.mark.parametrize(("name", "run"), on_every_backend(able=False))
def test_a_backend_says_what_it_cannot_do(name: str, run: str) -> None:
    """Fails on an unexpected pass: then the table above is out of date."""
    network, inputs, steps = RUNS[run]
    backend, reason = backends.get(name), CANNOT[name, run]
    assert reason in (backend.why_not(network) or "")
    with pytest.raises(UnsupportedError, match=reason):
        backend.run(network, inputs, [], steps)


@pytest.mark.parametrize("run", RUNS)
def test_the_reference_can_do_everything(run: str) -> None:
    network, inputs, steps = RUNS[run]
    recording = REFERENCE.run(network, inputs, everything(network), steps)
    assert recording.evidence == "reference"
    assert any(trace.any() for probe, trace in recording.traces.items()
               if probe.population not in inputs)


# --- the clocked engine of `fast`


@given(st.integers(0, 2**32))
@settings(quick, max_examples=150)
def test_any_network_runs_alike_on_fast_and_reference(seed: int) -> None:
    network, inputs, steps = random_network(seed)
    probes = everything(network)
    truth = REFERENCE.run(network, inputs, probes, steps)
    got = backends.get("fast").run(network, inputs, probes, steps)
    for probe in probes:
        np.testing.assert_array_equal(got.traces[probe], truth.traces[probe], str(probe))


def test_a_payload_fades_to_one_however_early_its_spike() -> None:
    # Fails: in `fast` a shift by 64 bits or more starts again from none.
    early = LatencyMatch(vth=0, base=1, span=2**20, gain=1, gain_shift=0)
    network = Network("early", "fixed", (Population("in", 1, Source(8)), Population("n", 1, early)),
                      (Projection("w", "in", "n", np.array([[1]], np.int32), graded=True),))
    train = {"in": np.array([[-1], [5], [0]])}
    for name in ("reference", "fast"):
        recording = backends.get(name).run(network, train, everything(network), 3)
        assert recording.spikes("n").ravel().tolist() == [0, 0, 1]


def test_random_networks_are_alive() -> None:
    """The test above would say little about silent networks: neurons of all models fire."""
    fired, payloads = set(), set()
    for seed in range(40):
        network, inputs, steps = random_network(seed)
        recording = REFERENCE.run(network, inputs, everything(network), steps)
        for p in network.populations:
            if p.name not in inputs and recording.spikes(p.name).any():
                fired.add(p.model.kind)
                payloads |= set(recording.spikes(p.name).ravel())
    assert fired == {"CubaLIF", "Readout", "LatencyMatch"}
    assert len(payloads) > 20


@pytest.mark.parametrize("name", ["fast", "reference"])
def test_only_what_is_asked_for_is_recorded(name: str) -> None:
    network, inputs, steps = RUNS["graded attention"]
    probes = everything(network)
    whole = backends.get(name).run(network, inputs, probes, steps)
    for probe in probes:
        one = backends.get(name).run(network, inputs, [probe], steps)
        assert list(one.traces) == [probe]
        np.testing.assert_array_equal(one.traces[probe], whole.traces[probe])


# --- attention in closed form and clocked


@st.composite
def batches(draw: st.DrawFn) -> AttentionBatch:
    """Sequences of grouped heads, each head with numbers of its own."""
    key_size, value_size = draw(st.integers(1, 4)), draw(st.integers(1, 3))
    kv_heads, group = draw(st.sampled_from([(1, 1), (1, 3), (2, 1), (2, 2)]))
    slots = draw(st.integers(1, 6))
    layer = [draw(heads(key_size=key_size, value_size=value_size, slots=slots))
             for _ in range(kv_heads * group)]
    limits = {name: min(getattr(head, name) for head in layer)
              for name in ("query_limit", "key_limit", "value_limit", "unit")}
    layer = [replace(head, unit=limits["unit"]) for head in layer]
    rng = np.random.default_rng(draw(st.integers(0, 2**32)))
    sequences, asked, keys = (draw(st.integers(1, top)) for top in (2, 3, slots))
    return AttentionBatch(
        layer, codes(rng, (sequences, len(layer), asked, key_size), limits["query_limit"]),
        codes(rng, (sequences, kv_heads, keys, key_size), limits["key_limit"]),
        codes(rng, (sequences, kv_heads, keys, value_size), limits["value_limit"]),
        masks(rng, (sequences, asked, keys)))


@given(batches())
@quick
def test_attention_is_the_same_three_ways(work: AttentionBatch) -> None:
    closed = backends.attend("fast", work, times=True)
    truth = backends.attend("reference", work)
    clocked = backends.attend_clocked(backends.get("fast"), work)
    assert closed.times is not None
    assert closed.payloads is not None
    assert closed.differs_from(truth) is None
    assert clocked.differs_from(truth) is None


@given(batches())
@settings(quick, max_examples=20)
def test_recording_times_changes_nothing_else(work: AttentionBatch) -> None:
    bare = backends.attend("fast", work)
    assert bare.times is None
    assert bare.payloads is None
    assert bare.differs_from(backends.attend("fast", work, times=True)) is None


def layer_of(head: LatencyAttention, sequences: int = 2, asked: int = 3) -> AttentionBatch:
    """Random work for four heads on two key-value heads."""
    rng = np.random.default_rng(7)
    lead = (sequences, 2, head.slots)
    return AttentionBatch(
        [head] * 4, codes(rng, (sequences, 4, asked, head.key_size), head.query_limit),
        rng.integers(-head.key_limit, head.key_limit + 1, (*lead, head.key_size)),
        rng.integers(-head.value_limit, head.value_limit + 1, (*lead, head.value_size)),
        np.ones((sequences, asked, head.slots), bool))


@pytest.mark.parametrize("head", [BINARY, GRADED], ids=["binary", "graded"])
def test_more_queries_than_a_block_and_more_values_than_a_register(head: LatencyAttention) -> None:
    """One sequence sees more and more, one less and less, one nothing in its last block."""
    work = layer_of(replace(head, value_size=17), sequences=3, asked=140)
    more = np.arange(5) < (np.arange(140) // 30 + 1)[:, None]
    mask = np.stack([more, more[::-1], np.arange(140)[:, None] < np.full(5, 128)])
    work = replace(work, mask=mask)
    clocked = backends.attend_clocked(backends.get("fast"), work)
    assert backends.attend("fast", work, times=True).differs_from(clocked) is None


def test_heads_in_turns_are_heads_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    work = layer_of(GRADED)
    at_once = backends.attend("fast", work, times=True)
    monkeypatch.setattr(fast_attention, "SCORE_BYTES", 1)
    assert backends.attend("fast", work, times=True).differs_from(at_once) is None


def as_many_slots_as_proven(head: LatencyAttention) -> LatencyAttention:
    """The longest context that the head's proof allows."""
    slots = head.slots
    try:
        while True:
            prove_ranges(replace(head, slots=slots + 1))
            slots += 1
    except RangeProofError:
        return replace(head, slots=slots)


@pytest.mark.parametrize(("score", "step"), [(-1, 0), (0, 3), (1, 6)])
@pytest.mark.parametrize("sign", [-1, 1])
@pytest.mark.parametrize("head", [BINARY, replace(GRADED, value_shift=4)],
                         ids=["binary", "graded"])
def test_sums_as_large_as_the_proof_allows(
    head: LatencyAttention, sign: int, score: int, step: int
) -> None:
    """All keys of a long context fire at one step, with the largest values there are."""
    # Fails for plain spikes: `fast` adds values up in 16 bits.
    head = as_many_slots_as_proven(replace(head, value_size=1, window=6, latest=450))
    work = AttentionBatch(
        [head], np.full((1, 1, 1, 3), 20 * score), np.full((1, 1, head.slots, 3), 20),
        np.full((1, 1, head.slots, 1), sign * head.value_limit),
        np.ones((1, 1, head.slots), bool))
    truth = backends.attend("reference", work)
    assert truth.last[0, 0, 0] == step
    assert backends.attend("fast", work, times=True).differs_from(truth) is None


# --- what one backend refuses, all refuse


def outcome(name: str, work: AttentionBatch, changes: dict[str, Any]) -> Attended | str:
    """The result, or that our own error was raised."""
    try:
        return backends.attend(name, replace(work, **changes), times=True)
    except NeuromorphError:
        return "refused"


def fare_alike(work: AttentionBatch, **changes: Any) -> None:
    truth, got = outcome("reference", work, changes), outcome("fast", work, changes)
    if isinstance(truth, Attended) and isinstance(got, Attended):
        assert got.differs_from(truth) is None
    else:
        assert got == truth == "refused"


@pytest.mark.parametrize("changes", [
    {"key_shift": 9}, {"value_shift": 9}, {"unit": 253}, {"unit": 0}, {"payload_base": 96},
    {"control_decay": 4097}, {"spikes": "binary", "value_shift": 3},
], ids=str)
def test_odd_heads_fare_alike(changes: dict[str, Any]) -> None:
    # Failures: `fast` runs what only `verify` refuses, a shift of 9 or a base that is no power
    # of two.
    fare_alike(layer_of(GRADED), heads=[replace(GRADED, **changes)] * 4)


def test_a_steep_ramp_fares_alike() -> None:
    # Fails: threshold and one step of the ramp leave 24 bits, so the circuit's potential
    # saturates before it can overshoot as far as `fast` computes.
    head = replace(GRADED, slots=3, key_size=1, score_bound=64_009, latest=60_774, ramp=30_000,
                   window=4, key_limit=127, query_limit=126, key_shift=0)
    keys, values = np.array([[[[110], [60], [-10]]]]), np.ones((1, 1, 3, 2), int)
    fare_alike(AttentionBatch([head], np.full((1, 1, 1, 1), 90), keys, values,
                              np.ones((1, 1, 3), bool)))


def test_heads_of_one_group_may_have_units_of_their_own() -> None:
    fare_alike(layer_of(GRADED), heads=[replace(GRADED, unit=unit) for unit in (254, 100, 50, 20)])


@pytest.mark.parametrize(("name", "limit"), [("queries", 20), ("keys", 20), ("values", 127)])
def test_codes_beyond_their_limit_fare_alike(name: str, limit: int) -> None:
    # Fails: `fast` takes any code.
    work = layer_of(GRADED)
    fare_alike(work, **{name: np.full_like(getattr(work, name), limit + 1)})


def test_another_key_size_fares_alike() -> None:
    # Fails: a bare ValueError from NumPy's matmul.
    work = layer_of(GRADED)
    fare_alike(work, keys=work.keys[..., :2])


@pytest.mark.parametrize(("changes", "text"), [
    ({"heads": [GRADED] * 3}, "query heads do not fit"),
    ({"keys": np.zeros((2, 3, 5, 3), int)}, "query heads do not fit"),
    ({"values": np.zeros((2, 2, 4, 2), int)}, "keys and values differ in number"),
    ({"mask": np.ones((2, 3, 4), bool)}, "the mask has the wrong shape"),
    ({"heads": [replace(GRADED, slots=4)] * 4}, "longer than the circuit's slots"),
])
def test_work_that_does_not_fit_together_is_refused(changes: dict[str, Any], text: str) -> None:
    with pytest.raises(UsageError, match=text):
        replace(layer_of(GRADED), **changes)


# --- the door of every backend

NET, TRAINS, STEPS = RUNS["graded attention"]


@pytest.mark.parametrize(("inputs", "probes", "steps", "text"), [
    (TRAINS, [], 0, "steps must be a whole number"),
    (TRAINS, [], True, "steps must be a whole number"),
    (TRAINS, [], 2.0, "steps must be a whole number"),
    (TRAINS, [], STEPS + 1, "an input has the wrong shape"),
    ({**TRAINS, "qery": TRAINS["query"]}, [], STEPS, "Did you mean 'query'"),
    ({k: v for k, v in TRAINS.items() if k != "mask"}, [], STEPS, "source has no input"),
    ({**TRAINS, "query": TRAINS["query"] + 0.5}, [], STEPS, "must be integer"),
    ({**TRAINS, "query": TRAINS["query"] * np.nan}, [], STEPS, "NaN or infinity"),
    ({**TRAINS, "query": TRAINS["query"] + 128}, [], STEPS, "does not fit the source's payload"),
    (TRAINS, [("macth", "v")], STEPS, "Did you mean 'match'"),
    (TRAINS, [("match", "u")], STEPS, "a LatencyMatch has no such state"),
    (TRAINS, [("query", "v")], STEPS, "a Source has no such state"),
])
@pytest.mark.parametrize("name", backends.names())
def test_unsound_arguments_are_refused_before_anything_runs(
    name: str, inputs: Inputs, probes: list[tuple[str, Any]], steps: Any, text: str
) -> None:
    with pytest.raises(UsageError, match=text):
        backends.get(name).run(NET, inputs, [Probe(*p) for p in probes], steps)


def test_an_unknown_backend_is_named() -> None:
    with pytest.raises(UsageError, match=r"unknown backend; found fats\. Did you mean 'fast'"):
        backends.get("fats")


def test_a_difference_is_named() -> None:
    _, one = Case(GRADED, np.ones((5, 3), int), np.ones((5, 2), int), np.ones((1, 3), int),
                  np.ones((1, 5), bool)).run(REFERENCE)
    assert one.times is not None
    assert one.differs_from(one) is None
    assert one.differs_from(replace(one, times=one.times + 1)) == "times"
    assert one.differs_from(replace(one, control=one.control + 1, last=one.last + 1)) == "control"
    assert one.differs_from(replace(one, times=None)) is None
