"""From networks to a placed program for a chip."""

from neuromorph.compile.ensembles import Placement, ensembles, placement
from neuromorph.compile.passes import (
    PASSES,
    Compiled,
    check_pass,
    compile_units,
    cores_at_least,
    cores_taken,
    fits,
    prepared,
    to_lines,
)
from neuromorph.compile.program import Program, Slice, Unit

__all__ = [
    "PASSES",
    "Compiled",
    "Placement",
    "Program",
    "Slice",
    "Unit",
    "check_pass",
    "compile_units",
    "cores_at_least",
    "cores_taken",
    "ensembles",
    "fits",
    "placement",
    "prepared",
    "to_lines",
]
