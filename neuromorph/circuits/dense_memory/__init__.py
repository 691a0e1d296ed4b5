"""Dense (P-body) memory: binary patterns found again by the square of how well they match."""

from neuromorph.circuits.dense_memory.build import DenseMemory, build, prove
from neuromorph.circuits.dense_memory.capacity import (
    bit_error,
    critical_load,
    largest_count,
    noise_factor,
    retrieval_overlap,
)
from neuromorph.circuits.dense_memory.retrieve import recalled, settled, trains
from neuromorph.circuits.dense_memory.store import Load, check_load, check_spins, load_of

__all__ = [
    "DenseMemory",
    "Load",
    "bit_error",
    "build",
    "check_load",
    "check_spins",
    "critical_load",
    "largest_count",
    "load_of",
    "noise_factor",
    "prove",
    "recalled",
    "retrieval_overlap",
    "settled",
    "trains",
]
