"""Queries and keys over the norms of their heads: by the clock, planted faults, and bounds."""

from __future__ import annotations

from dataclasses import replace
from functools import lru_cache
from typing import Any

import numpy as np
import pytest
from block_faults import (
    NOT_THE_NORM,
    Planted,
    dropped,
    model,
    numbers,
    one_more,
    plus,
    synapse,
)
from block_streams import (
    SIZES,
    Ints,
    clocked,
    closed,
    differs,
    expected,
    first_difference,
    pipelined,
    random_block,
    sequential,
    silent_elsewhere,
    tokens_of,
    told,
    trains,
    usual,
)
from small_blocks import a_block, a_stream
from small_timed import WITH_LAVA

from neuromorph import backends
from neuromorph.circuits.block.build import build
from neuromorph.circuits.block.closed_form import heard, normed
from neuromorph.circuits.block.numbers import X_LIMIT, Block, check
from neuromorph.circuits.block.stages import phases_of, rows_of
from neuromorph.circuits.block.timeline import Timeline
from neuromorph.circuits.norm import build as build_norm
from neuromorph.circuits.norm import norm_of
from neuromorph.compile.ranges.contract import prove_contract
from neuromorph.errors import NetworkError, NeuromorphError
from neuromorph.network import Network, Probe, verify
from neuromorph.network.credit import credit

TOKENS = 10
QUERY, KEY = "project.query_gained", "project.key_gained"


@lru_cache
def built(size: str, seed: int) -> tuple[Block, Network]:
    block = random_block(size, seed, head_norms=True)
    return block, build(block)


# --- several vectors side by side


@pytest.mark.parametrize("backend", ["reference", "fast"])
@pytest.mark.parametrize("centred", [False, True])
def test_vectors_side_by_side_each_have_a_norm(backend: str, centred: bool) -> None:
    rng = np.random.default_rng(0)
    norm = norm_of(5, 277, 8191, 12, epsilon=1e4, root=True, centred=centred, heads=3)
    stream = np.rint(rng.normal(0, 1, (9, 3, 5)) * 5.0**rng.integers(0, 8, (9, 3, 1)))
    stream = np.clip(stream, -norm.largest, norm.largest).astype(np.int64)
    alone = [normed(replace(norm, heads=1), stream[:, head]) for head in range(3)]
    h, root = (np.stack(parts, axis=1) for parts in zip(*alone, strict=True))
    network = build_norm(norm)
    assert prove_contract(network).proved
    train = np.zeros((12 * 10, norm.width), np.int64)
    train[:-12:12] = stream.reshape(9, -1)
    done = backends.get(backend).run(network, {"r": train}, [Probe("scale"), Probe("root")],
                                     len(train))
    np.testing.assert_array_equal(done.spikes("scale")[norm.h_at :: 12][:9], h.reshape(9, -1))
    np.testing.assert_array_equal(done.spikes("root")[norm.y_at :: 12][:9], root)
    (port,) = (port for port in network.outputs if port.name == "h")
    assert .95 * port.norm <= np.linalg.norm(h.reshape(9, -1), axis=1).max() <= port.norm


# --- by the clock


@pytest.mark.parametrize("seed", range(20))
@pytest.mark.parametrize("size", SIZES)
def test_by_the_clock_a_block_is_its_closed_form(size: str, seed: int) -> None:
    block, network = built(size, seed)
    stream = tokens_of(block, seed, TOKENS)
    given = pipelined(block, stream)
    done = clocked(block, network, given)
    truth = closed(block, stream)
    assert first_difference(dict(told(block, done, given.starts)),
                            expected(block, stream, truth)) is None
    assert silent_elsewhere(block, done)
    assert all(np.unique(part).size > 4 for part in truth)
    assert not prove_contract(network).unproved
    assert differs(block, network, sequential(block, stream[:4])) is None


@pytest.mark.parametrize(("backend", "size", "tokens"), [
    ("reference", "small", 6), ("reference", "middle", 6), ("reference", "large", 6),
    pytest.param("lava", "small", 2, marks=[*WITH_LAVA.marks, pytest.mark.slow])])
def test_other_backends_do_the_same(backend: str, size: str, tokens: int) -> None:
    block, network = built(size, 0)
    assert differs(block, network, pipelined(block, tokens_of(block, 0, tokens)), backend) is None


def test_queries_of_nothing_stay_nothing() -> None:
    """No weight and no bias: a sum of squares of 0, and what is added to it."""
    block, _ = built("middle", 8)
    nothing = {role: replace(getattr(block, role), bias=0 * getattr(block, role).bias)
               for role in ("query", "key")}
    block = replace(block, **nothing)
    assert not any(heard(block, role, np.zeros((1, block.width), np.int64)).any()
                   for role in ("query", "key"))
    assert differs(block, build(block), usual(block)) is None


@pytest.mark.parametrize("size", SIZES)
def test_a_block_takes_nine_steps_more_and_its_period_stays(size: str) -> None:
    """As many neurons more as three a number, and one a head."""
    for seed in range(4):
        block, network = built(size, seed)
        without = random_block(size, seed)
        assert block.timeline.end_at == without.timeline.end_at + 9
        assert block.period == without.period
        added = (sum(p.size for p in one.populations if not p.is_source)
                 for one in (network, build(without)))
        heads = len(block.heads) + block.groups
        assert -np.subtract(*reversed(list(added))) == heads * (3 * block.size + 1)
        named = {name for row in rows_of(block, network) for name in row.populations}
        assert named == {p.name for p in network.populations}
        assert phases_of(block)[-1].stop == block.timeline.end_at + 1


# --- planted faults


def exchanged(weights: Ints) -> Ints:
    """Each head hears the norm of the other one."""
    return np.roll(weights, weights.shape[0] // 2, axis=0)


def only_first(weights: Ints) -> Ints:
    """The last head's factor never comes."""
    found = weights.copy()
    found[-1] = 0
    return found


FAULTS: dict[str, Planted] = {
    "eps": Planted(model("query_norm.rsqrt", least=lambda old: old // 2), QUERY, NOT_THE_NORM),
    "no eps": Planted(model("key_norm.rsqrt", least=0), KEY, NOT_THE_NORM),
    "a norm's constant": Planted(model("key_norm.rsqrt", multiplier=plus(9)), KEY, NOT_THE_NORM,
                                 "long"),
    "rung threshold": Planted(model("query_norm.rsqrt", threshold=lambda old: old // 2**9), QUERY,
                              NOT_THE_NORM, "long"),
    "a rung twice as coarse": Planted(model("query_norm.square", shift=plus(1)), QUERY,
                                      NOT_THE_NORM),
    "one gain": Planted(model(KEY, multiplier=one_more), KEY, stream="long"),
    "gains in another order": Planted(model(QUERY, multiplier=lambda old: old[::-1]), QUERY),
    "a gain's shift": Planted(model(QUERY, shift=plus(1)), QUERY),
    "gains without their signs": Planted(synapse("project.query_gain", weights=np.abs), QUERY),
    "no gains": Planted(numbers(lambda block: {"key_norm": replace(
        block.key_norm, gain=0 * block.key_norm.gain + 2**14)}), KEY),
    "gains behind the turn": Planted(numbers(lambda block: {
        "query_norm": replace(block.query_norm, gain=0 * block.query_norm.gain + 2**14,
                              shift=0 * block.query_norm.shift + 14),
        "query_code": replace(block.query_code, multiplier=(
            block.query_code.multiplier * np.tile(abs(block.query_norm.gain), 2) >> 14))}), QUERY),
    "keys without a norm": Planted(synapse("project.key_gain", pre="project.key_x", delay=8), KEY),
    "queries without a norm": Planted(synapse("project.query_gain", pre="project.query_x",
                                              delay=8), QUERY),
    "a head over another's norm": Planted(synapse("query_norm.factor", weights=exchanged), QUERY,
                                          NOT_THE_NORM),
    "one norm of all heads": Planted(synapse("query_norm.sum", weights=lambda w: 0 * w + 1), QUERY,
                                     NOT_THE_NORM),
    "one head's rsqrt": Planted(synapse("query_norm.factor", weights=only_first), QUERY,
                                NOT_THE_NORM),
    "no squares": Planted(dropped("key_norm.sum"), KEY),
    "a clip before the norm": Planted(model("project.query_x", limit=2**11), QUERY),
    "a clip": Planted(model(KEY, limit=2**10), KEY),
    "a norm's clip": Planted(model("query_norm.scale", limit=2**10), QUERY, NOT_THE_NORM),
    "squares late": Planted(synapse("query_norm.keep", delay=1), QUERY, NOT_THE_NORM),
    "numbers late": Planted(synapse("key_norm.hold", delay=1), KEY, NOT_THE_NORM),
    "gains late": Planted(synapse("project.key_gain", delay=1), KEY),
    "partner with its own": Planted(synapse("project.query_partner", delay=0), "project.query"),
    "angles as without a norm": Planted(synapse("project.key_angle", delay=plus(-9)),
                                        "project.key"),
    "values as without a norm": Planted(synapse("clock.to_value_on0", delay=plus(-9)), "value"),
}


def the_block() -> Block:
    return built("middle", 8)[0]


@pytest.mark.parametrize("name", FAULTS)
def test_a_fault_makes_another_block(name: str) -> None:
    block, planted = the_block(), FAULTS[name]
    stream = a_stream(2, 120, 6) if planted.stream == "long" else a_stream(0, TOKENS, 6)
    found = differs(block, verify(planted.make(block)), pipelined(block, stream))
    assert found is not None
    assert found.startswith(f"{planted.stage}: token")


@pytest.mark.parametrize("name", [name for name, fault in FAULTS.items() if fault.refused])
def test_a_fault_is_refused_by_the_proof(name: str) -> None:
    with pytest.raises(NeuromorphError, match=FAULTS[name].refused):
        prove_contract(verify(FAULTS[name].make(the_block())))


def test_gains_at_another_step_are_refused_or_found(monkeypatch: pytest.MonkeyPatch) -> None:
    block, right = the_block(), Timeline.heard_at.fget
    given = usual(block)
    truth = closed(block, given.stream)
    monkeypatch.setattr(Timeline, "heard_at", property(lambda times: right(times) + 1))
    with pytest.raises(NeuromorphError, match="two of a neuron's steps are the same"):
        build(block)
    monkeypatch.setattr(Timeline, "heard_at", property(lambda times: right(times) - 1))
    done = clocked(block, build(block), given)  # before the norm has come
    assert not np.array_equal(
        done.spikes("project.query")[given.starts + block.timeline.code_at], truth.query)


@pytest.mark.parametrize(("changed", "text"), [
    ({"key_norm": None}, "both normed, or neither.*query alone"),
    ({"query_norm": a_block(head_norms=True).key_norm}, r"query_norm: .*found 1 of 4 numbers"),
    ({"key_norm": a_block(head_norms=True, size=6).key_norm}, "found 1 of 6 numbers"),
    ({"key_norm": a_block(head_norms=True, windows=(12,)).key_norm}, "a head's norm is of another"),
    ({"gain": np.ones(3, np.int64)}, "not one a number of a head"),
    ({"gain": np.full(4, -65536)}, "does not fit 16 bits and a sign"),
    ({"norm": norm_of(4, 200, 8191, 21, centred=True)}, "a layer norm of queries and keys")])
def test_what_is_no_norm_of_its_heads_is_refused(changed: dict[str, Any], text: str) -> None:
    block = the_block()
    if not changed.keys() <= {"key_norm", "query_norm"}:
        changed = {"key_norm": replace(block.key_norm, **changed)}
    with pytest.raises(NetworkError, match=text):
        check(replace(block, **changed))


# --- bounds


@pytest.mark.parametrize(("role", "column"), [
    (role, column) if (role, column) in {("query", 0), ("key", 3)} else
    pytest.param(role, column, marks=pytest.mark.slow)
    for role in ("query", "key") for column in range(4)])
def test_one_number_alone_reaches_the_bounds_of_norm_and_gain(role: str, column: int) -> None:
    """What a head has is nearly one number: that over its norm is as large as it may be."""
    block = the_block()
    layer, own = getattr(block, role), block.head_norms[role]
    alone = np.arange(layer.outputs) % block.size == column
    block = replace(block, **{
        role: replace(layer, weights=layer.weights * alone[:, None], bias=layer.bias * alone,
                      multiplier=np.full(layer.outputs, 2**16 - 1),
                      shift=np.full(layer.outputs, 11)),
        f"{role}_norm": replace(own, norm=replace(own.norm, limit=own.norm.longest))})
    network, given = build(block), usual(block)
    assert differs(block, network, given, "reference") is None
    promised = credit(network).promises
    done = backends.get("reference").run(
        network, trains(block, given), [Probe(f"{role}_norm.scale"),
                                              Probe(f"project.{role}_gained"),
                                              Probe(f"project.{role}_x")], given.steps)
    assert np.abs(done.spikes(f"project.{role}_x")).max() > 8 * X_LIMIT  # and 24 bits are used
    for name in (f"{role}_norm.scale", f"project.{role}_gained"):
        reached = np.abs(done.spikes(name)).max(axis=0)[column :: block.size]
        bound = promised[name].span.high[column :: block.size]
        assert (reached >= .9 * bound).all(), name
        assert (reached <= bound).all(), name
    assert not any(done.overflows[name] for name in (
        f"{role}_norm.scale", f"project.{role}_gained", f"{role}_norm.square"))
