"""Layers of rectified neurons, whose weights may be wired group to group."""

from neuromorph.circuits.ensembles.build import Layer, answers, build, closed_form, trains

__all__ = ["Layer", "answers", "build", "closed_form", "trains"]
