"""Equilibrium propagation: two layers settle, are nudged both ways, and learn by the contrast.

Laborieux and Zenke, ICLR 2024 (arXiv 2309.02214), with two real nudges; noise in one layer, then in
the other, aligns the weights forward and back.
"""

from neuromorph.circuits.equilibrium.build import PROBES, build
from neuromorph.circuits.equilibrium.closed_form import Layers
from neuromorph.circuits.equilibrium.numbers import NOISE_MAX, PERIOD, TOP, UNIT, Equilibrium
from neuromorph.circuits.equilibrium.rules import aligning_rate, learn_rule
from neuromorph.circuits.equilibrium.timeline import Layer, Noise, Sample, read, stimulate

__all__ = ["NOISE_MAX", "PERIOD", "PROBES", "TOP", "UNIT", "Equilibrium", "Layer", "Layers",
           "Noise", "Sample", "aligning_rate", "build", "learn_rule", "read", "stimulate"]
