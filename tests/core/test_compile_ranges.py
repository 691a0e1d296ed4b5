"""Range proofs: what is proved never overflows, what could is told, and much is proved."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from near_limit import KINDS, STEPS, inputs_of, make_batch, network_of, patterns, simulate
from small_heads import BINARY, GRADED, attention
from small_networks import float_network, random_network

from neuromorph import backends
from neuromorph.circuits import hebbian_attention, match_and_control
from neuromorph.compile.ranges.neurons import largest_push, reached, settled
from neuromorph.compile.ranges.prove import RangeProof, prove_ranges_of, require_proof
from neuromorph.errors import NetworkError, RangeProofError, UsageError
from neuromorph.network import (
    Astrocyte,
    CubaLIF,
    LatencyMatch,
    LearningRule,
    Network,
    Population,
    Probe,
    Projection,
    Readout,
    Schedule,
    Source,
    verify,
)
from neuromorph.neurons import NeuronModel

REFERENCE = backends.get("reference")
FEW, MANY, AT_ONCE = 2_000, 100_000, 1_000


# --- no false accept


def judged(kind: str, count: int, seed: int) -> tuple[int, int, int]:
    """(accepted, rejected, rejected that overflow) of random networks run at their extremes.

    What is proved of a population must hold in rejected networks as well.
    """
    batch = make_batch(kind, count, seed)
    found = [network_of(batch, i) for i in range(count)]
    proofs = [prove_ranges_of(network, sources) for network, sources in found]
    overflows = simulate(batch, patterns(batch, seed))[0].sum(axis=2)
    for row, population in enumerate(("n", "relay")):
        proved = np.array([proof.status(population) == "proved" for proof in proofs])
        false = np.flatnonzero(proved & (overflows[row] > 0))
        assert false.size == 0, f"false accepts: {kind} {population} {seed} {false[:5]}"
    accepted = np.array([proof.proved for proof in proofs])
    return (int(accepted.sum()), int((~accepted).sum()),
            int(((overflows.sum(axis=0) > 0) & ~accepted).sum()))


@pytest.mark.parametrize("kind", KINDS)
def test_what_is_proved_does_not_overflow_and_much_is_proved(kind: str) -> None:
    accepted, rejected, overflowing = judged(kind, FEW // len(KINDS), seed=1)
    assert accepted >= 0.3 * (accepted + rejected)
    assert overflowing >= 0.3 * rejected > 0


@pytest.mark.slow
def test_no_false_accept_in_a_hundred_thousand() -> None:
    rounds = MANY // AT_ONCE // len(KINDS)
    counts = np.sum([judged(kind, AT_ONCE, seed) for kind in KINDS
                     for seed in range(100, 100 + rounds)], axis=0)
    assert counts[:2].sum() == MANY
    assert counts[0] >= 0.3 * MANY


@pytest.mark.parametrize("kind", KINDS)
def test_the_fast_copy_equals_the_reference(kind: str) -> None:
    batch = make_batch(kind, 4, seed=3)
    trains = patterns(batch, seed=3)
    overflows, v = simulate(batch, trains)
    for index in range(len(batch)):
        network, _ = network_of(batch, index)
        for pattern in range(0, trains[0].shape[2], 3):
            recording = REFERENCE.run(network, inputs_of(trains, index, pattern),
                                      [Probe("n", "v")], STEPS)
            np.testing.assert_array_equal(recording.potential("n")[-1], v[index, pattern])
            if kind != "units":  # the reference does not count sums beyond 32 bits
                assert recording.overflows["n"] == overflows[0, index, pattern]


def test_random_networks_of_everything() -> None:
    proved = 0
    for seed in range(60):
        network, inputs, steps = random_network(seed)
        proof = prove_ranges_of(verify(network))
        extreme = {name: np.where(train > 0, train.max(), train.min())
                   for name, train in inputs.items()}
        for trains in (inputs, extreme):
            recording = REFERENCE.run(network, trains, (), steps)
            for population, overflows in recording.overflows.items():
                assert proof.status(population) != "proved" or not overflows, (seed, population)
                proved += proof.status(population) == "proved"
    assert proved > 50


# --- bounds that can be worked out by hand


def one(model: NeuronModel, weight: int = 2, *, bits: int = 8, exponent: int = 0,
        rule: LearningRule | None = None, period: int = 0) -> Network:
    size = 2 if isinstance(model, Astrocyte) else 1
    return verify(Network("one", "fixed", (
        Population("in", 1, Source(bits)), Population("n", size, model),
    ), (Projection("w", "in", "n", np.full((size, 1), weight, np.int32), exponent=exponent,
                   graded=bits > 0, rule=rule),), Schedule(period) if period else None))


def bound_of(proof: RangeProof, accumulator: str) -> tuple[int | None, int | None, str]:
    bound = next(b for b in proof.bounds if b.accumulator == accumulator)
    return bound.low, bound.high, bound.status


@pytest.mark.parametrize(("model", "accumulator", "expected"), [
    (CubaLIF(du=4096), "current", (-256 * 64, 254 * 64, "proved")),
    (CubaLIF(du=2048), "current", (-2 * 256 * 64 + 1, 2 * 254 * 64 - 1, "proved")),
    (CubaLIF(du=0), "current", (None, None, "not proved")),
    (Readout(dv=2048, vth=99), "potential", (-511, 99, "proved")),
    (Readout(dv=0), "potential", (None, 8_388_606, "not proved")),
    (Astrocyte(dv=1024), "potential", (-1021, 1013, "proved")),
    (LatencyMatch(vth=9, base=4, span=9, gain=1, gain_shift=0), "current",
     (-256 * 64, 254 * 64, "proved")),
])
def test_a_bound_by_hand(
    model: NeuronModel, accumulator: str, expected: tuple[int | None, int | None, str]
) -> None:
    assert bound_of(prove_ranges_of(one(model)), accumulator) == expected


@pytest.mark.parametrize(("model", "most"), [
    (CubaLIF(), (2**21 - 1) >> 6), (CubaLIF(input_shift=0), 2**21 - 1), (Readout(), 32_767),
])
def test_a_narrow_input_ends_where_its_adder_does(model: NeuronModel, most: int) -> None:
    """Aligned with the potential, 22 bits and a sign hold this much; one more is not proved."""
    for ends in ((0, most), (-most, 0)):
        bound = next(b for b in prove_ranges_of(one(model, 1, bits=24), {"in": ends},
                                                input_bits=22).bounds if b.accumulator == "input")
        assert (bound.lowest, bound.highest, bound.status) == (-most, most, "proved")
    for ends in ((0, most + 1), (-most - 1, 0)):
        proof = prove_ranges_of(one(model, 1, bits=24), {"in": ends}, input_bits=22)
        assert bound_of(proof, "input")[2] == "not proved"
        assert bound_of(prove_ranges_of(one(model, 1, bits=24), {"in": ends}), "input")[2] == (
            "proved")


@pytest.mark.parametrize("rate", [1, 7, 1024, 4095, 4096])
def test_the_settled_state_is_where_a_constant_push_ends(rate: int) -> None:
    for push in (1, 2, 63, 64):
        settled_at = settled(push, rate)
        assert settled_at == reached(push, rate, 10**6, 10**12)
        assert largest_push(settled_at, rate) >= push > largest_push(settled_at - 1, rate)


def test_the_ends_of_the_current_are_those_of_its_wrap() -> None:
    for weight, expected in ((256, (0, 2**23, "proved")), (-256, (-(2**23), 0, "not proved"))):
        halves = [Projection(name, "in", "n", np.full((1, 512), weight // 2, np.int32))
                  for name in ("first", "second")]
        network = Network("ends", "fixed", (Population("in", 512, Source()),
                                            Population("n", 1, CubaLIF())), tuple(halves))
        assert bound_of(prove_ranges_of(verify(network)), "current") == expected


def test_a_narrower_source_makes_the_proof_succeed() -> None:
    network = one(CubaLIF(), 254, bits=16)
    with pytest.raises(RangeProofError, match=r"one\.n: the current could overflow.*from w"):
        require_proof(network)
    assert require_proof(network, {"in": (-500, 500)}).proved


def test_the_remedy_is_enough_and_not_too_much() -> None:
    proof = prove_ranges_of(one(CubaLIF(du=3000), 2, bits=20), {"in": (0, 400_000)})
    (bound,) = proof.unproved
    assert bound.worst == "w"
    assert bound.remedy.startswith("let w deliver at most ")
    allowed = int(bound.remedy.split()[5].replace(",", ""))
    for payload, fits in ((allowed // 2, True), (allowed // 2 + 1, False)):
        again = prove_ranges_of(one(CubaLIF(du=3000), 2, bits=20), {"in": (0, payload)})
        assert again.proved is fits


def test_a_schedule_bounds_what_never_decays() -> None:
    assert bound_of(prove_ranges_of(one(Readout(), period=32_767)), "potential")[2] == "one period"
    assert bound_of(prove_ranges_of(one(Readout(), period=32_769)), "potential")[2] == "not proved"
    network = one(Readout(), period=10)
    assert not require_proof(network, one_period=True).proved
    with pytest.raises(RangeProofError, match="never forgets"):
        require_proof(network)


@pytest.mark.parametrize(("steps", "status"), [(127, "one period"), (128, "not proved")])
def test_one_period_is_as_long_as_nothing_overflows(steps: int, status: str) -> None:
    network = one(Readout(), bits=16, period=steps)
    assert prove_ranges_of(network).status("n") == status
    loudest = {"in": np.full((steps + 1, 1), -(2**15))}  # the first arrives a step late
    overflows = REFERENCE.run(network, loudest, (), steps + 1).overflows["n"]
    assert (overflows == 0) is (status == "one period")


def test_a_plastic_weight_may_become_all_that_its_sign_allows() -> None:
    for sign, expected in (("mixed", (-256, 255)), ("excitatory", (0, 255))):
        rule = LearningRule(dw="2^0*x0*y0", sign=sign)  # type: ignore[arg-type]
        proof = prove_ranges_of(one(CubaLIF(), 0, bits=0, rule=rule))
        assert bound_of(proof, "input")[:2] == expected
    only_tags = LearningRule(dt="2^0*x0*y0")
    proof = prove_ranges_of(one(CubaLIF(), 2, bits=0, rule=only_tags))
    assert bound_of(proof, "input")[:2] == (0, 2)



# --- circuits


def test_a_latency_attention_is_proved_by_its_circuit() -> None:
    for head in (BINARY, GRADED):
        network, _, _ = attention(head)
        assert str(prove_ranges_of(network)) == (
            "latency_attention: ranges proved\n"
            "  latency_attention of match: proved by the rules of its circuit")


def test_a_circuit_that_is_not_the_network_proves_nothing() -> None:
    network, _, _ = attention(BINARY)
    changed = [replace(p, exponent=7) if p.name == "value" else p for p in network.projections]
    proof = prove_ranges_of(replace(network, projections=tuple(changed)))
    assert (proof.basis, proof.proved) == ("bounds", False)
    with pytest.raises(NetworkError, match="can never be active"):
        prove_ranges_of(replace(network, projections=network.projections[:1]))


def test_match_and_control_is_proved() -> None:
    assert require_proof(match_and_control.build(100, 10)).basis == "bounds"


def test_attention_that_writes_needs_more_than_static_bounds() -> None:
    network = hebbian_attention.build(BINARY)
    assert prove_ranges_of(network).basis == "circuits"
    stranger = prove_ranges_of(replace(network, parts=()))
    assert {b.where for b in stranger.unproved} >= {"control", "normaliser"}


def test_floats_have_nothing_to_overflow() -> None:
    proof = prove_ranges_of(float_network()[0])
    assert (proof.basis, proof.proved, proof.bounds) == ("float domain", True, ())


# --- refusals


@pytest.mark.parametrize(("sources", "message"), [
    ({"inn": (0, 1)}, "Did you mean 'in'"),
    ({"n": (0, 1)}, "names no source"),
    ({"in": (1, 0)}, "no range"),
    ({"in": (0, 128)}, "-128 to 127"),
    ({"in": (0, 1.5)}, "no range"),
])
def test_a_range_that_is_none_is_refused(
    sources: dict[str, tuple[int, int]], message: str
) -> None:
    with pytest.raises(UsageError, match=message):
        prove_ranges_of(one(CubaLIF()), sources)


def test_the_text_has_a_line_for_each_accumulator() -> None:
    lines = str(prove_ranges_of(one(CubaLIF()))).splitlines()
    assert lines == [
        "one: ranges proved",
        "  n input: proved; -256 to 254 of -2,147,483,647 to 2,147,483,647",
        "  n current: proved; -16,384 to 16,256 of -8,388,607 to 8,388,608"]
