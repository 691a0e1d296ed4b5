"""From networks to a placed program for a chip, and what that takes."""

from neuromorph.compile.estimate import Estimate, estimate
from neuromorph.compile.passes import (
    PASSES,
    Compiled,
    check_pass,
    compile_units,
    cores_taken,
    fits,
    prepared,
    to_lines,
)
from neuromorph.compile.program import Program, Slice, Unit

__all__ = [
    "PASSES",
    "Compiled",
    "Estimate",
    "Program",
    "Slice",
    "Unit",
    "check_pass",
    "compile_units",
    "cores_taken",
    "estimate",
    "fits",
    "prepared",
    "to_lines",
]
