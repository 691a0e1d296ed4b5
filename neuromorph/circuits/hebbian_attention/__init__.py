"""Latency attention whose keys and values are written by plasticity, token by token."""

from neuromorph.circuits.hebbian_attention.build import (
    WRITE_STEPS,
    HebbianAttention,
    build,
    prove_writes,
)
from neuromorph.circuits.hebbian_attention.rules import KEY_RULE, VALUE_RULE
from neuromorph.circuits.hebbian_attention.timeline import Timeline, causal, write_then_query

__all__ = [
    "KEY_RULE",
    "VALUE_RULE",
    "WRITE_STEPS",
    "HebbianAttention",
    "Timeline",
    "build",
    "causal",
    "prove_writes",
    "write_then_query",
]
