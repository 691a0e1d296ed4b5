"""Sums come near their proved bounds, and never beyond; what is cut off is counted."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from block_streams import (
    Ints,
    clocked,
    differs,
    pipelined,
    random_block,
    tokens_of,
    trains,
    usual,
)

from neuromorph import backends
from neuromorph.circuits import norm as norms
from neuromorph.circuits.block import closed_form
from neuromorph.circuits.block.build import build
from neuromorph.circuits.block.layers import dense, input_of, source
from neuromorph.circuits.block.numbers import Block, Dense
from neuromorph.circuits.norm import Norm, norm_of
from neuromorph.compile.ranges.contract import prove_contract
from neuromorph.compile.ranges.prove import prove_ranges_of
from neuromorph.errors import RangeProofError
from neuromorph.network import (
    Network,
    Population,
    Probe,
    Schedule,
    parallel,
    wire,
)
from neuromorph.network.credit import credit
from neuromorph.neurons.requantise import Requantise

MOST = 2**23 - 1
PERIOD = 12
NEAR = .9


def bound_of(network: Network, where: str) -> int:
    """The furthest that a sum is proved to get."""
    (found,) = (b for b in prove_ranges_of(network).bounds
                if (b.where, b.accumulator) == (where, "sum"))
    assert found.status == "proved"
    assert found.high is not None
    assert found.low is not None
    return max(found.high, -found.low)


def along(row: Ints, length: float) -> Ints:
    """A vector in the direction of a row."""
    found: Ints = np.rint(row * (length / np.linalg.norm(row))).astype(np.int64)
    return found


# --- a vector over its norm, into a dense layer


def layer_behind(norm: Norm, weights: Ints) -> Network:
    """A norm, and neurons that send the sums that they hear."""
    rows, columns = weights.shape
    sums = Population("sums", rows, Requantise(2, 1, 0, MOST, norm.period,
                                               (norm.h_at + 1) % norm.period))
    layer = Network("layer", "fixed", (source("h", columns), sums),
                    (dense("w", "h", "sums", weights),), Schedule(norm.period),
                    inputs=(input_of("h", columns, -norm.limit, norm.limit,
                                     (norm.h_at % norm.period,), "", norm.longest),))
    return wire(parallel({"norm": norms.build(norm), "layer": layer}), {"layer.h": "norm.h"})


def widest(weights: Ints, limit: int) -> Norm:
    """The norm of the largest payloads whose sums are proved, to a percent."""
    payload = MOST / np.linalg.norm(weights.astype(float), axis=1).max() / weights.shape[1]**.5
    while True:
        norm = norm_of(weights.shape[1], payload, limit, PERIOD)
        try:
            prove_contract(layer_behind(norm, weights))
        except RangeProofError:
            payload *= .99
            continue
        return norm


@pytest.mark.parametrize(("rows", "columns"), [(5, 6), (9, 64), (6, 300)])
@pytest.mark.parametrize("seed", range(3))
def test_a_vector_along_a_row_reaches_the_bound(rows: int, columns: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    weights = rng.integers(-127, 128, (rows, columns))
    norm = widest(weights, 2**22)
    network = layer_behind(norm, weights)
    bound = bound_of(network, "layer.sums")
    assert .95 * MOST < bound <= MOST
    longest = np.linalg.norm(weights.astype(float), axis=1).argmax()
    stream = np.array([along(sign * row, length) for row in weights
                       for sign in (1, -1) for length in (MOST / 2, 60_000)])
    train = np.zeros((PERIOD * (len(stream) + 1), columns), np.int64)
    train[:-PERIOD:PERIOD] = stream
    done = backends.get("reference").run(network, {"norm.r": train}, [Probe("layer.sums")],
                                         len(train))
    sums = done.spikes("layer.sums")[norm.h_at + 1 :: PERIOD]
    reached = np.abs(sums).max(axis=0)
    assert reached.max() <= bound
    assert reached[longest] >= NEAR * bound
    assert not any(count for name, count in done.overflows.items() if name != "norm.rsqrt")


def test_a_norm_a_little_longer_than_the_widest_is_refused() -> None:
    weights = np.random.default_rng(0).integers(-127, 128, (9, 64))
    norm = widest(weights, 2**22)
    longer = replace(norm, multiplier=norm.multiplier * 102 // 100)
    with pytest.raises(RangeProofError, match=r"layer\.sums: the sum could overflow"):
        prove_contract(layer_behind(longer, weights))


@pytest.mark.parametrize("size", ["small", "middle", "large"])
def test_a_hidden_vector_along_a_row_reaches_the_bound_of_w_d(size: str) -> None:
    block = random_block(size, 2)
    weights, norm = block.down.weights, block.unit_norm
    network, period = layer_behind(norm, weights), norm.period
    row = weights[np.linalg.norm(weights.astype(float), axis=1).argmax()]
    train = np.zeros((period, block.hidden), np.int64)
    train[0] = along(row, 2**20)
    done = backends.get("reference").run(network, {"norm.r": train}, [Probe("layer.sums")], period)
    reached, bound = np.abs(done.spikes("layer.sums")).max(), bound_of(network, "layer.sums")
    assert .95 * bound <= reached <= bound
    assert not done.overflows["norm.scale"]


@pytest.mark.parametrize("size", ["middle", "large"])
@pytest.mark.parametrize("seed", [1, 2, 3])
def test_a_token_along_a_row_reaches_the_bound_of_a_block(size: str, seed: int) -> None:
    """Queries, keys and values behind the first norm; the gate behind the second.

    A layer norm sends nothing along the mean of a row: the bound does not know that.
    """
    block = random_block(size, seed)
    network, centred = build(block), block.mlp_norm.centred
    for name, layers, norm in (
            ("project.query_x", [block.query], "attention_norm"),
            ("project.key_x", [block.key], "attention_norm"),
            ("project.value_x", [block.value], "attention_norm"),
            ("gated.a", [block.gate, block.up], "mlp_norm")):
        rows = np.concatenate([layer.weights for layer in layers if layer is not None])
        row = rows[np.linalg.norm(rows.astype(float), axis=1).argmax()]
        given = pipelined(block, along(row, 2**21)[None])
        done = backends.get("reference").run(
            network, trains(block, given), [Probe(f"{norm}.scale")], given.steps)
        at = block.timeline.normed_at if norm == "mlp_norm" else block.timeline.lead
        reached = abs(int(done.spikes(f"{norm}.scale")[at] @ row))
        bound = bound_of(network, name)
        known = np.std(row) / np.sqrt(np.mean(row.astype(float)**2)) if centred else 1
        assert NEAR * known * bound <= reached <= bound, name
        assert not any(done.overflows[p] for p in (name, f"{norm}.scale"))


# --- contexts into W_o


def with_constant_values(block: Block, row: Ints) -> Block:
    """Values that are always at their limits, with the signs of a row of W_o."""
    outputs = block.value.outputs
    value = Dense(np.zeros_like(block.value.weights), block.value.multiplier, block.value.shift,
                  np.sign(row) * (2**15 - 1))
    code = replace(block.value_code, multiplier=np.full(outputs, 2**15), shift=np.full(outputs, 16),
                   centre=np.zeros(outputs, np.int64))
    return replace(block, value=value, value_code=code)


@pytest.mark.parametrize("turns", [1, 2, 3])
@pytest.mark.parametrize("size", ["small", "large"])
def test_contexts_along_a_row_reach_the_bound_of_each_part(size: str, turns: int) -> None:
    block = random_block(size, 1)
    block = replace(block, turns=turns, groups=len(block.heads), key=block.query,
                    key_code=replace(block.query_code, limit=block.key_code.limit))
    row = block.output.weights[np.abs(block.output.weights).sum(axis=1).argmax()]
    block = with_constant_values(block, row)
    network = build(block)
    promises = credit(network).promises
    given = usual(block)
    done = clocked(block, network, given)
    sent = [done.spikes(f"head{n}.control") for n in range(len(block.heads))]
    columns = np.split(row, len(sent))
    for turn in range(turns):
        part = np.arange(block.size) % turns == turn
        bound = sum(int(np.abs(w[part]) @ promises[f"head{n}.control"].span.high[part])
                    for n, w in enumerate(columns))
        at = given.starts + block.timeline.context_at + turn
        reached = sum(spikes[at] @ np.where(part, w, 0)
                      for spikes, w in zip(sent, columns, strict=True))
        assert np.abs(reached).max() <= bound
        assert np.abs(reached).max() >= NEAR * bound
    assert differs(block, network, given) is None


# --- what is cut off is counted


def test_usual_tokens_cut_nothing_off() -> None:
    for size in ("small", "middle"):
        block = random_block(size, 0)
        done = clocked(block, build(block), usual(block, tokens=5), "reference")
        idle = "unit_norm.rsqrt"  # the factor of no hidden vector, where no token is
        assert not any(count for name, count in done.overflows.items() if name != idle)


def test_a_stream_that_saturates_is_counted() -> None:
    block = replace(random_block("middle", 8), carries=((4, 1), (2, 1)))
    network = build(block)
    stream = np.clip(tokens_of(block, 3, 4) * 600, -MOST, MOST)
    given = pipelined(block, stream)
    assert differs(block, network, given, "reference") is None
    wide = 2 * stream + block.output.bias
    cut = int((np.abs(wide) > MOST).sum())
    assert 0 < cut < stream.size
    done = clocked(block, network, given, "reference")
    assert done.overflows["attended.out"] >= cut
    assert done.overflows["mlp_norm.scale"] == done.overflows["gated.a"] == 0
    (bound,) = (b for b in prove_ranges_of(network).bounds
                if (b.where, b.accumulator) == ("attended.out", "potential"))
    assert bound.status == "saturates"


def test_a_gate_that_clips_is_counted_number_by_number() -> None:
    block = replace(random_block("middle", 0), hidden_limit=1500)
    network = build(block)
    given = usual(block, tokens=6)
    assert differs(block, network, given, "reference") is None
    wide = replace(block, hidden_limit=MOST)
    free = np.abs(clocked(wide, build(wide), given).spikes("gated.a"))
    cut = int((free > 1500).sum())
    assert 0 < cut < np.count_nonzero(free)
    done = clocked(block, network, given, "reference")
    assert done.overflows["gated.a"] == cut
    assert done.overflows["attended.out"] == 0
    (bound,) = (b for b in prove_ranges_of(network).bounds
                if (b.where, b.accumulator) == ("gated.a", "payload"))
    assert bound.status == "saturates"


def test_a_norm_that_clips_is_counted_number_by_number() -> None:
    block = random_block("middle", 0)
    free = block.attention_norm
    block = replace(block, attention_norm=replace(free, limit=300))
    network = build(block)
    given = usual(block, tokens=6)
    assert differs(block, network, given, "reference") is None
    cut = int((np.abs(closed_form.normed(free, given.stream)[0]) > 300).sum())
    done = clocked(block, network, given, "reference")
    assert done.overflows["attention_norm.scale"] == cut > 0
    assert not done.overflows["mlp_norm.scale"]
