"""What backends refuse: all of them the same, with our own errors, before anything runs."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from small_heads import BINARY, GRADED, attention, layer_of
from small_learners import HEBB as RULE
from small_learners import astrocyte, learner, modulated

from neuromorph import backends
from neuromorph.backends import Attended, AttentionBatch
from neuromorph.backends.interface import Inputs
from neuromorph.errors import NeuromorphError, UsageError
from neuromorph.network import Network, Probe, Source

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
    head = replace(GRADED, slots=3, key_size=1, score_bound=64_009, latest=60_774, ramp=30_000,
                   window=4, key_limit=127, query_limit=126, key_shift=0)
    keys, values = np.array([[[[110], [60], [-10]]]]), np.ones((1, 1, 3, 2), int)
    fare_alike(AttentionBatch([head], np.full((1, 1, 1, 1), 90), keys, values,
                              np.ones((1, 1, 3), bool)))


def test_heads_of_one_group_may_have_units_of_their_own() -> None:
    fare_alike(layer_of(GRADED), heads=[replace(GRADED, unit=unit) for unit in (254, 100, 50, 20)])


@pytest.mark.parametrize(("name", "limit"), [("queries", 20), ("keys", 20), ("values", 127)])
def test_codes_beyond_their_limit_fare_alike(name: str, limit: int) -> None:
    work = layer_of(GRADED)
    fare_alike(work, **{name: np.full_like(getattr(work, name), limit + 1)})


LIMITS = ("query_limit", "key_limit", "value_limit")


@pytest.mark.parametrize("limit", LIMITS)
@pytest.mark.parametrize("head", range(4))
def test_codes_beyond_the_limit_of_any_head_are_refused(head: int, limit: str) -> None:
    work = layer_of(GRADED)
    narrow = [replace(GRADED, **{limit: 1}) if h == head else GRADED for h in range(4)]
    row = head if limit == "query_limit" else head // 2
    with pytest.raises(UsageError, match=rf"head {row}: .* beyond .*; expected -1 to 1$"):
        replace(work, heads=narrow)


def head_with(changes: dict[str, int]) -> st.SearchStrategy[Any]:
    """Either kind of head with a limit, or slots, of its own."""
    kinds = st.sampled_from([GRADED, BINARY])
    return kinds.map(lambda head: replace(head, **changes))


ODD = st.one_of(*(st.fixed_dictionaries({name: st.integers(1, getattr(GRADED, name))})
                  for name in (*LIMITS, "slots", "key_size", "value_size")), st.just({}))


@given(heads=st.lists(ODD.flatmap(head_with), min_size=4, max_size=4),
       loudest=st.sampled_from([1, 10, 127]))
@settings(max_examples=60, deadline=None)
def test_heads_with_limits_of_their_own_fare_alike(heads: list[Any], loudest: int) -> None:
    work = layer_of(GRADED, sequences=1, asked=2)
    quiet = {name: np.clip(getattr(work, name), -loudest, loudest)
             for name in ("queries", "keys", "values")}
    fare_alike(work, heads=heads, **quiet)


def test_another_key_size_fares_alike() -> None:
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

NET, TRAINS, STEPS = attention(GRADED)
ABLE = [name for name in backends.names() if backends.get(name).why_not(NET) is None]
"""The others refuse these networks before they look at anything else."""


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
@pytest.mark.parametrize("name", ABLE)
def test_unsound_arguments_are_refused_before_anything_runs(
    name: str, inputs: Inputs, probes: list[tuple[str, Any]], steps: Any, text: str
) -> None:
    with pytest.raises(UsageError, match=text):
        backends.get(name).run(NET, inputs, [Probe(*p) for p in probes], steps)


LEARNER, SENT, LASTS = modulated()
BINARY_THIRD = replace(LEARNER, populations=tuple(
    replace(p, model=Source()) if p.name == "worse" else p for p in LEARNER.populations))


def judged(name: str, value: int) -> Inputs:
    """The learner's inputs with one third factor at a value of its own."""
    return {**SENT, name: np.full((LASTS, 2), value)}


@pytest.mark.parametrize(("network", "inputs", "probes", "text"), [
    (LEARNER, judged("better", 128), [],
     r"better: an input does not fit the source's payload; found 128 to 128; expected 0 to 127"),
    (LEARNER, judged("worse", -1), [], r"worse: an input does not fit .*; expected 0 to 127"),
    (BINARY_THIRD, SENT, [], r"worse: an input does not fit .*; expected 0 to 1$"),
    (LEARNER, SENT, [("lerns", "weights")],
     r"a probe of weights names no plastic projection; found lerns\. Did you mean 'learns'\?"),
    (LEARNER, SENT, [("teaches", "tags")], "a probe of tags names no plastic projection"),
    (LEARNER, SENT, [("n", "weights")], "a probe of weights names no plastic projection; found n"),
    (LEARNER, SENT, [("learns", "spikes")], "a probe names no population; found learns"),
    (LEARNER, SENT, [("learns", "v")], "a probe names no population; found learns"),
])
@pytest.mark.parametrize("name", ABLE)
def test_unsound_arguments_of_a_learner_are_refused(
    name: str, network: Network, inputs: Inputs, probes: list[tuple[str, Any]], text: str
) -> None:
    with pytest.raises(UsageError, match=text):
        backends.get(name).run(network, inputs, [Probe(*p) for p in probes], LASTS)


@pytest.mark.parametrize("name", ABLE)
def test_an_astrocyte_has_no_current_to_record(name: str) -> None:
    network, inputs, steps = astrocyte()
    with pytest.raises(UsageError, match="a Astrocyte has no such state to record; found u"):
        backends.get(name).run(network, inputs, [Probe("glia", "u")], steps)


def test_a_source_that_is_no_third_factor_may_send_its_whole_payload() -> None:
    network, inputs, steps = learner(RULE, bits=9)
    loud = {**inputs, "in": np.where(inputs["in"], -256, 255)}
    assert backends.get("reference").run(network, loud, [], steps).steps == steps


def test_an_unknown_backend_is_named() -> None:
    with pytest.raises(UsageError, match=r"unknown backend; found fats\. Did you mean 'fast'"):
        backends.get("fats")
