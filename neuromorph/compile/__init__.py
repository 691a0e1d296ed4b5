"""From networks to a placed program for a chip, and what that takes."""

from neuromorph.compile.estimate import Estimate, estimate
from neuromorph.compile.passes import PASSES, Compiled, compile_units, fits, to_lines
from neuromorph.compile.program import Program, Slice, Unit

__all__ = [
    "PASSES",
    "Compiled",
    "Estimate",
    "Program",
    "Slice",
    "Unit",
    "compile_units",
    "estimate",
    "fits",
    "to_lines",
]
