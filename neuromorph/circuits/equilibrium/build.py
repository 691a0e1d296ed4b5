"""Two layers whose activity is their state, and neurons that compare two nudged phases."""

from __future__ import annotations

import numpy as np

from neuromorph.circuits.equilibrium.numbers import (
    AWAY_AT,
    BACK_AT,
    HALVED,
    LEARN_AT,
    PERIOD,
    READ_AT,
    SHOW_AT,
    TOP,
    TOWARDS_AT,
    UNIT,
    Equilibrium,
)
from neuromorph.circuits.equilibrium.ports import inputs_of
from neuromorph.circuits.equilibrium.rules import learn_rule
from neuromorph.network import (
    Network,
    Phase,
    Population,
    Port,
    Probe,
    Projection,
    Schedule,
)
from neuromorph.neurons.value_side import ValueSide
from neuromorph.numerics.held import held
from neuromorph.numerics.limits import TRACE_MAX

PROBES = [Probe("first"), Probe("second"),
          *(Probe(f"{layer}_{side}") for layer in ("first", "second") for side in ("more", "less"))]
AWAY_AGO, TOWARDS_AGO = LEARN_AT - 1 - TOWARDS_AT, LEARN_AT - 1 - BACK_AT
"""Delays that bring the ends of both nudged phases to one step."""


def build(numbers: Equilibrium) -> Network:
    """Layers at rest in 0: one sample in 64 steps.

    ::

        pixel --(into: plastic)--> first <--(back: plastic)-- second <--(64)-- nudge
               noise --(64)------> first --(forward: plastic)--> second
        first, second --(64)--> themselves: the damping
        first, second --(1, delay 18), (-1, delay 8)--> more, less = y1, y2

    ======  =============================================================
     0-9    both layers are cleared
    10-32   pixels: layers settle; the host reads the second one
    33-42   it is nudged away from the target
    43-52   and towards it
    53-61   layers come back to rest
    62      what the nudges did to each neuron is sent; synapses learn
    63      weights take over what tags have gathered
    ======  =============================================================

    A nudge is n = beta dL/da2, which a host computes of what it read: the readout is its own.
    A sample that only asks is cleared instead, both times, so that nothing is learned: layers that
    have not quite settled move without a nudge as well. A sample of noise has its own course: see
    `timeline.kicks`.
    """
    layers = (("first", numbers.first), ("second", numbers.second))
    inputs = inputs_of(numbers)
    states = tuple(Population(name, size, ValueSide(multiplier=1, shift=HALVED, limit=TOP))
                   for name, size in layers)
    sides = tuple(Population(f"{name}_{side}", size, ValueSide(
        off=off, limit=TRACE_MAX, period=PERIOD, at=LEARN_AT))
        for name, size in layers for off, side in enumerate(("more", "less")))
    return Network(
        "equilibrium", "fixed", (*(port.source for port in inputs), *states, *sides),
        (*_plastic(numbers), *_fixed(numbers)),
        Schedule(PERIOD, (Phase("clear", 0, SHOW_AT), Phase("free", SHOW_AT, AWAY_AT),
                          Phase("away", AWAY_AT, TOWARDS_AT),
                          Phase("towards", TOWARDS_AT, BACK_AT), Phase("back", BACK_AT, PERIOD))),
        (), inputs,
        (Port.of(states[1], None, f"what it settles in, to be read in step {READ_AT}"),))


def _plastic(numbers: Equilibrium) -> tuple[Projection, ...]:
    return tuple(
        Projection(name, pre, post, held(np.asarray(weights, np.int32)), graded=True,
                   rule=learn_rule(numbers.slowness),
                   modulators=(f"{post}_more", f"{post}_less", None))
        for name, pre, post, weights in (("into", "pixel", "first", numbers.into),
                                         ("forward", "first", "second", numbers.forward),
                                         ("back", "second", "first", numbers.back)))


def _fixed(numbers: Equilibrium) -> tuple[Projection, ...]:
    found = []
    for layer, size, outer in (("first", numbers.first, "noise"),
                               ("second", numbers.second, "nudge")):
        found.append(Projection(outer, outer, layer, _one(size, UNIT), graded=True))
        found.append(Projection(f"{layer}_damped", layer, layer, _one(size, UNIT), graded=True))
        found += [Projection(f"{layer}_{side}_{what}", layer, f"{layer}_{side}", _one(size, sign),
                             delay=delay, graded=True)
                  for side in ("more", "less")
                  for what, sign, delay in (("away", 1, AWAY_AGO), ("towards", -1, TOWARDS_AGO))]
    return tuple(found)


def _one(size: int, weight: int) -> np.ndarray[tuple[int, int], np.dtype[np.int32]]:
    return weight * np.eye(size, dtype=np.int32)
