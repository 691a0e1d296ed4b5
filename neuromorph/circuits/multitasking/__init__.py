"""Multitasking memory: patterns with gaps, several of which answer one cue."""

from neuromorph.circuits.multitasking.build import Multitasking, build, prove, threshold_for
from neuromorph.circuits.multitasking.make import in_fields, random_patterns
from neuromorph.circuits.multitasking.retrieve import at_rest, retrieved, together, trains
from neuromorph.circuits.multitasking.store import (
    Selectivity,
    alike,
    check_patterns,
    selectivity,
    warnings_of,
)
from neuromorph.circuits.multitasking.writing import (
    WRITE_STEPS,
    build_written,
    prove_written,
    write_then_ask,
    write_trains,
    written,
)

__all__ = [
    "WRITE_STEPS",
    "Multitasking",
    "Selectivity",
    "alike",
    "at_rest",
    "build",
    "build_written",
    "check_patterns",
    "in_fields",
    "prove",
    "prove_written",
    "random_patterns",
    "retrieved",
    "selectivity",
    "threshold_for",
    "together",
    "trains",
    "warnings_of",
    "write_then_ask",
    "write_trains",
    "written",
]
