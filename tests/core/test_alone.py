"""Ports of which one neuron speaks at a time: what is proved of them, and what is refused."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from neuromorph import backends
from neuromorph.compile.ranges.contract import prove_contract
from neuromorph.errors import NetworkError, RangeProofError, UsageError
from neuromorph.network import (
    Network,
    Population,
    Port,
    Probe,
    Projection,
    Relay,
    Schedule,
    Source,
    arrays_of,
    parallel,
    parse_network,
    to_text,
    verify,
    wire,
)
from neuromorph.network.sums import delivered
from neuromorph.neurons.requantise import Requantise

LOUDEST = 2**15
PORT = Port("in", "in", 6, 24, -3, LOUDEST, (0,), "one at a time", alone=True)


def layer(port: Port = PORT, weights: np.ndarray | None = None) -> Network:
    """Weights of -200 to 200: six axons at once would leave 24 bits."""
    rows = np.array([[200] * 6, [-200] * 6, [2, -4, 6, 0, 0, 0]]) if weights is None else weights
    out = Population("out", len(rows), Requantise(1, 1, period=3, at=1))
    return verify(Network(
        "layer", "fixed", (Population(port.population, port.size, Source(24)), out),
        (Projection("w", port.population, "out", rows, graded=True),), Schedule(3),
        inputs=(port,), outputs=(Port.of(out, (1,)),)))


def test_a_sum_is_what_the_loudest_brings_alone() -> None:
    proof = prove_contract(layer())
    (bound,) = (one for one in proof.bounds if (one.where, one.accumulator) == ("out", "sum"))
    assert (bound.low, bound.high) == (-200 * LOUDEST, 200 * LOUDEST)
    with pytest.raises(RangeProofError, match="the sum could overflow"):
        prove_contract(layer(replace(PORT, alone=False)))


def test_a_train_in_which_two_speak_is_refused() -> None:
    network, train = layer(), np.zeros((6, 6), np.int64)
    train[0, 1], train[3, 2] = 5, 9
    backends.get("fast").run(network, {"in": train}, [Probe("out")], 6)
    train[3, 5] = 1
    with pytest.raises(UsageError, match="several axons of an input speak in a step; found 2"):
        backends.get("fast").run(network, {"in": train}, [Probe("out")], 6)


def test_the_text_says_so_and_no_text_means_it_by_chance() -> None:
    for port in (PORT, replace(PORT, says="alone=1"), replace(PORT, alone=False, says="alone=1 ")):
        network = layer(replace(port, says=port.says.strip()))
        back = parse_network(to_text(network), arrays_of(network))
        assert back.inputs == network.inputs
        assert to_text(back) == to_text(network)


def relays(port: Port) -> Network:
    out = Population("out", port.size, Relay())
    return verify(Network(
        "relays", "fixed", (Population("in", port.size, Source(24)), out),
        (Projection("on", "in", "out", np.eye(port.size, dtype=np.int32), graded=True),),
        Schedule(3), inputs=(port,), outputs=(Port.of(out, (1,)),)))


def test_who_may_speak_together_is_not_wired_to_such_an_input() -> None:
    parts = parallel({"a": relays(replace(PORT, alone=False)), "b": layer()}, at={"b": 1})
    with pytest.raises(NetworkError, match="several neurons may speak in a step in which the "
                                           "input assumes one at most; found up to 6"):
        wire(parts, {"b.in": "a.out"})


def test_a_port_may_be_shared_by_another_input_that_says_so() -> None:
    both = wire(parallel({"a": layer(), "b": layer()}), {"b.in": "a.in"})
    assert prove_contract(both).proved
    parts = parallel({"a": layer(replace(PORT, alone=False), np.full((1, 6), 2)), "b": layer()})
    with pytest.raises(NetworkError, match="several neurons may speak"):
        wire(parts, {"b.in": "a.in"})


def test_a_single_neuron_is_always_alone() -> None:
    one = replace(PORT, size=1)
    parts = parallel({"a": relays(replace(one, alone=False)),
                      "b": layer(one, np.full((2, 1), 4))}, at={"b": 1})
    assert prove_contract(wire(parts, {"b.in": "a.out"})).proved


def test_an_output_that_says_so_is_refused_where_it_is_not_known() -> None:
    network = relays(replace(PORT, alone=False))
    claim = replace(network.outputs[0], alone=True)
    with pytest.raises(RangeProofError, match="several neurons may speak in a step, and it says"):
        prove_contract(replace(network, outputs=(claim,)))


@pytest.mark.parametrize("seed", range(20))
def test_no_single_axon_brings_more_than_is_proved(seed: int) -> None:
    rng = np.random.default_rng(seed)
    weights = 2 * rng.integers(-120, 121, (4, 6))
    weights[0] = np.abs(weights[0])  # of one sign
    projection = replace(layer(weights=weights).projection("w"), exponent=-int(seed % 2))
    low, high = delivered(projection, PORT.assumed, alone=True)
    brought = np.array([weights[:, j] * end >> seed % 2
                        for j in range(6) for end in (PORT.low, 0, PORT.high)])
    np.testing.assert_array_equal(low, brought.min(axis=0))
    np.testing.assert_array_equal(high, brought.max(axis=0))
