"""Softmax attention as spike times: match neurons ramp, the best match speaks last."""

from neuromorph.circuits.latency_attention.build import (
    StaticAttention,
    build,
    codes_in,
    schedule_of,
)
from neuromorph.circuits.latency_attention.circuit import HeadCircuit
from neuromorph.circuits.latency_attention.drive import alphabets
from neuromorph.circuits.latency_attention.flat import faintest, flat_queries
from neuromorph.circuits.latency_attention.motif import LatencyAttention, SpikeKind
from neuromorph.circuits.latency_attention.ports import inputs_of, outputs_of
from neuromorph.circuits.latency_attention.read import Attended, read, read_at
from neuromorph.circuits.latency_attention.rules import prove_ranges
from neuromorph.circuits.latency_attention.shared import CODES, Shared, shared_by
from neuromorph.circuits.latency_attention.stimulus import PROBES, stimulate

__all__ = [
    "CODES",
    "PROBES",
    "Attended",
    "HeadCircuit",
    "LatencyAttention",
    "Shared",
    "SpikeKind",
    "StaticAttention",
    "alphabets",
    "build",
    "codes_in",
    "faintest",
    "flat_queries",
    "inputs_of",
    "outputs_of",
    "prove_ranges",
    "read",
    "read_at",
    "schedule_of",
    "shared_by",
    "stimulate",
]
