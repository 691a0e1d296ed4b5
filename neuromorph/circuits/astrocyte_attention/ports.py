"""The edges of astrocyte attention: features, values as third factors, and the answers."""

from __future__ import annotations

from neuromorph.network import Population, Port
from neuromorph.numerics.limits import TRACE_BITS, TRACE_MAX

FEATURE_LIMIT = VALUE_LIMIT = TRACE_MAX
"""Largest codes of features and of values: both are traces of the rule."""


def inputs_of(features: int, value_size: int) -> tuple[Port, ...]:
    """What writes a token in one step, and asks a query in another; values have one unit more."""
    units, bits = value_size + 1, TRACE_BITS + 1
    return (
        Port("feature", "feature", features, bits + 1, 0, 2 * FEATURE_LIMIT, None,
             "twice the codes of a key's features, with its value; of a query's, without one"),
        Port("value_on", "value_on", units, bits, 0, VALUE_LIMIT, (0,),
             f"the value's positive codes, and {VALUE_LIMIT} for the last unit, the calcium"),
        Port("value_off", "value_off", units, bits, 0, VALUE_LIMIT, (0,),
             "the value's negative codes, as magnitudes; the last unit is silent"),
    )


def outputs_of(astrocyte: Population) -> tuple[Port, ...]:
    """The astrocyte, which answers one step after any feature has spoken."""
    return (Port.of(astrocyte, says="the answer, all units but the last"),)
