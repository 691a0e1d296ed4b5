"""What nobody may believe: forged parts, claims without rules, the start of a run."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from small_contracts import OVER, consumer, dense, with_projection
from small_heads import GRADED, attention

from neuromorph import backends
from neuromorph.compile.ranges.contract import prove_contract
from neuromorph.compile.ranges.prove import prove_ranges_of, require_proof
from neuromorph.errors import NetworkError, RangeProofError
from neuromorph.network import (
    Circuit,
    CubaLIF,
    Network,
    Part,
    Phase,
    Population,
    Port,
    Probe,
    Projection,
    Relay,
    Schedule,
    Source,
    parallel,
    verify,
    wire,
)
from neuromorph.network.credit import Doubt, credit, recognised_parts
from neuromorph.network.promises import lacks, promised_by
from neuromorph.neurons.requantise import Requantise
from neuromorph.numerics.limits import STATE_MAX

# --- the start of a run, and what nobody's rules show


def test_what_is_never_silent_is_still_missing_at_the_start() -> None:
    """Two that cancel: with a delay the second is not there in the first steps."""
    most = 8_000_000
    axons = [Population(name, 1, Source(24)) for name in "ab"]
    cells = Population("out", 1, Requantise(multiplier=1, shift=1))
    ports = [Port(p.name, p.name, 1, 24, 0, most, (0, 1, 2, 3), course=((0, 4, most, most),))
             for p in axons]
    network = Network("start", "fixed", (*axons, cells), (
        Projection("plus", "a", "out", np.full((1, 1), 2, np.int32), graded=True),
        Projection("minus", "b", "out", np.full((1, 1), -2, np.int32), delay=3, graded=True),
    ), Schedule(4), inputs=tuple(ports))
    assert not prove_ranges_of(network).proved
    half = with_projection(with_projection(network, "plus", exponent=-2), "minus", exponent=-2)
    assert prove_ranges_of(half).proved
    train = {name: np.full((8, 1), most) for name in "ab"}
    sent = backends.get("reference").run(half, train, [Probe("out")], 8).spikes("out")[:, 0]
    span = credit(half).promises["out"].span
    assert sent[1:4].all()
    assert span.low[0] <= sent.min() <= sent.max() <= span.high[0]


def test_that_later_values_are_ignored_is_nobodys_to_say() -> None:
    said = replace(dense(), inputs=(replace(dense().inputs[0], first=True),))
    with pytest.raises(RangeProofError, match="that later values are ignored; found no circuit's"):
        prove_contract(said)
    with pytest.raises(NetworkError, match="only an input can ignore what comes later"):
        prove_contract(dense(first=True))


def test_a_circuit_that_has_no_name_is_not_believed() -> None:
    @dataclass(frozen=True)
    class Liar(Circuit):
        def rebuilt(self, weights: Mapping[str, NDArray[Any]]) -> Network:
            return dense(OVER, low=-1, high=1)

    network = dense(OVER, low=-STATE_MAX, high=STATE_MAX)
    part = Part.whole(Liar(), network.populations, network.projections)
    (doubt,) = prove_ranges_of(replace(network, parts=(part,))).doubts
    assert "its circuit is none of the house, found Liar" in str(doubt)


def test_a_part_that_hears_what_it_does_not_assume_breaks_the_contract() -> None:
    """Nothing overflows; but what the head answers is not what its ports say."""
    axons, cells = Population("in", 3, Source(6)), Population("out", 3, Relay())
    front = Network("front", "fixed", (axons, cells), (
        Projection("on", "in", "out", np.eye(3, dtype=np.int32), graded=True),),
        inputs=(Port("in", "in", 3, 6, -2, 2),))
    whole = wire(parallel({"f": front, "h": attention(GRADED)[0]}), {"h.query": "f.out"})
    assert require_proof(whole).proved
    with pytest.raises(RangeProofError, match=(
            r"latency_attention of h\.match: query <- f\.out: .* found any step; expected step 3")):
        prove_contract(whole)


def test_a_door_verifies() -> None:
    network = dense()
    wide = replace(network, inputs=(replace(network.inputs[0], high=10**6),))
    for prove in (prove_contract, prove_ranges_of):
        with pytest.raises(NetworkError, match="exceeds its population's payload"):
            prove(wide)


@pytest.mark.parametrize("at", ["3", 1.5, -1, True])
def test_a_part_begins_at_a_step(at: Any) -> None:
    with pytest.raises(NetworkError, match="a part begins at a step of the whole"):
        parallel({"a": dense()}, at={"a": at})


def test_a_whole_norm_is_handed_on_as_it_is() -> None:
    both = parallel({"a": consumer(norm=100), "b": consumer(norm=100)}, at={"b": 1})
    assert prove_contract(wire(both, {"b.in": "a.out"})).proved


@pytest.mark.parametrize("forge", ["moved", "twice"])
def test_a_forged_part_is_not_believed(forge: str) -> None:
    """A projection of the builder's that ends elsewhere, or stands for two."""
    network = attention(GRADED)[0]
    part = network.parts[0]
    if forge == "moved":
        dummy = Population("dummy", 1, CubaLIF(vth=10))
        network = replace(network, populations=(*network.populations, dummy), projections=tuple(
            replace(p, post="dummy") if p.name == "count" else p for p in network.projections))
    else:
        names = tuple((own, "excuse" if own == "forget_mass" else here)
                      for own, here in part.projections)
        network = replace(network, parts=(replace(part, projections=names),))
    (doubt,) = recognised_parts(network)
    assert isinstance(doubt, Doubt)


def test_every_period_of_a_part_must_hear_what_it_needs() -> None:
    """Not only one of those that go into the whole's."""
    wanted = Port("in", "in", 1, 24, 0, 7, (1,), course=((1, 2, 7, 7),))
    once = promised_by(replace(wanted, course=((1, 2, 7, 7),)), 8, 8)
    always = promised_by(wanted, 4, 8)
    assert lacks(always, wanted, 4, 8) == []
    (lack,) = lacks(once, wanted, 4, 8)
    assert (lack.found, lack.needed) == ("step 5", "7 to 7")


@pytest.mark.parametrize("schedule", [Schedule(0), Schedule(-3), Schedule(10**9), Schedule(True),
                                      Schedule(4, (Phase("late", 3, 6),))])
def test_a_schedule_has_a_period_and_phases_in_it(schedule: Schedule) -> None:
    axons, cells = Population("in", 1, Source()), Population("n", 1, CubaLIF())
    with pytest.raises(NetworkError, match=r"a period is a number|no window of the period"):
        verify(Network("n", "fixed", (axons, cells), (
            Projection("w", "in", "n", np.full((1, 1), 2, np.int32)),), schedule))
