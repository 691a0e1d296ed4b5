"""Linear attention in a tripartite synapse: Hebbian memory, and an astrocyte that normalises."""

from neuromorph.circuits.astrocyte_attention.build import (
    FEATURE_LIMIT,
    FEATURES_MAX,
    VALUE_LIMIT,
    build,
    write_rule,
)
from neuromorph.circuits.astrocyte_attention.stimulus import PROBES, causal, read, write_then_query

__all__ = [
    "FEATURES_MAX",
    "FEATURE_LIMIT",
    "PROBES",
    "VALUE_LIMIT",
    "build",
    "causal",
    "read",
    "write_rule",
    "write_then_query",
]
