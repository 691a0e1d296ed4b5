"""A transformer block by the clock is its closed form, to the bit, whenever its tokens come."""

from __future__ import annotations

from dataclasses import replace
from functools import lru_cache

import numpy as np
import pytest
from block_streams import (
    SIZES,
    clocked,
    closed,
    differs,
    expected,
    first_difference,
    pipelined,
    random_block,
    sequence,
    sequential,
    silent_elsewhere,
    tokens_of,
    told,
    trains,
)
from small_blocks import a_block
from small_timed import WITH_LAVA

from neuromorph import backends
from neuromorph.circuits.block.build import build
from neuromorph.circuits.block.numbers import Block
from neuromorph.compile.ranges.contract import prove_contract
from neuromorph.errors import NetworkError, NeuromorphError
from neuromorph.network import (
    Network,
    Probe,
    arrays_of,
    parallel,
    parse_network,
    to_text,
    verify,
    wire,
)

TOKENS = 10


@lru_cache
def built(size: str, seed: int) -> tuple[Block, Network]:
    block = random_block(size, seed)
    return block, build(block)


@pytest.mark.parametrize("seed", range(20))
@pytest.mark.parametrize("size", SIZES)
def test_a_token_every_period_is_the_closed_form(size: str, seed: int) -> None:
    block, network = built(size, seed)
    stream = tokens_of(block, seed, TOKENS)
    assert block.slots < TOKENS  # the ring is wrapped
    assert not stream[2].any()
    assert block.post or np.abs(stream[4]).max() == 2**21
    given = pipelined(block, stream)
    assert block.timeline.end_at > block.period  # tokens overlap
    done = clocked(block, network, given)
    truth = expected(block, stream, closed(block, stream))
    assert first_difference(dict(told(block, done, given.starts)), truth) is None
    assert silent_elsewhere(block, done)


@pytest.mark.parametrize("seed", range(20))
@pytest.mark.parametrize("size", SIZES)
def test_every_block_is_proved(size: str, seed: int) -> None:
    _, network = built(size, seed)
    assert not prove_contract(network).unproved


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("size", SIZES)
def test_a_token_after_the_other_is_the_closed_form(size: str, seed: int) -> None:
    block, network = built(size, seed)
    given = sequential(block, tokens_of(block, seed + 100, TOKENS))
    assert np.diff(given.starts).min() > block.timeline.end_at
    assert differs(block, network, given) is None


@pytest.mark.parametrize("size", SIZES)
def test_random_blocks_try_what_there_is(size: str) -> None:
    blocks = [built(size, seed)[0] for seed in range(20)]
    assert len({(b.rotary, b.up is not None, b.turns) for b in blocks}) == 12
    assert {(b.post, bool(b.mlp_norm.centred)) for b in blocks} == {
        (post, centred) for post in (True, False) for centred in (True, False)}
    assert size == "small" or {b.groups < len(b.heads) for b in blocks} == {True, False}
    spoken: set[str] = set()
    for block in blocks:
        truth = closed(block, tokens_of(block, 0, TOKENS))
        assert (np.abs(truth.key) < block.key_code.limit).mean() > .2
        assert all(np.unique(part).size > 4 for part in truth)
        for n, head in enumerate(block.heads):
            size_ = block.size
            mine, theirs = (slice(g * size_, (g + 1) * size_) for g in (n, block.group_of(n)))
            scores = -2 * (truth.query[:, mine] @ truth.key[:, theirs].T) >> head.key_shift
            due = -((scores - head.first_due) // head.ramp)[np.tri(TOKENS, dtype=bool)]
            spoken |= {"early"} if (due <= 0).any() else set()
            spoken |= {"forced"} if (due >= head.window).any() else set()
            spoken |= {"timely"} if ((due > 0) & (due < head.window)).any() else set()
    assert spoken == {"early", "timely", "forced"}


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("seed", [0, 1, 2, 3])
def test_tokens_may_come_in_any_period(size: str, seed: int) -> None:
    """And what comes without a pulse in between is not remembered."""
    block, network = built(size, seed)
    rng = np.random.default_rng(seed)
    periods = np.cumsum(rng.integers(1, 5, TOKENS))
    given = sequence(block, tokens_of(block, seed, TOKENS), periods.tolist())
    between = np.setdiff1d(np.arange(periods[-1]), periods) * block.period
    noise = {int(step): rng.integers(-8000, 8000, block.width) for step in between}
    assert len(noise) > 3
    assert differs(block, network, replace(given, noise=noise)) is None
    assert differs(block, network, given) is None


@pytest.mark.parametrize("size", SIZES)
def test_a_token_after_a_long_silence_knows_those_before(size: str) -> None:
    block, network = built(size, 4)
    stream = tokens_of(block, 7, 6)
    assert differs(block, network, sequence(block, stream, [0, 1, 2, 203, 204, 1000])) is None


@pytest.mark.parametrize("first", [1, 2, 5, 9])
@pytest.mark.parametrize("size", SIZES)
def test_a_negative_pulse_begins_a_new_sequence(size: str, first: int) -> None:
    block, network = built(size, first)
    stream = tokens_of(block, first, first + 8)
    periods = [*range(first), *range(first + 1, len(stream) + 1)]
    given = replace(sequence(block, stream, periods), empties=(first * block.period,))
    positions = np.array([*range(first), *range(8)])
    sent = dict(told(block, clocked(block, network, given, positions=positions), given.starts))
    for part in (slice(first), slice(first, None)):
        truth = expected(block, stream[part], closed(block, stream[part]))
        assert first_difference({name: one[part] for name, one in sent.items()}, truth) is None
    alone = closed(block, stream[first:]).end  # and a ring that forgot nothing sends another
    together = closed(block, stream).end[first:]
    assert (alone != together).any()


@pytest.mark.parametrize(("backend", "size", "seed", "tokens"), [
    ("reference", "small", 0, 6), ("reference", "middle", 1, 6), ("reference", "large", 2, 8),
    pytest.param("lava", "small", 0, 2, marks=[*WITH_LAVA.marks, pytest.mark.slow])])
def test_other_backends_do_the_same(backend: str, size: str, seed: int, tokens: int) -> None:
    block, network = built(size, seed)
    given = pipelined(block, tokens_of(block, seed, tokens))
    assert differs(block, network, given, backend) is None


@pytest.mark.parametrize("size", SIZES)
def test_a_block_hears_its_stream_its_angles_and_its_pulse_only(size: str) -> None:
    for seed in range(4):
        block, network = built(size, seed)
        sources = {p.name for p in network.populations if p.is_source}
        assert sources == {"r", "token"} | ({"angle"} if block.rotary else set())
        assert {port.population for port in network.inputs} == sources
        assert [port.population for port in network.outputs] == ["out"]
        sent = trains(block, pipelined(block, tokens_of(block, 0, 3)))
        spoken = {name: set(np.flatnonzero(train.any(axis=1)) % block.period)
                  for name, train in sent.items()}
        assert all(spoken[port.population] <= set(port.steps or ()) for port in network.inputs)
        assert sources == sent.keys()


@pytest.mark.parametrize("size", SIZES)
def test_no_neuron_holds_much(size: str) -> None:
    for seed in range(4):
        _, network = built(size, seed)
        for p in network.populations:
            assert len(p.model.words) <= 4, p.name
            arrays = [v for v in p.model.parameters().values() if isinstance(v, np.ndarray)]
            assert all(array.shape == (p.size,) for array in arrays), p.name
            assert len(p.model.ports) <= 2, p.name


@pytest.mark.parametrize("size", SIZES)
def test_the_slots_hold_the_last_keys_and_values(size: str) -> None:
    block, network = built(size, 3)
    stream = tokens_of(block, 3, TOKENS)
    given, truth = pipelined(block, stream), closed(block, stream)
    done = clocked(block, network, given)
    last = {t % block.slots: t for t in range(TOKENS)}
    held = [last[slot] for slot in range(block.slots)]
    for n in range(len(block.heads)):
        mine = slice(block.group_of(n) * block.size, (block.group_of(n) + 1) * block.size)
        on, off = np.split(done.synapses[f"head{n}.key"][0], 2, axis=1)
        np.testing.assert_array_equal((on - off) // 2, truth.key[held][:, mine])
        np.testing.assert_array_equal(done.synapses[f"head{n}.value"][0].T // 2,
                                      truth.value[held][:, mine])


@pytest.mark.parametrize("size", SIZES)
def test_a_blocks_text_is_the_block(size: str) -> None:
    for seed in range(3):
        block, network = built(size, seed)
        text = to_text(network)
        back = verify(parse_network(text, arrays_of(network)))
        assert to_text(back) == text
        assert not prove_contract(back).unproved
        assert differs(block, back, pipelined(block, tokens_of(block, seed, 5))) is None


# --- two blocks


def two(first: Block, second: Block) -> Network:
    """The second hears what the first sends, in the step in which it is sent."""
    late = first.timeline.end_at % first.period
    return wire(parallel({"a": build(first), "b": build(second)}, at={"b": late}),
                {"b.r": "a.out"})


@pytest.mark.parametrize(("seed", "next_seed"), [(0, 5), (1, 6), (2, 7), (12, 13), (15, 16)])
def test_two_blocks_are_two_closed_forms_one_after_the_other(
    seed: int, next_seed: int
) -> None:
    first, second = built("middle", seed)[0], built("middle", next_seed)[0]
    network = two(first, second)
    assert not prove_contract(network).unproved
    stream = tokens_of(first, seed, TOKENS)
    later = first.timeline.end_at
    given = pipelined(first, stream)
    steps = given.steps + second.timeline.end_at
    sent = {f"a.{name}": np.pad(train, ((0, steps - len(train)), (0, 0)))
            for name, train in trains(first, given).items()}
    for name, train in trains(second, given).items():
        if name != "r":  # its pulse and its angles come with its stream
            sent[f"b.{name}"] = np.pad(train, ((later, steps), (0, 0)))[:steps]
    assert {p.name for p in network.populations if p.is_source} == sent.keys()
    done = backends.get("fast").run(network, sent, [Probe("a.out"), Probe("b.out")], steps)
    middle = closed(first, stream).end
    np.testing.assert_array_equal(done.spikes("a.out")[given.starts + later], middle)
    np.testing.assert_array_equal(
        done.spikes("b.out")[given.starts + later + second.timeline.end_at],
        closed(second, middle).end)


def test_a_second_block_that_begins_a_step_early_is_refused() -> None:
    block, network = built("middle", 0)
    early = (block.timeline.end_at - 1) % block.period
    with pytest.raises(NetworkError, match="in steps in which the input must be silent"):
        wire(parallel({"a": network, "b": network}, at={"b": early}), {"b.r": "a.out"})


# --- what is no block


@pytest.mark.parametrize(("changed", "text"), [
    ({"groups": 2, "heads": a_block(heads=3).heads}, "wrong shape"),
    ({"attention_norm": a_block(width=8).attention_norm}, "wrong shape"),
    ({"mlp_norm": a_block(windows=(12,)).mlp_norm}, "a norm is of another block"),
    ({"unit_norm": replace(a_block().unit_norm, root=0)}, "sends no root"),
    ({"query": replace(a_block().query, weights=a_block().query.weights + 2)}, "not fit 8 bits"),
    ({"gate": replace(a_block().gate, weights=np.full((9, 6), -128, np.int8))},
     "not fit 8 bits; found 128"),
    ({"gate": replace(a_block().gate, weights=a_block().gate.weights / 3)}, "are no integers"),
    ({"gate": replace(a_block().gate, weights=a_block().gate.weights * np.nan)},
     "are no integers"),
    ({"heads": ()}, "a block has no heads"), ({"groups": 0}, "a block has no groups"),
    ({"turns": 0}, "a block has no turns"), ({"carries": ((2, 1),)}, "both residuals"),
    ({"turns": 40}, "a context cannot be sent in that step"),
    ({"heads": tuple(replace(head, slots=0) for head in a_block().heads)}, "remembers no token"),
    ({"heads": (a_block().heads[0], replace(a_block().heads[1], slots=5))}, "two sizes"),
    ({"key_code": replace(a_block().key_code, centre=np.zeros(2, np.int64))},
     r"a centre is not one a neuron; found shape \(2,\)"),
    ({"query_code": replace(a_block().query_code, limit=30)},
     "a payload may leave the range that the input assumes; found -30 to 40"),
    ({"value_code": replace(a_block().value_code, limit=200)}, "found 0 to 200"),
    ({"product_shift": 31}, "product_shift is out of range"),
    ({"down": replace(a_block().down, shift=np.full(6, 5))}, "shift is out of range"),
    ({"carries": ((70_000, 1), (2, 1))}, "carry is out of range"),
])
def test_numbers_that_do_not_fit_are_refused(changed: dict[str, object], text: str) -> None:
    with pytest.raises(NeuromorphError, match=text):
        build(replace(a_block(), **changed))  # type: ignore[arg-type]
