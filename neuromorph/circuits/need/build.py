"""Features, plastic weights, neurons that say their sums, and neurons that say the rate."""

from __future__ import annotations

import numpy as np

from neuromorph.circuits.need.numbers import (
    ASK_AT,
    LEAST,
    PERIOD,
    SENT_MAX,
    SUM_AT,
    TEACH_AT,
    WRONG,
    WRONG_EXPONENT,
    Need,
)
from neuromorph.learning.named import regulated_delta
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
from neuromorph.numerics.limits import TRACE_BITS, TRACE_MAX

PROBES = [Probe("sum"), Probe("rate")]
FEATURE_BITS, SIDE_BITS = TRACE_BITS + 2, TRACE_BITS + 1


def inputs_of(numbers: Need) -> tuple[Port, ...]:
    """What is sent for a lesson."""
    return (
        Port("feature", "feature", numbers.features, FEATURE_BITS, 0, SENT_MAX, (ASK_AT,),
             f"{LEAST} to {SENT_MAX}"),
        Port("wrong", "wrong", 1, steps=(SUM_AT,), says="a spike if the guess was wrong"),
        *(Port(side, side, numbers.neurons, SIDE_BITS, 0, TRACE_MAX, (TEACH_AT,),
               f"how much {side} each neuron shall say") for side in ("more", "less")))


def build(numbers: Need) -> Network:
    """A layer that knows nothing yet: one lesson in four steps.

    ::

        feature --(weights: plastic)--> sum        more, less, rate = y1, y2, y3 of the weights
        wrong --(138 2^3)--> rate

    ==  =======================================================
     0  the features ask
     1  the neurons say their sums; the host, whether it is wrong
     2  the rate is said, and the host's lesson: weights change
    ==  =======================================================

    Every neuron has a rate of its own, all of which hear the same error.
    """
    inputs, size = inputs_of(numbers), numbers.neurons
    neurons, rates = Population("sum", size, Relay()), Population("rate", size, numbers.regulator)
    weights = Projection(
        "weights", "feature", "sum", held(np.zeros((size, numbers.features), np.int32)),
        graded=True, modulators=("more", "less", "rate"),
        rule=regulated_delta(rate=2.0**-numbers.slowness, impulse=None, tau=0))
    heard = Projection("errors", "wrong", "rate", held(np.full(
        (size, 1), WRONG if numbers.regulated else 0, np.int32)), exponent=WRONG_EXPONENT)
    return Network(
        "need", "fixed", (*(port.source for port in inputs), neurons, rates), (weights, heard),
        Schedule(PERIOD, (Phase("ask", ASK_AT, SUM_AT), Phase("judge", SUM_AT, TEACH_AT),
                          Phase("teach", TEACH_AT, PERIOD))),
        (), inputs, (Port.of(neurons, (SUM_AT,), "what the features bring"),))
