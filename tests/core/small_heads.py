"""Random heads of latency attention that pass their proof, and codes that try their edges."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from hypothesis import strategies as st
from numpy.typing import NDArray

from neuromorph.backends import AttentionBatch
from neuromorph.backends.interface import Backend, Inputs, Recording
from neuromorph.circuits.latency_attention import (
    PROBES,
    Attended,
    LatencyAttention,
    SpikeKind,
    build,
    prove_ranges,
    read,
    stimulate,
)
from neuromorph.network import Network

SCORES_MAX = {24: 65_023, 22: 16_064}
"""Largest score bound for which lift and query fit the current together."""

GO_MAX = {24: 131_071, 22: 32_640}
"""Largest go pulse."""

THRESHOLD_MAX = 129_024
"""Largest threshold from which two clearing injections reach the floor."""

POTENTIAL_MAX = 131_000
"""Largest potential, in units of input, that carries an overshoot of a step unsaturated."""

Masks = NDArray[np.bool_]


def edgy(low: int, high: int, *edges: int) -> st.SearchStrategy[int]:
    """Numbers from low to high, the edges more often than others."""
    known = [edge for edge in (low, high, *edges) if low <= edge <= high]
    return st.sampled_from(known) | st.integers(low, high)


@st.composite
def heads(draw: st.DrawFn, spikes: SpikeKind | None = None, key_size: int | None = None,
          value_size: int | None = None, slots: int | None = None,
          input_bits: int | None = None) -> LatencyAttention:
    """Every field anywhere in its range, as far as the proof allows."""
    spikes = spikes or draw(st.sampled_from(["binary", "graded"]))
    if input_bits is None:
        input_bits = draw(st.sampled_from([24, 22])) if spikes == "binary" else 24
    score_max = SCORES_MAX[input_bits]
    key_size = key_size or draw(st.integers(1, 5))
    slots = slots or draw(st.integers(1, 7))
    query_limit, key_limit = draw(edgy(1, 127, 126)), draw(edgy(1, 127))
    largest = 2 * key_limit * query_limit * key_size
    key_shift = draw(st.integers(max(0, (largest // score_max).bit_length()),
                                 8 if input_bits == 24 else 7))
    least = (largest >> key_shift) + 1
    bound = draw(edgy(least, score_max, min(score_max, least + 100)))
    window = draw(edgy(1, 20))
    latest = draw(edgy(max(-least, bound + window + 1 - THRESHOLD_MAX), least, 0, least // 2))
    steepest = (THRESHOLD_MAX - bound + latest) // window
    steepest = max(1, min(steepest, GO_MAX[input_bits] - bound + latest))
    if spikes == "graded":
        steepest = min(steepest, (POTENTIAL_MAX - bound + latest) // (window + 1))
    value_limit = draw(edgy(1, 127))
    return prove_ranges(LatencyAttention(
        slots=slots, key_size=key_size, value_size=value_size or draw(st.integers(1, 3)),
        spikes=spikes, key_shift=key_shift,
        ramp=draw(edgy(1, steepest, min(steepest, 1 + 2 * least // window))), window=window,
        score_bound=bound, latest=latest, query_limit=query_limit, key_limit=key_limit,
        value_limit=value_limit, unit=2 * draw(edgy(1, 127, value_limit)),
        value_shift=draw(st.integers(0, 8)) if spikes == "graded" else 0,
        control_decay=2048 if spikes == "graded" else draw(edgy(0, 4096, 1, 2048, 4095)),
        payload_base=draw(st.sampled_from([1, 128, 256])) if spikes == "graded" else 128,
        input_bits=input_bits))


def codes(rng: np.random.Generator, shape: tuple[int, ...], limit: int) -> NDArray[np.int64]:
    """Random codes, extreme codes, equal rows or zeros."""
    kind = rng.choice(["random", "extreme", "equal", "zero", "small"])
    if kind == "extreme":
        return rng.choice([-limit, limit], shape)
    if kind == "equal":
        return np.broadcast_to(rng.integers(-limit, limit + 1, shape[-1]), shape).copy()
    if kind == "zero":
        return np.zeros(shape, np.int64)
    top = min(limit, 3) if kind == "small" else limit
    return rng.integers(-top, top + 1, shape)


def masks(rng: np.random.Generator, shape: tuple[int, ...]) -> Masks:
    """Everything seen, causal, random, or nothing; now and then a row that sees nothing."""
    kind = rng.choice(["full", "causal", "random", "nothing"], p=[0.3, 0.2, 0.4, 0.1])
    if kind == "causal":
        mask = np.tril(np.ones(shape, bool))
    else:
        mask = rng.random(shape) < {"full": 1.0, "random": 0.6, "nothing": 0.0}[kind]
    mask[rng.random(shape[:-1]) < 0.15] = False
    return mask


@dataclass(frozen=True, eq=False)
class Case:
    """A head with everything that one run needs."""

    head: LatencyAttention
    keys: NDArray[np.int64]
    values: NDArray[np.int64]
    queries: NDArray[np.int64]
    mask: Masks

    def run(self, backend: Backend) -> tuple[Recording, Attended]:
        """Build the circuit, run it clocked, read it."""
        network = build(self.head, self.keys, self.values)
        inputs, steps = stimulate(self.head, self.queries, self.mask)
        recording = backend.run(network, inputs, PROBES, steps)
        attended = read(self.head, recording.spikes, recording.potential, len(self.queries))
        return recording, attended

    def only(self, query: int) -> Case:
        """The same head asked one query only."""
        return Case(self.head, self.keys, self.values, self.queries[query : query + 1],
                    self.mask[query : query + 1])


@st.composite
def cases(draw: st.DrawFn, of: st.SearchStrategy[LatencyAttention] | None = None) -> Case:
    """A random head with keys, values, up to three queries and a mask."""
    head = draw(heads() if of is None else of)
    rng = np.random.default_rng(draw(st.integers(0, 2**32)))
    asked = draw(st.integers(1, 3))
    return Case(head, codes(rng, (head.slots, head.key_size), head.key_limit),
                codes(rng, (head.slots, head.value_size), head.value_limit),
                codes(rng, (asked, head.key_size), head.query_limit),
                masks(rng, (asked, head.slots)))


def scores(case: Case) -> Any:
    """a = (-2 k.q) >> key_shift, shape (queries, slots)."""
    return (-2 * (case.queries @ case.keys.T)) >> case.head.key_shift


# --- heads that tests have in common

GRADED = LatencyAttention(
    slots=5, key_size=3, value_size=2, spikes="graded", key_shift=1, ramp=150, window=14,
    score_bound=1201, latest=900, query_limit=20, key_limit=20, value_limit=127, value_shift=2,
    control_decay=2048, unit=254)
BINARY = replace(GRADED, spikes="binary", value_shift=0)


def layer_of(head: LatencyAttention, sequences: int = 2, asked: int = 3) -> AttentionBatch:
    """Random work for four heads on two key-value heads."""
    rng = np.random.default_rng(7)
    lead = (sequences, 2, head.slots)
    return AttentionBatch(
        [head] * 4, codes(rng, (sequences, 4, asked, head.key_size), head.query_limit),
        rng.integers(-head.key_limit, head.key_limit + 1, (*lead, head.key_size)),
        rng.integers(-head.value_limit, head.value_limit + 1, (*lead, head.value_size)),
        np.ones((sequences, asked, head.slots), bool))


def attention(head: LatencyAttention) -> tuple[Network, Inputs, int]:
    """Two queries, the second of which may not look everywhere."""
    rng = np.random.default_rng(1)
    keys, queries = rng.integers(-20, 21, (5, 3)), rng.integers(-20, 21, (2, 3))
    mask = np.array([[True] * 5, [True, False, True, True, False]])
    return build(head, keys, rng.integers(-127, 128, (5, 2))), *stimulate(head, queries, mask)


def digits_like() -> Case:
    """A head as `neuromorph export --target loihi1` makes them of the digits model."""
    rng = np.random.default_rng(0)
    head = LatencyAttention(
        slots=17, key_size=16, value_size=16, spikes="binary", key_shift=3, ramp=120, window=17,
        score_bound=15_749, latest=2000, query_limit=31, key_limit=127, value_limit=127,
        value_shift=0, control_decay=2048, unit=254, input_bits=22)
    return Case(head, rng.integers(-127, 128, (head.slots, head.key_size)),
                rng.integers(-127, 128, (head.slots, head.value_size)),
                rng.integers(-31, 32, (2, head.key_size)), np.ones((2, head.slots), bool))
