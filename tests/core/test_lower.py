"""Plain spikes in the place of payloads: every sum stays what it was, to the bit."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from small_heads import GRADED, Case, attention, cases, digits_like, heads
from small_payload_chips import random_chip

from neuromorph import backends
from neuromorph.circuits.latency_attention import (
    PROBES,
    alphabets,
    build,
    stimulate,
)
from neuromorph.circuits.plain_spikes import Letters, in_plain_spikes
from neuromorph.compile import Unit, compile_units
from neuromorph.compile.lower import lower
from neuromorph.compile.view_fields import fields_of
from neuromorph.errors import FitError, UsageError
from neuromorph.network import CubaLIF, Network, Population, Probe, Projection, Source
from neuromorph.profiles import load_profile

FAST, REFERENCE = backends.get("fast"), backends.get("reference")
quick = settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])


# --- letters


@given(st.integers(1, 24), st.integers(0, 2**32))
@quick
def test_bits_add_up_to_any_payload(bits: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    edges = [-(1 << bits - 1), (1 << bits - 1) - 1, 0]
    train = np.append(rng.integers(edges[0], edges[1] + 1, 30), edges)[:, None]
    letters = Letters.of_bits(bits)
    plain = letters.encode(train, "in")
    assert len(letters.values) == bits
    assert all(set(np.unique(one)) <= {0, 1} for one in plain)
    np.testing.assert_array_equal(sum(v * p for v, p in zip(letters.values, plain, strict=True)),
                                  train)


def test_a_few_payloads_have_an_axon_each() -> None:
    letters = Letters.of_payloads((7, -3, 7, 0))
    assert letters.values == (-3, 7)
    low, high = letters.encode(np.array([[7], [0], [-3]]), "drive")
    assert low.ravel().tolist() == [0, 0, 1]
    assert high.ravel().tolist() == [1, 0, 0]


@pytest.mark.parametrize(("letters", "payload", "text"), [
    (Letters.of_payloads((7, -3)), 4, r"found 4; expected 0 or one of -3, 7"),
    (Letters.of_bits(4), 8, r"found 8; expected -8 to 7"),
    (Letters.of_bits(4), -9, r"found -9; expected -8 to 7"),
])
def test_a_payload_that_cannot_be_said_is_refused(
    letters: Letters, payload: int, text: str
) -> None:
    with pytest.raises(UsageError, match=text):
        letters.encode(np.array([[0], [payload]]), "drive")


# --- networks without parts: all sums and potentials as they were


@pytest.mark.parametrize("seed", range(60))
def test_a_lowered_network_has_the_same_potentials(seed: int) -> None:
    network, inputs, steps = random_chip(seed)
    unit = Unit("u", network)
    lowered = lower(unit)
    assert not any(p.model.payload_bits for p in lowered.network.populations)
    assert not any(p.graded for p in lowered.network.projections)
    probes = [Probe(name, variable) for name in ("n", "m") for variable in ("spikes", "u", "v")]
    truth = REFERENCE.run(network, inputs, probes, steps)
    got = lowered.run(REFERENCE.run, inputs, probes, steps)
    for probe in probes:
        np.testing.assert_array_equal(got.traces[probe], truth.traces[probe], str(probe))


def test_without_payloads_nothing_is_lowered() -> None:
    unit = Unit("u", Network("plain", "fixed", (Population("in", 1, Source()),
                                                Population("n", 1, CubaLIF())),
                             (Projection("w", "in", "n", np.ones((1, 1), np.int32)),)))
    assert lower(unit) is unit


# --- attention: its scores keep fractions, and no spike moves


@given(cases(heads(spikes="binary", input_bits=22)))
@quick
def test_lowered_attention_gives_the_same_spikes_and_answers(case: Case) -> None:
    network = build(case.head, case.keys, case.values)
    inputs, steps = stimulate(case.head, case.queries, case.mask)
    lowered = lower(Unit("head", network))
    probes = [*PROBES, Probe("done", "v"), Probe("control"), Probe("normaliser")]
    truth = FAST.run(network, inputs, probes, steps)
    got = lowered.run(FAST.run, inputs, probes, steps)
    assert sum(got.overflows.values()) == 0
    for probe in probes:
        np.testing.assert_array_equal(got.traces[probe], truth.traces[probe], str(probe))


def test_drive_takes_an_axon_for_each_payload_and_a_query_one_for_each_bit() -> None:
    case = digits_like()
    lowered = lower(Unit("head", build(case.head, case.keys, case.values)))
    sources = [p.name for p in lowered.network.populations if isinstance(p.model, Source)]
    assert len([s for s in sources if s.startswith("query.")]) == 6
    assert len([s for s in sources if s.startswith("drive.")]) == len(
        alphabets(case.head)["drive"])
    assert [s for s in sources if s.startswith(("mask", "flush"))] == ["mask.0", "flush.0"]


# --- what is refused


def one(weights: list[int], exponent: int, bits: int = 8, *, graded: bool = True) -> Network:
    return Network("one", "fixed", (Population("in", len(weights), Source(bits)),
                                    Population("n", 1, CubaLIF())),
                   (Projection("w", "in", "n", np.array([weights], np.int32), exponent=exponent,
                               graded=graded),))


def test_a_head_for_loihi_2_is_told_to_be_exported_for_loihi_1() -> None:
    """What is found is more than what is expected, and no profile is spoken of."""
    with pytest.raises(FitError, match=r"expected at most 0\. Export for Loihi 1: --target"):
        in_plain_spikes(attention(replace(GRADED, key_shift=4))[0])


@pytest.mark.parametrize(("network", "text"), [
    (one([3], -1), "a right shift rounds the sum of all payloads.*found 1 bits"),
    (one([2], -2), "a right shift rounds"),
    (one([255], 7), "a payload is too large for synapses.*found a shift by 1; expected at most 0"),
    (one([1], 0, graded=False), "every payload counts as one spike"),
    (one([-256], 0), "a weight has no negative and no multiple.*found -256; expected at least"),
])
def test_what_plain_spikes_cannot_say_is_refused(network: Network, text: str) -> None:
    with pytest.raises(FitError, match=text):
        lower(Unit("u", network))


def test_weights_that_a_shift_does_not_round_are_lowered() -> None:
    assert lower(Unit("u", one([4, -8], -2))).network.projections


def test_a_head_for_loihi_2_is_refused_with_what_helps() -> None:
    case = digits_like()
    wide = build(replace(case.head, input_bits=24), case.keys, case.values)
    with pytest.raises(FitError, match=r"synaptic input of 24 bits.*--target loihi1"):
        compile_units([Unit("head", wide)], load_profile("loihi1"))


def test_the_same_head_for_loihi_1_is_placed() -> None:
    case = digits_like()
    unit = Unit("head", build(case.head, case.keys, case.values))
    state = compile_units([unit], load_profile("loihi1"))
    assert state.given[0] is unit
    letters = fields_of(state.program.units[0]).letters
    assert letters.keys() == {"query", "drive", "mask", "excused", "flush"}
