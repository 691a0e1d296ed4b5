"""Latency attention whose keys and values are written by plasticity, token by token."""

from neuromorph.circuits.hebbian_attention.build import HebbianAttention, build
from neuromorph.circuits.hebbian_attention.ports import inputs_of, outputs_of
from neuromorph.circuits.hebbian_attention.rules import KEY_RULE, VALUE_RULE
from neuromorph.circuits.hebbian_attention.timeline import Timeline, causal, write_then_query
from neuromorph.circuits.hebbian_attention.writing import (
    WRITE_STEPS,
    prove_writes,
    write_steps,
)

__all__ = [
    "KEY_RULE",
    "VALUE_RULE",
    "WRITE_STEPS",
    "HebbianAttention",
    "Timeline",
    "build",
    "causal",
    "inputs_of",
    "outputs_of",
    "prove_writes",
    "write_steps",
    "write_then_query",
]
