"""Inputs of which one at most speaks: what they bring is not added up."""

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

LOUDEST = 2**15
PORTS = tuple(Port(name, name, 2, 24, -LOUDEST, LOUDEST, (0,), "a part", alone=True, rivals="in0")
              for name in ("in0", "in1", "in2"))
EACH = np.eye(2, dtype=np.int8)


def parts(ports: tuple[Port, ...] = PORTS, late: int = 0) -> Network:
    """Each part brings up to 200 * 2^15: two at once would leave 24 bits."""
    populations, ways = [Population(port.name, 2, Source(24)) for port in ports], []
    for n, port in enumerate(ports):
        populations.append(Population(f"part{n}", 2, Relay()))
        ways += [Projection(f"w{n}", port.name, f"part{n}", np.full((2, 2), 200), graded=True),
                 Projection(f"add{n}", f"part{n}", "out", EACH, late * n, graded=True)]
    out = Population("out", 2, Relay())
    return verify(Network("parts", "fixed", (*populations, out), tuple(ways), Schedule(4),
                          inputs=ports, outputs=(Port.of(out),)))


def test_the_sum_is_what_the_loudest_brings() -> None:
    proof = prove_contract(parts())
    (bound,) = (one for one in proof.bounds if (one.where, one.accumulator) == ("out", "payload"))
    assert (bound.low, bound.high) == (-200 * LOUDEST, 200 * LOUDEST)


def test_inputs_that_may_speak_together_are_added_up() -> None:
    two = tuple(replace(port, rivals="") for port in PORTS[:2])
    for ports in (two, (replace(PORTS[0], rivals="a"), replace(PORTS[1], rivals="b"))):
        with pytest.raises(RangeProofError, match="the payload could overflow"):
            prove_contract(parts(ports))


def test_parts_that_are_heard_in_another_step_are_no_rivals() -> None:
    """Two that come one after the other may be heard at once."""
    anytime = tuple(replace(port, steps=None) for port in PORTS)
    assert prove_contract(parts(anytime)).proved
    with pytest.raises(RangeProofError, match="the payload could overflow"):
        prove_contract(parts(anytime, late=1))


def test_a_host_that_lets_two_speak_is_refused() -> None:
    trains = {port.name: np.zeros((8, 2), np.int64) for port in PORTS}
    trains["in0"][0, 1], trains["in2"][4, 0] = 5, -9
    backends.get("fast").run(parts(), trains, [Probe("out")], 8)
    trains["in1"][4, 0] = 1
    with pytest.raises(UsageError, match="several of some inputs speak in a step; found 2"):
        backends.get("fast").run(parts(), trains, [Probe("out")], 8)


def test_nothing_is_wired_to_one_of_them() -> None:
    both = parallel({"a": parts(), "b": parts()}, at={"b": 2})
    with pytest.raises(NetworkError, match="nothing proves that one at most of several inputs"):
        wire(both, {"b.in1": "a.out"})


def test_an_output_has_no_rivals() -> None:
    network = parts()
    claim = replace(network.outputs[0], rivals="out")
    with pytest.raises(NetworkError, match="only inputs have rivals"):
        verify(replace(network, outputs=(claim,)))


def test_their_common_name_is_that_of_a_part() -> None:
    both = parallel({"a": parts(), "b": parts()})
    assert {port.rivals for port in both.inputs} == {"a.in0", "b.in0"}
    assert prove_contract(both).proved


def test_the_text_says_so() -> None:
    network = parts()
    back = parse_network(to_text(network), arrays_of(network))
    assert back.inputs == network.inputs
    assert to_text(back) == to_text(network)
