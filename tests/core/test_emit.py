"""The emitting read-out: contexts leave as spikes, equal in closed form, close to the host's."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from random_heads import EMITTING, random_code, random_layer

from neuromorph import backends
from neuromorph.circuits import hebbian_attention
from neuromorph.circuits.latency_attention import PROBES, build, read, stimulate
from neuromorph.circuits.latency_attention.emit import (
    ANSWER_STEPS,
    contexts_of,
    emission_of,
    emitting,
    read_contexts,
    with_time_to_answer,
)
from neuromorph.errors import RangeProofError, UsageError
from neuromorph.network import Probe
from neuromorph.runtime import SpikingLayer


@pytest.mark.parametrize("seed", range(12))
@pytest.mark.parametrize("kind", EMITTING)
def test_the_closed_form_is_what_the_circuit_sends(kind: str, seed: int) -> None:
    work = replace(random_layer(seed, kind), readout="emitted")
    closed = backends.attend("fast", work)
    clocked = backends.attend_clocked(backends.get("fast"), work)
    assert closed.differs_from(clocked) is None
    assert closed.context is not None
    assert clocked.context is not None


@pytest.mark.parametrize("name", ["reference", "lava"])
def test_other_backends_send_the_same(name: str) -> None:
    work = replace(random_layer(3, "graded"), readout="emitted")
    closed = backends.attend("fast", work)
    assert closed.context is not None
    assert closed.context.any()
    assert closed.differs_from(backends.attend_clocked(backends.get(name), work)) is None


@pytest.mark.parametrize("seed", range(8))
@pytest.mark.parametrize("kind", EMITTING)
def test_the_context_is_the_hosts_within_half_a_step(kind: str, seed: int) -> None:
    """And what the reciprocal's error of 8e-5 makes of it."""
    _, code, sample = random_code(seed, kind)
    host = SpikingLayer(code)
    sent = SpikingLayer(code, readout="emitted")
    arrays = (sample.queries[None], sample.keys[None], sample.values[None], sample.mask[None])
    difference = np.abs(sent(*arrays) - host(*arrays))[0].max(axis=1)
    half = code.value_scale / 2 / np.array([emission_of(h).gain(h) for h in code.heads])[
        :: code.group, None]
    largest = code.value_scale * code.heads[0].value_limit
    allowed = np.repeat(half + 1.2e-4 * largest, code.group, axis=0)
    assert (difference <= allowed * 1.001).all()
    assert difference.any() or difference.size < 8  # it is rounded; a few numbers may be exact


def test_a_query_that_sees_nothing_sends_nothing_whatever_was_asked_before() -> None:
    _, code, sample = random_code(5, "graded", tokens=6)
    head = replace(code.heads[0], slots=6)
    keys, values, queries = (codes(array)[0][0] for codes, array in (
        (code.encode_keys, sample.keys), (code.encode_values, sample.values),
        (code.encode_queries, sample.queries)))
    mask = np.ones((3, 6), bool)
    mask[1] = False
    network = emitting(build(head, keys, values), head, emission_of(head))
    trains, steps = with_time_to_answer(*stimulate(head, queries[:3], mask))
    done = backends.get("fast").run(network, trains, (*PROBES, Probe("control")), steps)
    at = np.flatnonzero(done.spikes("done")[:, 0])
    contexts = read_contexts(done.spikes("control"), at)
    host = read(head, done.spikes, done.potential, 3)
    assert host.normaliser[1] == 0
    assert not contexts[1].any()
    assert contexts[0].any()
    assert contexts[2].any()


def test_nothing_leaves_but_the_contexts() -> None:
    """A flush is silent, and so is everything between one answer and the next."""
    _, code, sample = random_code(5, "graded", tokens=6)
    head = replace(code.heads[0], slots=6)
    keys, values, queries = (codes(array)[0][0] for codes, array in (
        (code.encode_keys, sample.keys), (code.encode_values, sample.values),
        (code.encode_queries, sample.queries)))
    trains, steps = with_time_to_answer(*stimulate(head, queries))
    own = build(head, keys, values)
    probes = (Probe("done"), Probe("control"), Probe("normaliser"))
    loud = backends.get("fast").run(own, trains, probes, steps)
    quiet = backends.get("fast").run(emitting(own, head, emission_of(head)), trains, probes, steps)
    at = np.flatnonzero(quiet.spikes("done")[:, 0])
    assert np.array_equal(np.flatnonzero(quiet.spikes("normaliser")[:, 0]), at + 1)
    spoke = np.flatnonzero(quiet.spikes("control").any(axis=1))
    assert set(spoke) <= set(at + ANSWER_STEPS)
    flushed = np.flatnonzero(loud.spikes("control").any(axis=1))
    assert not set(flushed) <= set(at + ANSWER_STEPS)


def test_a_written_memory_emits_as_well() -> None:
    _, code, sample = random_code(2, "graded", tokens=5)
    head = replace(code.heads[0], slots=5)
    work = backends.AttentionBatch(
        (head,), code.encode_queries(sample.queries)[0][None, :1],
        code.encode_keys(sample.keys)[0][None, :1], code.encode_values(sample.values)[0][None, :1],
        sample.mask[None], "emitted")
    written = backends.attend_clocked(backends.get("fast"), work, memory="written")
    assert hebbian_attention.build(head).parts
    assert backends.attend("fast", work).differs_from(written) is None


@pytest.mark.parametrize(("value_limit", "bits"), [(0, 12), (127, 1), (127, 40)])
def test_an_emission_of_nothing_is_refused(value_limit: int, bits: int) -> None:
    _, code, _ = random_code(0, "graded")
    with pytest.raises(UsageError, match="no such emission"):
        emission_of(replace(code.heads[0], value_limit=value_limit), bits)


def test_small_values_are_sent_in_fewer_bits() -> None:
    """Otherwise one of the quotient's 15 bits would be several steps of the context."""
    _, code, _ = random_code(0, "graded")
    head = replace(code.heads[0], value_limit=1, unit=254)
    control, normaliser = np.array([[[-2, -1, -3, 2]]]), np.array([[1140]])
    sent = contexts_of([head], control, normaliser)
    exact = control / normaliser[..., None] * head.unit / 2 * emission_of(head).gain(head)
    assert emission_of(head).limit == 64
    assert np.abs(sent - exact).max() <= 0.75 + 1e-4 * np.abs(exact).max()


def test_a_unit_below_the_values_is_refused() -> None:
    _, code, _ = random_code(0, "graded")
    small = replace(code.heads[0], unit=2 * code.heads[0].value_limit - 2)
    with pytest.raises(RangeProofError, match="could leave 24 bits"):
        emission_of(small)


def test_an_unknown_readout_is_refused_before_anything_runs() -> None:
    _, code, sample = random_code(0, "graded")
    arrays = (sample.queries[None], sample.keys[None], sample.values[None], sample.mask[None])
    with pytest.raises(UsageError, match="read-out; found emited; expected host or emitted"):
        SpikingLayer(code, readout="emited")(*arrays)  # type: ignore[arg-type]
