"""Linear attention in a tripartite synapse: Hebbian memory, and an astrocyte that normalises."""

from neuromorph.circuits.astrocyte_attention.build import FEATURES_MAX, build, write_rule
from neuromorph.circuits.astrocyte_attention.ports import (
    FEATURE_LIMIT,
    VALUE_LIMIT,
    inputs_of,
    outputs_of,
)
from neuromorph.circuits.astrocyte_attention.stimulus import PROBES, causal, read, write_then_query

__all__ = [
    "FEATURES_MAX",
    "FEATURE_LIMIT",
    "PROBES",
    "VALUE_LIMIT",
    "build",
    "causal",
    "inputs_of",
    "outputs_of",
    "read",
    "write_rule",
    "write_then_query",
]
