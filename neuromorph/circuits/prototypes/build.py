"""Rows of prototypes that learn a code from their axons, and a label to control by."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated

import numpy as np

from neuromorph.circuits.hebbian_attention.rules import KEY_RULE
from neuromorph.circuits.prototypes.clock import ASK_AT, RAMP_AT, RISE_AT, WRITE_STEPS
from neuromorph.circuits.prototypes.numbers import Prototypes
from neuromorph.circuits.prototypes.ports import inputs_of, outputs_of, period_of
from neuromorph.circuits.prototypes.prove import prove
from neuromorph.circuits.prototypes.rules import LABEL_RULE
from neuromorph.network import (
    Circuit,
    CubaLIF,
    Network,
    Part,
    Phase,
    Population,
    Projection,
    Schedule,
    circuit,
)
from neuromorph.numerics.limits import DECAY_UNITY, INPUT_BITS
from neuromorph.shapes import Shaped


@circuit("prototypes")
@dataclass(frozen=True)
class PrototypeMemory(Circuit):
    """The network of `build`."""

    numbers: Prototypes

    @property
    def input_bits(self) -> int:
        """Width of the input that clears and lifts are made for."""
        return INPUT_BITS

    @property
    def clears(self) -> bool:
        """Potentials are cleared to the lowest there is."""
        return True

    def rebuilt(self, weights: Mapping[str, Annotated[Shaped, "..."]]) -> Network:
        """The memory, of which nothing is free."""
        return build(self.numbers)


def build(numbers: Prototypes) -> Network:
    """A memory of prototypes that holds nothing yet, of stock neurons.

    ::

        axon --(code: plastic)--> match --(label: plastic)--> label
        drive --> match       clear, lift, ramp             write --> match
        store = y1 of code    teach = y1 of label

    A query's better match fires earlier. The row that fires controls the output: the classes
    that it was taught, a step later. Who has won, and which row learns next, is a host's to say
    (`Learner`), as in Intel's CLP, whose read-out and allocator are processes of the host.

    Parameters
    ----------
    numbers : Prototypes

    Raises
    ------
    RangeProofError
        If an accumulator could overflow, in a query or in an imprint.
    """
    prove(numbers)
    inputs, rows = inputs_of(numbers), numbers.rows
    populations = (
        *(port.source for port in inputs),
        Population("match", rows, CubaLIF(du=DECAY_UNITY, dv=0, vth=numbers.threshold)),
        Population("label", numbers.classes, CubaLIF(du=DECAY_UNITY, dv=0, vth=1)),
    )
    projections = (
        Projection("code", "axon", "match", np.zeros((rows, numbers.axons), np.int32),
                   graded=True, rule=KEY_RULE, modulators=("store", None, None)),
        Projection("sweep", "drive", "match", np.ones((rows, 1), np.int32), graded=True),
        Projection("fire", "write", "match", np.eye(rows, dtype=np.int32), graded=True),
        Projection("label", "match", "label", np.zeros((numbers.classes, rows), np.int32),
                   rule=LABEL_RULE, modulators=("teach", None, None)),
    )
    return Network("prototypes", "fixed", populations, projections, _schedule(numbers),
                   (Part.whole(PrototypeMemory(numbers), populations, projections),), inputs,
                   outputs_of(numbers, populations))


def _schedule(numbers: Prototypes) -> Schedule:
    """The phases of an imprint and of a test, by the step at which the sources emit."""
    edges = (("write", 0), ("clear", WRITE_STEPS), ("lift", WRITE_STEPS + RISE_AT),
             ("query", WRITE_STEPS + ASK_AT), ("ramp", WRITE_STEPS + RAMP_AT))
    period = period_of(numbers)
    stops = (*(start for _, start in edges[1:]), period)
    return Schedule(period, tuple(Phase(name, start, stop) for (name, start), stop
                                  in zip(edges, stops, strict=True) if stop > start))
