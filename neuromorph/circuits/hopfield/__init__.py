"""Hopfield retrieval: attention whose keys and values are the stored patterns, asked repeatedly."""

from neuromorph.circuits.hopfield.retrieve import Retrieval, retrieve
from neuromorph.circuits.hopfield.store import (
    DuplicatePatternWarning,
    HopfieldStore,
    check_cues,
    store_patterns,
)

__all__ = [
    "DuplicatePatternWarning",
    "HopfieldStore",
    "Retrieval",
    "check_cues",
    "retrieve",
    "store_patterns",
]
