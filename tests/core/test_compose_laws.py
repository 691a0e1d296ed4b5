"""What else a composed network keeps: its text, and how late an identity is."""

from __future__ import annotations

import numpy as np
import pytest
from network_texts import same_network
from small_boxes import as_box, random_part, random_triple
from small_networks import everything

from neuromorph import backends
from neuromorph.network import (
    CubaLIF,
    Network,
    Population,
    Port,
    Projection,
    Relay,
    Source,
    arrays_of,
    parallel,
    parse_network,
    to_text,
    wire,
)
from neuromorph.numerics.limits import DECAY_UNITY


def identity(like: Population) -> Network:
    """A box that hands on what it hears: plain spikes or payloads."""
    bits = like.model.payload_bits
    axons = Population("in", like.size, Source(bits))
    model = Relay() if bits else CubaLIF(du=DECAY_UNITY, dv=DECAY_UNITY, vth=0)
    out = Population("out", like.size, model)
    return Network("identity", "fixed", (axons, out), (
        Projection("on", "in", "out", np.eye(like.size, dtype=np.int32), graded=bool(bits)),),
        inputs=(Port.of(axons),), outputs=(Port.of(out),))


@pytest.mark.parametrize("backend", ["reference", "fast"])
@pytest.mark.parametrize("seed", range(8))
def test_behind_an_identity_all_is_one_step_late(seed: int, backend: str) -> None:
    """L3: no box takes no step; so to wire nothing is the only identity."""
    network, rng = random_part(seed), np.random.default_rng(seed)
    trains = as_box(rng, network).inputs
    steps = len(next(iter(trains.values())))
    for one in (p for p in network.populations if not p.is_source):
        whole = wire(parallel({"a": network, "i": identity(one)}), {"i.in": f"a.{one.name}"})
        found = backends.get(backend).run(whole, {f"a.{n}": t for n, t in trains.items()},
                                          everything(whole), steps)
        said, late = found.spikes(f"a.{one.name}"), found.spikes("i.out")
        np.testing.assert_array_equal(late[1:], said[:-1])
        assert not late[0].any()


@pytest.mark.parametrize("seed", range(60))
def test_the_text_of_a_whole_reads_back(seed: int) -> None:
    """L8: names with points, shared inputs, loops; to the last synapse."""
    whole = random_triple(seed).whole
    text = to_text(whole)
    back = parse_network(text, arrays_of(whole))
    assert to_text(back) == text
    same_network(whole, back)
