"""Features, plastic binary synapses, and neurons that say their sums."""

from __future__ import annotations

import numpy as np

from neuromorph.circuits.hidden_field.numbers import (
    ASK_AT,
    PERIOD,
    SUM_AT,
    TEACH_AT,
    HiddenField,
)
from neuromorph.circuits.hidden_field.rules import TEACH_MAX, field_rule
from neuromorph.network import (
    Network,
    Phase,
    Population,
    Port,
    Probe,
    Projection,
    Relay,
    Schedule,
)
from neuromorph.numerics.held import held
from neuromorph.numerics.limits import TRACE_BITS

PROBES = [Probe("sum", "spikes")]
TEACH_BITS = TRACE_BITS + 1


def build(numbers: HiddenField) -> Network:
    """A layer that knows nothing yet: one sample in three steps.

    ::

        feature --(binary: plastic)--> sum          more, less = y1, y2 of binary

    ==  ======================================  =====================================
     0  the features ask
     1  the features again, with the lesson     the neurons say their sums
     2                                          the weights follow the fields
    ==  ======================================  =====================================

    All fields begin at 0, and a field of 0 is a weight of +2^e. Who is taught, a host says, by
    the sums: here the label's neuron more and its best rival less, where they are near.
    """
    features = Port("feature", "feature", numbers.features, steps=(ASK_AT, TEACH_AT),
                    says="a spike for each feature that is there")
    lessons = tuple(
        Port(name, name, numbers.neurons, TEACH_BITS, 0, TEACH_MAX, (TEACH_AT,),
             f"how much {name} each neuron shall say to these features, in sixteenths of a field")
        for name in ("more", "less"))
    neurons = Population("sum", numbers.neurons, Relay())
    inputs = (features, *lessons)
    synapses = Projection(
        "binary", "feature", "sum",
        held(np.full((numbers.neurons, numbers.features), numbers.weight, np.int16)),
        rule=field_rule(numbers.exponent, gated=numbers.gated), modulators=("more", "less", None))
    return Network(
        "hidden_field", "fixed", (*(port.source for port in inputs), neurons), (synapses,),
        Schedule(PERIOD, (Phase("ask", ASK_AT, TEACH_AT), Phase("teach", TEACH_AT, PERIOD))),
        (), inputs, (Port.of(neurons, (SUM_AT, SUM_AT + 1),
                             "what the features bring; then the same again"),))
