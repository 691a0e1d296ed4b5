"""A memory that is written outside of what it must keep: a projector before a delta memory.

Hebbian orthogonal projection (Xiao et al., ICLR 2024, arXiv 2402.11984) for fast weights.
"""

from neuromorph.circuits.projected_memory.build import build
from neuromorph.circuits.projected_memory.closed_form import outside, remember
from neuromorph.circuits.projected_memory.timeline import PROBES, read, stimulate

__all__ = ["PROBES", "build", "outside", "read", "remember", "stimulate"]
