"""Orthogonal projection: what of a vector of codes lies outside of frozen lateral rows."""

from neuromorph.circuits.projector.build import LATENCY, Projector, build, quantise_rows
from neuromorph.circuits.projector.closed_form import project

__all__ = ["LATENCY", "Projector", "build", "project", "quantise_rows"]
