"""The learning accumulator: where it is proved to hold a rule's sums, it never clips one."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from small_networks import plastic_weights
from small_rules import random_rule

from neuromorph import backends
from neuromorph.compile.ranges.prove import prove_ranges_of
from neuromorph.learning import LearningRule, Term, step
from neuromorph.learning.arithmetic import Fixed, Lookup
from neuromorph.network import (
    CubaLIF,
    Network,
    Phase,
    Population,
    Projection,
    Relay,
    Schedule,
    Source,
    verify,
)
from neuromorph.neurons.value_side import ValueSide

REFERENCE = backends.get("reference")
LOWEST, HIGHEST, STEPS = -(2**15) - 1, 2**15 - 1, 40


class Watched(Fixed):
    """Counts products that do not fit 15 bits and a sign, and sums that clipping on the way moves.

    The last sum may clip, as its weight does.
    """

    def __init__(self) -> None:
        self.clipped = 0

    def apply(self, target: NDArray[Any], terms: Sequence[Term],
              conditions: Callable[[Term], NDArray[Any]], lookup: Lookup, draw: float,
              ) -> NDArray[Any]:
        total = clipped = target.astype(np.int64) << 7
        for term in terms:
            product = conditions(term) * np.int64(term.mantissa)
            for factor in term.factors:
                limit = 1 << factor.width
                product = product * np.clip(lookup(term, factor), -limit, limit - 1)
            product = product >> term.right_shift << term.left_shift
            self.note(product)
            total, clipped = total + product, np.clip(clipped + product, LOWEST, HIGHEST)
        self.clipped += int(np.count_nonzero(np.clip(total, LOWEST, HIGHEST) != clipped))
        return super().apply(target, terms, conditions, lookup, draw)

    def note(self, value: NDArray[Any]) -> None:
        self.clipped += int(np.count_nonzero((value < LOWEST) | (value > HIGHEST)))


def learner(rule: LearningRule, weights: NDArray[Any], *, graded: bool) -> Network:
    return verify(Network("learner", "fixed", (
        Population("in", 2, Source(9 if graded else 0)), Population("teach", 2, Source()),
        Population("n", 2, CubaLIF(vth=100)),
    ), (
        Projection("learns", "in", "n", weights, exponent=-8, graded=graded, rule=rule),
        Projection("teach", "teach", "n", 200 * np.eye(2, dtype=np.int32)),
    )))


def clipped_in_run(network: Network, rng: np.random.Generator) -> int:
    """Clipped sums while axons and neurons fire mostly, payloads at their ends."""
    bits = network.population("in").model.payload_bits
    ends = [-(1 << (bits - 1)), (1 << (bits - 1)) - 1, 0] if bits else [1, 1, 0]
    trains = {"in": rng.choice(ends, (STEPS, 2)), "teach": rng.choice([1, 1, 0], (STEPS, 2))}
    watched = Watched()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(step, "FIXED", watched)
        REFERENCE.run(network, trains, (), STEPS)
    return watched.clipped


def test_what_is_proved_does_not_clip() -> None:
    rng = np.random.default_rng(8)
    proved = clipping = 0
    for _ in range(100):
        graded = bool(rng.random() < 0.5)
        rule = random_rule(rng, graded=graded)
        network = learner(rule, plastic_weights(rng, rule, (2, 2)), graded=graded)
        holds = prove_ranges_of(network).status("learns") == "proved"
        clipped = clipped_in_run(network, rng)
        assert not (holds and clipped), rule
        proved, clipping = proved + holds, clipping + bool(clipped)
    assert proved >= 10
    assert clipping >= 10


@pytest.mark.parametrize(("dw", "status"), [
    ("2^0*x0*x1", "proved"),
    ("2^1*x0*x1", "proved"),
    ("2^2*x0*x1", "saturates"),
    ("2^0*x0*x1 - 2^0*x0*w", "saturates"),  # w + x1 comes first: 255 + 127 is too much
    ("-2^0*x0*w + 2^1*x0*x1", "proved"),
])
def test_a_rule_whose_sum_saturates_is_told(dw: str, status: str) -> None:
    rule = LearningRule(dw=dw, x1_impulse=127, sign="excitatory")
    proof = prove_ranges_of(learner(rule, np.zeros((2, 2), np.int32), graded=False))
    assert proof.status("learns") == status
    assert proof.proved  # the learning engine clips; it does not overflow


@pytest.mark.parametrize(("dw", "weight"), [
    ("2^0*u0*x1 + 2^0*u0*w", 255),       # what is above stays above
    ("-2^0*u0*x1 - 2^0*u0*x1", -255),
])
def test_a_sum_that_no_product_brings_back_may_clip_on_the_way(dw: str, weight: int) -> None:
    rule = LearningRule(dw=dw, x1_impulse=127, sign="excitatory" if weight > 0 else "inhibitory")
    network = learner(rule, np.full((2, 2), weight, np.int32), graded=False)
    assert prove_ranges_of(network).status("learns") == "proved"
    assert not clipped_in_run(network, np.random.default_rng(0))


# --- tags that a rule brings back


CARRIES = "-2^6*u{every}*sgn(t-64) - 2^6*u{every}*sgn(t+64)"
LESSON = "-2^{rate}*x0*x1*y1 + 2^{rate}*x0*x1*y2"


def carrying(*, rate: int = -4, every: int = 2, period: int = 4, dw: str = "") -> Network:
    """Lessons in the third of so many steps, and a carry in each fourth."""
    sides = tuple(Population(name, 2, ValueSide(off=off, limit=127, period=period, at=2 % period))
                  for off, name in enumerate(("more", "less")))
    rule = LearningRule(payload="overwrite",
                        dt=f"{LESSON} {CARRIES}".format(rate=rate, every=every),
                        dw=dw or f"2^-1*u{every}*sgn(t+64) + 2^-1*u{every}*sgn(t-64)")
    return verify(Network("carrying", "fixed", (
        Population("in", 2, Source(9)), Population("error", 2, Source(9)), *sides,
        Population("out", 2, Relay())),
        (Projection("learns", "in", "out", np.array([[-254, 254], [0, 2]], np.int32), graded=True,
                    rule=rule, modulators=("more", "less", None)),
         *(Projection(f"to {side.name}", "error", side.name, np.eye(2, dtype=np.int32),
                      graded=True) for side in sides)),
        Schedule(4, (Phase("all", 0, 4),))))


def clipped_by_errors(network: Network) -> int:
    rng, watched, steps = np.random.default_rng(0), Watched(), 600
    trains = {"in": rng.choice([255, 255, 0], (steps, 2)),
              "error": np.repeat(rng.choice([-256, 255], (steps // 100, 2)), 100, axis=0)}
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(step, "FIXED", watched)
        REFERENCE.run(network, trains, (), steps)
    return watched.clipped


def test_a_tag_that_is_brought_back_is_followed_and_proved() -> None:
    network = carrying()
    assert prove_ranges_of(network).status("learns") == "proved"
    assert not clipped_by_errors(network)


@pytest.mark.parametrize(("planted", "clips"), [
    ({"rate": -3}, False),      # a lesson takes a tag too far for one carry: it ends at its limit
    ({"every": 3}, False),      # two lessons come to a carry
    ({"period": 1}, True),      # four, one of them with it
    ({"dw": "2^-1*u2*sgn(t-64) + 2^-1*u2*sgn(t+64)"}, True),     # -256 - 1/2 + 1/2
])
def test_a_tag_that_gets_too_far_is_told(planted: dict[str, Any], clips: bool) -> None:
    network = carrying(**planted)
    assert prove_ranges_of(network).status("learns") == "saturates"
    assert clips == bool(clipped_by_errors(network))
