"""Random small networks of floats: all neurons, loops, delays, payloads, and learning."""

from __future__ import annotations

import numpy as np
from small_learners import CONTINUOUS

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
from neuromorph.neurons import NeuronModel

Run = tuple[Network, Inputs, int]

RULES = (
    CONTINUOUS,
    LearningRule(dw="2^-3*x1*y0 - 2^-3*x0*y1 - 2^-6*u0*w", x1_impulse=1, x1_tau=3, y1_impulse=1,
                 y1_tau=0, sign="excitatory"),
    LearningRule(dw="2^-4*x1*u0*y1 - 2^-4*x2*u0*y3", x1_impulse=1, x1_tau=4, x2_impulse=0.5,
                 x2_tau=9, epoch=3),
)
OVERWRITING = LearningRule(dw="2^-2*x1*y0 - 2^-2*w*y0", payload="overwrite")


def random_floats(seed: int) -> Run:
    """Sources with and without payloads, three kinds of neurons, and up to three learners."""
    rng = np.random.default_rng(seed)
    steps = int(rng.integers(10, 60))
    sources = (Population("plain", 3, Source()), Population("graded", 2, Source(8)))
    neurons = tuple(Population(f"n{i}", int(rng.integers(2, 6)), _neuron(rng, i % 3))
                    for i in range(int(rng.integers(2, 6))))
    everyone = sources + neurons
    wiring = [(s, n) for s in sources for n in neurons]
    wiring += [(everyone[int(rng.integers(len(everyone)))], n) for n in neurons]
    wired = tuple(_projection(rng, f"p{i}", *pair) for i, pair in enumerate(wiring))
    learners = tuple(_learner(rng, f"learner{i}", everyone[int(rng.integers(len(everyone)))],
                              neurons[int(rng.integers(len(neurons)))])
                     for i in range(int(rng.integers(4))))
    inputs = {"plain": (rng.random((steps, 3)) < 0.4).astype(np.float64),
              "graded": rng.normal(size=(steps, 2)) * (rng.random((steps, 2)) < 0.5)}
    return Network("floats", "float", everyone, wired + learners), inputs, steps


def _neuron(rng: np.random.Generator, kind: int) -> NeuronModel:
    decays = [float(rng.choice([0.1, 1, rng.random()])) for _ in range(2)]
    if kind == 0:
        return CubaLIF(du=decays[0], dv=decays[1], vth=float(rng.uniform(0, 3)),
                       bias_mant=float(rng.choice([0, 0.1, -0.1])))
    return Readout(decays[0], float(rng.uniform(0, 3))) if kind == 1 else Astrocyte(decays[0], 0)


def _projection(
    rng: np.random.Generator, name: str, pre: Population, post: Population
) -> Projection:
    return Projection(name, pre.name, post.name, rng.normal(size=(post.size, pre.size)) / 2,
                      delay=int(rng.choice([0, 0, 1, 7])),
                      graded=isinstance(pre.model, Source) and bool(pre.model.payload_bits))


def _learner(rng: np.random.Generator, name: str, pre: Population, post: Population) -> Projection:
    graded = isinstance(pre.model, Source) and bool(pre.model.payload_bits) and rng.random() < 0.7
    rule = OVERWRITING if graded else RULES[int(rng.integers(len(RULES)))]
    third = post.name if rule is RULES[2] else None
    return Projection(name, pre.name, post.name, rng.random((post.size, pre.size)), graded=graded,
                      rule=rule, modulators=(third, None, None))
