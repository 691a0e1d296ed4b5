"""Equilibrium propagation: two layers settle, are nudged both ways, and learn by the contrast.

Laborieux and Zenke, ICLR 2024 (arXiv 2309.02214), with two real nudges.
"""

from neuromorph.circuits.equilibrium.build import PROBES, build
from neuromorph.circuits.equilibrium.closed_form import Layers
from neuromorph.circuits.equilibrium.numbers import PERIOD, TOP, UNIT, Equilibrium
from neuromorph.circuits.equilibrium.rules import learn_rule
from neuromorph.circuits.equilibrium.timeline import Sample, read, stimulate

__all__ = ["PERIOD", "PROBES", "TOP", "UNIT", "Equilibrium", "Layers", "Sample", "build",
           "learn_rule", "read", "stimulate"]
