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

__all__ = [
    "Multitasking",
    "Selectivity",
    "alike",
    "at_rest",
    "build",
    "check_patterns",
    "in_fields",
    "prove",
    "random_patterns",
    "retrieved",
    "selectivity",
    "threshold_for",
    "together",
    "trains",
    "warnings_of",
]
