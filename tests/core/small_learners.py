"""Small networks that learn, one for each thing that a learning rule can use."""

from __future__ import annotations

from typing import Any

import numpy as np

from neuromorph.backends.interface import Inputs
from neuromorph.network import (
    Astrocyte,
    CubaLIF,
    LearningRule,
    Network,
    Population,
    Projection,
    Readout,
    Source,
)

STEPS = 30
Run = tuple[Network, Inputs, int]

HEBB = LearningRule(
    dw="2^-1*x1*y0 - 2^-1*y1*x0 + 2^-6*u1*(w-100)", x1_impulse=16.4, x1_tau=5.5, y1_impulse=20,
    y1_tau=3, sign="excitatory", seed=11)
TAGGED = LearningRule(
    dw="2^2*u1*sgn(t-20) - 2^-3*x0*w", dt="2^0*x1*y0 + 3*2^-1*x0*y2 - 2^-3*u1*t", epoch=3,
    x1_impulse=40, x1_tau=4, y2_impulse=30.3, y2_tau=0, seed=12)
THREE_FACTOR = LearningRule(dw="2^-2*x1*u0*y1 - 2^-2*x1*u0*y3", x1_impulse=20, x1_tau=6, seed=13)
OVERWRITING = LearningRule(dw="2^1*x1*y0 - 2^0*w*y0", payload="overwrite", x2_impulse=9, seed=14)
INHIBITORY = LearningRule(dw="-2^0*y0*x1 + 2^-2*x0*y0*x1", x1_impulse=12, x1_tau=0, epoch=2,
                          sign="inhibitory", seed=15)
CONTINUOUS = LearningRule(dw="2^-4*x1*y0 - 2^-5*y0*w", dt="2^-3*x0*y1 - 2^-2*u0*t", x1_impulse=1,
                          x1_tau=4, y1_impulse=0.5, y1_tau=7.5, epoch=2)


def learner(rule: LearningRule, bits: int = 0) -> Run:
    """Axons -> two neurons, plastic; a teacher makes the neurons fire."""
    rng = np.random.default_rng(rule.seed)
    first = {"mixed": (-20, 20), "excitatory": (0, 40), "inhibitory": (-40, 0)}[rule.sign]
    weights = 2 * rng.integers(first[0], first[1], (2, 3), dtype=np.int32)
    network = Network("learner", "fixed", (
        Population("in", 3, Source(bits)), Population("teacher", 2, Source()),
        Population("n", 2, CubaLIF(dv=1000, vth=90)),
    ), (Projection("learns", "in", "n", weights, graded=bits > 0, rule=rule),
        Projection("teaches", "teacher", "n", 200 * np.eye(2, dtype=np.int32))))
    sent = rng.integers(1, 2 ** max(bits - 1, 1), (STEPS, 3)) * (rng.random((STEPS, 3)) < 0.4)
    return network, {"in": sent, "teacher": (rng.random((STEPS, 2)) < 0.3).astype(np.int64)}, STEPS


def modulated() -> Run:
    """The same with third factors: two sources take the place of y1 and y3."""
    network, inputs, steps = learner(THREE_FACTOR)
    learns, teaches = network.projections
    third = tuple(Population(name, 2, Source(8)) for name in ("better", "worse"))
    wired = Projection(learns.name, learns.pre, learns.post, learns.weights, rule=THREE_FACTOR,
                       modulators=("better", None, "worse"))
    rng = np.random.default_rng(1)
    judged = {p.name: rng.integers(0, 128, (steps, 2)) for p in third}
    return (Network("modulated", "fixed", network.populations + third, (wired, teaches)),
            {**inputs, **judged}, steps)


def astrocyte() -> Run:
    """Graded axons -> astrocyte -> readout: the first synapses learn, and some of the last."""
    rng = np.random.default_rng(3)
    network = Network("astrocyte", "fixed", (
        Population("in", 3, Source(8)), Population("glia", 4, Astrocyte(dv=1024, gain_bits=6)),
        Population("out", 2, Readout(dv=2048, vth=2000)),
    ), (Projection("in_glia", "in", "glia", rng.integers(0, 60, (4, 3), dtype=np.int32),
                   graded=True, rule=HEBB),
        Projection("payloads", "glia", "out", np.full((2, 4), 20, np.int32), graded=True),
        Projection("spikes", "glia", "out", np.zeros((2, 4), np.int32), rule=TAGGED)))
    return network, {"in": rng.integers(0, 128, (STEPS, 3))}, STEPS


def floating() -> Run:
    """Learning in the float domain, and an astrocyte."""
    rng = np.random.default_rng(6)
    network = Network("floats learn", "float", (
        Population("in", 3, Source()), Population("n", 2, CubaLIF(du=1, dv=0.3, vth=0.8)),
        Population("glia", 3, Astrocyte(dv=0.4, gain_bits=0)),
    ), (Projection("learns", "in", "n", rng.uniform(0, 1, (2, 3)), rule=CONTINUOUS),
        Projection("gathers", "n", "glia", rng.uniform(0, 1, (3, 2)))))
    train: Any = (rng.random((STEPS, 3)) < 0.5).astype(np.float64)
    return network, {"in": train}, STEPS


LEARNERS: dict[str, Run] = {
    "Hebb": learner(HEBB),
    "tags in long epochs": learner(TAGGED),
    "third factors": modulated(),
    "payloads overwrite a trace": learner(OVERWRITING, bits=9),
    "inhibitory synapses": learner(INHIBITORY),
    "an astrocyte": astrocyte(),
    "floats that learn": floating(),
}
