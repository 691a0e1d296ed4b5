"""What relays cannot do is refused, with the reason; what learns beside them goes on as it was."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from placed_programs import changed
from small_relays import PROFILE, SMALL, assert_same, run_relayed, wide

from neuromorph.compile.packing.limits import Limits
from neuromorph.compile.program import Unit
from neuromorph.compile.relays.insert import has_relays, with_relays
from neuromorph.compile.view_fields import fields_of
from neuromorph.errors import FitError
from neuromorph.network import (
    CubaLIF,
    LearningRule,
    Network,
    Population,
    Projection,
    Source,
    verify,
)
from neuromorph.profiles import load_profile

RULE = LearningRule(dw="2^-2*x1*y0", x1_impulse=16, x1_tau=3)
TWICE = 2 * np.eye(3, dtype=np.int32)


def refusal(network: Network, limits: Limits = SMALL, programmable: bool = True) -> str:
    with pytest.raises(FitError) as error:
        with_relays(Unit("u", network), limits, programmable)
    return str(error.value)


def test_without_programmable_neurons_it_is_refused_as_before() -> None:
    text = refusal(wide(), programmable=False)
    assert "out: one neuron of this population need more in_axons than a core has" in text
    assert "found 31; expected 12" in text
    assert "programmable neurons" in text.lower()


def test_relays_need_programmable_neurons_with_wide_payloads() -> None:
    assert has_relays(load_profile("loihi2-graded"))
    assert not has_relays(load_profile("loihi2"))
    assert not has_relays(load_profile("loihi1"))
    assert not has_relays(changed(PROFILE, neuron={"payload_bits": 16}))


def test_a_loop_through_relays_is_refused_unless_its_delay_pays() -> None:
    def loop(delay: int) -> Network:
        wide_loop = Projection("loop", "out", "out", np.ones((30, 30), np.int32), delay)
        return verify(Network("n", "fixed", (
            Population("in", 30, Source()), Population("out", 30, CubaLIF(vth=3)),
        ), (Projection("in_out", "in", "out", np.eye(30, dtype=np.int32)), wide_loop)))
    assert refusal(loop(0)).startswith("n: relays would make a loop longer; found out")
    unit = with_relays(Unit("u", loop(1)), SMALL, True)
    assert fields_of(unit).late == {}
    train = np.random.default_rng(0).integers(0, 2, (30, 30))
    got = run_relayed(loop(1), unit, {}, {"in": train}, 30)
    assert assert_same(loop(1), got, {"in": train}, 30).spikes("out").any()


def test_what_learns_is_not_relayed() -> None:
    network = wide()
    learns = replace(network, projections=(
        replace(network.projection("p"), rule=replace(RULE, sign="mixed")),
        network.projection("q")))
    text = refusal(verify(learns))
    assert "out: one neuron of this population need more in_axons" in text
    assert "static memories" in text.lower()


def behind(pre: str, post: str) -> Network:
    """Neurons that learn, before or behind those that relays make late."""
    learner = Projection("learner", pre, post, TWICE, rule=RULE)
    feeds = Projection("feed", "side", "more", np.ones((3, 1), np.int32))
    return wide(model=CubaLIF(vth=9), others=(Population("more", 3, CubaLIF(vth=0)),),
                more=(learner, feeds))


@pytest.mark.parametrize(("pre", "post"), [("out", "more"), ("more", "out")])
def test_nothing_learns_at_other_steps(pre: str, post: str) -> None:
    assert refusal(behind(pre, post)).startswith(
        "learner: relays would let this projection learn at other steps; found")


def test_what_learns_elsewhere_ends_with_the_run() -> None:
    """It runs on while the late neurons end, and learns; what the run left is put together."""
    feeds = Projection("feed", "side", "more", np.ones((3, 1), np.int32))
    loop = Projection("learner", "more", "more", 10 * TWICE, rule=RULE)
    network = wide(others=(Population("more", 3, CubaLIF(vth=0)),), more=(feeds, loop))
    unit = with_relays(Unit("u", network), SMALL, True)
    rng = np.random.default_rng(2)
    inputs = {"in": rng.integers(-128, 128, (20, 30)), "side": rng.integers(0, 2, (20, 1))}
    for backend in ("fast", "reference"):
        got = run_relayed(network, unit, {}, inputs, 20, backend)
        assert_same(network, got, inputs, 20)
    assert (got.synapses["learner"][0] != 10 * TWICE).any()
    assert fields_of(unit).late == {"out": 1}


def test_a_bias_cannot_start_late() -> None:
    text = refusal(wide(model=CubaLIF(vth=9, bias_mant=3)))
    assert text.startswith("out: relays would let these neurons start late, but not their bias")


def test_a_delay_beyond_a_synapse_is_refused() -> None:
    early = Projection("r", "side", "out", np.ones((3, 1), np.int32), delay=62)
    text = refusal(wide(more=(early,)))
    assert "r: relays would need a longer delay than a synapse has; found 63" in text


@pytest.mark.parametrize(("bits", "exponent", "what"), [
    (24, 0, "p: what axon 0 delivers could exceed"),
    (22, -1, "p: the whole sum could exceed"),
])
def test_a_sum_beyond_a_payload_is_refused(bits: int, exponent: int, what: str) -> None:
    weights = np.full((3, 30), 3, np.int32)
    assert what in refusal(wide(exponent, bits=bits, weights=weights))


def test_more_chunks_than_axons_are_refused() -> None:
    assert "need more in_axons" in refusal(wide(), replace(SMALL, in_axons=4))
